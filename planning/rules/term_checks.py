"""How long a loan may run (期限): by its kind, the borrower's age, and the age of the home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.dates import add_months, whole_months
from planning.loans.events import ExtensionEvent
from planning.rules.check import HOME_LOANS, Asked, rule_check
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.uses import Use
    from planning.parameters import RulesInForce
    from planning.rules.check import Check, Inquiry, Verdict

ORDINARY: Final = "personal_loan.consumption_max_months"
LONG_NEED: Final = "personal_loan.consumption_long_need_max_months"
BUSINESS: Final = "personal_loan.business_max_months"
PURPOSE_LIFE: Final = "house.purpose_life_months"
EXTENSION: Final = "mortgage.extension_share"
LONGEST: Final = "mortgage.max_term_years"
SLOW_RECOVERY: Final[frozenset[Use]] = frozenset({"equipment", "business_premises"})
"""Uses whose cash comes back over many years; working capital turns over within one."""

LUMP_METHODS: Final = ("interest_only", "bullet")


def term_checks(inquiry: Inquiry) -> Iterator[Check]:
    """Every rule in force on how long the contract runs."""
    yield from _home_loan_term(inquiry)
    yield from _consumer_term(inquiry)
    yield from _business_term(inquiry)
    yield from _card_term(inquiry)
    yield from _online_bullet(inquiry)
    yield from _ages(inquiry)
    yield from _extensions(inquiry)
    yield from _wanted_extensions(inquiry)


def _home_loan_term(inquiry: Inquiry) -> Iterator[Check]:
    rules = {
        "mortgage": "mortgage.max_term_years",
        "provident_fund_mortgage": "provident_fund.max_term_years",
    }
    name = rules.get(inquiry.contract.product)
    limit = inquiry.limit(name) if name else None
    if name and limit is not None:
        years = inquiry.contract.term_months / MONTHS_PER_YEAR
        yield inquiry.check("term_limit", name, years, limit)


def _consumer_term(inquiry: Inquiry) -> Iterator[Check]:
    """The ordinary limit, and beyond it the temporary one for what lives longer than it."""
    if not inquiry.is_for_consumption:
        return
    ordinary, longer = inquiry.limit(ORDINARY), inquiry.limit(LONG_NEED)
    if ordinary is None:
        return
    months, use = inquiry.contract.term_months, inquiry.use
    is_short_need = use is not None and (inquiry.limit(PURPOSE_LIFE, use) or 0) <= ordinary
    if months <= ordinary or longer is None or is_short_need:
        yield inquiry.check("term_limit", ORDINARY, months, ordinary)
        return
    # A longer term stands or falls with a use that nobody has stated.
    verdict: Verdict | None = "unknown" if use is None and months <= longer else None
    yield inquiry.check("term_limit", LONG_NEED, months, longer, verdict=verdict, case=use)


def _business_term(inquiry: Inquiry) -> Iterator[Check]:
    if inquiry.contract.product != "business_loan":
        return
    usual, longest = inquiry.limit(BUSINESS, "usual"), inquiry.limit(BUSINESS, "long_recovery")
    if usual is None or longest is None:
        return
    months, use = inquiry.contract.term_months, inquiry.use
    is_slow = use is None or use in SLOW_RECOVERY
    case, limit = ("long_recovery", longest) if is_slow and months > usual else ("usual", usual)
    verdict: Verdict | None = "unknown" if use is None and usual < months <= longest else None
    yield inquiry.check("term_limit", BUSINESS, months, limit, case=case, verdict=verdict)


def _card_term(inquiry: Inquiry) -> Iterator[Check]:
    contract = inquiry.contract
    if contract.product != "card_instalment":
        return
    names = ["personal_loan.card_instalment_max_months"]
    if contract.instalment_of == "cash":
        names = ["card.cash_instalment_max_months"]
    for name in names:
        limit = inquiry.limit(name)
        if limit is not None:
            yield inquiry.check("term_limit", name, contract.term_months, limit)


def _online_bullet(inquiry: Inquiry) -> Iterator[Check]:
    """An online consumer loan repaid in one sum at the end."""
    contract, name = inquiry.contract, "personal_loan.internet_bullet_months"
    is_online = inquiry.channel in ("online", "assisted") and inquiry.is_for_consumption
    limit = inquiry.limit(name)
    if is_online and contract.method in LUMP_METHODS and limit is not None:
        yield inquiry.check("bullet_term", name, contract.term_months, limit)


def _ages(inquiry: Inquiry) -> Iterator[Check]:
    """Age of the youngest borrower, and of a second-hand home, when a home loan ends."""
    contract = inquiry.contract
    if contract.product not in HOME_LOANS:
        return
    years = contract.term_months / MONTHS_PER_YEAR
    is_bank = contract.product == "mortgage"
    age = _youngest_age(inquiry)
    limit = inquiry.limit("mortgage.age_plus_term_years") if is_bank else None
    if limit is not None and age is not None:
        yield inquiry.check("age_at_end", "mortgage.age_plus_term_years", age + years, limit)
    name = "mortgage.second_hand_age_plus_term_years"
    if not is_bank:
        name = "provident_fund.house_age_plus_term_years"
    home, limit = inquiry.case.home, inquiry.limit(name)
    if home and home.is_second_hand and limit is not None:
        built = home.built_in
        house_age = None if built is None else contract.drawn_on.year - built + years
        yield inquiry.check("house_age_at_end", name, house_age, limit)


def _youngest_age(inquiry: Inquiry) -> int | None:
    """Age in the year of the drawdown of the borrower who has most time; a bank may ask another."""
    contract = inquiry.contract
    born = [m.birth_year for m in inquiry.household.members if m.id in contract.borrowers]
    return contract.drawn_on.year - max(born) if born else None


def _extensions(inquiry: Inquiry) -> Iterator[Check]:
    """Each extension by the rules of its own day: its length, and the term with it."""
    contract = inquiry.contract
    if contract.product != "mortgage":
        return
    months = contract.term_months
    for event in contract.events:
        if not isinstance(event, ExtensionEvent):
            continue
        months += event.months
        rules = inquiry.rules.at(event.starts_on)
        if rules.is_in_force(EXTENSION):
            most = float(rules.value(EXTENSION)) * contract.term_months
            asked = Asked("extension", contract.id, EXTENSION)
            yield rule_check(
                rules, asked, event.months, most, is_new=inquiry.case.is_new, unit="month"
            )
            asked = Asked("extension", contract.id, LONGEST)
            longest = float(rules.value(LONGEST))
            years = months / MONTHS_PER_YEAR
            yield rule_check(rules, asked, years, longest, is_new=inquiry.case.is_new)


def _wanted_extensions(inquiry: Inquiry) -> Iterator[Check]:
    """New terms for old loans: how much later they end, and how long they run in all."""
    contract = inquiry.contract
    for old in inquiry.case.extends:
        in_all = _months_in_all(old, contract.drawn_on, contract.term_months)
        share, years = inquiry.limit(EXTENSION), inquiry.limit(LONGEST)
        if share is not None:
            later, most = in_all - old.term_months, share * old.term_months
            yield inquiry.check("extension", EXTENSION, later, most, unit="month")
        if years is not None:
            yield inquiry.check("extension", LONGEST, in_all / MONTHS_PER_YEAR, years)


def _months_in_all(old: LoanContract, starts_on: date, months: int) -> int:
    """From the old drawdown to the new end; part of a month is the old due day, no more time."""
    return whole_months(old.drawn_on, add_months(starts_on, months))


def most_extended(old: LoanContract, starts_on: date, rules: RulesInForce) -> int | None:
    """
    The longest term from a day on that an extension (展期) of a home loan may have, months.

    None where no rule in force bounds it.
    """
    gone = _months_in_all(old, starts_on, 0)
    ends = []
    if rules.is_in_force(EXTENSION):
        ends.append(int(old.term_months * (1 + rules.value(EXTENSION))))
    if rules.is_in_force(LONGEST):
        ends.append(int(rules.value(LONGEST)) * MONTHS_PER_YEAR)
    return min(ends) - gone if ends else None
