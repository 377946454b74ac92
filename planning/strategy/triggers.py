"""The lines in a household's own cash-flow that call for a change of the plan (触发线)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from planning.dates import add_months
from planning.household.cashflow import income_by_month
from planning.household.profile import is_paid_in
from planning.loans.rates import follows_index, index_name
from planning.record import Record
from planning.strategy.changed_debt import with_event
from planning.strategy.footing import Footing, as_offset, has_unpaid, is_short, loses, prepayable
from planning.strategy.income_rises import rise_reason
from planning.strategy.prepaying import accepted, free_to_prepay, prepaid_on
from planning.strategy.rate_rise import RateWindow, rise_that_breaks
from planning.strategy.reason import Number
from planning.strategy.repayment import AMORTISING
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.profile import Income
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
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

SPARE_MONTHS: Final = "house.spare_months"

RATE_BOUND: Final = "house.trigger_rate_rise_bp"


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


def triggers(who: Footing) -> Iterator[Trigger]:
    """Every line of the household, what is dated by its day."""
    if who.positions:
        yield from _income_falls_below(who)
    yield from _reserve_income(who)
    yield _cash_below(who)
    yield from _rate(who)
    yield from _income_ends(who)
    if rise_reason(who, is_short=is_short(who)) in (None, "fund_first"):
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
        is_met=loses(margin),
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
    reason = rise_reason(who, is_short=is_short(who))
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
        return ("arrears_first", "due_first") if has_unpaid(who.positions) else ("due_first",)
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
    overdue: tuple[ActionCode, ...] = ("arrears_first",) if has_unpaid(who.positions) else ()
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
    able = [as_offset(p, who) for p in prepayable(who.positions) if p.contract.method in AMORTISING]
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
    return as_offset(changed, who)


def _due_after(rows: Sequence[ScheduleRow], day: date, months: int) -> Fen:
    """What falls due in the months after the one of a day."""
    first = add_months(day.replace(day=1), 1)
    until = add_months(first, months)
    return sum(row.own_payment for row in rows if first <= row.due_on < until)


def _rate(who: Footing) -> Iterator[Trigger]:
    """The rise of the index at which the month turns, once every debt that follows it has reset."""
    floating = (p for p in who.positions if follows_index(p.contract))
    resets = [(p, step.starts_on) for p in floating if (step := p.next_reset_after(who.as_of))]
    if not resets or who.margin_yuan < 0:
        return
    moving = [p for p, _ in resets]
    last = max(day for _, day in resets)
    window = RateWindow.after(last, who)
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
