"""Cover (保障) that is in force on a day, and whom it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from planning.household.profile import Household, Insurance


def cover_in_force(household: Household, as_of: date) -> tuple[Insurance, ...]:
    """Policies that have not ended by `as_of`; one without an end is for life."""
    return tuple(p for p in household.insurance if p.ends_on is None or p.ends_on >= as_of)


def has_medical_cover(household: Household, member: str | None, as_of: date) -> bool:
    """Whether a member has commercial medical cover (商业医疗险) on a day."""
    policies = cover_in_force(household, as_of)
    return any(policy.kind == "medical" and policy.insured == member for policy in policies)
