"""What may happen to a household, and how likely, by the rules of the day (风险因素)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Final

from planning.household.cover import has_medical_cover
from planning.risk.shock import MEDICAL_RULE
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.household.profile import Household, Member
    from planning.market.rate_chain import RateChain
    from planning.parameters import RulesInForce
    from planning.risk.course import Course

SWINGING: Final = ("variable", "seasonal")
WORKING: Final = ("salaried", "civil_servant", "business_owner", "self_employed", "freelance")

_UNEMPLOYMENT: Final = "simulation.unemployment_rate"
_MULTIPLE: Final = "simulation.job_loss_multiple"
_MONTHS_OUT: Final = "simulation.months_out_of_work"
_SWING: Final = "simulation.income_swing"
_PERSISTENCE: Final = "simulation.income_persistence"
_ILLNESS: Final = "simulation.medical_events_a_year"
_BILL: Final = "simulation.medical_bill_yuan"
_PROPERTY: Final = "simulation.property_swing"


@dataclass(frozen=True, slots=True)
class JobRisk:
    """An earner's monthly chance to lose the work, and when out of it to be back."""

    owner: str
    loss_chance: float
    return_chance: float


@dataclass(frozen=True, slots=True)
class Hazards:
    """
    What may happen to a household, and how likely; by default nothing does.

    `bills_yuan` are the mean of a large medical bill by member, what medical cover bears taken
    off; `swings` are by stability of income, `property_swing` is a month's. Without a `chain`
    rates stay.
    """

    chain: RateChain | None = None
    jobs: tuple[JobRisk, ...] = ()
    swings: Mapping[str, float] = field(default_factory=dict)
    persistence: float = 0.0
    medical_chance: float = 0.0
    bills_yuan: tuple[float, ...] = ()
    property_swing: float = 0.0


def hazards(household: Household, course: Course, chain: RateChain, rules: RulesInForce) -> Hazards:
    """
    What may happen to the household by the rules of the day.

    Notes
    -----
    A job is lost so often that, with the mean time out of work, the share out of it in the long
    run is the published unemployment rate, its odds times the multiple of the kind of employment.
    """
    owners = {line.owner for line in course.earned}
    members = household.members
    year = float(rules.value(_ILLNESS))
    return Hazards(
        chain=chain,
        jobs=tuple(_job_risk(member, rules) for member in members if member.id in owners),
        swings={kind: float(rules.value(_SWING, kind)) for kind in SWINGING},
        persistence=float(rules.value(_PERSISTENCE)),
        medical_chance=1 - (1 - year) ** (1 / MONTHS_PER_YEAR),
        bills_yuan=tuple(_bill_yuan(member, household, rules) for member in members),
        property_swing=float(rules.value(_PROPERTY)) / sqrt(MONTHS_PER_YEAR),
    )


def _job_risk(member: Member, rules: RulesInForce) -> JobRisk:
    kind = member.employment if member.employment in WORKING else "other_work"
    back = 1 / float(rules.value(_MONTHS_OUT, kind))
    share = float(rules.value(_UNEMPLOYMENT))
    lost = float(rules.value(_MULTIPLE, kind)) * back * share / (1 - share)
    # Beyond it one draw would stand for both losing the work and finding it.
    return JobRisk(member.id, min(lost, 1 - back), back)


def _bill_yuan(member: Member, household: Household, rules: RulesInForce) -> float:
    bill = float(rules.value(_BILL))
    covered = has_medical_cover(household, member.id, rules.as_of)
    return bill * (1 - float(rules.value(MEDICAL_RULE))) if covered else bill
