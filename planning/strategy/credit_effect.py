"""What a change of a contract does to the credit record (征信), by the rules on restructuring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.strategy.relief_option import CreditEffect

if TYPE_CHECKING:
    from planning.loans.position import Position
    from planning.strategy.relief_option import ReliefKind, ReliefTerms

OBSERVATION: Final = "risk.restructured_observation_months"
RECORD_YEARS: Final = "risk.credit_record_years"


def credit_effect(debt: Position, kind: ReliefKind, terms: ReliefTerms) -> CreditEffect:
    """Grounded in the rules on restructured assets: difficulty makes a change a restructuring."""
    if kind == "part_prepayment":
        return CreditEffect(code="none")
    if debt.unpaid:
        years = int(terms.rules.value(RECORD_YEARS))
        watched = _watched(terms)
        return watched.model_copy(
            update={"code": "overdue_and_restructured", "record_years": years}
        )
    if not terms.is_difficult and kind in ("extension", "renewal"):
        return _watched(terms).model_copy(
            update={"code": "none_if_agreed_before_due", "observation_months": None}
        )
    return _watched(terms)


def _watched(terms: ReliefTerms) -> CreditEffect:
    if not terms.rules.is_in_force(OBSERVATION):
        return CreditEffect(code="restructured_flag")
    entry = terms.rules.entry(OBSERVATION)
    return CreditEffect(
        code="restructured_flag",
        observation_months=int(terms.rules.value(OBSERVATION)),
        rule=OBSERVATION,
        grade=entry.grade,
    )
