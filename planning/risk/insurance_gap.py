"""
The cover a household lacks (保障缺口): what a death or a long illness would leave unpaid.

Sums and kinds of cover only; which policy serves is not for a plan of debts to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.cashflow import EARNED, LUMP_METHODS, liquid_assets, year_ahead
from planning.household.cover import cover_in_force
from planning.household.profile import is_paid_in
from planning.household.recognition import monthly_income
from planning.record import Record, reckoned
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd

    from planning.household.balance_sheet import BalanceSheet
    from planning.household.pay import NetPay
    from planning.household.profile import Expense, Household, Income, Insurance, Member
    from planning.parameters import RulesInForce

CoverKind = Literal["life", "lost_pay"]
DependsCode = Literal["child", "partner", "other", "nobody", "pay"]
"""Who sets the years: a child, a partner, someone else, nobody; of lost pay, the rule."""

MULTIPLE_RULE: Final = "norms.cover_multiple"
GROWN_RULE: Final = "contingency.grown_age"
PARENT_RULE: Final = "contingency.parent_years"
LOST_PAY_RULE: Final = "contingency.lost_pay_years"
PREMIUM_RULE: Final = "contingency.premium_share"
NOTICE_RULE: Final = "contingency.cover_notice_months"
PENSION_RULES: Final = (
    "provident_fund.retirement_age_final",
    "provident_fund.retirement_age",
)
"""The age once the rise of 2025 (渐进式延迟法定退休年龄) is complete, before it the old one."""

LOST_PAY: Final = ("critical_illness", "disability")
PARTNERS: Final = ("borrower", "co_borrower", "spouse")
ENDS_WITH_LIFE: Final = (*EARNED, "pension")


class CoverGap(Record):
    """
    What one earner's death, or years without his pay, would ask for, 元.

    Of a death: the debts that the income left would not carry, and `years` of the family's
    essential spending beyond that income, year by year as incomes and spending begin and end. Of
    lost pay: `years` of it. Less ready money and the cover in force, together `at_hand_yuan`.
    `norm_yuan` is the norm's multiple of the yearly pay, for comparison; `accident_yuan` is cover
    that pays after an accident only and is not counted.
    """

    member: str
    kind: CoverKind
    depends: DependsCode
    years: int
    debts_yuan: float
    living_yuan: float
    liquid_yuan: float
    cover_yuan: float
    at_hand_yuan: float = reckoned(lambda gap: gap["liquid_yuan"] + gap["cover_yuan"])
    accident_yuan: float
    gap_yuan: float
    norm_yuan: float | None


class EndingCover(Record):
    """Cover that ends within the notice."""

    insured: str
    kind: str
    sum_assured_fen: int
    ends_on: date


class Cover(Record):
    """
    The household's cover against its debts and years.

    `without_medical` are members for whom no commercial medical cover is in force. A year's
    premiums are `premium_now_yuan` as the file states them; the norm allows `premium_norm_yuan`.
    """

    gaps: tuple[CoverGap, ...]
    without_medical: tuple[str, ...]
    ending: tuple[EndingCover, ...]
    premium_norm_yuan: float
    premium_now_yuan: float


@dataclass(frozen=True, slots=True)
class _Family:
    """A household on the day of its plan."""

    household: Household
    sheet: BalanceSheet
    year: pd.DataFrame
    rules: RulesInForce
    pay: NetPay | None

    def yearly(self, line: Income) -> float:
        """What arrives of a line in the year ahead."""
        return monthly_income(line, self.rules.as_of, self.pay) * MONTHS_PER_YEAR

    def times(self, line: Income | Expense, number: int) -> int:
        """How often a line is paid in a year ahead, the first being 0."""
        start = add_months(self.rules.as_of.replace(day=1), number * MONTHS_PER_YEAR + 1)
        months = (add_months(start, month) for month in range(MONTHS_PER_YEAR))
        return sum(is_paid_in(line, month) for month in months)

    def arrives(self, line: Income, number: int) -> float:
        """What arrives of a line in a year ahead, at today's amounts."""
        now = self.times(line, 0)
        if now:
            return self.yearly(line) * self.times(line, number) / now
        return yuan(line.net_amount or 0) * self.times(line, number)

    def needs(self, number: int) -> float:
        """Essential spending of a year ahead, that of the first less what has ended by then."""
        ended = sum(
            line.amount * (self.times(line, 0) - self.times(line, number))
            for line in self.household.expenses
            if line.is_essential
        )
        return float(self.year["essential_expense"].sum()) - yuan(ended)

    @property
    def in_force(self) -> tuple[Insurance, ...]:
        """Policies that still run."""
        return cover_in_force(self.household, self.rules.as_of)

    def cover(self, member: str, kinds: Collection[str]) -> float:
        """Sums a member is insured for."""
        mine = (p for p in self.in_force if p.insured == member and p.kind in kinds)
        return yuan(sum(policy.sum_assured for policy in mine))


def insurance_gap(
    household: Household,
    sheet: BalanceSheet,
    frame: pd.DataFrame,
    rules: RulesInForce,
    pay: NetPay | None = None,
) -> Cover:
    """
    Gaps earner by earner, medical cover, cover that ends soon and the room for premiums.

    Parameters
    ----------
    sheet, frame : balance sheet and baseline cash-flow of the rules' day.
    pay : needed where income is stated before tax.
    """
    family = _Family(household, sheet, year_ahead(frame), rules, pay)
    with_medical = {
        p.insured for p in cover_in_force(household, rules.as_of) if p.kind == "medical"
    }
    return Cover(
        gaps=tuple(
            gap
            for member, yearly in _pay_by_member(family).items()
            for gap in (_life(family, member, yearly), _lost_pay(family, member, yearly))
        ),
        without_medical=tuple(m.id for m in household.members if m.id not in with_medical),
        ending=tuple(_ending(family)),
        premium_norm_yuan=float(rules.value(PREMIUM_RULE)) * float(family.year["income"].sum()),
        premium_now_yuan=_premiums(household),
    )


def _pay_by_member(family: _Family) -> dict[str, float]:
    """What each member earns in the year ahead; those who earn nothing left out."""
    found: dict[str, float] = {}
    for line in family.household.income:
        yearly = family.yearly(line) if line.kind in EARNED else 0.0
        if yearly > 0:
            found[line.owner] = found.get(line.owner, 0.0) + yearly
    return found


def _life(family: _Family, member: str, yearly_pay: float) -> CoverGap:
    depends, years = _years(family, member)
    left = _left_without(family, member, 0)
    is_left = depends != "nobody"
    debts = _debts_not_carried(family, left) if is_left else 0.0
    living = sum(max(-_left_without(family, member, number), 0.0) for number in range(years))
    liquid, cover = liquid_assets(family.household), family.cover(member, ("life",))
    return CoverGap(
        member=member,
        kind="life",
        depends=depends,
        years=years,
        debts_yuan=debts,
        living_yuan=living,
        liquid_yuan=liquid,
        cover_yuan=cover,
        accident_yuan=family.cover(member, ("accident",)),
        gap_yuan=max(debts + living - liquid - cover, 0.0),
        norm_yuan=float(family.rules.band(MULTIPLE_RULE).green) * yearly_pay,
    )


def _lost_pay(family: _Family, member: str, yearly_pay: float) -> CoverGap:
    years = int(family.rules.value(LOST_PAY_RULE))
    liquid, cover = liquid_assets(family.household), family.cover(member, LOST_PAY)
    return CoverGap(
        member=member,
        kind="lost_pay",
        depends="pay",
        years=years,
        debts_yuan=0.0,
        living_yuan=years * yearly_pay,
        liquid_yuan=liquid,
        cover_yuan=cover,
        accident_yuan=0.0,
        gap_yuan=max(years * yearly_pay - liquid - cover, 0.0),
        norm_yuan=None,
    )


def _left_without(family: _Family, member: str, number: int) -> float:
    """A year's income that a death would not end, less essential spending; negative: a lack."""
    kept = sum(
        family.arrives(line, number)
        for line in family.household.income
        if line.owner != member or line.kind not in ENDS_WITH_LIFE
    )
    return kept - family.needs(number)


def _debts_not_carried(family: _Family, left_yuan: float) -> float:
    """
    Principal whose instalments the income left would not pay.

    What falls due in one sum is not paid out of income and counts in full.
    """
    lump = {one.id for one in family.household.liabilities if one.method in LUMP_METHODS}
    debts = family.sheet.liabilities
    in_sum = yuan(sum(debt.balance_fen for debt in debts if debt.id in lump))
    by_month = yuan(sum(debt.balance_fen for debt in debts if debt.id not in lump))
    service = float(family.year["debt_service"].sum())
    carried = min(max(left_yuan, 0.0) / service, 1.0) if service > 0 else 1.0
    return in_sum + by_month * (1.0 - carried)


def _years(family: _Family, member: str) -> tuple[DependsCode, int]:
    """For how long somebody depends on an earner, the longest; nobody where he lives alone."""
    others = [one for one in family.household.members if one.id != member]
    found = [_depends(one, family.rules) for one in others]
    return max(found, key=lambda pair: pair[1], default=("nobody", 0))


def _depends(member: Member, rules: RulesInForce) -> tuple[DependsCode, int]:
    age = rules.as_of.year - member.birth_year
    if member.role == "child":
        return "child", max(int(rules.value(GROWN_RULE)) - age, 0)
    if member.role not in PARTNERS:
        return "other", int(rules.value(PARENT_RULE)) if member.is_dependant else 0
    if member.employment == "retired":
        return "partner", int(rules.value(PARENT_RULE))
    return "partner", max(_pension_age(member, rules) - age, 0)


def _pension_age(member: Member, rules: RulesInForce) -> int:
    """
    The statutory age, risen in full: the years until then are rather too many than too few.

    The later one of a partner whose sex is not stated, 0 where there was no rule.
    """
    rule = next((name for name in PENSION_RULES if rules.is_in_force(name)), None)
    return 0 if rule is None else int(rules.value(rule, member.sex or "male"))


def _ending(family: _Family) -> Iterator[EndingCover]:
    last = add_months(family.rules.as_of, int(family.rules.value(NOTICE_RULE)))
    dated = [(p.ends_on, p) for p in family.in_force if p.ends_on and p.ends_on <= last]
    for ends_on, policy in sorted(dated, key=lambda pair: (pair[0], pair[1].insured)):
        yield EndingCover(
            insured=policy.insured,
            kind=policy.kind,
            sum_assured_fen=policy.sum_assured,
            ends_on=ends_on,
        )


def _premiums(household: Household) -> float:
    """A year of the file's spending on insurance."""
    return sum(
        yuan(line.amount) * (MONTHS_PER_YEAR if line.frequency == "monthly" else 1)
        for line in household.expenses
        if line.kind == "insurance"
    )
