"""The reader of the product catalogue: a YAML file a product, every problem of all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError, Problem
from planning.products.conflicts import product_conflicts
from planning.products.product import Product
from planning.record_file import checked_record, conflict_problem, in_order, value_at
from planning.yaml_tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_products(folder: Path) -> tuple[Product, ...]:
    """
    Every product of a folder, by id.

    Raises
    ------
    ClientFileError
        All problems of all files, or ``no_files``.
    """
    paths = sorted(folder.glob("*.yaml"))
    products, problems = check_products(paths)
    if not paths:
        problems = (Problem(str(folder), 0, "", "no_files"),)
    if problems:
        raise ClientFileError(folder, problems)
    return tuple(sorted(products.values(), key=lambda product: product.id))


def check_products(paths: Iterable[Path]) -> tuple[dict[Path, Product], tuple[Problem, ...]]:
    """
    The products of several files, and every problem of all of them.

    Returns
    -------
    The sound files' products by path, and the problems file by file: those of `read_tree` and of
    the schema, and ``duplicate_product``, ``dates_not_ascending``, ``ends_before_start``,
    ``terms_overlap``, ``least_above_most``, ``choice_outside``, ``named_twice``,
    ``literal_error``, ``balloon_product``, ``only_card_instalments``, ``grace_too_long``,
    ``method_needs_rate``, ``uplift_needs_rate``, ``subsidy_needs_rate``,
    ``subsidy_of_home_loans``, ``before_index``, ``cell_hidden``, ``part_without_rate``,
    ``part_unwanted``, ``grid_gap``. An id belongs to the first file that has it, be that file
    otherwise sound or not.
    """
    products: dict[Path, Product] = {}
    problems: list[Problem] = []
    owners: dict[str, Path] = {}
    for path in dict.fromkeys(paths):
        tree = read_tree(path)
        product, found = checked_record(tree, Product, product_conflicts)
        name = value_at(tree.data, ("id",))
        if isinstance(name, str) and owners.setdefault(name, path) != path:
            conflict = ("id",), "duplicate_product", {"other": str(owners[name])}
            product, found = None, in_order([*found, conflict_problem(tree, conflict)])
        problems += found
        if product is not None:
            products[path] = product
    return products, tuple(problems)


def product_schema() -> dict[str, Any]:
    """The JSON Schema of a product file, for editors."""
    schema = Product.model_json_schema()
    title = {"title": "Loan product (信贷产品)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}
