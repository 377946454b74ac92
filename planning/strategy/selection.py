"""
Choice of a loan (产品选择): which products fit, which two or three are worth a talk, and why.

Eligibility first, then the law, then what the household can carry, then the Pareto front of
cost, burden under stress, security given and freedom to repay; every product keeps its reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.products.risk_card import risk_card
from planning.strategy.choice import (
    Candidate,
    LargestLoan,
    NoneCode,
    Outcome,
    Selection,
    Situation,
    WithAndWithout,
)
from planning.strategy.comparison import with_and_without
from planning.strategy.documents import documents
from planning.strategy.eligibility import collateral_of, lending_value_yuan, wanted_months
from planning.strategy.largest import largest_loan
from planning.strategy.need import purpose_checks, stated_use
from planning.strategy.pareto import Entry, dominator, entry, losses, merits, shortlist
from planning.strategy.reason import Number, Reason
from planning.strategy.trial import Room, Trial, over, room_of, trial_of
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planning.household.profile import Need
    from planning.products.product import ProductTerms
    from planning.products.risk_card import RiskCard
    from planning.units import Fen

__all__ = ["Selection", "Situation", "selection"]

SIZE: Final = "house.shortlist_size"
STAGES: Final[Mapping[Outcome, NoneCode]] = {
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
    entries = tuple(entry(name, trial.told, level) for name, trial in fit.items())
    least, most = (int(rules.value(SIZE, key)) for key in ("least", "most"))
    chosen = shortlist(entries, least, most)
    listed = tuple(fit[one.product] for one in chosen)
    sized = _largest(trials, listed)
    return Selection(
        use=stated_use(need),
        amount_fen=need.amount,
        months=wanted_months(situation),
        starts_on=situation.starts_on,
        is_forbidden=_is_forbidden(room),
        purpose_checks=purpose_checks(need, [p.contract for p in situation.replaced], rules),
        candidates=tuple(_candidate(room, trial, entries, chosen) for trial in trials),
        shortlist=tuple(one.product for one in chosen),
        none_code=_none_code(room, trials, len(chosen), least),
        unmet_fen=_unmet(need, listed, sized),
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
    notes = tuple(_notes(room, trial))
    if own in chosen:
        return "shortlisted", (*_good(room, own, chosen, lost), *lost, *notes)
    if better is not None:
        return "dominated", (*lost, *notes)
    beaten = Reason(code="ranked_below", other=chosen[-1].product)
    return "ranked_below", (beaten, *notes)


def _good(
    room: Room, own: Entry, chosen: Sequence[Entry], lost: Sequence[Reason]
) -> Iterator[Reason]:
    """What speaks for a product on the shortlist; one that is dominated fills a place."""
    found = tuple(merits(own, chosen))
    is_relief = room.situation.household.need.kind == "refinance"
    if lost:
        yield Reason(code="second_choice")
    elif not found:
        yield Reason(code="relief" if is_relief else "balanced")
    yield from found


def _notes(room: Room, trial: Trial) -> Iterator[Reason]:
    """What to mind about a product that fits."""
    need, figures = room.situation.household.need, trial.told
    wanted = wanted_months(room.situation)
    if figures.months != wanted and wanted is not None:
        numbers: dict[str, Number] = {
            "months": figures.months, "wanted_months": wanted,
        }  # fmt: skip
        yield Reason(code="term_adjusted", numbers=numbers)
    if figures.method != need.method:
        numbers = {"method": figures.method, "wanted_method": need.method}
        yield Reason(code="method_differs", numbers=numbers)
    for one in trial.tested:
        if one.excess_yuan:
            yield over(f"still_{one.code}", one)
    if trial.who.lump_yuan > trial.who.ready_yuan:
        yield Reason(code="kept_lump", numbers={"lump_yuan": trial.who.lump_yuan})
    if figures.lump_fen:
        yield Reason(code="lump_due", numbers={"lump_fen": figures.lump_fen})
    if figures.own_cost != figures.cost:
        saved = sum(schedule.total_subsidy for schedule in trial.offer.schedules)
        yield Reason(code="subsidised", numbers={"saved_fen": saved})
    collateral = trial.asked_terms.collateral
    if collateral and collateral.is_purchase and "home" not in collateral.kinds:
        yield Reason(code="value_not_known", numbers={"kinds": ",".join(collateral.kinds)})


def _none_code(room: Room, trials: Sequence[Trial], listed: int, least: int) -> NoneCode | None:
    """Why the shortlist is empty or short; None where it is neither."""
    if listed:
        return "few_fit" if listed < least else None
    if _is_forbidden(room):
        return "forbidden_use"
    if room.blocked or room.applicant.use == "other":
        return "use_to_clear"
    reached = {trial.outcome for trial in trials}
    return next((code for stage, code in STAGES.items() if stage in reached), "none_on_offer")


def _largest(trials: Sequence[Trial], listed: Sequence[Trial]) -> tuple[LargestLoan, ...]:
    """
    The most each shortlisted product could lend; an extension lends nothing.

    Without a shortlist, of every product that fails by its amount alone; the most comes first.
    """
    if listed:
        granted = [t for t in listed if not t.asked_terms.eligibility.own_loans_only]
        return tuple(largest_loan(t.asked_desk, t.who, t.lines) for t in granted)
    sized = [largest_loan(t.asked_desk, t.who, t.lines) for t in trials if t.is_a_matter_of_size]
    return tuple(sorted(sized, key=lambda one: (-one.amount_fen, one.product)))


def _unmet(need: Need, listed: Sequence[Trial], sized: Sequence[LargestLoan]) -> Fen:
    """What of the amount no lawful product the household can carry would lend, 分."""
    if listed:
        return 0
    return max(need.amount - max((one.amount_fen for one in sized), default=0), 0)


def _risk_card(room: Room, trial: Trial, fit: Iterable[Trial]) -> RiskCard:
    situation = room.situation
    return risk_card(
        trial.offer,
        [other.offer for other in fit],
        situation.histories,
        situation.scenarios,
        situation.rules,
        _security_value_yuan(situation, trial.asked_terms),
    )


def _security_value_yuan(situation: Situation, terms: ProductTerms) -> float | None:
    """What secures the loan, 元; None without security or where its value is not known."""
    asked, home = terms.collateral, situation.household.need.home
    if asked is None:
        return None
    if not asked.is_purchase:
        return lending_value_yuan(collateral_of(situation, asked.kinds), situation.rules)
    return yuan(home.price) if home is not None and "home" in asked.kinds else None


def _comparison(room: Room, listed: Sequence[Trial]) -> WithAndWithout | None:
    """None where no loan may be offered: there is nothing to weigh."""
    if room.blocked:
        return None
    first = listed[0] if listed else None
    best = None if first is None else (first.offer, first.made.load)
    who = room.who if first is None else first.who
    return with_and_without(room.situation, who, room.lines, best)
