"""
What may not be deducted twice, or beside another item, by one person or by a couple.

The special additional deductions (国发〔2018〕41号) are checked on raw values, so that what
contradicts itself is told beside what is malformed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.record_file import Conflict, Place

_EXCLUDED: Final = {
    "housing_rent": (("housing_loan_interest", "rent_beside_interest"),),
    "elder_shared": (("elder_only_child", "elders_twice"),),
}
"""What may not be deducted in the same months as another item."""

_ONCE: Final = (
    "elder_only_child",
    "elder_shared",
    "housing_loan_interest",
    "housing_rent",
    "continuing_education",
)
"""Items of which a person has one at a time, however many homes, parents or degrees."""

_OF_CHILDREN: Final = ("child_education", "infant_care")


@dataclass(frozen=True, slots=True)
class _Claim:
    """A deduction as the file states it; its months count in full."""

    place: Place
    member: int
    kind: str
    first: date
    last: date
    share: Decimal

    def overlaps(self, other: _Claim) -> bool:
        return max(self.first, other.first) <= min(self.last, other.last)


def deduction_conflicts(members: Sequence[Mapping[str, Any]]) -> Iterator[Conflict]:
    """
    Contradictions between deductions of each member, and between those of a couple.

    Parameters
    ----------
    members : in the order of the file; each problem's place begins with ``members``.

    Notes
    -----
    The borrower and the spouse are a couple, or else the borrower and the only co-borrower. What
    the two may not deduct at once (同时) is compared by month.
    """
    claims = [claim for number, member in enumerate(members) for claim in _claims(number, member)]
    for number, _ in enumerate(members):
        own = [claim for claim in claims if claim.member == number]
        yield from _own_conflicts(own)
    yield from _reversed_spans(members)
    couple = _couple(members)
    shared = [claim for claim in claims if claim.member in couple]
    yield from _spouse_conflicts(shared)
    children = sum(member.get("role") == "child" for member in members)
    yield from _child_conflicts(shared, children)


def _own_conflicts(claims: Sequence[_Claim]) -> Iterator[Conflict]:
    for number, claim in enumerate(claims):
        same = (c for c in claims[:number] if c.kind == claim.kind and c.overlaps(claim))
        if claim.kind in _ONCE and any(same):
            yield (*claim.place, "kind"), "deduction_twice", {}
        for other, code in _EXCLUDED.get(claim.kind, ()):
            if any(c.kind == other and c.overlaps(claim) for c in claims):
                yield (*claim.place, "kind"), code, {}


def _reversed_spans(members: Sequence[Mapping[str, Any]]) -> Iterator[Conflict]:
    for place, deduction in _deductions(members):
        first, last = deduction.get("starts_on"), deduction.get("ends_on")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            yield (*place, "ends_on"), "ends_before_start", {"start": str(first)}


def _spouse_conflicts(claims: Sequence[_Claim]) -> Iterator[Conflict]:
    """Rent of one beside loan interest of the other; more than one whole of the interest."""
    interest = [claim for claim in claims if claim.kind == "housing_loan_interest"]
    for claim in claims:
        others = (c for c in interest if c.member != claim.member and c.overlaps(claim))
        if claim.kind == "housing_rent" and any(others):
            yield (*claim.place, "kind"), "spouse_rent_interest", {}
    if len({claim.member for claim in interest}) > 1:
        yield from _above(interest, 1, "spouse_interest_twice")


def _child_conflicts(claims: Sequence[_Claim], children: int) -> Iterator[Conflict]:
    """More shares than there are children; a family that lists none is not asked."""
    if children:
        of_children = [claim for claim in claims if claim.kind in _OF_CHILDREN]
        yield from _above(of_children, children, "children_overclaimed")


def _above(claims: Sequence[_Claim], most: int, code: str) -> Iterator[Conflict]:
    """The last claim of those that run together and add up to more than there is."""
    for claim in sorted(claims, key=lambda c: c.first):
        # Shares only grow where a claim begins, so the first days are the days to look at.
        together = [c for c in claims if c.first <= claim.first <= c.last]
        total = sum(c.share for c in together)
        if total > most:
            numbers = {"total": f"{total:f}", "most": most}
            yield (*together[-1].place, "kind"), code, numbers
            return


def _couple(members: Sequence[Mapping[str, Any]]) -> set[int]:
    """Positions of the borrower and of who is married to that person, as far as roles tell."""
    of_role = {
        role: [number for number, member in enumerate(members) if member.get("role") == role]
        for role in ("borrower", "spouse", "co_borrower")
    }
    partners = of_role["spouse"] or of_role["co_borrower"]
    return {*of_role["borrower"][:1], *(partners if len(partners) == 1 else ())}


def _claims(number: int, member: Mapping[str, Any]) -> Iterator[_Claim]:
    for place, stated in _deductions_of(number, member):
        first, last = stated.get("starts_on"), stated.get("ends_on")
        yield _Claim(
            place=place,
            member=number,
            kind=str(stated.get("kind")),
            first=first.replace(day=1) if isinstance(first, date) else date.min,
            last=last.replace(day=1) if isinstance(last, date) else date.max,
            share=_share(stated.get("share", 1)),
        )


def _share(value: Any) -> Decimal:
    """A stated share; what is malformed is told elsewhere and counts for nothing here."""
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Decimal(value) if is_number and 0 <= value <= 1 else Decimal(0)


def _deductions(
    members: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for number, member in enumerate(members):
        yield from _deductions_of(number, member)


def _deductions_of(
    number: int, member: Mapping[str, Any]
) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The deductions of a member that can be read, each with its place."""
    facts = member.get("tax")
    listed = facts.get("deductions") if isinstance(facts, dict) else None
    for position, stated in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(stated, dict):
            yield ("members", number, "tax", "deductions", position), stated
