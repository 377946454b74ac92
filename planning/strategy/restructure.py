"""
Ways to lighten one debt (减轻还款): more time, a pause, new terms, a prepayment.

Each is the contract with one event more, in the exact ledger, against the contract as it is. The
lender decides; an option says what to ask, by when, what it costs in all and what the credit
record would show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.household.cashflow import LUMP_METHODS
from planning.loans.events import DeferralEvent, ExtensionEvent, PrepaymentEvent
from planning.strategy.changed_debt import after_offset, with_event
from planning.strategy.credit_effect import credit_effect
from planning.strategy.extension import least_extension, months_left, most_extension
from planning.strategy.prepaying import accepted, free_to_prepay, prepaid_on
from planning.strategy.relief_option import (
    ReliefKind,
    ReliefOption,
    ReliefTerms,
    by_relief,
)
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.events import Event
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.products.product import Product
    from planning.units import Fen

PUT_OFF: Final = ("renewal", "interest_only", "principal_deferral", "full_deferral")
SPELL_PERIODS: Final = "house.relief_months"
NOTICE: Final = "house.relief_notice_days"
CARD_WORKOUT: Final = "card.workout_max_months"


@dataclass(frozen=True, slots=True)
class _Change:
    """An event on a contract, before it is computed."""

    kind: ReliefKind
    start: ScheduleRow
    months: int
    most_months: int | None
    rules: tuple[str, ...]
    event: Event

    @property
    def prepaid(self) -> Fen:
        """What is prepaid, 分."""
        return self.event.amount if isinstance(self.event, PrepaymentEvent) else 0


@dataclass(frozen=True, slots=True)
class Relieved:
    """An option and the debt as it would then stand, for a cash-flow that takes it."""

    option: ReliefOption
    debt: Position


def ways_to_lighten(debt: Position, terms: ReliefTerms) -> tuple[Relieved, ...]:
    """Every way to lighten a debt, the most relief for a yuan of extra cost first."""
    if not debt.remaining:
        return ()
    found = [*_computed(debt, terms), *_renegotiated(debt, terms)]
    return tuple(sorted(found, key=lambda one: by_relief(one.option)))


# ----------------------------------------------------------------------------- what can be asked


def _computed(debt: Position, terms: ReliefTerms) -> Iterator[Relieved]:
    left = after_offset(debt, terms.household, terms.positions)
    for change in (*_events(debt, terms), *_prepayments(left, terms)):
        changed = with_event(debt, change.event)
        then = after_offset(changed, terms.household, terms.positions)
        yield Relieved(_option(left, terms, change, then), changed)


def _events(debt: Position, terms: ReliefTerms) -> Iterator[_Change]:
    contract, start = debt.contract, _start(debt, terms)
    if contract.method == "flat_fee" or contract.product == "provident_fund_mortgage":
        return
    most, rules = most_extension(contract, terms)
    if contract.method in LUMP_METHODS:
        yield from _renewal(debt, terms, most, rules)
        return
    yield from _extension(debt, start, terms, most, rules)
    yield from _pauses(debt, start, terms, most, rules)


def _renewal(
    debt: Position, terms: ReliefTerms, most: int | None, rules: tuple[str, ...]
) -> Iterator[_Change]:
    """A sum that falls due, put off; it is asked for by the day it would be paid."""
    usual, last = int(terms.rules.value(SPELL_PERIODS, "renewal")), debt.remaining[-1]
    months = usual if most is None else min(usual, most)
    if months > 0:
        event = ExtensionEvent(kind="extension", starts_on=last.due_on, months=months)
        yield _Change("renewal", last, months, most, rules, event)


def _extension(
    debt: Position,
    start: ScheduleRow,
    terms: ReliefTerms,
    most: int | None,
    rules: tuple[str, ...],
) -> Iterator[_Change]:
    usual = int(terms.rules.value(SPELL_PERIODS, "extension"))
    within = usual if most is None else most
    months = min(usual, within)
    if terms.target:
        months = least_extension(debt, start, terms.target, within)
    if months > 0:
        event = ExtensionEvent(kind="extension", starts_on=start.due_on, months=months)
        yield _Change("extension", start, months, most, rules, event)


def _pauses(
    debt: Position,
    start: ScheduleRow,
    terms: ReliefTerms,
    most: int | None,
    rules: tuple[str, ...],
) -> Iterator[_Change]:
    contract = debt.contract
    left = contract.periods_per_year * months_left(debt, start) // MONTHS_PER_YEAR
    for kind in ("interest_only", "principal_deferral", "full_deferral"):
        months = int(terms.rules.value(SPELL_PERIODS, kind))
        moves_end = kind != "interest_only"
        periods = contract.periods_of(months)
        # A pause that fills most of what is left only builds a sum at the end.
        is_too_long = most is not None and moves_end and months > most
        if is_too_long or (not moves_end and left < 2 * periods):
            continue
        event = DeferralEvent(
            kind="deferral",
            starts_on=start.due_on,
            periods=periods,
            interest="deferred" if kind == "full_deferral" else "paid",
            extends_term=moves_end,
        )
        yield _Change(kind, start, months, most if moves_end else None, rules * moves_end, event)


def _prepayments(debt: Position, terms: ReliefTerms) -> Iterator[_Change]:
    """Part of the spare money used to lower the instalment, within a year and by the clauses."""
    start = free_to_prepay(debt, _notice(debt, terms))
    until = add_months(debt.as_of, MONTHS_PER_YEAR)
    if debt.contract.method in ("flat_fee", "bullet") or debt.unpaid:
        return
    if start is None or start.due_on > until:
        return
    amount = accepted(debt.contract, _least_prepayment(start, terms), terms.spare, start.closing)
    if amount:
        event = prepaid_on(start.due_on, amount, "lower_instalment")
        yield _Change("part_prepayment", start, 0, None, (), event)


def _least_prepayment(start: ScheduleRow, terms: ReliefTerms) -> Fen:
    """What frees the target, an instalment being in proportion to what is owed."""
    if not terms.target or not start.own_payment:
        return start.closing
    return -(-start.closing * terms.target // (start.own_payment * terms.step)) * terms.step


def _renegotiated(debt: Position, terms: ReliefTerms) -> Iterator[Relieved]:
    """Terms that only the lender can name: a card's plan, a provident-fund loan."""
    contract, start = debt.contract, _start(debt, terms)
    is_card = contract.product == "card_instalment"
    if contract.method != "flat_fee" and contract.product != "provident_fund_mortgage":
        return
    rules = (CARD_WORKOUT,) if is_card and terms.rules.is_in_force(CARD_WORKOUT) else ()
    most = int(terms.rules.value(CARD_WORKOUT)) if rules else None
    option = ReliefOption(
        liability=contract.id,
        kind="new_terms",
        months=None,
        most_months=most,
        ask_by=_ask_by(debt, start, int(terms.rules.value(NOTICE))),
        starts_on=start.due_on,
        payment_now_fen=start.own_payment,
        payment_fen=None,
        payment_after_fen=None,
        catch_up_fen=0,
        prepaid_fen=0,
        relief_months=None,
        relief_fen=None,
        extra_cost_fen=None,
        relief_per_yuan=None,
        ended_on=debt.remaining[-1].due_on,
        ends_on=None,
        credit=credit_effect(debt, "new_terms", terms),
        rules=rules,
        product=None,
    )
    yield Relieved(option, debt)


# ------------------------------------------------------------------------------------- how long


def _start(debt: Position, terms: ReliefTerms) -> ScheduleRow:
    """The first payment that can still be changed when the lender is asked in time."""
    earliest = debt.as_of + timedelta(days=int(terms.rules.value(NOTICE)))
    return next((row for row in debt.remaining if row.due_on >= earliest), debt.remaining[-1])


def _ask_by(debt: Position, start: ScheduleRow, notice_days: int) -> date:
    return max(start.due_on - timedelta(days=notice_days), debt.as_of)


def _notice(debt: Position, terms: ReliefTerms) -> int:
    """How long before a prepayment it is asked for: the house's days, the contract's if more."""
    policy = debt.contract.prepayment_policy
    own = policy.notice_days if policy else 0
    return max(int(terms.rules.value(NOTICE)), own)


# ---------------------------------------------------------------------------------- what it does


def _option(debt: Position, terms: ReliefTerms, change: _Change, then: Position) -> ReliefOption:
    kind, rows = change.kind, then.remaining
    # A prepayment changes what is due after the payment it is made with.
    is_later = isinstance(change.event, PrepaymentEvent)
    asked_on, days = change.start.due_on, _notice(debt, terms)
    first = (r for r in debt.remaining if r.due_on >= asked_on + timedelta(days=is_later))
    start = next(first, change.start)
    later = [row for row in rows if row.due_on >= start.due_on]
    span = min(change.months, MONTHS_PER_YEAR) if kind in PUT_OFF else MONTHS_PER_YEAR
    relief = _paid(debt.remaining, start.due_on, span) - _paid(rows, start.due_on, span)
    extra = _cost(rows) - _cost(debt.remaining)
    pause = _pause_of(change)
    after = later[pause] if 0 < pause < len(later) else None
    catch_up = _put_off(then, change, terms) if kind == "full_deferral" else 0
    return ReliefOption(
        liability=debt.contract.id,
        kind=kind,
        months=change.months or None,
        most_months=change.most_months,
        ask_by=_ask_by(debt, change.start, days if is_later else int(terms.rules.value(NOTICE))),
        starts_on=start.due_on,
        payment_now_fen=start.own_payment,
        payment_fen=sum(row.own_payment for row in later[:1] if row.due_on == start.due_on),
        payment_after_fen=after.own_payment - catch_up if after else None,
        catch_up_fen=catch_up,
        prepaid_fen=change.prepaid,
        relief_months=span,
        relief_fen=relief,
        extra_cost_fen=extra,
        relief_per_yuan=relief / extra if extra > 0 else None,
        ended_on=debt.remaining[-1].due_on,
        ends_on=rows[-1].due_on,
        credit=credit_effect(debt, kind, terms),
        rules=change.rules,
        product=_product(debt, kind, terms),
    )


def _pause_of(change: _Change) -> int:
    return change.event.periods if isinstance(change.event, DeferralEvent) else 0


def _paid(rows: Sequence[ScheduleRow], first: date, months: int) -> Fen:
    """What the household pays in some months from a day."""
    until = add_months(first, months)
    return sum(row.own_payment for row in rows if first <= row.due_on < until)


def _cost(rows: Sequence[ScheduleRow]) -> Fen:
    return sum(row.interest + row.fee - row.subsidy for row in rows)


def _put_off(then: Position, change: _Change, terms: ReliefTerms) -> Fen:
    """Interest of the pause, which does not compound: that of a pause that pays it."""
    assert isinstance(change.event, DeferralEvent)  # noqa: S101  made in `_pauses`
    paid = change.event.model_copy(update={"interest": "paid"})
    contract = then.contract.model_copy(update={"events": then.contract.events[:-1]})
    plain = with_event(replace(then, contract=contract), paid)
    rows = after_offset(plain, terms.household, terms.positions).remaining
    within = (row for row in rows if row.due_on >= change.start.due_on)
    return sum(row.interest for row in islice(within, paid.periods))


def _product(debt: Position, kind: ReliefKind, terms: ReliefTerms) -> str | None:
    """A product of the same lender that does it, as far as the catalogue has one."""
    if kind not in ("extension", "principal_deferral"):
        return None
    return next((p.id for p in terms.products if _serves(p, debt, kind)), None)


def _serves(product: Product, debt: Position, kind: ReliefKind) -> bool:
    offered = product.on(debt.as_of)
    if offered is None or not offered.eligibility.own_loans_only:
        return False
    has_pause = offered.grace is not None
    return (
        debt.contract.product in offered.eligibility.replaces
        and debt.contract.lender.startswith(product.lender)
        and debt.days_past_due <= offered.eligibility.most_days_past_due
        and has_pause == (kind == "principal_deferral")
    )
