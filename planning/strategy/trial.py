"""One product by itself: the lender's conditions, the law, what the household can carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from planning.errors import ModelError, TermsError
from planning.rules.check import CONSUMER_LOANS
from planning.rules.compliance import ratio_checks
from planning.rules.term_checks import most_extended
from planning.strategy.affordability import (
    Constraint,
    Limits,
    Standing,
    as_it_is,
    constraints,
    income_of,
    lender_view_yuan,
    limits,
    relieved,
    securing,
    standing,
)
from planning.strategy.choice import Figures, Outcome, Situation
from planning.strategy.eligibility import (
    FUND_FAMILIES,
    Applicant,
    applicant,
    eligibility_reasons,
    granted_months,
    longest_on_age,
    longest_on_house,
    wanted_months,
)
from planning.strategy.figures import offer_figures
from planning.strategy.need import OWN_DOWN_PAYMENT, need_is_forbidden, words_suggest_forbidden
from planning.strategy.quote import (
    Desk,
    Load,
    Quote,
    broken_rules,
    desk,
    extended,
    lump,
    quote_checks,
    quote_histories,
)
from planning.strategy.reason import Number, Reason
from planning.strategy.relief import Relief, relief
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.recognition import RecognisedIncome
    from planning.loans.rates import IndexHistory
    from planning.products.offer import Offer
    from planning.products.product import Product, ProductTerms
    from planning.rules.compliance import Check

RATIO_CODES = ("housing_share", "all_debts_share")
"""Checks of the ceilings, which are told as constraints on what the household can carry."""

SIZE_REASONS = frozenset({
    "amount_above_most", "loan_to_value", "fund_amount", "all_debts_limit", "housing_limit",
    "stressed", "margin", "reserve", "own_money", "earlier_lump", "lump", "rule_broken",
})  # fmt: skip
"""Reasons that may fall away for a smaller loan."""


@dataclass(frozen=True, slots=True)
class Room:
    """
    What every product is tried against.

    `blocked` is why no loan may be offered at all: the use is forbidden, or the purpose speaks of
    one that is and has to be cleared up first.
    """

    situation: Situation
    who: Standing
    as_is: Standing
    lines: Limits
    applicant: Applicant
    income: RecognisedIncome
    histories: Mapping[str, Mapping[str, IndexHistory]]
    blocked: Reason | None


@dataclass(frozen=True, slots=True)
class Trial:
    """
    How one product fared before it is compared with the others.

    `term_rule` is the rule that made its term shorter than the one asked.
    """

    product: Product
    terms: ProductTerms | None
    outcome: Outcome | None
    reasons: tuple[Reason, ...]
    who: Standing
    lines: Limits
    counter: Desk | None = None
    term_rule: str | None = None
    quoted: Quote | None = None
    checks: tuple[Check, ...] = ()
    figures: Figures | None = None

    @property
    def is_fit(self) -> bool:
        """Whether it may be compared: nothing stands against it."""
        return self.outcome is None

    @property
    def is_a_matter_of_size(self) -> bool:
        """Whether a loan of another size might do."""
        return self.counter is not None and all(r.code in SIZE_REASONS for r in self.reasons)

    @property
    def asked_terms(self) -> ProductTerms:
        """The terms of a product that is on offer."""
        return _there(self.terms, self.product)

    @property
    def asked_desk(self) -> Desk:
        """Where a product with a term that fits is asked for a price."""
        return _there(self.counter, self.product)

    @property
    def made(self) -> Quote:
        """The quote of an eligible product."""
        return _there(self.quoted, self.product)

    @property
    def offer(self) -> Offer:
        """The offer of an eligible product."""
        return self.made.offer

    @property
    def told(self) -> Figures:
        """The figures of an eligible product."""
        return _there(self.figures, self.product)

    @property
    def tested(self) -> tuple[Constraint, ...]:
        """What the household can carry, asked of an eligible product."""
        return constraints(self.who, self.made.load, self.lines)


def room_of(situation: Situation) -> Room:
    """What every product is tried against, computed once."""
    who, need, rules = standing(situation), situation.household.need, situation.rules
    return Room(
        situation=situation,
        who=who,
        as_is=standing(as_it_is(situation)),
        lines=limits(rules),
        applicant=applicant(situation, who.recognised_yuan),
        income=income_of(situation),
        histories=quote_histories(situation),
        blocked=need_is_forbidden(need, rules) or words_suggest_forbidden(need, rules),
    )


def trial_of(room: Room, product: Product) -> Trial:
    """A product before its lender's conditions, the law and the household's means."""
    terms = product.on(room.situation.as_of)
    off = _off_offer(room, product, terms)
    if terms is None or off:
        return Trial(product, None, "not_on_offer", off, room.who, room.lines)
    months = _months(room, product, terms)
    against = _ineligible(room, product, terms, months)
    trial = Trial(
        product,
        terms,
        "not_eligible",
        against,
        securing(room.who, room.situation, terms),
        _lines(room, terms),
        None if months is None else desk(room.situation, product, terms, months, room.histories),
    )
    return trial if against else _lawfully_long(room, _quoted(room, trial))


def _lawfully_long(room: Room, trial: Trial) -> Trial:
    """The same over the longest lawful term, where only the term asked is too long."""
    counter = trial.counter
    over = [c for c in broken_rules(trial.checks) if c.code == "term_limit" and c.limit]
    if counter is None or not over:
        return trial
    tightest = min(over, key=_limit_months)
    months = granted_months(trial.asked_terms.months, _limit_months(tightest))
    if months is None:
        return trial
    request = replace(counter.request, months=months)
    shorter = replace(counter, request=request, asked_before={})
    return _quoted(room, replace(trial, counter=shorter, term_rule=tightest.rule))


def _limit_months(check: Check) -> int:
    limit = check.limit or 0.0
    return int(limit * MONTHS_PER_YEAR if check.unit == "year" else limit)


def _ineligible(
    room: Room, product: Product, terms: ProductTerms, months: int | None
) -> tuple[Reason, ...]:
    against = eligibility_reasons(room.applicant, product, terms, months)
    if room.blocked and room.blocked.code not in {reason.code for reason in against}:
        return (_blocking(room, room.blocked, product), *against)
    return against


def _blocking(room: Room, blocked: Reason, product: Product) -> Reason:
    """Why the need may not be served, by the rule that holds for such a product."""
    is_governed = product.kind in CONSUMER_LOANS or product.kind == "business_loan"
    is_share = blocked.numbers.get("use") == "down_payment"
    if is_governed or not is_share or not room.situation.rules.is_in_force(OWN_DOWN_PAYMENT):
        return blocked
    return blocked.model_copy(update={"rule": OWN_DOWN_PAYMENT})


def _lines(room: Room, terms: ProductTerms) -> Limits:
    """What the loan is held to; of one that only replaces debts, no more than they are."""
    if room.situation.household.need.kind != "refinance":
        return room.lines
    is_extension = terms.eligibility.own_loans_only
    return relieved(room.lines, room.as_is, room.who, is_extension=is_extension)


def _off_offer(room: Room, product: Product, terms: ProductTerms | None) -> tuple[Reason, ...]:
    """Why a product cannot be had on the day the money is wanted."""
    if terms is None:
        first = product.terms[0].since
        is_early = room.situation.as_of < first
        return (Reason(code="not_yet_offered" if is_early else "no_longer_offered"),)
    if terms.until is not None and terms.until < room.situation.starts_on:
        return (Reason(code="ends_before_wanted", numbers={"until_on": str(terms.until)}),)
    return ()


def _months(room: Room, product: Product, terms: ProductTerms) -> int | None:
    """The term granted: by ages of borrower and house, an extension's by what it extends."""
    wanted = wanted_months(room.situation)
    fund = room.situation.fund
    if wanted is None:
        return None
    on_house = longest_on_house(room.situation, product, terms)
    if on_house is not None and on_house[1] >= terms.months.least:
        wanted = min(wanted, on_house[1])
    on_age = longest_on_age(room.situation, terms)
    wanted = wanted if on_age is None else min(wanted, on_age)
    if product.family in FUND_FAMILIES and fund is not None:
        wanted = min(wanted, fund.most_months)
    starts_on, rules = room.situation.starts_on, room.situation.rules
    longest = (most_extended(c, starts_on, rules) for c in extended(room.situation, terms))
    return granted_months(terms.months, min((wanted, *(m for m in longest if m is not None))))


def _quoted(room: Room, trial: Trial) -> Trial:
    """An eligible product: what it costs, whether it is lawful, whether it can be carried."""
    counter = trial.asked_desk
    try:
        quoted = counter.quote(counter.request.amount)
    except TermsError:
        return replace(trial, reasons=(Reason(code="no_rate"),), counter=None)
    checks = (*quote_checks(quoted, room.situation), *_ratio_checks(room, trial, quoted.load))
    against = (
        *_rolling_over(room, quoted),
        *_unlawful(checks),
        *_unaffordable(trial, quoted.load),
    ) or tuple(_no_better(room, quoted))
    return replace(
        trial,
        outcome=_failed(against),
        reasons=against,
        quoted=quoted,
        checks=checks,
        figures=offer_figures(room.situation, trial.who, quoted),
    )


def _failed(against: Sequence[Reason]) -> Outcome | None:
    """The first stage the reasons belong to."""
    if not against:
        return None
    stages: dict[str, Outcome] = {
        "rolls_over": "not_eligible", "rule_broken": "unlawful", "worse_than_keeping": "dominated",
    }  # fmt: skip
    return stages.get(against[0].code, "unaffordable")


def _rolling_over(room: Room, quoted: Quote) -> Iterator[Reason]:
    """Money due in one sum before the household means to have repaid it (短贷长用)."""
    wanted, months = wanted_months(room.situation), quoted.offer.request.months
    if lump(quoted.offer) and wanted is not None and months < wanted:
        yield Reason(code="rolls_over", numbers={"months": months, "wanted_months": wanted})


def _no_better(room: Room, quoted: Quote) -> Iterator[Reason]:
    """New terms that are dearer, no lighter and spare no sum: keeping the debts is better."""
    changed = relief_of(room, quoted)
    if changed is not None and not changed.is_any:
        numbers: dict[str, Number] = {
            "heavier_yuan": -changed.lighter_yuan, "dearer_yuan": changed.dearer_yuan,
        }  # fmt: skip
        yield Reason(code="worse_than_keeping", numbers=numbers)


def relief_of(room: Room, quoted: Quote) -> Relief | None:
    """What an offer changes against keeping the debts; None where it is for anything else."""
    if room.situation.payoff is None:
        return None
    return relief(room.situation, room.as_is, room.who, quoted.offer, quoted.load)


def _ratio_checks(room: Room, trial: Trial, load: Load) -> tuple[Check, ...]:
    """The ceilings on housing borrowers, where a home loan would be granted."""
    if not load.is_housing or trial.asked_terms.eligibility.own_loans_only:
        return ()
    housing, all_debts = lender_view_yuan(trial.who, load)
    return ratio_checks(
        housing,
        all_debts,
        trial.who.recognised_yuan,
        trial.product.id,
        room.situation.rules,
        is_new=True,
    )


def _unlawful(checks: tuple[Check, ...]) -> Iterator[Reason]:
    for check in broken_rules(checks):
        if check.code not in RATIO_CODES:
            numbers: dict[str, Number] = {"check": check.code, "unit": check.unit}
            known = {"value": check.value, "limit": check.limit}
            numbers |= {name: figure for name, figure in known.items() if figure is not None}
            yield Reason(code="rule_broken", numbers=numbers, rule=check.rule)


def _unaffordable(trial: Trial, load: Load) -> Iterator[Reason]:
    for one in constraints(trial.who, load, trial.lines):
        if not one.holds:
            yield over(one.code, one)


def over(code: str, one: Constraint) -> Reason:
    """A constraint that is not kept, as a reason; ``own_money`` where even the share is short."""
    if one.code == "reserve" and one.allowed_yuan < 0:
        short: dict[str, Number] = {"short_yuan": -one.allowed_yuan, "reserve_yuan": one.used_yuan}
        return Reason(code="own_money", numbers=short, rule=one.rule)
    numbers: dict[str, Number] = {
        "used_yuan": one.used_yuan, "allowed_yuan": one.allowed_yuan,
    }  # fmt: skip
    return Reason(code=code, numbers=numbers, rule=one.rule)


_Value = TypeVar("_Value")


def _there(value: _Value | None, product: Product) -> _Value:
    """A value that a product has once it has come so far."""
    if value is None:
        raise ModelError("a product is asked only what it has been tried for", product.id, 0)
    return value
