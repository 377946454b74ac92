"""``planner products``: what lenders offer on a day, or whether product files are sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProductsQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    files : product files; none of them for the whole catalogue.
    on : the day.
    params : folder of dated parameters, with the catalogue and the index histories.
    """

    files: Sequence[Path]
    on: date
    params: Path


def show_products(
    question: ProductsQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print the products of a day as a table or JSON.

    Raises
    ------
    ClientFileError
        Every problem of the product files; nothing is printed then.
    """
    from reports.products.listing import read_listed
    from reports.products.view import products_json, products_text

    listed = read_listed(question.files, question.params, question.on)
    say(products_json(listed) if as_json else products_text(listed, language))
