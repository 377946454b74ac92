"""
A year of pay before tax, and what arrives: social insurance, deductions, withholding, the bonus.

An employer withholds by the cumulative method (累计预扣法, 国家税务总局公告2018年第61号): each
month the tax on everything paid since January, less what it has withheld. A new employer begins
anew.
A yearly bonus is taxed by itself where that is cheaper and still allowed. Money here is 分.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.household.contributions import (
    NO_CONTRIBUTIONS,
    Contributions,
    contributions,
)
from planning.household.profile import is_paid_in
from planning.household.tax import (
    Claim,
    bonus_tax_on,
    tax_on,
)
from planning.record import Record, reckoned
from planning.units import MONTHS_PER_YEAR, Fen, round_half_up, share_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planning.household.pay_rules import PayRules
    from planning.household.profile import Income, Member, ProvidentFund

BonusMethod = Literal["separate", "merged"]


class PayMonth(Record):
    """
    A month of a member's pay: what is paid, what is withheld, what arrives.

    `contributions_fen` go to social insurance and the housing fund together.
    `taxable_to_date_fen` is the year's taxable income so far (累计预扣预缴应纳税所得额) with the
    employers of that month; a bonus taxed by itself is not in it.
    """

    month: int
    salary_fen: int
    bonus_fen: int
    social_insurance_fen: int
    own_fund_fen: int
    contributions_fen: int = reckoned(
        lambda month: month["social_insurance_fen"] + month["own_fund_fen"]
    )
    taxable_to_date_fen: int
    withheld_fen: int
    net_fen: int


class PayYear(Record):
    """
    A member's pay of one calendar year.

    `deductions_fen` are the special additional ones by item. `bonus_method` is the cheaper way to
    tax the yearly bonus, None without one; `other_method_tax_fen` what the year's tax would be
    the other way, None where there is no other. `settlement_fen` is what the yearly settlement
    (汇算清缴) finds still owed, negative when tax is paid back; `is_settlement_exempt` says that
    it need not be paid. `is_base_unbounded` says that no bound of the city's social-insurance
    base is known, so that it is taken on the whole salary. `net_fen` is what arrives within the
    year, the settlement apart.
    """

    member: str
    year: int
    gross_salary_fen: int
    gross_bonus_fen: int
    social_insurance_fen: int
    own_fund_fen: int
    basic_deduction_fen: int
    deductions_fen: dict[str, int]
    taxable_fen: int
    tax_fen: int
    bonus_tax_fen: int
    bonus_method: BonusMethod | None
    other_method_tax_fen: int | None
    withheld_fen: int
    settlement_fen: int
    is_settlement_exempt: bool
    is_base_unbounded: bool
    net_fen: int
    months: tuple[PayMonth, ...]


@dataclass(frozen=True, slots=True)
class MemberPay:
    """A member's lines of pay before tax, and what bears on their tax."""

    member: Member
    lines: tuple[Income, ...]
    accounts: tuple[ProvidentFund, ...]
    claims: tuple[Claim, ...]
    settled: Mapping[int, dict[str, Fen]]
    law: PayRules
    is_base_unbounded: bool

    def has_yearly_bonus(self, number: int) -> bool:
        """Whether a line is a bonus that may be taxed by itself."""
        line = self.lines[number]
        return line.kind == "bonus" and line.frequency == "yearly"


@dataclass(frozen=True, slots=True)
class MemberYear:
    """A year's statement, and what arrives of each line in each of its months."""

    pay: PayYear
    net: tuple[tuple[Fen, ...], ...]


@dataclass(frozen=True, slots=True)
class _Month:
    """What one employer pays in a month, and what it deducts; amounts by line."""

    number: int
    salaries: dict[int, Fen]
    bonuses: dict[int, Fen]
    contributions: Contributions
    deductions: Fen

    @property
    def salary(self) -> Fen:
        return sum(self.salaries.values())

    def merged(self, separate: int | None) -> Fen:
        """Bonuses taxed together with the salary."""
        return sum(amount for line, amount in self.bonuses.items() if line != separate)


@dataclass(frozen=True, slots=True)
class _Withheld:
    """A month's tax of one employer: on salary, on bonuses merged, on the one by itself."""

    month: _Month
    taxable_to_date: Fen
    on_salary: Fen
    on_merged: Fen
    on_separate: Fen

    @property
    def total(self) -> Fen:
        return self.on_salary + self.on_merged + self.on_separate


def member_year(pay: MemberPay, year: int, as_of: date) -> MemberYear:
    """One calendar year of a member's pay, taxed the cheaper way."""
    employers = tuple(_employers(pay, year, as_of))
    months = [month for employer in employers for month in employer]
    deductions = _year_deductions(pay, year) | pay.settled.get(year, {})
    taxes = _taxes(pay, months, deductions, year)
    separate = min(taxes, key=lambda way: taxes[way])
    withheld = [tax for own in employers for tax in _withholding(own, separate, pay.law)]
    statement = _statement(pay, year, withheld, deductions, taxes, separate)
    return MemberYear(statement, _net_by_line(pay, withheld, separate))


def _employers(pay: MemberPay, year: int, as_of: date) -> Iterator[tuple[_Month, ...]]:
    """The months of each employer; contributions and deductions go with the first of a month."""
    names = dict.fromkeys(line.employer for line in pay.lines)
    taken: set[int] = set()
    for name in names:
        months = [
            month
            for number in range(1, MONTHS_PER_YEAR + 1)
            if (month := _month(pay, name, date(year, number, 1), as_of))
        ]
        yield tuple(
            replace(m, contributions=NO_CONTRIBUTIONS, deductions=0) if m.number in taken else m
            for m in months
        )
        taken |= {month.number for month in months if month.salaries}


def _month(pay: MemberPay, employer: str | None, month: date, as_of: date) -> _Month | None:
    """What an employer pays in a month; None where it pays nothing."""
    paid = {
        number: gross
        for number, line in enumerate(pay.lines)
        if line.employer == employer and (gross := gross_in_month(line, month, as_of))
    }
    if not paid:
        return None
    salaries = {n: amount for n, amount in paid.items() if pay.lines[n].kind == "salary"}
    salary = sum(salaries.values())
    return _Month(
        number=month.month,
        salaries=salaries,
        bonuses={n: amount for n, amount in paid.items() if n not in salaries},
        contributions=contributions(salary, pay.member, pay.accounts, pay.law.contributions),
        deductions=sum(claim.in_month(month) for claim in pay.claims) if salaries else 0,
    )


def gross_in_month(line: Income, month: date, as_of: date) -> Fen:
    """A line's amount before tax in a month, grown once a year from the plan's day on."""
    if line.gross_amount is None or not is_paid_in(line, month):
        return 0
    ahead = (month.year - as_of.year) * MONTHS_PER_YEAR + month.month - as_of.month
    growth = (1 + line.annual_growth) ** (max(ahead, 0) // MONTHS_PER_YEAR)
    return share_of(line.gross_amount, growth)


def _year_deductions(pay: MemberPay, year: int) -> dict[str, Fen]:
    """Special additional deductions of the whole year, by item."""
    found: dict[str, Fen] = {}
    for claim in pay.claims:
        months = (date(year, number, 1) for number in range(1, MONTHS_PER_YEAR + 1))
        if amount := sum(claim.in_month(month) for month in months):
            found[claim.kind] = found.get(claim.kind, 0) + amount
    return found


def _taxes(
    pay: MemberPay,
    months: Sequence[_Month],
    deductions: dict[str, Fen],
    year: int,
) -> dict[int | None, Fen]:
    """The year's tax with each bonus taxed by itself, by line; under None with all merged."""
    law = pay.law
    merged = _taxable(months, deductions, law, None)
    bonuses = {n: amount for month in months for n, amount in month.bonuses.items()}
    taxes: dict[int | None, Fen] = {
        number: bonus_tax_on(amount, law.monthly_brackets) + tax_on(merged - amount, law.brackets)
        for number, amount in bonuses.items()
        if year <= law.separate_until and pay.has_yearly_bonus(number)
    }
    return taxes | {None: tax_on(merged, law.brackets)}


def _taxable(
    months: Iterable[_Month], deductions: dict[str, Fen], law: PayRules, separate: int | None
) -> Fen:
    """Comprehensive income of the year less everything deducted; may be negative."""
    paid = sum(m.salary + m.merged(separate) - m.contributions.total for m in months)
    return paid - MONTHS_PER_YEAR * law.basic_monthly - sum(deductions.values())


def _withholding(
    months: Iterable[_Month], separate: int | None, law: PayRules
) -> Iterator[_Withheld]:
    """One employer's tax month by month; an excess waits for the settlement (暂不退税)."""
    taxable = withheld = 0
    for month in months:
        merged = month.merged(separate)
        basic = law.basic_monthly if month.salaries else 0
        taxable += month.salary - month.contributions.total - month.deductions - basic
        on_salary = max(tax_on(taxable, law.brackets) - withheld, 0)
        taxable += merged
        on_merged = max(tax_on(taxable, law.brackets) - withheld - on_salary, 0)
        withheld += on_salary + on_merged
        alone = month.bonuses.get(separate, 0) if separate is not None else 0
        on_separate = bonus_tax_on(alone, law.monthly_brackets) if alone else 0
        yield _Withheld(month, taxable, on_salary, on_merged, on_separate)


def _statement(
    pay: MemberPay,
    year: int,
    withheld: Sequence[_Withheld],
    deductions: dict[str, Fen],
    taxes: dict[int | None, Fen],
    separate: int | None,
) -> PayYear:
    law = pay.law
    months = [tax.month for tax in withheld]
    tax, total = taxes[separate], sum(w.total for w in withheld)
    others = [amount for way, amount in taxes.items() if (way is None) != (separate is None)]
    has_bonus = any(m.bonuses for m in months)
    method: BonusMethod = "merged" if separate is None else "separate"
    gross = sum(m.salary + m.merged(None) for m in months)
    return PayYear(
        member=pay.member.id,
        year=year,
        gross_salary_fen=sum(m.salary for m in months),
        gross_bonus_fen=sum(m.merged(None) for m in months),
        social_insurance_fen=sum(m.contributions.social for m in months),
        own_fund_fen=sum(m.contributions.fund for m in months),
        basic_deduction_fen=MONTHS_PER_YEAR * law.basic_monthly,
        deductions_fen=deductions,
        taxable_fen=max(_taxable(months, deductions, law, separate), 0),
        tax_fen=tax,
        bonus_tax_fen=sum(w.on_merged + w.on_separate for w in withheld),
        bonus_method=method if has_bonus else None,
        other_method_tax_fen=min(others, default=None),
        withheld_fen=total,
        settlement_fen=tax - total,
        is_settlement_exempt=_is_exempt(tax - total, gross, year, law),
        is_base_unbounded=pay.is_base_unbounded,
        net_fen=gross - sum(m.contributions.total for m in months) - total,
        months=_pay_months(withheld),
    )


def _is_exempt(top_up: Fen, income: Fen, year: int, law: PayRules) -> bool:
    """Whether a top-up is owed that need not be paid: a small income or a small sum."""
    is_dated = law.exempt_until is None or year <= law.exempt_until
    return top_up > 0 and is_dated and (income <= law.exempt_income or top_up <= law.exempt_top_up)


def _pay_months(withheld: Sequence[_Withheld]) -> tuple[PayMonth, ...]:
    numbers = sorted({tax.month.number for tax in withheld})
    return tuple(_pay_month(n, [w for w in withheld if w.month.number == n]) for n in numbers)


def _pay_month(number: int, taxes: Sequence[_Withheld]) -> PayMonth:
    salary = sum(tax.month.salary for tax in taxes)
    bonus = sum(tax.month.merged(None) for tax in taxes)
    withheld = sum(tax.total for tax in taxes)
    social = sum(tax.month.contributions.social for tax in taxes)
    fund = sum(tax.month.contributions.fund for tax in taxes)
    return PayMonth(
        month=number,
        salary_fen=salary,
        bonus_fen=bonus,
        social_insurance_fen=social,
        own_fund_fen=fund,
        taxable_to_date_fen=sum(max(tax.taxable_to_date, 0) for tax in taxes),
        withheld_fen=withheld,
        net_fen=salary + bonus - social - fund - withheld,
    )


def _net_by_line(
    pay: MemberPay, withheld: Sequence[_Withheld], separate: int | None
) -> tuple[tuple[Fen, ...], ...]:
    """What arrives of each line by month: what is withheld is shared by amount."""
    net = [[0] * MONTHS_PER_YEAR for _ in pay.lines]
    for tax in withheld:
        month = tax.month
        merged = {n: amount for n, amount in month.bonuses.items() if n != separate}
        arriving = [
            *_shared(month.salaries, tax.on_salary + month.contributions.total),
            *_shared(merged, tax.on_merged),
        ]
        if separate is not None and separate in month.bonuses:
            arriving.append((separate, month.bonuses[separate] - tax.on_separate))
        for number, amount in arriving:
            net[number][month.number - 1] = amount
    return tuple(tuple(line) for line in net)


def _shared(amounts: dict[int, Fen], taken: Fen) -> Iterator[tuple[int, Fen]]:
    """Amounts less their share of what is taken; the last bears what rounding leaves."""
    total, left = sum(amounts.values()), taken
    for place, (number, amount) in enumerate(amounts.items(), start=1):
        share = left if place == len(amounts) else round_half_up(taken * amount, total)
        left -= share
        yield number, amount - share


def line_number(line: Income, lines: Sequence[Income]) -> int:
    """Where a line stands among equals: by itself first, since two may read the same."""
    same = (number for number, own in enumerate(lines) if own is line)
    return next(same, lines.index(line))
