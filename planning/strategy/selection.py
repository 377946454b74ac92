"""
Choice of a loan (产品选择): which products fit, which two or three are worth a talk, and why.

Eligibility first, then the law, then what the household can carry, then the Pareto front of
cost, burden under stress, security given and freedom to repay; every product keeps its reasons.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Final

from planning.errors import TermsError
from planning.household.recognition import HAIRCUT_RULE
from planning.products.risk_card import is_floating, risk_card
from planning.products.subsidies import subsidy_refusals
from planning.strategy.affordability import freed_yuan, own_share_yuan, sold_homes, soon_yuan
from planning.strategy.choice import (
    Candidate,
    IncomeShare,
    LargestLoan,
    NoneCode,
    Outcome,
    OwnShare,
    Selection,
    Situation,
    WithAndWithout,
    owed_on,
)
from planning.strategy.comparison import with_and_without
from planning.strategy.documents import documents
from planning.strategy.eligibility import (
    collateral_of,
    granted_months,
    lending_value_yuan,
    wanted_months,
)
from planning.strategy.largest import largest_loan
from planning.strategy.need import purpose_checks, stated_use
from planning.strategy.pareto import Entry, dominator, entry, losses, merits, shortlist
from planning.strategy.reason import Number, Reason
from planning.strategy.trial import Room, Trial, over, relief_of, room_of, trial_of
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planning.products.offer import Offer
    from planning.products.product import ProductTerms
    from planning.products.risk_card import RiskCard
    from planning.strategy.relief import Relief
    from planning.units import Fen

__all__ = ["Selection", "Situation", "selection"]

SIZE: Final = "house.shortlist_size"
STAGES: Final[Mapping[Outcome, NoneCode]] = {
    "dominated": "keeping_is_better",
    "unaffordable": "none_affordable",
    "unlawful": "none_lawful",
    "not_eligible": "none_eligible",
}
"""What an empty shortlist failed on: the last stage that any product reached."""


def selection(situation: Situation) -> Selection | None:
    """
    The choice of a loan for the household's need; None when it states no need.

    Raises
    ------
    ParameterError
        A rule or an index is needed on a day for which none is known.
    """
    need, rules = situation.household.need, situation.rules
    if need.kind == "none":
        return None
    room = room_of(situation)
    trials = tuple(trial_of(room, product) for product in situation.products)
    fit = {trial.product.id: trial for trial in trials if trial.is_fit}
    level = situation.household.risk_tolerance.level
    entries = tuple(
        entry(name, trial.told, level, trial.product.lender) for name, trial in fit.items()
    )
    least, most = (int(rules.value(SIZE, key)) for key in ("least", "most"))
    chosen = shortlist(entries, least, most)
    listed = tuple(fit[one.product] for one in chosen)
    sized = _largest(trials, listed)
    return Selection(
        use=stated_use(need),
        amount_fen=need.amount,
        owed_fen=situation.payoff,
        income_yuan=room.income.total_yuan,
        recognised_yuan=room.income.recognised_yuan,
        recognised=tuple(_income_shares(room)),
        own_share=_own_share(situation, listed),
        months=wanted_months(situation),
        starts_on=situation.starts_on,
        is_forbidden=_is_forbidden(room),
        purpose_checks=purpose_checks(
            need, [p.contract for p in situation.replaced], rules, situation.payoff
        ),
        candidates=tuple(_candidate(room, trial, entries, chosen) for trial in trials),
        shortlist=tuple(one.product for one in chosen),
        none_code=_none_code(room, trials, len(chosen), least),
        unmet_fen=_unmet(situation, trials, sized),
        largest=sized if listed else sized[:1],
        risk_cards=tuple(_risk_card(room, trial, fit.values()) for trial in listed),
        forms=tuple(form for trial in listed for form in trial.offer.forms),
        documents=documents(situation, [(t.product.id, t.asked_terms) for t in listed]),
        comparison=_comparison(room, listed),
    )


def _is_forbidden(room: Room) -> bool:
    return room.blocked is not None and room.blocked.code == "forbidden_use"


def _candidate(
    room: Room, trial: Trial, entries: Sequence[Entry], chosen: Sequence[Entry]
) -> Candidate:
    outcome, reasons = _compared(room, trial, entries, chosen)
    return Candidate(
        product=trial.product.id,
        label=trial.product.label,
        family=trial.product.family,
        lender=trial.product.lender,
        channel=trial.terms.channel if trial.terms else None,
        grade=trial.terms.grade if trial.terms else None,
        outcome=outcome,
        reasons=reasons,
        figures=trial.figures,
        checks=trial.checks,
    )


def _compared(
    room: Room, trial: Trial, entries: Sequence[Entry], chosen: Sequence[Entry]
) -> tuple[Outcome, tuple[Reason, ...]]:
    """How a product ends up, and why."""
    if trial.outcome is not None:
        return trial.outcome, trial.reasons
    own = next(one for one in entries if one.product == trial.product.id)
    better = dominator(own, entries)
    lost = () if better is None else tuple(losses(own, better))
    told = tuple(_notes(room, trial))
    if own in chosen:
        return "shortlisted", (*_good(room, trial, tuple(merits(own, chosen)), lost), *lost, *told)
    # What speaks for a product is no reason why it is left out.
    notes = tuple(reason for reason in told if reason.code != "subsidised")
    if better is not None:
        return "dominated", (*lost, *notes)
    beaten = Reason(code="ranked_below", other=chosen[-1].product)
    return "ranked_below", (beaten, *notes)


def _good(
    room: Room, trial: Trial, best: Sequence[Reason], lost: Sequence[Reason]
) -> Iterator[Reason]:
    """What speaks for a product on the shortlist; one that is dominated fills a place."""
    eased = tuple(_eased(relief_of(room, trial.made)))
    if lost:
        yield Reason(code="second_choice")
    elif not best and not eased:
        yield Reason(code="balanced")
    yield from eased
    yield from best


def _eased(changed: Relief | None) -> Iterator[Reason]:
    """In what new terms are better than keeping the debts."""
    if changed is None:
        return
    if changed.lump_yuan > 0:
        yield Reason(code="lump_spared", numbers={"lump_yuan": changed.lump_yuan})
    if changed.lighter_yuan > 0:
        yield Reason(code="month_lighter", numbers={"less_yuan": changed.lighter_yuan})
    if changed.dearer_yuan < 0:
        yield Reason(code="costs_less", numbers={"less_yuan": -changed.dearer_yuan})


def _burdened(changed: Relief | None) -> Iterator[Reason]:
    """In what they are worse."""
    if changed is None:
        return
    if changed.lighter_yuan < 0:
        yield Reason(code="month_heavier", numbers={"more_yuan": -changed.lighter_yuan})
    if changed.dearer_yuan > 0:
        yield Reason(code="costs_more", numbers={"more_yuan": changed.dearer_yuan})


def _notes(room: Room, trial: Trial) -> Iterator[Reason]:
    """What to mind about a product that fits."""
    need, figures = room.situation.household.need, trial.told
    wanted = wanted_months(room.situation)
    if figures.months != wanted and wanted is not None:
        numbers: dict[str, Number] = {
            "months": figures.months, "wanted_months": wanted,
        }  # fmt: skip
        yield Reason(code="term_adjusted", numbers=numbers, rule=trial.term_rule)
    if figures.method != need.method:
        numbers = {"method": figures.method, "wanted_method": need.method}
        yield Reason(code="method_differs", numbers=numbers)
    yield from _burdened(relief_of(room, trial.made))
    for one in trial.tested:
        if one.excess_yuan:
            yield over(f"still_{one.code}", one)
    if trial.who.lump_yuan > trial.who.ready_yuan:
        yield Reason(code="kept_lump", numbers={"lump_yuan": trial.who.lump_yuan})
    if figures.lump_fen:
        yield Reason(code="lump_due", numbers={"lump_fen": figures.lump_fen})
    if grace := trial.asked_terms.grace:
        numbers = {"months": grace.months, "then_fen": figures.highest_payment_fen}
        yield Reason(code="grace_then", numbers=numbers)
    yield from _subsidy_over(room, trial)
    if figures.own_cost != figures.cost:
        saved = sum(schedule.total_subsidy for schedule in trial.offer.schedules)
        yield Reason(code="subsidised", numbers={"saved_fen": saved})
    collateral = trial.asked_terms.collateral
    if collateral and collateral.is_purchase and "home" not in collateral.kinds:
        yield Reason(code="value_not_known", numbers={"kinds": ",".join(collateral.kinds)})


def _subsidy_over(room: Room, trial: Trial) -> Iterator[Reason]:
    """A subsidy that would be paid but for the day the money is wanted on."""
    refusals = subsidy_refusals(
        trial.product,
        trial.asked_terms,
        trial.offer.request,
        room.situation.household.need.home,
        room.situation.rules,
    )
    if [one.code for one in refusals] == ["drawn_outside_window"] and refusals[0].numbers["until"]:
        until = str(refusals[0].numbers["until"])
        yield Reason(code="subsidy_over", numbers={"until_on": until}, rule=refusals[0].rule)


def _none_code(room: Room, trials: Sequence[Trial], listed: int, least: int) -> NoneCode | None:
    """Why the shortlist is empty or short; None where it is neither."""
    if listed:
        return "few_fit" if listed < least else None
    if _is_forbidden(room):
        return "forbidden_use"
    if room.blocked or room.applicant.use == "other":
        return "use_to_clear"
    reached = {trial.outcome for trial in trials}
    if "unaffordable" in reached and "dominated" not in reached and _is_lump_first(trials):
        return "due_debts_first"
    return next((code for stage, code in STAGES.items() if stage in reached), "none_on_offer")


def _is_lump_first(trials: Sequence[Trial]) -> bool:
    """Whether nothing can be carried for a sum that falls due with the debts there are."""
    tried = [trial for trial in trials if trial.outcome == "unaffordable"]
    return all("earlier_lump" in {r.code for r in trial.reasons} for trial in tried)


def _largest(trials: Sequence[Trial], listed: Sequence[Trial]) -> tuple[LargestLoan, ...]:
    """
    The most each shortlisted product could lend; an extension lends nothing.

    Without a shortlist, of every product that fails by its amount alone; the most comes first.
    """
    if listed:
        granted = [t for t in listed if not t.asked_terms.eligibility.own_loans_only]
        return tuple(largest_loan(t.asked_desk, t.who, t.lines) for t in granted)
    asked = sorted((t for t in trials if t.is_a_matter_of_size), key=_cheapest)
    sized = [largest_loan(t.asked_desk, t.who, t.lines) for t in asked]
    lawful = [one for one in sized if one.amount_fen or one.binds != "law"]
    return tuple(sorted(lawful, key=lambda one: -one.amount_fen))


def _cheapest(trial: Trial) -> tuple[float, str]:
    cost = inf if trial.figures is None else trial.figures.own_cost.ear
    return cost, trial.product.id


def _unmet(situation: Situation, trials: Sequence[Trial], sized: Sequence[LargestLoan]) -> Fen:
    """What of the amount no lawful product the household can carry would lend, 分."""
    if any(trial.outcome in (None, "dominated") for trial in trials):
        return 0
    return max(situation.amount - max((one.amount_fen for one in sized), default=0), 0)


def _risk_card(room: Room, trial: Trial, fit: Iterable[Trial]) -> RiskCard:
    situation = room.situation
    market, lending = _security_values_yuan(situation, trial.asked_terms)
    return risk_card(
        trial.offer,
        tuple(_fixed_rivals(trial, fit)),
        situation.histories,
        situation.scenarios,
        situation.rules,
        market,
        lending,
    )


def _fixed_rivals(trial: Trial, fit: Iterable[Trial]) -> Iterator[Offer]:
    """Fixed-rate offers that one with a floating rate is set against."""
    if is_floating(trial.offer):
        for other in fit:
            if not is_floating(other.offer):
                yield _over_the_term_of(trial, other)


def _over_the_term_of(trial: Trial, other: Trial) -> Offer:
    """Another product's offer over the same term where it lends so long; else its own."""
    months = trial.offer.request.months
    if granted_months(other.asked_terms.months, months) != months:
        return other.offer
    request = replace(other.asked_desk.request, months=months)
    counter = replace(other.asked_desk, request=request, asked_before={})
    try:
        return counter.quote(request.amount).offer
    except TermsError:
        return other.offer


def _security_values_yuan(
    situation: Situation, terms: ProductTerms
) -> tuple[float | None, float | None]:
    """
    What secures the loan, 元: at the market, and as the lender counts it.

    None without security or where its value is not known; an extension is held to no value.
    """
    asked, home = terms.collateral, situation.household.need.home
    if asked is None or (asked.is_purchase and (home is None or "home" not in asked.kinds)):
        return None, None
    if asked.is_purchase and home is not None:
        return yuan(home.price), yuan(home.price)
    given = collateral_of(situation, asked.kinds)
    market = yuan(sum(asset.value for asset in given))
    is_extension = terms.eligibility.own_loans_only
    return market, None if is_extension else lending_value_yuan(given, situation.rules)


def _income_shares(room: Room) -> Iterator[IncomeShare]:
    """Income by stability, what arrives and what is recognised of it."""
    for stability, total in sorted(room.income.by_stability.items()):
        haircut = float(room.situation.rules.value(HAIRCUT_RULE, stability))
        yield IncomeShare(
            stability=stability,
            total_yuan=total,
            haircut_share=haircut,
            recognised_yuan=total * (1 - haircut),
        )


def _own_share(situation: Situation, listed: Sequence[Trial]) -> OwnShare | None:
    """What the home to be bought takes of own money; None where none is bought."""
    home = situation.household.need.home
    if home is None:
        return None
    amount = listed[0].told.amount_fen if listed else situation.amount
    share, soon = own_share_yuan(situation, amount), soon_yuan(situation)
    sold = sold_homes(situation)
    from_soon = min(max(share, 0.0), soon)
    return OwnShare(
        price_yuan=yuan(home.price),
        loan_yuan=yuan(amount),
        market_yuan=yuan(sum(asset.value for asset in sold)),
        sold_yuan=lending_value_yuan(sold, situation.rules),
        owed_yuan=yuan(owed_on(situation.replaced, situation.starts_on)),
        freed_yuan=freed_yuan(situation, situation.starts_on),
        share_yuan=share,
        soon_yuan=from_soon,
        ready_yuan=max(share - from_soon, 0.0),
    )


def _comparison(room: Room, listed: Sequence[Trial]) -> WithAndWithout | None:
    """None where no loan may be offered: there is nothing to weigh."""
    if room.blocked:
        return None
    first = listed[0] if listed else None
    best = None if first is None else (first.who, first.offer, first.made.load)
    return with_and_without(room.situation, (room.as_is, room.who), room.lines, best)
