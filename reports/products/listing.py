"""Products as they stand on a day, each with an example worked out to what it really costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from planning.errors import ClientFileError, ParameterError, TermsError
from planning.market.history import read_index_histories
from planning.products.catalogue import check_products, read_products
from planning.products.offer import Offer, Request, offer
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from planning.loans.rates import IndexHistory
    from planning.products.product import Product, ProductTerms
    from planning.units import Fen

HOME_FAMILIES: Final = ("mortgage", "provident_fund", "combination")
HOME_EXAMPLE: Final = (800_000 * FEN_PER_YUAN, 360)
EXAMPLE: Final = (100_000 * FEN_PER_YUAN, 36)
"""What is asked of a lender as an example, 分 and months, kept within the product's range."""

State = Literal["on_offer", "not_yet", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A product on a day.

    `terms` are those of the day, None before its first and after its last; `example` is what it
    offers on them, None where no rate is known.
    """

    product: Product
    on: date
    terms: ProductTerms | None
    example: Offer | None

    @property
    def state(self) -> State:
        """Whether it is on offer."""
        if self.terms is not None:
            return "on_offer"
        return "not_yet" if self.on < self.product.terms[0].since else "withdrawn"


def read_listed(files: Sequence[Path], params: Path, day: date) -> tuple[Listed, ...]:
    """
    Products of some files, or of the whole catalogue, as they stand on a day.

    Raises
    ------
    ClientFileError
        Every problem of the product files, or of the index histories.
    """
    histories = read_index_histories(params / "market")
    return tuple(_listed(product, day, histories) for product in _products(files, params))


def _products(files: Sequence[Path], params: Path) -> Sequence[Product]:
    if not files:
        return read_products(params / "products")
    found, problems = check_products(files)
    if problems:
        raise ClientFileError(files[0], problems)
    return tuple(found.values())


def _listed(product: Product, day: date, histories: Mapping[str, IndexHistory]) -> Listed:
    terms = product.on(day)
    return Listed(product, day, terms, _example(product, terms, day, histories) if terms else None)


def _example(
    product: Product, terms: ProductTerms, day: date, histories: Mapping[str, IndexHistory]
) -> Offer | None:
    """The example's offer without a subsidy, half of a combination from the provident fund."""
    amount, months = _asked(product, terms)
    request = Request(
        amount=amount,
        months=months,
        starts_on=day,
        borrowers=("borrower",),
        purpose=product.label.zh,
        provident=amount // 2,
        is_first_home=_is_first_home(terms),
    )
    try:
        return offer(product, terms, request, histories, {})
    except (TermsError, ParameterError):
        return None


def _asked(product: Product, terms: ProductTerms) -> tuple[Fen, int]:
    """The example's amount and term, the nearest the product has and no longer."""
    amount, months = HOME_EXAMPLE if product.family in HOME_FAMILIES else EXAMPLE
    amount = min(max(amount, terms.amount.least), terms.amount.most)
    months = min(max(months, terms.months.least), terms.months.most)
    choices = [choice for choice in terms.months.choices if choice <= months]
    return amount, max(choices, default=min(terms.months.choices, default=months))


def _is_first_home(terms: ProductTerms) -> bool:
    """A first home, unless the grid speaks of second ones only."""
    return any(cell.first_home is not False for cell in terms.pricing)
