"""What the housing provident fund (住房公积金) lends to this household, by its city's formula."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import numpy_financial as npf

from planning.dates import whole_months
from planning.record import Record
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.household.profile import HomePurchase, Household, Member, ProvidentFund
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce

LimitCode = Literal[
    "cap",
    "price_share",
    "balance_multiple",
    "contribution_years",
    "repayment",
    "borrower_age",
    "house_age",
]

SHORT_TENOR_MONTHS = 60
"""The fund's rates are published for up to five years and for over five."""

FORMULA = (
    "provident_fund.max_term_years",
    "provident_fund.retirement_age",
    "provident_fund.age_past_retirement_years",
    "provident_fund.house_age_plus_term_years",
    "provident_fund.min_down_payment",
    "provident_fund.repayment_share",
)
"""Entries without which there is nothing to compute with."""

BORROWING = ("borrower", "co_borrower", "spouse")


class FundLimit(Record):
    """One of the amounts the loan may not exceed, 元; `rule` is the entry it comes from."""

    code: LimitCode
    amount_yuan: float
    rule: str | None


class FundLoan(Record):
    """
    The largest provident-fund loan: the least of the limits, down to whole 元.

    `amount_yuan` is None where the city's rules are not known or a fact is `missing`; `binds`
    names the limit. `most_months` is the longest term by age and by the age of the house,
    `months` the one the income is measured by: the term wanted, if it is not longer.
    """

    city: str
    limits: tuple[FundLimit, ...]
    missing: tuple[LimitCode, ...]
    amount_yuan: int | None
    binds: LimitCode | None
    most_months: int
    months: int
    annual_rate: float


def fund_loan(
    household: Household,
    other_debts_yuan: float,
    income_yuan: float,
    as_of: date,
    rules: RulesInForce,
    histories: Mapping[str, IndexHistory],
) -> FundLoan | None:
    """
    What the fund would lend for the home the household wants; None without such a need.

    Parameters
    ----------
    other_debts_yuan, income_yuan : a month, of the borrowers; without the debts the need
        replaces.
    histories : with the fund's published rates.

    Returns
    -------
    The least of the city's cap, the price less the down payment, the balance times the city's
    multiple, the years of contribution times its amount a year, and what half the income less
    other debts repays by equal instalments; nothing where age leaves no term. None too where no
    borrower has an account, and on a day for which the formula or the rate is not known.

    Notes
    -----
    A couple counts as a family when both have an account; the years are whole ones, of the
    member who has contributed longest. The term ends before the earliest borrower is the years
    past retirement the rules allow; where the file does not state the sex, the earlier
    retirement age is taken. Uplifts of a cap (多子女, 绿色建筑) are not counted.
    """
    home = household.need.home
    accounts = _accounts(household)
    if home is None or not accounts or not all(rules.is_in_force(name) for name in FORMULA):
        return None
    most = _most_months(household, home, as_of, rules)
    months = min(household.need.term_months or most, most)
    index = _index(home, months, histories)
    if not index.is_known_on(as_of):
        return None
    rate = float(index.on(as_of))
    found = [
        _cap(household.city, home, accounts, rules),
        _price_share(home, rules),
        _balance_multiple(household.city, accounts, rules),
        _contribution_years(household.city, accounts, as_of, rules),
        _repayment(income_yuan - other_debts_yuan, rate, months, rules)
        if months
        else _no_term(household, as_of, rules),
    ]
    limits = tuple(limit for limit in found if isinstance(limit, FundLimit))
    missing = tuple(limit for limit in found if isinstance(limit, str))
    least = min(limits, key=lambda limit: limit.amount_yuan)
    return FundLoan(
        city=household.city,
        limits=limits,
        missing=missing,
        amount_yuan=None if missing else int(least.amount_yuan),
        binds=None if missing else least.code,
        most_months=most,
        months=months,
        annual_rate=rate,
    )


def _accounts(household: Household) -> tuple[ProvidentFund, ...]:
    borrowers = {member.id for member in household.members if member.role in BORROWING}
    return tuple(a for a in household.provident_fund if a.owner in borrowers)


def _cap(
    city: str, home: HomePurchase, accounts: Sequence[ProvidentFund], rules: RulesInForce
) -> FundLimit | LimitCode:
    """The city's cap; missing where the book has none for this home and these borrowers."""
    prefix = "provident_fund.cap" if home.is_first_home else "provident_fund.second_cap"
    entry = rules.city_entry(prefix, city)
    if entry is None:
        return "cap"
    who = "family" if len(accounts) > 1 else "single"
    amount = entry.value if isinstance(entry.value, Decimal) else entry.value.get(who)
    return "cap" if amount is None else _limit("cap", amount, entry.name)


def _price_share(home: HomePurchase, rules: RulesInForce) -> FundLimit:
    rule = "provident_fund.min_down_payment"
    down = rules.value(rule, "first" if home.is_first_home else "second")
    return _limit("price_share", Decimal(home.price) / FEN_PER_YUAN * (1 - down), rule)


def _balance_multiple(
    city: str, accounts: Sequence[ProvidentFund], rules: RulesInForce
) -> FundLimit | None:
    """What the balances allow, in a city that looks at them."""
    entry = rules.city_entry("provident_fund.multiple", city)
    if entry is None or not isinstance(entry.value, Decimal):
        return None
    balance = Decimal(sum(account.balance for account in accounts)) / FEN_PER_YUAN
    return _limit("balance_multiple", balance * entry.value, entry.name)


def _contribution_years(
    city: str, accounts: Sequence[ProvidentFund], as_of: date, rules: RulesInForce
) -> FundLimit | LimitCode | None:
    """What the years of contribution allow, in a city that counts them."""
    entry = rules.city_entry("provident_fund.per_year", city)
    if entry is None or not isinstance(entry.value, Decimal):
        return None
    begun = [a.contributing_since for a in accounts if a.contributing_since is not None]
    if not begun:
        return "contribution_years"
    years = whole_months(min(begun), as_of) // MONTHS_PER_YEAR
    return _limit("contribution_years", years * entry.value, entry.name)


def _repayment(left_yuan: float, rate: float, months: int, rules: RulesInForce) -> FundLimit:
    """What a share of the income that other debts leave repays by equal instalments."""
    rule = "provident_fund.repayment_share"
    instalment = float(rules.value(rule)) * max(left_yuan, 0.0)
    amount = -float(npf.pv(rate / MONTHS_PER_YEAR, months, instalment))
    return FundLimit(code="repayment", amount_yuan=max(amount, 0.0), rule=rule)


def _no_term(household: Household, as_of: date, rules: RulesInForce) -> FundLimit:
    """Nothing is lent where no year is left: by the age of a borrower, else of the house."""
    if min(_borrower_years(household, as_of, rules)) <= 0:
        rule = "provident_fund.age_past_retirement_years"
        return FundLimit(code="borrower_age", amount_yuan=0.0, rule=rule)
    rule = "provident_fund.house_age_plus_term_years"
    return FundLimit(code="house_age", amount_yuan=0.0, rule=rule)


def _limit(code: LimitCode, amount: Decimal, rule: str) -> FundLimit:
    return FundLimit(code=code, amount_yuan=float(amount), rule=rule)


def _index(home: HomePurchase, months: int, histories: Mapping[str, IndexHistory]) -> IndexHistory:
    order = "first" if home.is_first_home else "second"
    tenor = "5y_or_less" if months <= SHORT_TENOR_MONTHS else "over_5y"
    return histories[f"provident_fund_{order}_home_{tenor}"]


def _most_months(household: Household, home: HomePurchase, as_of: date, rules: RulesInForce) -> int:
    """The longest term: by rule, by the borrowers' age, by the age of a second-hand home."""
    years = [int(rules.value("provident_fund.max_term_years"))]
    years += _borrower_years(household, as_of, rules)
    if home.built_in is not None:
        age = as_of.year - home.built_in
        years.append(int(rules.value("provident_fund.house_age_plus_term_years")) - age)
    return max(min(years), 0) * MONTHS_PER_YEAR


def _borrower_years(household: Household, as_of: date, rules: RulesInForce) -> list[int]:
    owners = {account.owner for account in _accounts(household)}
    members = [member for member in household.members if member.id in owners]
    return [_years_to_end(member, as_of, rules) for member in members]


def _years_to_end(member: Member, as_of: date, rules: RulesInForce) -> int:
    """Years until a member is as far past retirement as a loan may run."""
    retires_at = int(rules.value("provident_fund.retirement_age", member.sex or "female"))
    past = int(rules.value("provident_fund.age_past_retirement_years"))
    return member.birth_year + retires_at + past - as_of.year
