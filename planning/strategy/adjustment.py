"""
Adjusting when life changes (生活有变时的调整): at which numbers, and what then.

The triggers are lines in the household's own cash-flow; what to do when income falls is computed
debt by debt, and for a household that is short already it is not an "if".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from planning.household.profile import HOUSING, is_paid_in
from planning.loans.ledger import ledger_rows
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rates import follows_index, index_name, rate_steps
from planning.loans.timeline import timeline
from planning.record import Record
from planning.strategy.keep_or_prepay import prepaid_yuan
from planning.strategy.reason import Number
from planning.strategy.repayment import (
    AMORTISING,
    PrepaymentComparison,
    PrepaymentOutcome,
    prepayment_comparison,
)
from planning.strategy.restructure import (
    ReliefKind,
    ReliefOption,
    ReliefTerms,
    Relieved,
    accepted,
    after_offset,
    by_relief,
    free_to_prepay,
    prepaid_on,
    ways_to_lighten,
    with_event,
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
    from planning.strategy.choice import Figures, Selection
    from planning.strategy.strategies import Strategies
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
    "due_first",
    "gap_first",
    "cut_spending",
    "ask_lender",
    "fill_fund",
    "lower_instalment",
    "prepay",
    "as_advised",
    "keep",
]
ShortCode = Literal["overdue", "month_short", "cash_short"]
"""What is short already: a payment is overdue, the month loses, ready money runs out in a year."""

RiseCode = Literal[
    "no_debt",
    "short_first",
    "runs_out",
    "nothing_to_prepay",
    "kept_earns_more",
    "fund_first",
    "needs_money",
]
"""Why a prepayment waits; ``runs_out``: by the contracts alone ready money runs out some day."""

WantedCode = Literal["loan_first", "relief_first"]
"""Whether the loan the client asks for closes the gap with the cuts alone, or the remedy does."""

STEP: Final = "house.prepayment_step_yuan"
SPARE_MONTHS: Final = "house.spare_months"
RATE_BOUND: Final = "house.trigger_rate_rise_bp"
HORIZON: Final = "house.stress_horizon_months"
DEBTS_THAT_MATTER: Final = 3


class IncomeSource(Record):
    """One income of the file, by whose it is and of what kind."""

    owner: str
    kind: str


class Trigger(Record):
    """
    A line that calls for a change of the plan.

    `subject` is a member or a debt, empty for the household; `on` the day where one is known;
    `incomes` are those that end or arrive on it. Money in `numbers` ends in ``_yuan``, fractions in
    ``_share`` or ``_rate``. `is_met` says that the line is crossed already.
    """

    code: TriggerCode
    subject: str = ""
    on: date | None = None
    incomes: tuple[IncomeSource, ...] = ()
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


class IdleFund(Record):
    """
    Provident-fund accounts that pay nothing of their owners' home loans yet (公积金), 元.

    `pays_yuan` is what a month's deposits would pay of the instalments, were the remedy done and
    the fund's centre to agree to an offset (冲还贷).
    """

    held_yuan: float
    deposit_yuan: float
    pays_yuan: float


class WantedLoan(Record):
    """
    The loan that the client asks for in place of debts, beside the remedy, 元.

    With ``loan_first`` it is asked for first, and the steps on the debts it ends (`instead_of`)
    from `decide_on` on if it is not granted by then; with ``relief_first`` the other way round.
    `lighter_yuan` a month, `lump_yuan` within the year and `extra_cost_yuan` in all are what it
    changes against the debts as they are, `relief_yuan` a month and `relief_cost_yuan` in all what
    the steps on those debts do. With the cuts and the loan, an average month leaves `margin_yuan`
    and ready money in the year falls to `lowest_yuan`; with the remedy's other steps too,
    `joint_margin_yuan` and `joint_lowest_yuan`.
    """

    code: WantedCode
    product: str
    decide_on: date
    instead_of: tuple[str, ...]
    lighter_yuan: float
    lump_yuan: float
    extra_cost_yuan: float
    relief_yuan: float
    relief_cost_yuan: float
    margin_yuan: float
    lowest_yuan: float
    joint_margin_yuan: float
    joint_lowest_yuan: float


class Remedy(Record):
    """
    What cuts and options together do to a household that is short, 元.

    `margin_yuan` is what an average month leaves in the year from the day all of them have begun,
    `later_margin_yuan` one of the year after that, and `bridge_yuan` what ready money still lacks
    in the worst of the next twelve months. Once that is found, money lasts `holds_months`; None:
    over the whole `horizon_months`. `fund` is not counted in any of them.
    """

    steps: tuple[ReliefStep, ...]
    margin_after_cuts_yuan: float
    margin_yuan: float
    later_margin_yuan: float
    bridge_yuan: float
    holds_months: int | None
    horizon_months: int
    fund: IdleFund | None

    @property
    def suffices(self) -> bool:
        """Whether a month no longer loses."""
        return self.margin_yuan >= 0


class IncomeFalls(Record):
    """
    What to do when income falls.

    `short_by` says why it is needed now; empty: it is not. In the worst month of the year ahead,
    `short_month`, ready money lacks `short_yuan`; None and 0 where it lasts. `options` are ranked
    over all debts that matter; `remedy` is computed where it is needed now, and `wanted` where the
    client asks for a loan in place of debts as well.
    """

    short_by: tuple[ShortCode, ...]
    short_month: str | None
    short_yuan: float
    margin_yuan: float
    cuts: tuple[Cut, ...]
    options: tuple[ReliefOption, ...]
    remedy: Remedy | None
    wanted: WantedLoan | None

    @property
    def is_needed_now(self) -> bool:
        """Whether the household is short already."""
        return bool(self.short_by)

    @property
    def asks(self) -> tuple[ReliefOption, ...]:
        """The options of the remedy, what is asked for first in front."""
        taken = {(one.liability, one.kind) for one in self.remedy.steps} if self.remedy else set()
        mine = (one for one in self.options if (one.liability, one.kind) in taken)
        return tuple(sorted(mine, key=lambda one: one.ask_by))

    @property
    def ask_first(self) -> ReliefOption | None:
        """What is asked for first, unless the loan wanted comes before it."""
        return next(iter(self.asks), None)


class IncomeRises(Record):
    """
    What more income would do: first the emergency fund, then a step off the dearest debt.

    `reason` says why a prepayment has to wait or cannot be; `step` is one step off the dearest
    debt, or the least its clauses take, None where there is nothing to show. By the contracts
    alone cash is gone at the end of `short_month`; None: at no time.
    """

    fund_gap_yuan: float
    reason: RiseCode | None
    step: PrepaymentComparison | None
    short_month: str | None


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
    advice : how the debts are repaid together, None where it is not known.
    chosen : the choice of a product for the loan wanted, None without one.
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
    advice: Strategies | None = None
    chosen: Selection | None = None

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
    def short_month(self) -> str | None:
        """The first month at whose end cash is gone by the contracts alone; None: none."""
        if self.advice and self.advice.short_month:
            return self.advice.short_month
        cash = self.frame["liquid_assets"]
        return str(cash[cash < 0].index[0]) if (cash < 0).any() else None

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
    if _rise_reason(who, is_short=_is_short(who)) in (None, "fund_first"):
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
        is_met=_loses(margin),
    )


def _reserve_income(who: Footing) -> Iterator[Trigger]:
    """Income below which ready money lasts less than the fund's months."""
    line = who.outgo_yuan - who.liquid_yuan / who.fund_months
    if line <= 0:
        return
    numbers: dict[str, Number] = {
        "line_yuan": line,
        "income_yuan": who.mean_yuan("income"),
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
    lacking = needed - who.margin_yuan
    yield Trigger(
        code="income_rises_to",
        numbers={
            "income_yuan": who.mean_yuan("income"),
            "line_yuan": who.mean_yuan("income") + lacking,
            "margin_needed_yuan": needed,
            "gap_yuan": who.gap_yuan,
            "step_yuan": who.step_yuan,
            "months": months,
        },
        actions=(*_fund_first(who), _prepay(who)),
        is_met=lacking <= 0,
    )


def _windfalls(who: Footing) -> Iterator[Trigger]:
    """Sums that come once a year, and any other that comes unasked."""
    reason = _rise_reason(who, is_short=_is_short(who))
    for line in who.household.income:
        if line.frequency != "yearly":
            continue
        paid = _next_paid(line, who)
        if paid is None:
            continue
        month, amount = paid
        to_due = amount if _lowest_from(month, who) < 0 else 0.0
        to_fund = min(amount - to_due, who.gap_yuan)
        is_for_debt = reason in (None, "fund_first")
        to_debt = _over(month, amount - to_fund, who) if is_for_debt else 0.0
        numbers: dict[str, Number] = {
            "kind": line.kind,
            "amount_yuan": amount,
            "to_due_yuan": to_due,
            "to_fund_yuan": to_fund,
            "to_debt_yuan": to_debt,
        }
        to_gap = amount - to_due - to_fund if reason == "runs_out" else 0.0
        if to_gap > 0 and who.short_month:
            numbers |= {"to_gap_yuan": to_gap, "short_month": who.short_month}
        yield Trigger(
            code="windfall",
            subject=line.owner,
            on=month,
            incomes=(IncomeSource(owner=line.owner, kind=line.kind),),
            numbers=numbers,
            actions=_windfall_actions(who, numbers),
        )


def _over(month: date, amount: float, who: Footing) -> float:
    """What of a sum neither the fund nor the twelve months after it need, on the house's step."""
    over = min(amount, _lowest_from(month, who) - who.fund_target_yuan)
    return max(over // who.step_yuan * who.step_yuan, 0.0)


def _lowest_from(month: date, who: Footing) -> float:
    """Ready money at its lowest in a month and the twelve after it."""
    number = (month.year - who.as_of.year) * MONTHS_PER_YEAR + month.month - who.as_of.month
    return float(who.frame["liquid_assets"].iloc[number : number + MONTHS_PER_YEAR + 1].min())


def _windfall_actions(who: Footing, numbers: Mapping[str, Number]) -> tuple[ActionCode, ...]:
    if numbers["to_due_yuan"]:
        return ("arrears_first", "due_first") if _unpaid(who.positions) else ("due_first",)
    then: tuple[ActionCode, ...] = (_prepay(who),) if numbers["to_debt_yuan"] else ()
    if numbers.get("to_gap_yuan"):
        then = ("gap_first",)
    return _fund_first(who) + then or ("keep",)


def _prepay(who: Footing) -> ActionCode:
    """Prepaying, as the advice on all debts says where it prepays."""
    return "as_advised" if who.advice and who.advice.actions else "prepay"


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
    ended: dict[date, list[IncomeSource]] = {}
    for line in who.household.income:
        ends_on = line.ends_on
        if ends_on is None or line.frequency != "monthly" or not who.as_of < ends_on < last:
            continue
        if is_paid_in(line, ends_on):
            source = IncomeSource(owner=line.owner, kind=line.kind)
            ended.setdefault(ends_on, []).append(source)
    for ends_on in sorted(ended):
        yield _ended(tuple(dict.fromkeys(ended[ends_on])), ends_on, who)


def _ended(incomes: tuple[IncomeSource, ...], ends_on: date, who: Footing) -> Trigger:
    begins = add_months(ends_on.replace(day=1), 1)
    number = (begins.year - who.as_of.year) * MONTHS_PER_YEAR + begins.month - who.as_of.month
    after = who.frame.iloc[number : number + MONTHS_PER_YEAR]
    months = len(after)
    margin = float((after["net"] + after["lump_principal"]).sum() / months)
    service = float(after["debt_service"].sum() / months)
    numbers: dict[str, Number] = {
        "kind": incomes[0].kind,
        "income_before_yuan": who.mean_yuan("income"),
        "income_after_yuan": float(after["income"].sum() / months),
        "service_yuan": service,
        "carries_yuan": margin + service,
        "margin_yuan": margin,
    }
    off_on = _off_as_advised(ends_on, who) if margin < 0 else None
    if off_on is not None:
        numbers["advised_off_on"] = off_on.isoformat()
    if margin < 0:
        if who.short_month:
            numbers["short_month"] = who.short_month
        else:
            numbers |= _prepayment_that_fits(ends_on, margin, months, who)
        held = float(who.frame["liquid_assets"].iloc[number - 1])
        prepaid = numbers.get("prepay_yuan", 0.0)
        assert isinstance(prepaid, float)  # noqa: S101  an amount
        numbers |= {"liquid_yuan": held, "left_yuan": held - prepaid}
    return Trigger(
        code="income_ends",
        subject=incomes[0].owner,
        on=ends_on,
        incomes=incomes,
        numbers=numbers,
        actions=(_action_at_end(margin, off_on),),
    )


def _action_at_end(margin: float, off_on: date | None) -> ActionCode:
    if margin >= 0:
        return "keep"
    return "as_advised" if off_on else "lower_instalment"


def _off_as_advised(ends_on: date, who: Footing) -> date | None:
    """When every debt that outlives an income is paid off before it as advised; None: not then."""
    if who.advice is None or not who.advice.actions:
        return None
    off = [
        payoff.pays_off_on
        for payoff in who.advice.outcome(who.advice.advised).payoffs
        if payoff.contract_on > ends_on
    ]
    return max(off) if off and max(off) <= ends_on else None


def _prepayment_that_fits(
    ends_on: date, margin_yuan: float, months: int, who: Footing
) -> dict[str, Number]:
    """
    What to prepay by that day so that the months after it hold, 元; nothing where no sum does.

    An instalment is in proportion to what is owed, which gives the sum up to the house's step;
    the exact ledger then proves it.
    """
    able = [
        _after_offset(p, who) for p in _prepayable(who.positions) if p.contract.method in AMORTISING
    ]
    lasting = [
        p
        for p in able
        if len(p.remaining) > 1 and p.remaining[0].due_on <= ends_on < p.remaining[-2].due_on
    ]
    if not lasting:
        return {}
    debt = max(lasting, key=lambda p: _due_after(p.remaining, ends_on, months))
    last = [row for row in debt.remaining if row.due_on <= ends_on][-1]
    service, needed = _due_after(debt.remaining, ends_on, months), -margin_yuan * months
    step = int(who.step_yuan) * FEN_PER_YUAN
    wanted = -int(-last.closing * needed // (yuan(service) * step)) * step
    is_free = (first := free_to_prepay(debt, 0)) is not None and first.due_on <= last.due_on
    while is_free and wanted < last.closing:
        amount = accepted(debt.contract, wanted, last.closing, last.closing)
        then = _prepaid(debt, last.due_on, amount, who).remaining if amount else debt.remaining
        if yuan(service - _due_after(then, ends_on, months)) >= needed:
            return {"debt": debt.contract.id, "prepay_yuan": yuan(amount)}
        wanted += step
    return {}


def _prepaid(debt: Position, day: date, amount: Fen, who: Footing) -> Position:
    changed = with_event(debt, prepaid_on(day, amount, "lower_instalment"))
    return _after_offset(changed, who)


def _after_offset(debt: Position, who: Footing) -> Position:
    """A debt as a yearly offset of the provident fund leaves it."""
    return after_offset(debt, who.household, who.positions)


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
    numbers: dict[str, Number] = {
        "index": index,
        "index_rate": today,
        "bound_bp": bound,
        "from_month": f"{window.first:%Y-%m}",
    }
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
    ways = _ways(who, cuts, short_by)
    lowest = who.frame["liquid_assets"].iloc[: MONTHS_PER_YEAR + 1]
    short_yuan = max(-float(lowest.min()), 0.0)
    taken = _taken(who, ways) if short_by and who.positions else None
    return IncomeFalls(
        short_by=short_by,
        short_month=str(lowest.idxmin()) if short_yuan else None,
        short_yuan=short_yuan,
        margin_yuan=who.margin_yuan,
        cuts=cuts,
        options=tuple(way.option for way in ways),
        remedy=None if taken is None else _remedy(who, taken),
        wanted=None if taken is None else _wanted(who, taken),
    )


def _is_short(who: Footing) -> bool:
    return any(True for _ in _short_by(who))


def _short_by(who: Footing) -> Iterator[ShortCode]:
    if _unpaid(who.positions):
        yield "overdue"
    if _loses(who.margin_yuan):
        yield "month_short"
    if (who.frame["liquid_assets"].iloc[: MONTHS_PER_YEAR + 1] < 0).any():
        yield "cash_short"


def _loses(margin_yuan: float) -> bool:
    """Whether a month loses at least what a document can show, a 元."""
    return round(margin_yuan) < 0


def _cuts(who: Footing) -> tuple[Cut, ...]:
    """Spending that is not essential, the largest first."""
    by_kind: dict[str, float] = {}
    for line in who.household.expenses:
        if not line.is_essential:
            share = 1 if line.frequency == "monthly" else 1 / MONTHS_PER_YEAR
            by_kind[line.kind] = by_kind.get(line.kind, 0.0) + yuan(line.amount) * share
    ranked = sorted(by_kind.items(), key=lambda item: -item[1])
    return tuple(Cut(kind=kind, monthly_yuan=amount) for kind, amount in ranked)


def _ways(who: Footing, cuts: Sequence[Cut], short_by: Sequence[ShortCode]) -> tuple[Relieved, ...]:
    """The options of the debts that claim most of the year ahead."""
    is_difficult = "overdue" in short_by or "cash_short" in short_by
    # Where the advice prepays, what could lower an instalment is spoken for.
    is_spoken_for = bool(who.advice and who.advice.actions) and not short_by
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
        spare=0
        if is_difficult or is_spoken_for or _needs_money(who) or who.short_month
        else max(spare, 0) * FEN_PER_YUAN,
        target=round(max(-after_cuts, 0.0) * FEN_PER_YUAN),
        step=step * FEN_PER_YUAN,
        positions=who.positions,
    )
    until = add_months(who.as_of, MONTHS_PER_YEAR)
    by_claim = sorted(who.positions, key=lambda p: -_claim(p, until))[:DEBTS_THAT_MATTER]
    found = [way for debt in by_claim for way in ways_to_lighten(debt, terms)]
    return tuple(sorted(found, key=lambda way: by_relief(way.option)))


def _claim(debt: Position, until: date) -> Fen:
    return sum(row.own_payment for row in debt.remaining if row.due_on <= until)


def _taken(who: Footing, ways: Sequence[Relieved]) -> tuple[Relieved, ...]:
    """Options added one by one, the best first, until the month and the year's cash hold."""
    frugal = _frugal(who.household)
    taken: list[Relieved] = []
    frame = _lightened(who, frugal, taken)
    for way in _in_turn(ways):
        if _margin(frame, _year_from(who, taken)) >= 0 and _lowest_of_year(frame) >= 0:
            break
        if all(way.option.liability != one.option.liability for one in taken):
            taken.append(way)
            frame = _lightened(who, frugal, taken)
    return tuple(taken)


def _remedy(who: Footing, taken: Sequence[Relieved]) -> Remedy:
    """What the cuts and the options taken come to."""
    horizon = int(who.rules.value(HORIZON))
    frugal = _frugal(who.household)
    frame, first = _lightened(who, frugal, taken), _year_from(who, taken)
    bridge = max(-_lowest_of_year(frame), 0.0)
    path = frame["liquid_assets"].iloc[: horizon + 1].to_numpy() + bridge
    short = path < -_CENT
    return Remedy(
        steps=tuple(_step(one.option) for one in taken),
        margin_after_cuts_yuan=_margin(_lightened(who, frugal, ()), 1),
        margin_yuan=_margin(frame, first),
        later_margin_yuan=_margin(frame, first + MONTHS_PER_YEAR),
        bridge_yuan=bridge,
        holds_months=int(short.argmax()) if short.any() else None,
        horizon_months=horizon,
        fund=_idle_fund(who, _in_place(who, taken)),
    )


def _frugal(household: Household) -> Household:
    """The household without the spending that can wait."""
    kept = tuple(line for line in household.expenses if line.is_essential)
    return household.model_copy(update={"expenses": kept})


def _idle_fund(who: Footing, positions: Sequence[Position]) -> IdleFund | None:
    """Accounts beside a home loan of their owners' that pay nothing of it, 元."""
    homes = [p for p in positions if p.contract.product in HOUSING and not p.contract.subsidy]
    borrowers = {one for p in homes for one in p.contract.borrowers}
    idle = [
        account
        for account in who.household.provident_fund
        if account.offset == "none"
        and account.balance > account.kept_minimum
        and account.owner in borrowers
    ]
    if not idle:
        return None
    until = add_months(who.as_of, MONTHS_PER_YEAR)
    deposit = yuan(sum(account.monthly_deposit for account in idle))
    due = yuan(sum(_claim(p, until) for p in homes)) / MONTHS_PER_YEAR
    return IdleFund(
        held_yuan=yuan(sum(account.balance - account.kept_minimum for account in idle)),
        deposit_yuan=deposit,
        pays_yuan=min(deposit, due),
    )


# ------------------------------------------------------- beside the loan that the client asks for


def _wanted(who: Footing, taken: Sequence[Relieved]) -> WantedLoan | None:
    """How the loan in place of debts and the steps stand to each other; None where they do not."""
    need, chosen = who.household.need, who.chosen
    instead = [one for one in taken if one.option.liability in need.replaces]
    if need.kind != "refinance" or chosen is None or not chosen.shortlist or not instead:
        return None
    both, figures = chosen.comparison, chosen.candidate(chosen.shortlist[0]).figures
    if both is None or both.with_loan is None or figures is None:
        return None
    alone = _with_loan(who, figures, ())
    joint = _with_loan(who, figures, [one for one in taken if one not in instead])
    first = max(_number(who, _wanted_on(who)) + 1, _year_from(who, taken))
    margin, lowest = _margin(alone, first), _lowest_of_year(alone)
    is_enough = margin >= 0 and lowest >= 0
    ask_by = min(one.option.ask_by for one in instead)
    steps = [_step(one.option) for one in instead if one.option.kind != "renewal"]
    return WantedLoan(
        code="loan_first" if is_enough else "relief_first",
        product=chosen.shortlist[0],
        decide_on=min(ask_by, _wanted_on(who)) if is_enough else ask_by,
        instead_of=tuple(one.option.liability for one in instead),
        lighter_yuan=both.without.service_yuan - both.with_loan.service_yuan,
        lump_yuan=both.without.lump_yuan - both.with_loan.lump_yuan,
        extra_cost_yuan=both.with_loan.cost_yuan - both.without.cost_yuan,
        relief_yuan=sum(step.monthly_yuan for step in steps),
        relief_cost_yuan=yuan(sum(one.option.extra_cost_fen or 0 for one in instead)),
        margin_yuan=margin,
        lowest_yuan=lowest,
        joint_margin_yuan=_margin(joint, first),
        joint_lowest_yuan=_lowest_of_year(joint),
    )


def _wanted_on(who: Footing) -> date:
    return max(who.household.need.wanted_by or who.as_of, who.as_of)


def _number(who: Footing, day: date) -> int:
    """Number of a day's month, the plan's own being 0."""
    return (day.year - who.as_of.year) * MONTHS_PER_YEAR + day.month - who.as_of.month


def _with_loan(who: Footing, loan: Figures, taken: Sequence[Relieved]) -> pd.DataFrame:
    """The frugal months with options taken, and the loan in place of the debts it ends."""
    begins = _wanted_on(who)
    ended = who.household.need.replaces
    positions = [
        replace(p, remaining=tuple(row for row in p.remaining if row.due_on <= begins))
        if p.contract.id in ended
        else p
        for p in _in_place(who, taken)
    ]
    frame = cashflow(
        _frugal(who.household),
        positions,
        who.as_of,
        least_months=int(who.rules.value(HORIZON)),
        pay=who.pay,
    )
    first = _number(who, begins) + 1
    paid = [
        yuan(loan.first_payment_fen) if first <= number < first + loan.months else 0.0
        for number in range(len(frame))
    ]
    if loan.lump_fen and first + loan.months <= len(frame):
        paid[first + loan.months - 1] += yuan(loan.lump_fen)
    net = frame["net"] - paid
    return frame.assign(net=net, liquid_assets=liquid_assets(who.household) + net.cumsum())


_CENT = 0.005


def _in_turn(ways: Sequence[Relieved]) -> Sequence[Relieved]:
    """Sums that fall due first; pauses of interest last, since they come back at once."""
    rank = {"renewal": 0, "full_deferral": 2}
    known = [way for way in ways if (way.option.relief_fen or 0) > 0]
    return sorted(known, key=lambda way: rank.get(way.option.kind, 1))


def _lightened(who: Footing, frugal: Household, taken: Sequence[Relieved]) -> pd.DataFrame:
    """The cash-flow without what can wait, and with the options taken."""
    horizon = int(who.rules.value(HORIZON))
    return cashflow(frugal, _in_place(who, taken), who.as_of, least_months=horizon, pay=who.pay)


def _in_place(who: Footing, taken: Sequence[Relieved]) -> list[Position]:
    """The debts, those with an option taken as they would then stand."""
    by_id = {way.option.liability: way.debt for way in taken}
    return [by_id.get(p.contract.id, p) for p in who.positions]


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
    reason = _rise_reason(who, is_short=is_short)
    has_step = reason in (None, "fund_first", "needs_money")
    return IncomeRises(
        fund_gap_yuan=who.gap_yuan,
        reason=reason,
        step=_dearest_step(who) if has_step else None,
        short_month=who.short_month,
    )


def _rise_reason(who: Footing, *, is_short: bool) -> RiseCode | None:
    if not who.positions:
        return "no_debt"
    if is_short:
        return "short_first"
    if who.short_month:
        return "runs_out"
    if _needs_money(who):
        return "needs_money"
    return _nothing_worth(who) or ("fund_first" if who.gap_yuan > 0 else None)


def _nothing_worth(who: Footing) -> RiseCode | None:
    """Why no debt is worth a prepayment; None where one is."""
    if _prepayable(who.positions) and not _worth_prepaying(who):
        return "kept_earns_more"
    return None if _dearest_step(who) else "nothing_to_prepay"


def _dearest_step(who: Footing) -> PrepaymentComparison | None:
    """A step off the dearest debt whose clauses take one, and leave it worth making."""
    able = sorted(_worth_prepaying(who), key=lambda p: (-p.rate_today.annual_rate, -p.balance))
    steps = (_step_off(debt, who) for debt in able)
    return next((step for step in steps if step is not None), None)


def _step_off(debt: Position, who: Footing) -> PrepaymentComparison | None:
    """One step, or the least the clauses take; None where they take none or charge too much."""
    policy = debt.contract.prepayment_policy or PrepaymentPolicy()
    unit = policy.multiple_of or 1
    amount = max(int(who.step_yuan) * FEN_PER_YUAN, -(-policy.least_amount // unit) * unit, unit)
    step = prepayment_comparison(debt, amount)
    if step is None:
        return None
    earned = prepaid_yuan(debt, step.amount_fen)
    line = who.advice.worth_rate if who.advice else 0.0
    is_worth = not step.penalty_fen or (earned is not None and earned.break_even_yield > line)
    return _with_offset(step, debt, who) if is_worth else None


def _with_offset(step: PrepaymentComparison, debt: Position, who: Footing) -> PrepaymentComparison:
    """The same step beside a yearly offset of the provident fund, which goes on either way."""
    base = _after_offset(debt, who)
    if base is debt:
        return step
    outcomes = [_outcome_with_offset(one, step, debt, who) for one in step.outcomes]
    return step.model_copy(
        update={
            "outcomes": tuple(outcomes),
            "pays_off_on": base.remaining[-1].due_on,
            "remaining_interest_fen": _interest(base),
        }
    )


def _outcome_with_offset(
    outcome: PrepaymentOutcome, step: PrepaymentComparison, debt: Position, who: Footing
) -> PrepaymentOutcome:
    mode = "lower_instalment" if outcome.mode == "settle" else outcome.mode
    base = _after_offset(debt, who)
    then = _after_offset(with_event(debt, prepaid_on(step.paid_on, step.amount_fen, mode)), who)
    return outcome.model_copy(
        update={
            "pays_off_on": then.remaining[-1].due_on,
            "remaining_interest_fen": _interest(then),
            "interest_saved_fen": _interest(base) - _interest(then),
            "months_saved": len(base.remaining) - len(then.remaining),
        }
    )


def _interest(debt: Position) -> Fen:
    return sum(row.interest for row in debt.remaining)


def _worth_prepaying(who: Footing) -> list[Position]:
    """
    Debts that money over may go to: dearer than what money kept is worth, and going on.

    What a new loan ends, and what the advice settles before that loan, is not among them.
    """
    able = _prepayable(who.positions)
    if who.advice is None:
        return able
    gone = set(who.advice.kept)
    if _needs_money(who):
        gone |= {one.liability for one in who.advice.actions if one.code == "settle"}
    return [
        p
        for p in able
        if p.contract.id not in gone and float(p.rate_today.annual_rate) > who.advice.threshold_rate
    ]


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
