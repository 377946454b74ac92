"""
Everything a plan is computed from, read once: a client file and the ``params`` folder.

The digests say which bytes were read, so that the same plan can be proved to come from the same
inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from planning.household.client import read_household
from planning.market.history import read_index_histories
from planning.products.catalogue import read_products
from planning.risk.last_plan import read_last_plan
from planning.rule_files import read_rule_book, read_scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from planning.household.profile import Household
    from planning.loans.rates import IndexHistory
    from planning.parameters import RuleBook, Scenario
    from planning.products.product import Product
    from planning.risk.last_plan import LastPlan


PARTS = ("rules", "market", "products", "scenarios")
"""Folders of ``params`` a plan rests on."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    A household and every number decided by others; `digests` by part, SHA-256.

    `last` is the client's plan before this one, None where there is none.
    """

    household: Household
    book: RuleBook
    scenarios: tuple[Scenario, ...]
    histories: Mapping[str, IndexHistory]
    products: tuple[Product, ...]
    digests: Mapping[str, str]
    last: LastPlan | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a folder of parameters holds."""

    book: RuleBook
    scenarios: tuple[Scenario, ...]
    histories: Mapping[str, IndexHistory]
    products: tuple[Product, ...]


def read_parameters(params: Path) -> Parameters:
    """
    Rules, stress cases, index histories and products of `params`.

    Raises
    ------
    ClientFileError
        A file of them is missing or malformed; its problems, all of that file's at once.

    Notes
    -----
    A process reads the same bytes once: the files take a second to parse.
    """
    try:
        digests = tuple(folder_digest(params / part) for part in PARTS)
    except OSError:
        # What is missing is said by whoever reads it.
        return _parameters(params)
    return _parameters_of(params, digests)


@lru_cache(maxsize=2)
def _parameters_of(params: Path, digests: tuple[str, ...]) -> Parameters:  # noqa: ARG001  the key
    return _parameters(params)


def _parameters(params: Path) -> Parameters:
    return Parameters(
        book=read_rule_book(params / "rules"),
        scenarios=read_scenarios(params / "scenarios" / "standard.yaml"),
        histories=read_index_histories(params / "market"),
        products=read_products(params / "products"),
    )


def read_inputs(
    client_file: Path, params: Path, as_of: date, last_plan: Path | None = None
) -> Inputs:
    """
    A client file with the parameters of `params`.

    Parameters
    ----------
    last_plan : plan.json of an earlier day of the same client, which trends are read against.

    Raises
    ------
    ClientFileError
        A file is malformed; its problems, all of that file's at once.
    """
    parameters = read_parameters(params)
    household = read_household(client_file, as_of, parameters.book)
    last = read_last_plan(last_plan, household.client, as_of) if last_plan else None
    return Inputs(
        household=household,
        book=parameters.book,
        scenarios=parameters.scenarios,
        histories=parameters.histories,
        products=parameters.products,
        digests={
            "client_file": _digest([client_file]),
            **{part: folder_digest(params / part) for part in PARTS},
            **({"last_plan": last.digest} if last else {}),
        },
        last=last,
    )


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's data files."""
    return _digest(sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".csv")))


def _digest(paths: list[Path]) -> str:
    total = sha256()
    for path in paths:
        content = path.read_bytes()
        total.update(f"{path.name}:{len(content)}:".encode() + content)
    return total.hexdigest()
