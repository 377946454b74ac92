"""
How large the emergency fund must be (应急备用金测算): emergencies lived through month by month.

Every case is tried from each month of the year ahead on, so that the size does not depend on the
month in which the plan is made. It is what ready money falls by at most, from the month before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from planning.household.cover import has_medical_cover
from planning.household.recognition import HAIRCUT_RULE
from planning.record import Record, reckoned
from planning.risk.paths import lived
from planning.risk.shock import MEDICAL_RULE, no_shocks
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.household.profile import Household
    from planning.parameters import RulesInForce
    from planning.risk.course import Course, EarnedLine
    from planning.risk.paths import Paths
    from planning.risk.shock import Shocks

CaseCode = Literal["out_of_work", "illness", "lower_income", "sudden_sum"]

WORK_RULE: Final = "contingency.out_of_work_months"
EXTRA_RULE: Final = "contingency.out_of_work_extra_months"
ILLNESS_RULE: Final = "contingency.illness_months"
BILL_RULE: Final = "contingency.illness_bill_yuan"
LOWER_RULE: Final = "contingency.lower_income_months"
SUM_RULE: Final = "contingency.sudden_sum_yuan"

OWN_BUSINESS: Final = ("business_owner", "self_employed")
"""Members of one household who work for themselves are taken to live off one business."""

_OTHER_WORK: Final = "other_work"
_BY_EMPLOYMENT: Final = ("civil_servant", "salaried", *OWN_BUSINESS, "freelance")


@dataclass(frozen=True, slots=True)
class FundCase:
    """
    An emergency: whose pay stops or falls for how long, and what it costs besides.

    Parameters
    ----------
    members : whose pay it is; nobody's where the case is a sum.
    months : how long it lasts.
    kept : share of that pay that still arrives, by the stability of the line; 0 where absent.
    sum_yuan : spent in its first month.
    extra_months : of the months, those for unsteady pay to be itself again.
    """

    code: CaseCode
    members: tuple[str, ...]
    months: int
    sum_yuan: float = 0.0
    kept: tuple[tuple[str, float], ...] = ()
    extra_months: int = 0

    def share(self, line: EarnedLine) -> float:
        """What of a line arrives while the case lasts."""
        return dict(self.kept).get(line.stability, 0.0) if line.owner in self.members else 1.0


class CaseNeed(Record):
    """
    What an emergency takes of ready money at most, 元.

    It is worst when it begins in `starts_in`, and deepest at the end of `lowest_in`; months as
    ``2026-12``. `without_pay_yuan` is the pay that does not arrive until then and `sum_yuan` what
    the event itself costs the household; of both, `spared_yuan` would have been left over or spent
    on what can wait. `extra_months` of the `months` are there because unsteady pay takes longer to
    be itself again, `usual_months` are the others.
    """

    code: CaseCode
    members: tuple[str, ...]
    months: int
    sum_yuan: float
    without_pay_yuan: float
    starts_in: str
    lowest_in: str
    need_yuan: float
    extra_months: int = 0
    usual_months: int = reckoned(lambda case: case["months"] - case["extra_months"])
    spared_yuan: float = reckoned(
        lambda case: case["without_pay_yuan"] + case["sum_yuan"] - case["need_yuan"]
    )


def fund_cases(household: Household, course: Course, rules: RulesInForce) -> tuple[FundCase, ...]:
    """
    The emergencies of a household: work lost, illness, a low of unsteady income, a sudden sum.

    Parameters
    ----------
    course : the household compiled, for who earns what.
    rules : with the ``contingency`` entries.
    """
    return tuple(_cases(household, course, rules))


def _cases(household: Household, course: Course, rules: RulesInForce) -> Iterator[FundCase]:
    earners = earned_by_member(course)
    for members in _livelihoods(household, earners):
        months, extra = max(_spell(household, course, one, rules) for one in members)
        yield FundCase("out_of_work", members, months, extra_months=extra)
    if earners:
        main = next(line.owner for line in course.earned if line.is_main)
        yield _illness(household, main, rules)
    elif (patient := ill_without_pay(household, rules.as_of)) is not None:
        yield FundCase("illness", (), 1, sum_yuan=_bill(household, patient, rules))
    unsteady = tuple(
        dict.fromkeys(line.owner for line in course.earned if _haircut(line.stability, rules))
    )
    if unsteady:
        kept = tuple((s, 1.0 - _haircut(s, rules)) for s in ("fixed", "variable", "seasonal"))
        months = int(rules.value(LOWER_RULE))
        yield FundCase("lower_income", unsteady, months, kept=kept)
    yield FundCase("sudden_sum", (), 1, sum_yuan=float(rules.value(SUM_RULE)))


def earned_by_member(course: Course) -> dict[str, float]:
    """What each member earns in the twelve full months ahead, 元; others are left out."""
    found: dict[str, float] = {}
    for line in course.earned:
        amount = float(np.sum(line.amounts[1 : MONTHS_PER_YEAR + 1]))
        if amount > 0:
            found[line.owner] = found.get(line.owner, 0.0) + amount
    return found


def _livelihoods(household: Household, earners: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Members whose work is lost together: one each, those with a business of their own as one."""
    own = tuple(m.id for m in household.members if m.id in earners and m.employment in OWN_BUSINESS)
    if own:
        yield own
    for member in household.members:
        if member.id in earners and member.id not in own:
            yield (member.id,)


def _spell(
    household: Household, course: Course, owner: str, rules: RulesInForce
) -> tuple[int, int]:
    """Months out of work, and how many of them are there because pay is unsteady."""
    lines = [line for line in course.earned if line.owner == owner]
    main = max(lines, key=lambda line: float(np.sum(line.amounts[1 : MONTHS_PER_YEAR + 1])))
    months = int(rules.value(WORK_RULE, _employment(household, owner)))
    extra = int(rules.value(EXTRA_RULE, main.stability))
    return months + extra, extra


def _employment(household: Household, owner: str) -> str:
    stated = next(member.employment for member in household.members if member.id == owner)
    return stated if stated in _BY_EMPLOYMENT else _OTHER_WORK


def _illness(household: Household, owner: str, rules: RulesInForce) -> FundCase:
    months = int(rules.value(ILLNESS_RULE, _employment(household, owner)))
    return FundCase("illness", (owner,), months, sum_yuan=_bill(household, owner, rules))


def _bill(household: Household, member: str, rules: RulesInForce) -> float:
    """What an illness costs, the part that medical cover bears left out."""
    bill = float(rules.value(BILL_RULE))
    if has_medical_cover(household, member, rules.as_of):
        bill *= 1.0 - float(rules.value(MEDICAL_RULE))
    return round(bill, 2)


def ill_without_pay(household: Household, as_of: date) -> str | None:
    """Whose illness to reckon with where nobody earns: an adult, one without cover first."""
    adults = [member.id for member in household.members if member.role != "child"]
    bare = [one for one in adults if not has_medical_cover(household, one, as_of)]
    return next(iter((*bare, *adults)), None)


def _haircut(stability: str, rules: RulesInForce) -> float:
    return float(rules.value(HAIRCUT_RULE, stability))


def case_needs(course: Course, cases: Sequence[FundCase]) -> tuple[CaseNeed, ...]:
    """
    What each case takes of ready money, the largest first.

    Parameters
    ----------
    course : of a horizon in which a case that begins within the year can end.
    cases : from ``fund_cases``.

    Notes
    -----
    Essential spending, instalments and the bills of the months go on; what can wait stops from
    the month after the event on. Principal of interest-only loans that falls due in one sum and
    what is overdue already are left out: they are known beforehand and no emergency.
    """
    starts = range(1, min(MONTHS_PER_YEAR, len(course.months) - 1) + 1)
    cash = _cash(lived(course, case_shocks(course, cases, starts)))
    found = [
        _worst(course, case, cash[number * len(starts) : (number + 1) * len(starts)], starts)
        for number, case in enumerate(cases)
    ]
    return tuple(sorted(found, key=lambda need: -need.need_yuan))


def case_shocks(course: Course, cases: Sequence[FundCase], starts: Sequence[int]) -> Shocks:
    """Every case from every month it may begin in: one path each, the months of a case together."""
    shocks = no_shocks(course, len(cases) * len(starts))
    pairs = [(case, start) for case in cases for start in starts]
    for path, (case, start) in enumerate(pairs):
        months = slice(start, start + case.months)
        for number, line in enumerate(course.earned):
            shocks.earned_kept[number, path, months] = case.share(line)
        shocks.extra_spending[path, start] += case.sum_yuan
        shocks.other_kept[path, start + 1 : start + case.months] = 0.0
    return shocks


def _cash(paths: Paths) -> NDArray[np.float64]:
    """Cash of each month without what is due in one sum; arrears fall before any case begins."""
    cash: NDArray[np.float64] = paths.net + paths.lump_principal
    return cash


def _worst(
    course: Course, case: FundCase, cash: NDArray[np.float64], starts: Sequence[int]
) -> CaseNeed:
    """The case in the month in which it is worst; a month without pay to lose is no case."""
    found = [_drawdown(case, cash[row], start) for row, start in enumerate(starts)]
    lost = [
        _lost_pay(course, case, start, lowest)
        for start, (_, lowest) in zip(starts, found, strict=True)
    ]
    takes = [
        need if unpaid > 0 or not case.members else 0.0
        for (need, _), unpaid in zip(found, lost, strict=True)
    ]
    row = int(np.argmax(takes))
    return CaseNeed(
        code=case.code,
        members=case.members,
        months=case.months,
        sum_yuan=case.sum_yuan,
        without_pay_yuan=lost[row],
        starts_in=f"{course.months[starts[row]]:%Y-%m}",
        lowest_in=f"{course.months[found[row][1]]:%Y-%m}",
        need_yuan=takes[row],
        extra_months=case.extra_months,
    )


def _drawdown(case: FundCase, cash: NDArray[np.float64], start: int) -> tuple[float, int]:
    """How far cash falls below the month before the event, and in which month it is lowest."""
    fallen = -np.cumsum(cash[start : start + case.months])
    deepest = int(np.argmax(fallen))
    return max(float(fallen[deepest]), 0.0), start + deepest


def _lost_pay(course: Course, case: FundCase, start: int, last: int) -> float:
    """Pay that does not arrive from the start to a month, that month counted."""
    return sum(
        (1.0 - case.share(line)) * float(np.sum(line.amounts[start : last + 1]))
        for line in course.earned
    )
