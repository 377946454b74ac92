"""
Whether a lender's own conditions (准入条件) let this household have a product: every reason not.

What is not stated cannot be held against the household: the value of a car still to be bought is
not known here, and is left to the lender.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.profile import PROPERTY
from planning.loans.rates import follows_index
from planning.rules.check import CONSUMER_LOANS
from planning.strategy.need import forbidding_rule, purpose_life_months, stated_use
from planning.strategy.reason import Reason
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, Fen, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from planning.household.profile import Asset, Household, Member
    from planning.parameters import RulesInForce
    from planning.products.product import Collateral, Product, ProductTerms, Terms
    from planning.strategy.choice import Situation

REPLACEMENT = "mortgage.existing_gap_bp"
"""Says that a replacement loan is for loans with a floating rate only."""

HAIRCUT = "house.property_valuation_haircut"
BORROWING_ROLES = ("borrower", "co_borrower")
HOUSE_AGE = {
    "bank": "mortgage.second_hand_age_plus_term_years",
    "fund": "provident_fund.house_age_plus_term_years",
}
FUND_FAMILIES = ("provident_fund", "combination")
SHORT_MONTHS = MONTHS_PER_YEAR
"""A short need that names no term is one of up to twelve months, as the client file defines it."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """
    The household as a lender looks at it.

    Parameters
    ----------
    income_yuan : recognised income a month, 元.
    employments, evidence : of the borrowers and their running income.
    days_past_due : of the debt that is latest.
    unsecured_lenders : of debts without collateral and guarantee that go on.
    """

    situation: Situation
    use: str
    income_yuan: float
    borrowers: tuple[Member, ...]
    employments: frozenset[str]
    evidence: frozenset[str]
    days_past_due: int
    unsecured_lenders: frozenset[str]


def applicant(situation: Situation, income_yuan: float) -> Applicant:
    """The facts of a household every product asks for."""
    people = borrowers(situation.household)
    unsecured = (
        p.contract.lender
        for p in situation.kept
        if not p.contract.secured_by and p.contract.guarantee == "none"
    )
    return Applicant(
        situation=situation,
        use=stated_use(situation.household.need),
        income_yuan=income_yuan,
        borrowers=people,
        employments=frozenset(member.employment for member in people),
        evidence=frozenset(shown_evidence(situation.household, situation.as_of)),
        days_past_due=max((p.days_past_due for p in situation.positions), default=0),
        unsecured_lenders=frozenset(unsecured),
    )


def borrowers(household: Household) -> tuple[Member, ...]:
    """Members who would sign."""
    return tuple(member for member in household.members if member.role in BORROWING_ROLES)


def shown_evidence(household: Household, as_of: date) -> Iterator[str]:
    """Kinds of evidence behind the borrowers' income that runs on the day."""
    people = {member.id for member in borrowers(household)}
    for line in household.income:
        has_begun = line.starts_on is None or line.starts_on <= as_of
        if line.owner in people and has_begun and (line.ends_on is None or line.ends_on >= as_of):
            yield line.evidence


def wanted_months(situation: Situation) -> int | None:
    """The term asked for; where none is named, a year for a short need, else the use's life."""
    need = situation.household.need
    if need.term_months is not None:
        return need.term_months
    if need.term == "short":
        return SHORT_MONTHS
    lives = (purpose_life_months(use, situation.rules) for use in (stated_use(need), "other"))
    return next((months for months in lives if months is not None), None)


def granted_months(offered: Terms, wanted: int) -> int | None:
    """
    The longest term on offer that is not longer than the one wanted; None where all are longer.

    Examples
    --------
    >>> from planning.products.product import Terms
    >>> offered = Terms(least=12, most=36, choices=(12, 24, 36))
    >>> [granted_months(offered, months) for months in (6, 30, 60)]
    [None, 24, 36]
    """
    choices = offered.choices or (min(wanted, offered.most),)
    fitting = [months for months in choices if offered.least <= months <= wanted]
    return max(fitting, default=None)


def collateral_of(situation: Situation, kinds: Sequence[str]) -> tuple[Asset, ...]:
    """
    What the household offers of those kinds and may still give as security.

    A new loan that settles old ones takes over what secured them; an asset that secures a debt
    which goes on is not free.
    """
    household = situation.household
    released = {asset for p in situation.replaced for asset in p.contract.secured_by}
    bound = {asset for p in situation.kept for asset in p.contract.secured_by}
    offered = set(household.need.collateral)
    offered |= released if household.need.kind == "refinance" else set()
    return tuple(
        asset
        for asset in household.assets
        if asset.kind in kinds
        and asset.id in offered - bound
        and (not asset.is_pledged or asset.id in released)
    )


def lending_value_yuan(assets: Sequence[Asset], rules: RulesInForce) -> float:
    """What a lender would take the assets to be worth, 元: property less the house's cut."""
    kept = 1 - float(rules.value(HAIRCUT))
    return sum(yuan(a.value) * (kept if a.kind in PROPERTY else 1.0) for a in assets)


def eligibility_reasons(
    who: Applicant, product: Product, terms: ProductTerms, months: int | None
) -> tuple[Reason, ...]:
    """
    Everything that keeps the household from the product, as its lender states it.

    Parameters
    ----------
    months : the term granted, from `granted_months`; None where no term fits.
    """
    amount = who.situation.amount_of(terms)
    misused = tuple(_use_reasons(who, product, terms))
    about_the_use = (
        *_replacement_reasons(who, product, terms),
        *_home_reasons(who, product, terms),
        *_fund_reasons(who, product, terms, amount),
    )
    return (
        *misused,
        *_amount_reasons(terms, amount),
        *_term_reasons(who, terms, months),
        *_person_reasons(who, terms),
        *_debt_reasons(who, terms),
        *_security_reasons(who, terms, amount),
        # To a product for something else these would say nothing.
        *(() if misused else about_the_use),
    )


def _use_reasons(who: Applicant, product: Product, terms: ProductTerms) -> Iterator[Reason]:
    is_business = product.kind == "business_loan"
    rule = forbidding_rule(who.use, who.situation.rules, is_business=is_business)
    if rule and (is_business or product.kind in CONSUMER_LOANS):
        yield Reason(code="forbidden_use", numbers={"use": who.use}, rule=rule)
    elif who.use not in terms.eligibility.uses:
        yield Reason(code="use_not_served", numbers={"use": who.use})


def _amount_reasons(terms: ProductTerms, amount: Fen) -> Iterator[Reason]:
    if amount < terms.amount.least:
        yield Reason(code="amount_below_least", numbers={"least_fen": terms.amount.least})
    if amount > terms.amount.most:
        yield Reason(code="amount_above_most", numbers={"most_fen": terms.amount.most})


def _term_reasons(who: Applicant, terms: ProductTerms, months: int | None) -> Iterator[Reason]:
    if months is None:
        yield Reason(code="term_below_least", numbers={"least_months": _least_months(terms)})
        return
    most = terms.eligibility.most_age_at_end
    ends_on = add_months(who.situation.starts_on, months)
    age = max((ends_on.year - member.birth_year for member in who.borrowers), default=0)
    if most is not None and age > most:
        yield Reason(code="age_at_end", numbers={"age": age, "most_age": most})


def _person_reasons(who: Applicant, terms: ProductTerms) -> Iterator[Reason]:
    wanted = terms.eligibility
    year = who.situation.as_of.year
    if not who.borrowers:
        yield Reason(code="no_borrower")
    youngest = min((year - member.birth_year for member in who.borrowers), default=None)
    if youngest is not None and youngest < wanted.least_age:
        yield Reason(
            code="age_below_least", numbers={"age": youngest, "least_age": wanted.least_age}
        )
    if wanted.employment and not who.employments & set(wanted.employment):
        yield Reason(code="employment", numbers={"employments": ",".join(wanted.employment)})
    least = wanted.least_monthly_income
    if least is not None and who.income_yuan < yuan(least):
        yield Reason(
            code="income_below_least", numbers={"income_yuan": who.income_yuan, "least_fen": least}
        )
    if wanted.evidence and not who.evidence & set(wanted.evidence):
        yield Reason(code="evidence", numbers={"evidences": ",".join(wanted.evidence)})
    accounts = {account.owner for account in who.situation.household.provident_fund}
    if wanted.needs_provident_fund and not accounts & {m.id for m in who.borrowers}:
        yield Reason(code="no_provident_fund")
    if wanted.cities and who.situation.household.city.removesuffix("市") not in wanted.cities:
        yield Reason(code="city", numbers={"cities": "、".join(wanted.cities)})


def _debt_reasons(who: Applicant, terms: ProductTerms) -> Iterator[Reason]:
    wanted = terms.eligibility
    if who.days_past_due and not wanted.most_days_past_due:
        yield Reason(code="any_past_due", numbers={"days": who.days_past_due})
    elif who.days_past_due > wanted.most_days_past_due:
        days: dict[str, float | int | str] = {
            "days": who.days_past_due, "most_days": wanted.most_days_past_due,
        }  # fmt: skip
        yield Reason(code="past_due", numbers=days)
    lenders, most = len(who.unsecured_lenders), wanted.most_unsecured_lenders
    if most is not None and lenders > most:
        yield Reason(code="too_many_lenders", numbers={"lenders": lenders, "most_lenders": most})


def _replacement_reasons(who: Applicant, product: Product, terms: ProductTerms) -> Iterator[Reason]:
    wanted = terms.eligibility
    replaced = [position.contract for position in who.situation.replaced]
    other = sorted({c.product for c in replaced if c.product not in wanted.replaces})
    is_about_debts = replaced or who.use == "refinance"
    if wanted.replaces and is_about_debts and (other or not replaced):
        yield Reason(code="debts_not_taken_over", numbers={"products": ",".join(wanted.replaces)})
    if _is_replacement(product, terms) and not all(follows_index(c) for c in replaced):
        yield Reason(code="replaced_is_fixed", rule=_known(REPLACEMENT, who.situation.rules))
    if wanted.own_loans_only and not all(c.lender.startswith(product.lender) for c in replaced):
        yield Reason(code="other_lenders_debts")


def _is_replacement(product: Product, terms: ProductTerms) -> bool:
    """Whether it is a home loan in place of another one (存量房贷置换)."""
    wanted = terms.eligibility
    return product.kind == "mortgage" and bool(wanted.replaces) and not wanted.own_loans_only


def _known(rule: str, rules: RulesInForce) -> str | None:
    return rule if rules.is_in_force(rule) else None


def _security_reasons(who: Applicant, terms: ProductTerms, amount: Fen) -> Iterator[Reason]:
    asked, given = terms.guarantee_asked, who.situation.household.need.guarantee
    if asked != "none" and given == "none":
        yield Reason(code="guarantee_missing", numbers={"guarantee": asked})
    elif asked not in ("none", given):
        yield Reason(code="guarantee_of_other_kind", numbers={"guarantee": asked})
    if terms.collateral is not None:
        # An extension lends nothing: what it is secured by was valued when the loan was made.
        yield from _collateral_reasons(
            who, terms.collateral, 0 if terms.eligibility.own_loans_only else amount
        )


def _collateral_reasons(who: Applicant, asked: Collateral, amount: Fen) -> Iterator[Reason]:
    situation = who.situation
    if not asked.is_purchase and not collateral_of(situation, asked.kinds):
        yield Reason(code=_missing(situation, asked), numbers={"kinds": ",".join(asked.kinds)})
        return
    most = most_on_collateral_yuan(situation, asked)
    if most is not None and yuan(amount) > most:
        share = float(asked.loan_to_value)
        yield Reason(code="loan_to_value", numbers={"most_yuan": most, "most_share": share})


def _missing(situation: Situation, asked: Collateral) -> str:
    offered = set(situation.household.need.collateral)
    has_bound = any(a.id in offered and a.kind in asked.kinds for a in situation.household.assets)
    return "collateral_bound" if has_bound else "collateral_missing"


def most_on_collateral_yuan(situation: Situation, asked: Collateral) -> float | None:
    """The most the lender lends on what secures the loan, 元; None where its value is unknown."""
    home = situation.household.need.home
    if not asked.is_purchase:
        value = lending_value_yuan(collateral_of(situation, asked.kinds), situation.rules)
    elif "home" in asked.kinds and home is not None:
        value = yuan(home.price)
    else:
        return None
    return value * float(asked.loan_to_value)


def _home_reasons(who: Applicant, product: Product, terms: ProductTerms) -> Iterator[Reason]:
    situation = who.situation
    if _is_for_home(terms) and situation.household.need.home is None:
        yield Reason(code="home_unknown")
    longest = longest_on_house(situation, product, terms)
    if longest is not None and longest[1] < _least_months(terms):
        home, rule = situation.household.need.home, longest[0]
        age = situation.starts_on.year - (home.built_in or 0) if home else 0
        most = int(situation.rules.value(rule))
        yield Reason(
            code="house_too_old", numbers={"house_age": age, "most_years": most}, rule=rule
        )


def _is_for_home(terms: ProductTerms) -> bool:
    asked = terms.collateral
    return asked is not None and asked.is_purchase and "home" in asked.kinds


def _least_months(terms: ProductTerms) -> int:
    return min(terms.months.choices, default=terms.months.least)


def longest_on_age(situation: Situation, terms: ProductTerms) -> int | None:
    """Months until the oldest borrower is too old for the lender; None where no term is left."""
    most = terms.eligibility.most_age_at_end
    born = min((m.birth_year for m in borrowers(situation.household)), default=None)
    if most is None or born is None:
        return None
    day = situation.starts_on
    months = (born + most - day.year) * MONTHS_PER_YEAR + MONTHS_PER_YEAR - day.month
    return months if months >= _least_months(terms) else None


def longest_on_house(
    situation: Situation, product: Product, terms: ProductTerms
) -> tuple[str, int] | None:
    """The rule on the age of a second-hand home, and the months it leaves; None if none asks."""
    home = situation.household.need.home
    rule = HOUSE_AGE["fund" if product.family in FUND_FAMILIES else "bank"]
    is_asked = _is_for_home(terms) and situation.rules.is_in_force(rule)
    if not is_asked or home is None or not home.is_second_hand or home.built_in is None:
        return None
    years = int(situation.rules.value(rule)) - (situation.starts_on.year - home.built_in)
    return rule, max(years, 0) * MONTHS_PER_YEAR


def _fund_reasons(
    who: Applicant, product: Product, terms: ProductTerms, amount: Fen
) -> Iterator[Reason]:
    if product.family not in FUND_FAMILIES:
        return
    most = fund_amount(who.situation)
    if who.situation.household.need.home is None and _is_for_home(terms):
        return  # told already: without the home there is nothing to compute
    if not who.situation.household.provident_fund and terms.eligibility.needs_provident_fund:
        return  # told already: nobody has an account
    if most is None:
        yield Reason(code="fund_unknown", numbers={"city": who.situation.household.city})
    elif product.family == "combination" and not 0 < most < amount:
        yield Reason(code="combination_not_needed" if most else "fund_lends_nothing")
    elif product.family == "provident_fund" and amount > most:
        yield Reason(code="fund_amount", numbers={"most_yuan": most / FEN_PER_YUAN})


def fund_amount(situation: Situation) -> Fen | None:
    """What the provident fund lends at most, 分; None where that is not known."""
    fund = situation.fund
    return None if fund is None or fund.amount_yuan is None else fund.amount_yuan * FEN_PER_YUAN
