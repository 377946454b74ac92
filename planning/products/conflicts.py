"""What may contradict itself in a product's file, beyond what one field can tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeGuard, get_args

from planning.household.profile import Asset, Income, Member
from planning.loans.conflicts import listed, part
from planning.loans.rate_terms import FIRST_LPR_ON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.record import Record
    from planning.record_file import Conflict, Place

TWO_PARTS: Final = ("commercial", "provident")
_PARTS_OF: Final = {"combination": TWO_PARTS, "provident_fund": ("provident",)}
_HOME_FAMILIES: Final = ("mortgage", "provident_fund", "combination")
_ONE_PART: Final = ("commercial",)


def _choices(record: type[Record], field: str) -> tuple[str, ...]:
    """The words a field of the client file knows; products speak the same."""
    return get_args(record.model_fields[field].annotation)


_SHARED_WORDS: Final[tuple[tuple[Place, tuple[str, ...]], ...]] = (
    (("collateral", "kinds"), _choices(Asset, "kind")),
    (("eligibility", "employment"), _choices(Member, "employment")),
    (("eligibility", "evidence"), _choices(Income, "evidence")),
)


def product_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """
    What contradicts itself across the fields of one product.

    Parameters
    ----------
    data : the raw values of the file, so that contradictions are reported beside malformed
        fields; what is missing or malformed is passed over here.
    """
    terms = listed(data, "terms")
    if data.get("instalment_of") and data.get("kind") not in (None, "card_instalment"):
        yield ("instalment_of",), "only_card_instalments", {"kind_field": "kind"}
    yield from _order_conflicts(terms)
    for number, one in enumerate(terms):
        for place, code, numbers in _terms_conflicts(one, data.get("family")):
            yield ("terms", number, *place), code, numbers


def _order_conflicts(terms: Sequence[Any]) -> Iterator[Conflict]:
    """Term sets follow each other, and none lasts into the next."""
    for number, one in enumerate(terms):
        since, until = part(one, "since"), part(one, "until")
        if _is_before(until, since):
            yield ("terms", number, "until"), "ends_before_start", {"start": str(since)}
    for number, (earlier, later) in enumerate(pairwise(terms)):
        before, since = part(earlier, "since"), part(later, "since")
        if not (isinstance(before, date) and isinstance(since, date)):
            continue
        if since <= before:
            yield ("terms", number + 1, "since"), "dates_not_ascending", {}
        elif isinstance(part(earlier, "until"), date) and part(earlier, "until") >= since:
            yield ("terms", number, "until"), "terms_overlap", {"next": str(since)}


def _terms_conflicts(terms: Any, family: Any) -> Iterator[Conflict]:
    yield from _range_conflicts(terms)
    yield from _word_conflicts(terms)
    yield from _method_conflicts(terms)
    if part(terms, "subsidy") == "first_home" and family not in (None, *_HOME_FAMILIES):
        yield ("subsidy",), "subsidy_of_home_loans", {"family": family}
    yield from _pricing_conflicts(terms, family)


def _range_conflicts(terms: Any) -> Iterator[Conflict]:
    for name in ("amount", "months"):
        least, most = part(part(terms, name), "least"), part(part(terms, name), "most")
        if _is_number(least) and _is_number(most) and least > most:
            yield (name, "least"), "least_above_most", {"most": str(most)}
    months = part(terms, "months")
    least, most = part(months, "least"), part(months, "most")
    choices = listed(months, "choices")
    for number, choice in enumerate(choices):
        if choice in choices[:number]:
            yield ("months", "choices", number), "named_twice", {}
        if not (_is_number(choice) and _is_number(least) and _is_number(most)):
            continue
        if not least <= choice <= most:
            numbers = {"least": str(least), "most": str(most)}
            yield ("months", "choices", number), "choice_outside", numbers


def _word_conflicts(terms: Any) -> Iterator[Conflict]:
    """Kinds of asset, employment and evidence that no client file has."""
    for (section, name), allowed in _SHARED_WORDS:
        for number, word in enumerate(listed(part(terms, str(section)), str(name))):
            if isinstance(word, str) and word not in allowed:
                nearest = get_close_matches(word, allowed, n=1)
                numbers = {"allowed": ", ".join(allowed), "suggestion": "".join(nearest)}
                yield (section, name, number), "literal_error", numbers


def _method_conflicts(terms: Any) -> Iterator[Conflict]:
    """What the contracts of these terms could not be."""
    methods, cells = listed(terms, "methods"), listed(terms, "pricing")
    shortest, grace = part(part(terms, "months"), "least"), part(part(terms, "grace"), "months")
    if _is_number(shortest) and _is_number(grace) and grace >= shortest:
        yield ("grace", "months"), "grace_too_long", {"term": shortest}
    kinds = [part(part(cell, "rate"), "kind") for cell in cells]
    for number, method in enumerate(methods):
        if method == "balloon":
            yield ("methods", number), "balloon_product", {}
    for number, kind in enumerate(kinds):
        is_flat = kind == "flat_fee"
        odd = [m for m in methods if isinstance(m, str) and (m == "flat_fee") != is_flat]
        if kind and odd:
            numbers = {"method": ", ".join(odd), "kind": kind}
            yield ("pricing", number, "rate"), "method_needs_rate", numbers
    if "flat_fee" not in kinds:
        return
    if part(part(terms, "late_terms"), "penalty_uplift") is not None:
        yield ("late_terms",), "uplift_needs_rate", {}
    if part(terms, "subsidy") not in (None, "none"):
        yield ("subsidy",), "subsidy_needs_rate", {}


def _pricing_conflicts(terms: Any, family: Any) -> Iterator[Conflict]:
    cells = listed(terms, "pricing")
    yield from _index_conflicts(terms, cells)
    yield from _hidden_cells(cells)
    wanted = _PARTS_OF.get(family, _ONE_PART) if isinstance(family, str) else ()
    stated = {part(cell, "part") or "commercial" for cell in cells}
    for name in wanted if cells else ():
        if name not in stated:
            yield ("pricing",), "part_without_rate", {"part": name, "family": family}
    for name in sorted(stated.intersection(TWO_PARTS)):
        if wanted and name not in wanted:
            yield ("pricing",), "part_unwanted", {"part": name, "family": family}
        yield from _grid_gaps(terms, name, [c for c in cells if _part_of(c) == name])


def _index_conflicts(terms: Any, cells: Sequence[Any]) -> Iterator[Conflict]:
    """Terms on an index from before it was published."""
    since = part(terms, "since")
    for number, cell in enumerate(cells):
        index = part(part(cell, "rate"), "index")
        is_lpr = isinstance(index, str) and index.startswith("lpr")
        if is_lpr and isinstance(since, date) and since <= FIRST_LPR_ON:
            numbers = {"first": FIRST_LPR_ON.isoformat()}
            yield ("pricing", number, "rate", "index"), "before_index", numbers


def _hidden_cells(cells: Sequence[Any]) -> Iterator[Conflict]:
    """Cells that never hold because one before them always does."""
    for number, cell in enumerate(cells):
        if any(_covers(earlier, cell) for earlier in cells[:number]):
            yield ("pricing", number), "cell_hidden", {}


def _covers(earlier: Any, later: Any) -> bool:
    home = part(earlier, "first_home")
    return (
        _part_of(earlier) == _part_of(later)
        and (home is None or home == part(later, "first_home"))
        and _reaches(part(earlier, "months_up_to"), part(later, "months_up_to"))
        and _reaches(part(earlier, "amount_up_to"), part(later, "amount_up_to"))
    )


def _grid_gaps(terms: Any, name: str, cells: Sequence[Any]) -> Iterator[Conflict]:
    """
    No cell for the longest term and the largest amount.

    A cell reaches down to nothing, so the grid has no gap where its far corner has a cell. A
    grid that speaks of first homes only is for first homes only.
    """
    months, amount = part(part(terms, "months"), "most"), part(part(terms, "amount"), "most")
    if not (_is_number(months) and _is_number(amount)):
        return
    corner = {"months_up_to": months, "amount_up_to": amount}
    for home in {part(cell, "first_home") for cell in cells}:
        if not any(_covers(cell, {"part": name, "first_home": home, **corner}) for cell in cells):
            numbers = {"part": name, "months": str(months), "amount": str(amount)}
            yield ("pricing",), "grid_gap", numbers
            return


def _part_of(cell: Any) -> Any:
    return part(cell, "part") or "commercial"


def _reaches(bound: Any, wanted: Any) -> bool:
    """Whether a bound is as far as another; none reaches everywhere."""
    if bound is None:
        return True
    return _is_number(bound) and _is_number(wanted) and bound >= wanted


def _is_before(first: Any, second: Any) -> bool:
    return isinstance(first, date) and isinstance(second, date) and first < second


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
