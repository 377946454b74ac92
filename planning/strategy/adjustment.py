"""
Adjusting when life changes (生活有变时的调整): at which numbers, and what then.

The triggers are lines in the household's own cash-flow; what to do when income falls is computed
debt by debt, and for a household that is short already it is not an "if".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from planning.dates import add_months
from planning.household.cashflow import (
    cashflow,
    income_by_month,
    liquid_assets,
    year_ahead,
)
from planning.household.profile import is_paid_in
from planning.loans.events import Prepayment
from planning.loans.ledger import ledger_rows
from planning.loans.rates import follows_index, index_name, rate_steps
from planning.loans.schedule import payment_schedule
from planning.loans.timeline import timeline
from planning.record import Record
from planning.strategy.reason import Number
from planning.strategy.repayment import (
    AMORTISING,
    PrepaymentComparison,
    prepayment_comparison,
)
from planning.strategy.restructure import (
    ReliefKind,
    ReliefOption,
    ReliefTerms,
    Relieved,
    by_relief,
    ways_to_lighten,
)
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from planning.household.pay import NetPay
    from planning.household.profile import Household, Income
    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.products.product import Product
    from planning.units import Fen

TriggerCode = Literal[
    "income_falls_below",
    "reserve_income",
    "cash_below",
    "rate_rises_to",
    "rate_bearable",
    "income_ends",
    "income_rises_to",
    "windfall",
]
ActionCode = Literal[
    "arrears_first",
    "cut_spending",
    "ask_lender",
    "fill_fund",
    "lower_instalment",
    "prepay",
    "keep",
]
ShortCode = Literal["overdue", "month_short", "cash_short"]
"""What is short already: a payment is overdue, the month loses, ready money runs out in a year."""

RiseCode = Literal["no_debt", "short_first", "nothing_to_prepay", "fund_first", "needs_money"]

STEP: Final = "house.prepayment_step_yuan"
SPARE_MONTHS: Final = "house.spare_months"
RATE_BOUND: Final = "house.trigger_rate_rise_bp"
HORIZON: Final = "house.stress_horizon_months"
DEBTS_THAT_MATTER: Final = 3


class Trigger(Record):
    """
    A line that calls for a change of the plan.

    `subject` is a member or a debt, empty for the household; `on` the day where one is known.
    Money in `numbers` ends in ``_yuan``, fractions in ``_share`` or ``_rate``. `is_met` says that
    the line is crossed already.
    """

    code: TriggerCode
    subject: str = ""
    on: date | None = None
    numbers: dict[str, Number] = Field(default_factory=dict)
    actions: tuple[ActionCode, ...]
    is_met: bool = False


class Cut(Record):
    """Spending that can wait (可调整支出), 元 of an average month."""

    kind: str
    monthly_yuan: float


class ReliefStep(Record):
    """An option taken together with others, and what it frees a month while it lasts, 元."""

    liability: str
    kind: ReliefKind
    monthly_yuan: float


class Remedy(Record):
    """
    What cuts and options together do to a household that is short, 元.

    `margin_yuan` is what an average month leaves in the year from the day all of them have begun,
    `later_margin_yuan` one of the year after that, and `bridge_yuan` what ready money still lacks
    in the worst of the next twelve months. Once that is found, money lasts `holds_months`; None:
    over the whole `horizon_months`.
    """

    steps: tuple[ReliefStep, ...]
    margin_after_cuts_yuan: float
    margin_yuan: float
    later_margin_yuan: float
    bridge_yuan: float
    holds_months: int | None
    horizon_months: int

    @property
    def suffices(self) -> bool:
        """Whether a month no longer loses."""
        return self.margin_yuan >= 0


class IncomeFalls(Record):
    """
    What to do when income falls.

    `short_by` says why it is needed now; empty: it is not. `options` are ranked over all debts
    that matter; `remedy` is computed where it is needed now.
    """

    short_by: tuple[ShortCode, ...]
    margin_yuan: float
    cuts: tuple[Cut, ...]
    options: tuple[ReliefOption, ...]
    remedy: Remedy | None

    @property
    def is_needed_now(self) -> bool:
        """Whether the household is short already."""
        return bool(self.short_by)


class IncomeRises(Record):
    """
    What more income would do: first the emergency fund, then a step off the dearest debt.

    `reason` says why a prepayment has to wait or cannot be; `step` is one step off the dearest
    debt, None where there is nothing to show.
    """

    fund_gap_yuan: float
    reason: RiseCode | None
    step: PrepaymentComparison | None


class Adjustment(Record):
    """The lines that call for a change, and what to do on either side."""

    triggers: tuple[Trigger, ...]
    if_income_falls: IncomeFalls
    if_income_rises: IncomeRises


@dataclass(frozen=True, slots=True)
class Footing:
    """
    A household, its baseline and its emergency fund.

    Parameters
    ----------
    frame : the baseline cash-flow.
    fund_months, fund_target_yuan : the emergency fund that should be held.
    """

    household: Household
    positions: Sequence[Position]
    frame: pd.DataFrame
    as_of: date
    rules: RulesInForce
    histories: Mapping[str, IndexHistory]
    products: Sequence[Product]
    fund_months: int
    fund_target_yuan: float
    pay: NetPay | None = None

    def mean_yuan(self, column: str) -> float:
        """A column's average month of the year ahead."""
        return float(year_ahead(self.frame)[column].sum() / MONTHS_PER_YEAR)

    @property
    def outgo_yuan(self) -> float:
        """What an average month costs in cash, sums due at the end left out."""
        spent = ("essential_expense", "other_expense", "debt_service")
        return sum(self.mean_yuan(name) for name in spent) - self.mean_yuan("fund_paid")

    @property
    def margin_yuan(self) -> float:
        """What an average month leaves."""
        return self.mean_yuan("income") - self.outgo_yuan

    @property
    def liquid_yuan(self) -> float:
        """Ready money today."""
        return liquid_assets(self.household)

    @property
    def gap_yuan(self) -> float:
        """What the emergency fund lacks."""
        return max(self.fund_target_yuan - self.liquid_yuan, 0.0)

    @property
    def step_yuan(self) -> float:
        """The step in which a prepayment is proposed."""
        return float(self.rules.value(STEP))


def adjustment(who: Footing) -> Adjustment:
    """
    Triggers, and what to do when income falls or rises.

    Parameters
    ----------
    who : a household on the day of its plan.
    """
    falls = income_falls(who)
    return Adjustment(
        triggers=tuple(triggers(who)),
        if_income_falls=falls,
        if_income_rises=income_rises(who, is_short=falls.is_needed_now),
    )


# ------------------------------------------------------------------------------------- triggers


def triggers(who: Footing) -> Iterator[Trigger]:
    """Every line of the household, what is dated by its day."""
    if who.positions:
        yield from _income_falls_below(who)
    yield from _reserve_income(who)
    yield _cash_below(who)
    yield from _rate(who)
    yield from _income_ends(who)
    if _prepayable(who.positions):
        yield from _income_rises_to(who)
    yield from _windfalls(who)


def _income_falls_below(who: Footing) -> Iterator[Trigger]:
    income, margin = who.mean_yuan("income"), who.margin_yuan
    if income <= 0:
        return
    yield Trigger(
        code="income_falls_below",
        numbers={
            "income_yuan": income,
            "line_yuan": who.outgo_yuan,
            "fall_yuan": margin,
            "fall_share": margin / income,
        },
        actions=("cut_spending", "ask_lender"),
        is_met=margin < 0,
    )


def _reserve_income(who: Footing) -> Iterator[Trigger]:
    """Income below which ready money lasts less than the fund's months."""
    line = who.outgo_yuan - who.liquid_yuan / who.fund_months
    if line <= 0:
        return
    numbers: dict[str, Number] = {
        "line_yuan": line,
        "months": who.fund_months,
        "liquid_yuan": who.liquid_yuan,
    }
    yield Trigger(
        code="reserve_income",
        numbers=numbers,
        actions=("cut_spending",),
        is_met=who.mean_yuan("income") < line,
    )


def _cash_below(who: Footing) -> Trigger:
    return Trigger(
        code="cash_below",
        numbers={
            "line_yuan": who.fund_target_yuan,
            "liquid_yuan": who.liquid_yuan,
            "gap_yuan": who.gap_yuan,
        },
        actions=("fill_fund",),
        is_met=who.gap_yuan > 0,
    )


def _income_rises_to(who: Footing) -> Iterator[Trigger]:
    """The income at which a further step is spare within the house's months, the fund first."""
    months = int(who.rules.value(SPARE_MONTHS))
    needed = (who.gap_yuan + who.step_yuan) / months
    lacking = max(needed - who.margin_yuan, 0.0)
    yield Trigger(
        code="income_rises_to",
        numbers={
            "line_yuan": who.mean_yuan("income") + lacking,
            "margin_needed_yuan": needed,
            "gap_yuan": who.gap_yuan,
            "step_yuan": who.step_yuan,
            "months": months,
        },
        actions=(*_fund_first(who), "prepay"),
        is_met=lacking == 0,
    )


def _windfalls(who: Footing) -> Iterator[Trigger]:
    """Sums that come once a year, and any other that comes unasked."""
    for line in who.household.income:
        if line.frequency != "yearly":
            continue
        paid = _next_paid(line, who)
        if paid is None:
            continue
        month, amount = paid
        to_fund = min(amount, who.gap_yuan)
        is_for_debt = _prepayable(who.positions) and not _needs_money(who)
        to_debt = _over(month, amount - to_fund, who) if is_for_debt else 0.0
        yield Trigger(
            code="windfall",
            subject=line.owner,
            on=month,
            numbers={
                "kind": line.kind,
                "amount_yuan": amount,
                "to_fund_yuan": to_fund,
                "to_debt_yuan": to_debt,
            },
            actions=_fund_first(who) + (("prepay",) if to_debt else ()) or ("keep",),
        )


def _over(month: date, amount: float, who: Footing) -> float:
    """What of a sum neither the fund nor the twelve months after it need, on the house's step."""
    number = (month.year - who.as_of.year) * MONTHS_PER_YEAR + month.month - who.as_of.month
    ahead = who.frame["liquid_assets"].iloc[number : number + MONTHS_PER_YEAR + 1]
    over = min(amount, float(ahead.min()) - who.fund_target_yuan)
    return max(over // who.step_yuan * who.step_yuan, 0.0)


def _next_paid(line: Income, who: Footing) -> tuple[date, float] | None:
    """The month in which a yearly sum comes next, and what arrives then."""
    first = who.as_of.replace(day=1)
    months = [add_months(first, number) for number in range(MONTHS_PER_YEAR + 1)]
    amounts = income_by_month(line, months, who.as_of, who.pay)
    return next(((m, a) for m, a in zip(months, amounts, strict=True) if a > 0), None)


def _fund_first(who: Footing) -> tuple[ActionCode, ...]:
    overdue: tuple[ActionCode, ...] = ("arrears_first",) if _unpaid(who.positions) else ()
    return (*overdue, "fill_fund") if who.gap_yuan > 0 else overdue


def _income_ends(who: Footing) -> Iterator[Trigger]:
    """The months after a monthly income in the file has ended, with what follows it."""
    last = who.frame.index[-1].to_timestamp().date()
    for line in sorted(who.household.income, key=lambda one: one.ends_on or date.max):
        ends_on = line.ends_on
        if ends_on is None or line.frequency != "monthly" or not who.as_of < ends_on < last:
            continue
        begins = add_months(ends_on.replace(day=1), 1)
        if not is_paid_in(line, ends_on):
            continue
        yield _ended(line, ends_on, begins, who)


def _ended(line: Income, ends_on: date, begins: date, who: Footing) -> Trigger:
    number = (begins.year - who.as_of.year) * MONTHS_PER_YEAR + begins.month - who.as_of.month
    after = who.frame.iloc[number : number + MONTHS_PER_YEAR]
    months = len(after)
    margin = float((after["net"] + after["lump_principal"]).sum() / months)
    service = float(after["debt_service"].sum() / months)
    numbers: dict[str, Number] = {
        "kind": line.kind,
        "income_before_yuan": who.mean_yuan("income"),
        "income_after_yuan": float(after["income"].sum() / months),
        "service_yuan": service,
        "carries_yuan": margin + service,
        "margin_yuan": margin,
    }
    if margin < 0:
        numbers |= _prepayment_that_fits(ends_on, margin, months, who)
        held = float(who.frame["liquid_assets"].iloc[number - 1])
        prepaid = numbers.get("prepay_yuan", 0.0)
        assert isinstance(prepaid, float)  # noqa: S101  an amount
        numbers |= {"liquid_yuan": held, "left_yuan": held - prepaid}
    return Trigger(
        code="income_ends",
        subject=line.owner,
        on=ends_on,
        numbers=numbers,
        actions=("keep",) if margin >= 0 else ("lower_instalment",),
    )


def _prepayment_that_fits(
    ends_on: date, margin_yuan: float, months: int, who: Footing
) -> dict[str, Number]:
    """
    What to prepay by that day so that the months after it hold, 元; nothing where no sum does.

    An instalment is in proportion to what is owed, which gives the sum up to the house's step;
    the exact ledger then proves it.
    """
    able = [p for p in _prepayable(who.positions) if p.contract.method in AMORTISING]
    lasting = [p for p in able if p.remaining[0].due_on <= ends_on < p.remaining[-2].due_on]
    if not lasting:
        return {}
    debt = max(lasting, key=lambda p: _due_after(p.remaining, ends_on, months))
    last = [row for row in debt.remaining if row.due_on <= ends_on][-1]
    service, needed = _due_after(debt.remaining, ends_on, months), -margin_yuan * months
    step = int(who.step_yuan) * FEN_PER_YUAN
    amount = -int(-last.closing * needed // (yuan(service) * step)) * step
    while amount < last.closing:
        then = _prepaid(debt, Prepayment(last.period, amount, "lower_instalment"))
        if yuan(service - _due_after(then, ends_on, months)) >= needed:
            return {"debt": debt.contract.id, "prepay_yuan": yuan(amount)}
        amount += step
    return {}


def _prepaid(debt: Position, planned: Prepayment) -> Sequence[ScheduleRow]:
    return payment_schedule(
        debt.contract, debt.steps, prepayments=(planned,), restart=debt.restart
    ).rows


def _due_after(rows: Sequence[ScheduleRow], day: date, months: int) -> Fen:
    """What falls due in the months after the one of a day."""
    first = add_months(day.replace(day=1), 1)
    until = add_months(first, months)
    return sum(row.own_payment for row in rows if first <= row.due_on < until)


# ------------------------------------------------------------------------------ rise of the rate


def _rate(who: Footing) -> Iterator[Trigger]:
    """The rise of the index at which the month turns, once every debt that follows it has reset."""
    floating = (p for p in who.positions if follows_index(p.contract))
    resets = [(p, step.starts_on) for p in floating if (step := p.next_reset_after(who.as_of))]
    if not resets or who.margin_yuan < 0:
        return
    moving = [p for p, _ in resets]
    last = max(day for _, day in resets)
    window = _Window.after(last, who)
    bound = int(who.rules.value(RATE_BOUND))
    largest = max(moving, key=lambda p: p.balance)
    index = index_name(largest.contract, who.as_of) or ""
    today = float(who.histories[index].on(who.as_of))
    if window.margin_yuan < 0:
        return
    rise = rise_that_breaks(lambda bp: window.margin_with(bp, moving, who), bound)
    numbers: dict[str, Number] = {"index": index, "index_rate": today, "bound_bp": bound}
    if rise is None:
        numbers["margin_yuan"] = window.margin_with(bound, moving, who)
        yield Trigger(
            code="rate_bearable", subject=largest.contract.id, numbers=numbers, actions=("keep",)
        )
        return
    numbers |= {"rise_bp": rise, "line_rate": round(today + rise / 10_000, 6)}
    yield Trigger(
        code="rate_rises_to",
        subject=largest.contract.id,
        numbers=numbers,
        actions=("cut_spending", "lower_instalment"),
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """Twelve months in which every debt pays the moved rate, and what they leave without it."""

    first: date
    until: date
    margin_yuan: float

    @classmethod
    def after(cls, reset_on: date, who: Footing) -> _Window:
        """The months from the second after a reset on: a reset re-levels the next payment."""
        first = add_months(reset_on.replace(day=1), 2)
        number = (first.year - who.as_of.year) * MONTHS_PER_YEAR + first.month - who.as_of.month
        year = who.frame.iloc[number : number + MONTHS_PER_YEAR]
        margin = float((year["net"] + year["lump_principal"]).sum() / MONTHS_PER_YEAR)
        return cls(first, add_months(first, MONTHS_PER_YEAR), margin)

    def margin_with(self, rise_bp: int, moving: Sequence[Position], who: Footing) -> float:
        """An average month of the window after a rise."""
        shifted = {name: one.shifted(who.as_of, rise_bp) for name, one in who.histories.items()}
        dearer = sum(self._dearer(p, shifted) for p in moving)
        return self.margin_yuan - yuan(dearer) / MONTHS_PER_YEAR

    def _dearer(self, debt: Position, shifted: Mapping[str, IndexHistory]) -> Fen:
        """What a debt claims more in the window; rows after it are never computed."""
        contract = debt.contract
        steps = rate_steps(contract, shifted)
        rows = ledger_rows(contract, steps, timeline(contract, ()), debt.restart)
        periods = len(debt.current.rows)
        moved = _up_to(self.until, islice(rows, periods))
        return self._claimed(contract, moved) - self._claimed(contract, debt.current.rows)

    def _claimed(self, contract: LoanContract, rows: Iterable[ScheduleRow]) -> Fen:
        """Payments of the window without a sum due at the end."""
        within = (row for row in rows if self.first <= row.due_on < self.until)
        if contract.method in AMORTISING:
            return sum(row.payment for row in within)
        return sum(row.interest for row in within)


def _up_to(day: date, rows: Iterable[ScheduleRow]) -> Iterator[ScheduleRow]:
    """Rows before a day; none after it is computed."""
    for row in rows:
        if row.due_on >= day:
            return
        yield row


def rise_that_breaks(margin: Callable[[int], float], bound_bp: int) -> int | None:
    """
    The least whole number of basis points at which a falling margin is below zero.

    Parameters
    ----------
    margin : of a rise in basis points; at 0 it is not negative.
    bound_bp : the highest rise looked at; None where the margin holds there.

    Examples
    --------
    >>> rise_that_breaks(lambda bp: 1000.0 - 7 * bp, 500)
    143
    >>> rise_that_breaks(lambda bp: 1000.0 - bp, 500) is None
    True
    """
    low, at_low = 0, margin(0)
    high, at_high = bound_bp, margin(bound_bp)
    if at_high >= 0:
        return None
    is_straight = True
    while high - low > 1:
        # A margin is nearly a straight line of the rate; halving now and then bounds the steps.
        guess = low + int((high - low) * at_low / (at_low - at_high)) if is_straight else 0
        middle = min(max(guess, low + 1), high - 1) if is_straight else (low + high) // 2
        at_middle = margin(middle)
        if at_middle >= 0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
        is_straight = not is_straight
    return high


# ------------------------------------------------------------------------------- income falls


def income_falls(who: Footing) -> IncomeFalls:
    """Cuts and options, and for a household that is short already what they come to."""
    short_by = tuple(_short_by(who))
    cuts = _cuts(who)
    ways = _ways(who, cuts, is_difficult=bool({"overdue", "cash_short"} & {*short_by}))
    return IncomeFalls(
        short_by=short_by,
        margin_yuan=who.margin_yuan,
        cuts=cuts,
        options=tuple(way.option for way in ways),
        remedy=_remedy(who, ways) if short_by and who.positions else None,
    )


def _short_by(who: Footing) -> Iterator[ShortCode]:
    if _unpaid(who.positions):
        yield "overdue"
    if who.margin_yuan < 0:
        yield "month_short"
    if (who.frame["liquid_assets"].iloc[: MONTHS_PER_YEAR + 1] < 0).any():
        yield "cash_short"


def _cuts(who: Footing) -> tuple[Cut, ...]:
    """Spending that is not essential, the largest first."""
    by_kind: dict[str, float] = {}
    for line in who.household.expenses:
        if not line.is_essential:
            share = 1 if line.frequency == "monthly" else 1 / MONTHS_PER_YEAR
            by_kind[line.kind] = by_kind.get(line.kind, 0.0) + yuan(line.amount) * share
    ranked = sorted(by_kind.items(), key=lambda item: -item[1])
    return tuple(Cut(kind=kind, monthly_yuan=amount) for kind, amount in ranked)


def _ways(who: Footing, cuts: Sequence[Cut], *, is_difficult: bool) -> tuple[Relieved, ...]:
    """The options of the debts that claim most of the year ahead."""
    # A change takes a month or two to begin: the years from then on have to hold as well.
    after_cuts = min(_margin(who.frame, first) for first in (1, 2, 3))
    after_cuts += sum(cut.monthly_yuan for cut in cuts)
    step = int(who.step_yuan)
    spare = int((who.liquid_yuan - who.fund_target_yuan) // step) * step
    terms = ReliefTerms(
        household=who.household,
        rules=who.rules,
        products=who.products,
        is_difficult=is_difficult,
        spare=0 if is_difficult or _needs_money(who) else max(spare, 0) * FEN_PER_YUAN,
        target=round(max(-after_cuts, 0.0) * FEN_PER_YUAN),
        step=step * FEN_PER_YUAN,
    )
    until = add_months(who.as_of, MONTHS_PER_YEAR)
    by_claim = sorted(who.positions, key=lambda p: -_claim(p, until))[:DEBTS_THAT_MATTER]
    found = [way for debt in by_claim for way in ways_to_lighten(debt, terms)]
    return tuple(sorted(found, key=lambda way: by_relief(way.option)))


def _claim(debt: Position, until: date) -> Fen:
    return sum(row.own_payment for row in debt.remaining if row.due_on <= until)


def _remedy(who: Footing, ways: Sequence[Relieved]) -> Remedy:
    """Options added one by one, the best first, until the month and the year's cash hold."""
    horizon = int(who.rules.value(HORIZON))
    kept = tuple(line for line in who.household.expenses if line.is_essential)
    frugal = who.household.model_copy(update={"expenses": kept})
    taken: list[Relieved] = []
    frame = _lightened(who, frugal, taken)
    after_cuts = _margin(frame, 1)
    for way in _in_turn(ways):
        if _margin(frame, _year_from(who, taken)) >= 0 and _lowest_of_year(frame) >= 0:
            break
        if all(way.option.liability != one.option.liability for one in taken):
            taken.append(way)
            frame = _lightened(who, frugal, taken)
    first = _year_from(who, taken)
    bridge = max(-_lowest_of_year(frame), 0.0)
    path = frame["liquid_assets"].iloc[: horizon + 1].to_numpy() + bridge
    short = path < -_CENT
    return Remedy(
        steps=tuple(_step(one.option) for one in taken),
        margin_after_cuts_yuan=after_cuts,
        margin_yuan=_margin(frame, first),
        later_margin_yuan=_margin(frame, first + MONTHS_PER_YEAR),
        bridge_yuan=bridge,
        holds_months=int(short.argmax()) if short.any() else None,
        horizon_months=horizon,
    )


_CENT = 0.005


def _in_turn(ways: Sequence[Relieved]) -> Sequence[Relieved]:
    """Sums that fall due first; pauses of interest last, since they come back at once."""
    rank = {"renewal": 0, "full_deferral": 2}
    known = [way for way in ways if (way.option.relief_fen or 0) > 0]
    return sorted(known, key=lambda way: rank.get(way.option.kind, 1))


def _lightened(who: Footing, frugal: Household, taken: Sequence[Relieved]) -> pd.DataFrame:
    """The cash-flow without what can wait, and with the options taken."""
    by_id = {way.option.liability: way.debt for way in taken}
    positions = [by_id.get(p.contract.id, p) for p in who.positions]
    horizon = int(who.rules.value(HORIZON))
    return cashflow(frugal, positions, who.as_of, least_months=horizon, pay=who.pay)


def _year_from(who: Footing, taken: Sequence[Relieved]) -> int:
    """Number of the first month in which everything taken has begun, 1 where nothing is."""
    days = [way.option.starts_on for way in taken]
    first = who.as_of.year * MONTHS_PER_YEAR + who.as_of.month
    return max([1, *(day.year * MONTHS_PER_YEAR + day.month - first for day in days)])


def _margin(frame: pd.DataFrame, first: int) -> float:
    """What an average month of the twelve from `first` leaves, sums due at the end left out."""
    year = frame.iloc[first : first + MONTHS_PER_YEAR]
    return float((year["net"] + year["lump_principal"]).sum() / MONTHS_PER_YEAR)


def _lowest_of_year(frame: pd.DataFrame) -> float:
    return float(frame["liquid_assets"].iloc[: MONTHS_PER_YEAR + 1].min())


def _step(option: ReliefOption) -> ReliefStep:
    months = option.relief_months or MONTHS_PER_YEAR
    freed = yuan(option.relief_fen or 0) / (1 if option.kind == "renewal" else months)
    return ReliefStep(liability=option.liability, kind=option.kind, monthly_yuan=freed)


# -------------------------------------------------------------------------------- income rises


def income_rises(who: Footing, *, is_short: bool) -> IncomeRises:
    """A step off the dearest debt that can be prepaid, once the emergency fund is full."""
    able = _prepayable(who.positions)
    reason = _rise_reason(who, able, is_short=is_short)
    step = None
    if reason in (None, "fund_first", "needs_money"):
        dearest = max(able, key=lambda p: (p.rate_today.annual_rate, p.balance))
        step = prepayment_comparison(dearest, int(who.step_yuan) * FEN_PER_YUAN)
    return IncomeRises(fund_gap_yuan=who.gap_yuan, reason=reason, step=step)


def _rise_reason(who: Footing, able: Sequence[Position], *, is_short: bool) -> RiseCode | None:
    if not who.positions:
        return "no_debt"
    if is_short:
        return "short_first"
    if not able:
        return "nothing_to_prepay"
    if who.gap_yuan > 0:
        return "fund_first"
    return "needs_money" if _needs_money(who) else None


def _needs_money(who: Footing) -> bool:
    return who.household.need.kind not in ("none", "refinance")


def _prepayable(positions: Sequence[Position]) -> list[Position]:
    methods = (*AMORTISING, "interest_only")
    return [
        p
        for p in positions
        if p.contract.method in methods and len(p.remaining) > 1 and not p.unpaid
    ]


def _unpaid(positions: Sequence[Position]) -> bool:
    return any(p.unpaid for p in positions)
