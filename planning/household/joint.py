"""Who owes what (共同债务): a joint debt may be claimed in full from each who borrowed (连带)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Household
    from planning.loans.position import Position


class MemberDebts(Record):
    """
    What a member owes: alone, with others, and all that lenders could claim from this one person.

    Joint debts stand in full with every borrower, so the members' figures must not be added up:
    a household's total counts each debt once.
    """

    member: str
    sole_fen: int
    joint_fen: int
    claimable_fen: int
    joint_debts: tuple[str, ...]


def member_debts(household: Household, positions: Sequence[Position]) -> tuple[MemberDebts, ...]:
    """Every member who borrows, in the order of the file."""
    return tuple(
        _debts_of(member.id, own)
        for member in household.members
        if (own := [p for p in positions if member.id in p.contract.borrowers])
    )


def _debts_of(member: str, positions: Sequence[Position]) -> MemberDebts:
    joint = [p for p in positions if len(p.contract.borrowers) > 1]
    jointly = sum(p.balance for p in joint)
    in_all = sum(p.balance for p in positions)
    return MemberDebts(
        member=member,
        sole_fen=in_all - jointly,
        joint_fen=jointly,
        claimable_fen=in_all,
        joint_debts=tuple(p.contract.id for p in joint),
    )
