"""
What could replace the debts there are (再融资): other loans, the fund's, the lender's new terms.

What the need asks for is quoted by ``planning.strategy.selection`` and not repeated.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.dates import whole_months
from planning.errors import TermsError
from planning.household.profile import HOUSING, Need
from planning.strategy.changed_debt import after_offset
from planning.strategy.choice import owed_on
from planning.strategy.eligibility import granted_months
from planning.strategy.fund_conversion import fund_conversions
from planning.strategy.quote import desk, quote_histories
from planning.strategy.refinance_case import (
    PURPOSE,
    RefinanceCase,
    Verdict,
    kind_of,
    names_of,
    plain_case,
)
from planning.strategy.refinance_cost import (
    LEAST_SAVING,
    changes_on,
    compared,
    ended,
    judged,
    rate_of,
)
from planning.strategy.spread_right import renegotiations
from planning.strategy.trial import room_of, trial_of
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.products.offer import Offer
    from planning.products.product import Product, ProductTerms
    from planning.strategy.choice import Situation
    from planning.strategy.strategies import Strategies

__all__ = ["RefinanceCase", "refinancing"]

NO_SECURITY: Final = frozenset({"collateral_missing", "collateral_bound"})
METHODS: Final = ("equal_instalment", "equal_principal", "interest_only", "bullet")
_BEST_FIRST: Final[tuple[Verdict, ...]] = ("worth_it", "unknown", "not_worth_it", "not_eligible")


def refinancing(
    situation: Situation, advice: Strategies | None = None
) -> tuple[RefinanceCase, ...]:
    """
    Everything that could replace the debts there are, one case a debt and kind.

    Parameters
    ----------
    situation : as for ``selection``. Debts the need replaces are left to it; those of a home to
        be sold are not looked at at all.
    advice : on all debts together; what it settles before a change could spare enough needs no
        change.

    Returns
    -------
    Replacements and consolidations by products of the catalogue, the best product of each; the
    provident fund (商转公) where a borrower of a commercial home loan has an account; the right to
    renegotiate the spread (存量房贷加点) of a floating one.
    """
    found = (
        *_replacements(situation),
        *fund_conversions(situation),
        *renegotiations(situation),
    )
    return found if advice is None else tuple(_as_advised(c, advice, situation) for c in found)


def _as_advised(case: RefinanceCase, advice: Strategies, situation: Situation) -> RefinanceCase:
    """The case as it stands where the debts are repaid as advised."""
    days = [advice.settles_on(name) for name in case.liabilities]
    known = [day for day in days if day is not None]
    if case.verdict not in ("worth_it", "unknown") or len(known) < len(days):
        return case
    ends_on = max(known)
    if not _is_too_late(case, ends_on, situation.rules):
        return case
    told = {"verdict": "not_needed", "reason": "settled_as_advised", "settled_on": ends_on}
    return case.model_copy(update=told)


def _is_too_late(case: RefinanceCase, ends_on: date, rules: RulesInForce) -> bool:
    """Whether the lower rate, on all that is owed until that day, spares less than is worth it."""
    if case.changes_on is None or case.old_rate is None or case.new_rate is None:
        return False
    months = whole_months(case.changes_on, max(ends_on, case.changes_on)) + 1
    spared = (case.old_rate - case.new_rate) * (case.amount_fen or 0) * months / MONTHS_PER_YEAR
    return spared - (case.changing_fen or 0) < int(rules.value(LEAST_SAVING)) * FEN_PER_YUAN


def _replacements(situation: Situation) -> Iterator[RefinanceCase]:
    """Each home loan by itself, the other debts together, those with fees in doubt apart."""
    open_to = [p for p in situation.kept if p.remaining]
    takers = [p for p in situation.products if _takes(p, situation.as_of)]
    kinds = {kind for product in takers for kind in _replaces(product, situation.as_of)}
    homes = [p for p in open_to if p.contract.product in kinds and p.contract.product in HOUSING]
    others = [p for p in open_to if p.contract.product in kinds and p not in homes]
    clear = [p for p in others if not _is_in_doubt(p)]
    for group in (*([p] for p in homes), clear, *([p] for p in others if _is_in_doubt(p))):
        if group:
            yield _replacement(situation, group, takers)


def _takes(product: Product, day: date) -> bool:
    """Whether it lends to settle debts, other lenders' too."""
    terms = product.on(day)
    return terms is not None and bool(_replaces(product, day)) and not _is_own_only(terms)


def _is_own_only(terms: ProductTerms) -> bool:
    return terms.eligibility.own_loans_only


def _replaces(product: Product, day: date) -> tuple[str, ...]:
    terms = product.on(day)
    return () if terms is None or _is_own_only(terms) else terms.eligibility.replaces


def _is_in_doubt(debt: Position) -> bool:
    """A flat-fee plan whose contract does not say whether fees to come are waived."""
    return debt.contract.method == "flat_fee" and debt.contract.prepayment_policy is None


def _replacement(
    situation: Situation, group: Sequence[Position], takers: Sequence[Product]
) -> RefinanceCase:
    """The best product for a group of debts, or for those of them it is cheaper than."""
    if any(p.unpaid for p in situation.positions):
        return plain_case(group, "not_eligible", "overdue")
    day = changes_on(_as_offset(situation, group))
    if day is None:
        return plain_case(group, "not_eligible", "locked_in")
    kinds = {p.contract.product for p in group}
    asked = [p for p in takers if kinds & set(_replaces(p, situation.as_of))]
    cases = [_by_product(situation, group, day, product) for product in asked]
    return min(cases, key=_rank)


def _rank(case: RefinanceCase) -> tuple[int, int, str]:
    return (_BEST_FIRST.index(case.verdict), -(case.saved_fen or 0), case.product or "")


def _by_product(
    situation: Situation, group: Sequence[Position], day: date, product: Product
) -> RefinanceCase:
    """What a product makes of the debts it takes, or of those of them that are dearer than it."""
    taken = [p for p in group if p.contract.product in _replaces(product, situation.as_of)]
    made = _offered(situation, taken, day, product)
    if made is None:
        return _refused(plain_case(taken, "not_eligible", "refused"), situation, day, product)
    cost = made.own_cost.irr_x12
    dear = [p for p in taken if rate_of(p) > cost] or [max(taken, key=rate_of)]
    if len(dear) < len(taken):
        made = _offered(situation, dear, day, product) or made
    case = _priced(situation, dear, day, made)
    # A product that is dearer needs no asking whether it is to be had.
    return case if case.verdict == "not_worth_it" else _refused(case, situation, day, product)


def _offered(
    situation: Situation, debts: Sequence[Position], day: date, product: Product
) -> Offer | None:
    """The product's price for these debts, whoever asks; None where it has none for the term."""
    asked, terms = _asking(situation, debts, day, product), product.on(situation.as_of)
    if terms is None:
        return None
    months = granted_months(terms.months, asked.household.need.term_months or 0)
    if months is None:
        return None
    try:
        return desk(asked, product, terms, months, quote_histories(asked)).quote(asked.amount).offer
    except TermsError:
        return None


def _priced(
    situation: Situation, debts: Sequence[Position], day: date, made: Offer
) -> RefinanceCase:
    old = ended(_as_offset(situation, debts), day)
    figures = compared(old, made, situation.histories)
    verdict, reason = judged(figures, situation.rules)
    if verdict == "worth_it" and any(_is_in_doubt(p) for p in debts):
        verdict, reason = "unknown", "fees_not_stated"
    return RefinanceCase(
        kind=kind_of(debts),
        liabilities=names_of(debts),
        verdict=verdict,
        reason=reason,
        product=made.product.id,
        label=made.product.label,
        **figures,
    )


def _as_offset(situation: Situation, debts: Sequence[Position]) -> list[Position]:
    """The debts as a yearly offset of the fund leaves them."""
    return [after_offset(p, situation.household, situation.positions) for p in debts]


def _refused(
    case: RefinanceCase, situation: Situation, day: date, product: Product
) -> RefinanceCase:
    """The case as the lender, the law and the household's means leave it."""
    debts = [p for p in situation.positions if p.contract.id in case.liabilities]
    trial = trial_of(room_of(_asking(situation, debts, day, product)), product)
    if trial.outcome in (None, "dominated") and case.saved_fen is not None:
        return _priced(situation, debts, day, trial.offer)
    is_about_security = {reason.code for reason in trial.reasons} <= NO_SECURITY
    told = {
        "verdict": "not_eligible",
        "reason": "security_not_taken" if is_about_security else "refused",
        "against": () if is_about_security else trial.reasons,
        "product": product.id,
        "label": product.label,
    }
    return case.model_copy(update=told)


def _asking(
    situation: Situation, debts: Sequence[Position], day: date, product: Product
) -> Situation:
    """The same situation, had the household asked to settle these debts and nothing else."""
    return replace(situation, household=_wanting(situation, debts, day, product), fund=None)


def _wanting(
    situation: Situation, debts: Sequence[Position], day: date, product: Product
) -> Household:
    """The same household, had it asked to settle these debts."""
    household, terms = situation.household, product.on(situation.as_of)
    longest = max(debts, key=lambda p: p.remaining[-1].due_on)
    months = whole_months(day, longest.remaining[-1].due_on)
    least = 0 if terms is None else min(terms.months.choices, default=terms.months.least)
    method = max(debts, key=lambda p: p.balance).contract.method
    need = Need.model_validate(
        {
            "kind": "refinance",
            "term": "long",
            "amount": Decimal(owed_on(_as_offset(situation, debts), day)) / FEN_PER_YUAN,
            "purpose": PURPOSE,
            "use": "refinance",
            "collateral": household.need.collateral,
            "guarantee": household.need.guarantee,
            "wanted_by": day,
            "term_months": max(months, least, 1),
            "method": method if method in METHODS else "equal_instalment",
            "replaces": names_of(debts),
        }
    )
    return household.model_copy(update={"need": need})
