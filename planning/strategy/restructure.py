"""
Ways to lighten one debt (减轻还款): more time, a pause, new terms, a prepayment.

Each is the contract with one event more, in the exact ledger, against the contract as it is. The
lender decides; an option says what to ask, by when, what it costs in all and what the credit
record would show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, get_args

from planning.dates import add_months
from planning.household.cashflow import LUMP_METHODS, NO_SHOCK
from planning.household.fund_offset import fund_offset
from planning.household.profile import HOUSING
from planning.loans.annuity import level_payment
from planning.loans.events import DeferralEvent, ExtensionEvent, PrepaymentEvent
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.schedule import payment_schedule, prepayable_from
from planning.parameters import Grade
from planning.record import Record
from planning.rules.check import CONSUMER_LOANS
from planning.rules.term_checks import (
    BUSINESS,
    EXTENSION,
    LONGEST,
    ORDINARY,
    most_extended,
)
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.household.profile import Household
    from planning.loans.contract import LoanContract
    from planning.loans.events import Event, PrepaymentMode
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.products.product import Product
    from planning.units import Fen

ReliefKind = Literal[
    "extension",
    "renewal",
    "interest_only",
    "principal_deferral",
    "full_deferral",
    "part_prepayment",
    "new_terms",
]
"""展期; 到期再展期; 只付息一段; 延期还本; 延期还本付息; 部分提前还款; 重新商定条件."""

CreditCode = Literal[
    "none", "none_if_agreed_before_due", "restructured_flag", "overdue_and_restructured"
]

SPELL_PERIODS: Final = "house.relief_months"
NOTICE: Final = "house.relief_notice_days"
SHORT_EXTENSION: Final = "house.short_extension_share"
OBSERVATION: Final = "risk.restructured_observation_months"
RECORD_YEARS: Final = "risk.credit_record_years"
AGE_AT_END: Final = "mortgage.age_plus_term_years"
PUT_OFF: Final = ("renewal", "interest_only", "principal_deferral", "full_deferral")
CARD_WORKOUT: Final = "card.workout_max_months"


class CreditEffect(Record):
    """
    What an option does to the credit record (征信).

    `observation_months` is how long the lender watches a restructured debt (重组资产观察期),
    `record_years` how long an overdue payment stays on record once it is made good; `grade` is
    that of `rule`.
    """

    code: CreditCode
    observation_months: int | None = None
    record_years: int | None = None
    rule: str | None = None
    grade: Grade | None = None


class ReliefOption(Record):
    """
    One way to lighten one debt, 分.

    `months` is how long the pause lasts or how much later the loan ends, of at most
    `most_months`, None where no rule bounds it. `payment_fen` falls due on `starts_on` in place of
    `payment_now_fen`, `payment_after_fen` is the first regular one after a pause, and
    `catch_up_fen` what the pause has put off that falls due with it. `relief_fen` is what is paid
    less in the `relief_months` from `starts_on` (the pause, at most twelve months),
    `extra_cost_fen` the interest and fees of the whole life it adds, a penalty among them,
    negative where it saves. What only the lender can say is None.
    """

    liability: str
    kind: ReliefKind
    months: int | None
    most_months: int | None
    ask_by: date
    starts_on: date
    payment_now_fen: int
    payment_fen: int | None
    payment_after_fen: int | None
    catch_up_fen: int
    prepaid_fen: int
    relief_months: int | None
    relief_fen: int | None
    extra_cost_fen: int | None
    relief_per_yuan: float | None
    ended_on: date
    ends_on: date | None
    credit: CreditEffect
    rules: tuple[str, ...]
    product: str | None


@dataclass(frozen=True, slots=True)
class ReliefTerms:
    """
    What the options of a household are made with.

    Parameters
    ----------
    is_difficult : the change is asked because the debts cannot be carried as they are.
    spare : 分 left after the emergency fund, on the house's `step`.
    target : 分 a month to be freed; an extension is then no longer, and a prepayment no more, than
        frees it. 0: none named.
    positions : every open debt, for what a yearly offset of the fund leaves of one.
    """

    household: Household
    rules: RulesInForce
    products: Sequence[Product]
    is_difficult: bool
    spare: Fen = 0
    target: Fen = 0
    step: Fen = 1
    positions: Sequence[Position] = ()


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


def by_relief(option: ReliefOption) -> tuple[int, float, int]:
    """
    Sorting key: most relief for a yuan of extra cost first, what is unknown last.

    What frees money and costs nothing more comes before all; what frees nothing after all known.
    """
    order = get_args(ReliefKind).index(option.kind)
    if option.relief_fen is None or option.extra_cost_fen is None:
        return 3, 0.0, order
    if option.relief_fen <= 0:
        return 2, 0.0, order
    if option.relief_per_yuan is None:
        return 0, 0.0, order
    return 1, -option.relief_per_yuan, order


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
    most, rules = _most_extension(contract, terms)
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
        months = _least_extension(debt, start, terms.target, within)
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
    left = contract.periods_per_year * _months_left(debt, start) // MONTHS_PER_YEAR
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


def prepaid_on(day: date, amount: Fen, mode: PrepaymentMode) -> PrepaymentEvent:
    """A prepayment to come; a contract states its money in 元."""
    stated = Decimal(amount) / FEN_PER_YUAN
    return PrepaymentEvent.model_validate(
        {"kind": "prepayment", "paid_on": day, "amount": stated, "mode": mode}
    )


def free_to_prepay(debt: Position, notice_days: int) -> ScheduleRow | None:
    """The first payment after which the clauses let one prepay, asked for so many days ahead."""
    earliest = debt.as_of + timedelta(days=notice_days)
    policy = debt.contract.prepayment_policy
    if policy is not None:
        asked_on = earliest - timedelta(days=policy.notice_days)
        earliest = prepayable_from(debt.contract, asked_on)
    return next((r for r in debt.remaining if r.due_on >= earliest and r.closing > 0), None)


def accepted(contract: LoanContract, wanted: Fen, spare: Fen, owed: Fen) -> Fen:
    """
    What the clauses take of money to spare to lower the instalment, 分; 0 where they take nothing.

    It is what is wanted, raised to the least amount and the multiple where the money reaches, else
    as much as it does reach.
    """
    policy = contract.prepayment_policy or PrepaymentPolicy()
    unit, least = policy.multiple_of or 1, max(wanted, policy.least_amount)
    if owed <= min(spare, least) and (policy.is_settlement_exempt or owed % unit == 0):
        return owed if policy.is_settlement_exempt or owed >= policy.least_amount else 0
    amount = min(-(-least // unit), min(spare, owed) // unit) * unit
    is_offered = policy.modes is None or "lower_instalment" in policy.modes
    return amount if is_offered and amount >= max(policy.least_amount, 1) else 0


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
        credit=_credit(debt, "new_terms", terms),
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


def _months_left(debt: Position, start: ScheduleRow) -> int:
    end = debt.remaining[-1].due_on
    months = (end.year - start.due_on.year) * MONTHS_PER_YEAR + end.month - start.due_on.month
    return months + 1


def _least_extension(debt: Position, start: ScheduleRow, target: Fen, most: int) -> int:
    """Whole years that free the target; all that is allowed where none does."""
    left = _months_left(debt, start)
    for months in range(MONTHS_PER_YEAR, most, MONTHS_PER_YEAR):
        if start.own_payment - _instalment(debt, start, left + months) >= target:
            return months
    return most


def _instalment(debt: Position, start: ScheduleRow, months: int) -> Fen:
    """The first instalment of what is owed over so many months."""
    periods = debt.contract.periods_of(months)
    if debt.contract.method == "equal_principal":
        return start.interest + -(-start.opening // periods)
    return level_payment(
        start.opening,
        start.annual_rate,
        periods,
        periods_per_year=debt.contract.periods_per_year,
    )


def _most_extension(
    contract: LoanContract, terms: ReliefTerms
) -> tuple[int | None, tuple[str, ...]]:
    """How much later a contract may end, and the rules that say so; None where none does."""
    if contract.product == "mortgage":
        return _most_of_mortgage(contract, terms)
    rules = terms.rules
    if contract.term_months <= MONTHS_PER_YEAR:
        return int(contract.term_months * rules.value(SHORT_EXTENSION)), (SHORT_EXTENSION,)
    if contract.product in CONSUMER_LOANS and rules.is_in_force(ORDINARY):
        return max(int(rules.value(ORDINARY)) - contract.term_months, 0), (ORDINARY,)
    if contract.product == "business_loan" and rules.is_in_force(BUSINESS):
        return max(int(rules.value(BUSINESS, "usual")) - contract.term_months, 0), (BUSINESS,)
    return None, ()


def _most_of_mortgage(
    contract: LoanContract, terms: ReliefTerms
) -> tuple[int | None, tuple[str, ...]]:
    named = tuple(name for name in (EXTENSION, LONGEST) if terms.rules.is_in_force(name))
    longest = most_extended(contract, contract.drawn_on, terms.rules)
    if longest is None:
        return None, ()
    given = sum(e.months for e in contract.events if isinstance(e, ExtensionEvent))
    most = longest - contract.term_months - given
    born = [m.birth_year for m in terms.household.members if m.id in contract.borrowers]
    if born and terms.rules.is_in_force(AGE_AT_END):
        last_year = max(born) + int(terms.rules.value(AGE_AT_END))
        most = min(most, (last_year - contract.latest_end_on.year) * MONTHS_PER_YEAR)
        named = (*named, AGE_AT_END)
    return max(most, 0), named


# ---------------------------------------------------------------------------------- what it does


def with_event(debt: Position, event: Event) -> Position:
    """The debt on the day of the plan, with a change to come."""
    contract = debt.contract.model_copy(update={"events": (*debt.contract.events, event)})
    ledger = payment_schedule(contract, debt.steps, restart=debt.restart)
    remaining = tuple(row for row in ledger.rows if row.due_on > debt.as_of)
    return replace(debt, contract=contract, current=ledger, remaining=remaining)


def after_offset(
    debt: Position, household: Household, positions: Sequence[Position] = ()
) -> Position:
    """
    A debt as a yearly offset of the provident fund (年冲) leaves it; the debt itself without one.

    Parameters
    ----------
    positions : every open debt, since accounts may repay several; `debt` stands for its own.
    """
    is_yearly = any(account.offset == "yearly" for account in household.provident_fund)
    if not is_yearly or debt.contract.product not in HOUSING:
        return debt
    own = debt.contract.id
    homes = [p for p in positions if p.contract.product in HOUSING and p.remaining]
    loans = [debt if p.contract.id == own else p for p in homes] or [debt]
    last = max(p.remaining[-1].due_on for p in loans)
    first = debt.as_of.replace(day=1)
    count = (last.year - first.year) * MONTHS_PER_YEAR + last.month - first.month + 1
    months = [add_months(first, number) for number in range(count)]
    return fund_offset(household, loans, months, NO_SHOCK).standing.get(own, debt)


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
        credit=_credit(debt, kind, terms),
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


def _credit(debt: Position, kind: ReliefKind, terms: ReliefTerms) -> CreditEffect:
    """Grounded in the rules on restructured assets: difficulty makes a change a restructuring."""
    if kind == "part_prepayment":
        return CreditEffect(code="none")
    if debt.unpaid:
        years = int(terms.rules.value(RECORD_YEARS))
        watched = _watched(terms)
        return watched.model_copy(
            update={"code": "overdue_and_restructured", "record_years": years}
        )
    if not terms.is_difficult and kind in ("extension", "renewal"):
        return _watched(terms).model_copy(
            update={"code": "none_if_agreed_before_due", "observation_months": None}
        )
    return _watched(terms)


def _watched(terms: ReliefTerms) -> CreditEffect:
    if not terms.rules.is_in_force(OBSERVATION):
        return CreditEffect(code="restructured_flag")
    entry = terms.rules.entry(OBSERVATION)
    return CreditEffect(
        code="restructured_flag",
        observation_months=int(terms.rules.value(OBSERVATION)),
        rule=OBSERVATION,
        grade=entry.grade,
    )


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
