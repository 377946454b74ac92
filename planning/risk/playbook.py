"""
What to do step by step when something happens (应急步骤): day, step, the household's figure.

A playbook is there only where the event can happen to this household. Codes and numbers; the
words are chosen in the narrative.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from planning.household.cashflow import EARNED, LUMP_METHODS
from planning.household.cover import cover_in_force
from planning.household.guarantees import open_guarantees
from planning.loans.rates import follows_index
from planning.record import Record
from planning.risk.fund_sizing import ill_without_pay
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.risk.contingency import Contingency
    from planning.risk.hard_cases import HardCases
    from planning.risk.way_out import WayOut
    from planning.strategy.adjustment import Adjustment
    from planning.strategy.relief_option import ReliefOption
    from planning.strategy.triggers import Trigger

PlaybookCode = Literal[
    "job_loss", "illness", "rate_rise", "overdue", "guarantee_called", "not_renewed"
]

StepCode = Literal[
    "stop_spending",
    "claim_unemployment",
    "spend_ready",
    "ask_relief",
    "take_way",
    "pay_on",
    "sell",
    "claim_cover",
    "pay_bill",
    "sick_leave",
    "as_job_loss",
    "check_notice",
    "rate_room",
    "rate_line",
    "pay_arrears",
    "call_before_due",
    "confirm_in_writing",
    "no_new_debt",
    "ask_statement",
    "pay_guaranteed",
    "claim_back",
    "ask_renewal",
    "set_aside",
    "second_source",
    "pay_principal",
]

STEP_RULE: Final = "contingency.step_days"
RENEWAL_RULE: Final = "contingency.renewal_notice_days"
NOTICE_RULE: Final = "house.relief_notice_days"
RECORD_RULE: Final = "risk.credit_record_years"
PASSING: Final = ("full_deferral", "renewal", "part_prepayment")
"""Comes back at once, has its own day, takes money: no help for as long as pay is away."""

MOST_ASKED: Final = 2
"""Debts named in one playbook; asking of all at once is no plan."""


class Step(Record):
    """
    One step, `day` days after the event, before it where negative.

    `on` is the day where the calendar knows it. `subject` is a debt, a member or who is
    guaranteed. Money in `numbers` ends in ``_yuan``, fractions in ``_rate``.
    """

    day: int
    code: StepCode
    on: date | None = None
    subject: str = ""
    numbers: dict[str, float | int | str] = Field(default_factory=dict)


class Playbook(Record):
    """The steps for one event, in order; `is_now` says that it has happened already."""

    code: PlaybookCode
    steps: tuple[Step, ...]
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What the steps are taken from.

    Parameters
    ----------
    frame : the baseline cash-flow.
    emergency, change : the plan's answers on the fund and on changing times.
    hard : its answer for a household overdue or whose money runs out, None for others.
    """

    household: Household
    positions: Sequence[Position]
    frame: pd.DataFrame
    emergency: Contingency
    change: Adjustment
    rules: RulesInForce
    hard: HardCases | None = None

    def day(self, when: str) -> int:
        """Days after the event."""
        return int(self.rules.value(STEP_RULE, when))

    def trigger(self, *codes: str) -> Trigger | None:
        """The first line of these codes."""
        return next((one for one in self.change.triggers if one.code in codes), None)


def playbooks(ground: Ground) -> tuple[Playbook, ...]:
    """
    Every playbook that applies, what has happened already first.

    Parameters
    ----------
    ground : a household on the day of its plan, with the plan's answers.
    """
    overdue = any(p.unpaid for p in ground.positions)
    made = [
        Playbook(code="job_loss", steps=tuple(_job_loss(ground))),
        Playbook(code="illness", steps=tuple(_illness(ground))),
        Playbook(code="not_renewed", steps=tuple(_not_renewed(ground))),
        Playbook(code="rate_rise", steps=tuple(_rate_rise(ground))),
        Playbook(code="guarantee_called", steps=tuple(_guarantee_called(ground))),
        Playbook(code="overdue", steps=tuple(_overdue(ground)), is_now=overdue),
    ]
    return tuple(sorted((one for one in made if one.steps), key=lambda one: not one.is_now))


def _job_loss(g: Ground) -> Iterator[Step]:
    earners = [line.owner for line in g.household.income if line.kind in EARNED]
    if not earners:
        return
    yield from _stop_spending(g)
    yield from _spend_ready(g)
    if any(m.employment == "salaried" and m.id in earners for m in g.household.members):
        yield Step(day=g.day("first_week"), code="claim_unemployment")
    covered = _covered_months(g)
    if covered:
        months: dict[str, float | int | str] = {"months": covered}
        yield Step(day=g.day("first_month"), code="pay_on", numbers=months)
        return
    yield from _ask_relief(g, g.day("first_month"))
    sale = g.emergency.backing.within_months_sold_yuan
    if sale > 0:
        yield Step(day=g.day("second_month"), code="sell", numbers={"amount_yuan": sale})


def _covered_months(g: Ground) -> int:
    """The dearest months out of work, where ready money carries every such case; else 0."""
    fund = g.emergency.fund
    cases = [case for case in fund.cases if case.code == "out_of_work"]
    if g.hard or not cases or any(case.need_yuan > fund.held_yuan for case in cases):
        return 0
    return cases[0].months


def _stop_spending(g: Ground) -> Iterator[Step]:
    cuts = g.change.if_income_falls.cuts
    if cuts:
        monthly = sum(cut.monthly_yuan for cut in cuts)
        numbers: dict[str, float | int | str] = {"monthly_yuan": monthly, "kind": cuts[0].kind}
        yield Step(day=g.day("at_once"), code="stop_spending", numbers=numbers)


def _spend_ready(g: Ground) -> Iterator[Step]:
    backing, lasts = g.emergency.backing, g.emergency.fund.lasts_months
    numbers: dict[str, float | int | str] = {
        "at_once_yuan": backing.at_once_yuan,
        "within_days_yuan": backing.within_days_yuan,
    }
    if lasts is not None:
        numbers["lasts_months"] = lasts
    yield Step(day=g.day("first_week"), code="spend_ready", numbers=numbers)


def _ask_relief(g: Ground, day: int, *, is_now: bool = False) -> Iterator[Step]:
    for option in relief_to_ask(g.change):
        yield Step(
            day=day,
            code="ask_relief",
            on=option.ask_by if is_now else None,
            subject=option.liability,
            numbers=_relief_numbers(option),
        )


def _relief_numbers(option: ReliefOption) -> dict[str, float | int | str]:
    """What is asked for, what it frees a month while it lasts, and what it costs in all."""
    numbers: dict[str, float | int | str] = {"kind": option.kind}
    if option.kind not in PASSING:
        freed = yuan(option.relief_fen or 0)
        numbers["monthly_yuan"] = freed / (option.relief_months or MONTHS_PER_YEAR)
    if option.extra_cost_fen is not None:
        numbers["cost_yuan"] = yuan(option.extra_cost_fen)
    return numbers


def relief_to_ask(change: Adjustment) -> tuple[ReliefOption, ...]:
    """
    What to ask for when income stops: the remedy's steps, else the best option of two debts.

    A pause of interest comes back at once and a renewal has its own day: both are left out.
    """
    falls = change.if_income_falls
    best: dict[str, ReliefOption] = {}
    for option in _lasting(falls.asks) or _lasting(falls.options):
        best.setdefault(option.liability, option)
    asked = sorted(best.values(), key=lambda option: -(option.relief_fen or 0))
    return tuple(asked[:MOST_ASKED])


def _lasting(options: Sequence[ReliefOption]) -> list[ReliefOption]:
    return [one for one in options if one.kind not in PASSING and (one.relief_fen or 0) > 0]


def advised_way(hard: HardCases | None) -> WayOut | None:
    """The way the plan recommends, else the one with which money lasts longest; None: neither."""
    if hard is None:
        return None
    longest = hard.longest if hard.longest and hard.longest.verdict == "delays" else None
    return hard.recommended or longest


def _take_way(g: Ground, way: WayOut, day: int) -> Iterator[Step]:
    """
    What the advised way asks of each debt, and nothing beside it.

    A second change while a debt is watched could make it doubtful: the way stands alone.
    """
    asked: set[tuple[str, str]] = {(one.liability, one.kind) for one in way.steps}
    asked = asked or {(debt, way.kind) for debt in way.liabilities}
    options = g.change.if_income_falls.options
    known = [one for one in options if (one.liability, one.kind) in asked]
    for option in sorted(known, key=lambda one: one.ask_by):
        numbers = _relief_numbers(option)
        yield Step(
            day=day,
            code="ask_relief",
            on=option.ask_by,
            subject=option.liability,
            numbers=numbers,
        )
    if not known and way.kind != "as_agreed":
        subject = way.liabilities[0]
        yield Step(
            day=day, code="take_way", on=way.ask_by, subject=subject, numbers={"kind": way.kind}
        )


def _illness(g: Ground) -> Iterator[Step]:
    case = next((one for one in g.emergency.fund.cases if one.code == "illness"), None)
    if case is None:
        return
    patient = ill_without_pay(g.household, g.rules.as_of)
    member = case.members[0] if case.members else patient or ""
    at_once = g.day("at_once")
    kinds = {
        policy.kind: policy.sum_assured
        for policy in cover_in_force(g.household, g.rules.as_of)
        if policy.insured == member and policy.kind in ("medical", "critical_illness")
    }
    insured: dict[str, float | int | str] = {
        f"{kind}_yuan": yuan(amount) for kind, amount in kinds.items()
    }
    yield Step(day=at_once, code="claim_cover", subject=member, numbers=insured)
    bill: dict[str, float | int | str] = {"bill_yuan": case.sum_yuan}
    if case.members:
        bill["months"] = case.months
    yield Step(day=g.day("first_week"), code="pay_bill", subject=member, numbers=bill)
    if not case.members:
        return
    stated = next(m.employment for m in g.household.members if m.id == member)
    if stated in ("salaried", "civil_servant"):
        yield Step(day=g.day("first_week"), code="sick_leave", subject=member)
    yield Step(day=g.day("first_month"), code="as_job_loss")


def _rate_rise(g: Ground) -> Iterator[Step]:
    resets = [
        (p.balance, step.starts_on, p.contract.id)
        for p in g.positions
        if follows_index(p.contract) and (step := p.next_reset_after(g.rules.as_of))
    ]
    if not resets:
        return
    _, on, debt = max(resets, key=lambda found: found[0])
    yield Step(day=g.day("at_once"), code="check_notice", on=on, subject=debt)
    yield from _stop_spending_for_rate(g)
    line = g.trigger("rate_rises_to", "rate_bearable")
    if line is not None:
        keys = ("rise_bp", "line_rate", "bound_bp", "index")
        numbers = {key: line.numbers[key] for key in keys if key in line.numbers}
        yield Step(
            day=g.day("first_month"), code="rate_line", subject=line.subject, numbers=numbers
        )


def _stop_spending_for_rate(g: Ground) -> Iterator[Step]:
    """What a month leaves today, and what can wait beside it."""
    year = g.frame.iloc[1 : MONTHS_PER_YEAR + 1]
    margin = float((year["net"] + year["lump_principal"]).sum()) / MONTHS_PER_YEAR
    cut = sum(one.monthly_yuan for one in g.change.if_income_falls.cuts)
    numbers: dict[str, float | int | str] = {"margin_yuan": margin, "cut_yuan": cut}
    yield Step(day=g.day("first_week"), code="rate_room", numbers=numbers)


def _overdue(g: Ground) -> Iterator[Step]:
    if not g.positions:
        return
    unpaid = [p for p in g.positions if p.unpaid]
    at_once = g.day("at_once")
    for debt in sorted(unpaid, key=lambda p: -(p.days_past_due or 0)):
        numbers: dict[str, float | int | str] = {
            "arrears_yuan": yuan(debt.arrears),
            "days": debt.days_past_due or 0,
        }
        yield Step(day=at_once, code="pay_arrears", subject=debt.contract.id, numbers=numbers)
    way = advised_way(g.hard)
    if unpaid and way:
        yield from _take_way(g, way, at_once)
    elif unpaid:
        yield from _ask_relief(g, at_once, is_now=True)
    else:
        notice = int(g.rules.value(NOTICE_RULE))
        yield Step(day=-notice, code="call_before_due", numbers={"days": notice})
    yield Step(day=g.day("first_week"), code="confirm_in_writing")
    record: dict[str, float | int | str] = {}
    if g.rules.is_in_force(RECORD_RULE):
        record["record_years"] = int(g.rules.value(RECORD_RULE))
    yield Step(day=g.day("first_month"), code="no_new_debt", numbers=record)


def _guarantee_called(g: Ground) -> Iterator[Step]:
    given = open_guarantees(g.household, g.rules.as_of)
    if not given:
        return
    amount = yuan(sum(one.amount for one in given))
    fund = g.emergency.fund
    spare = max(fund.held_yuan - fund.target_yuan, 0.0)
    subject = max(given, key=lambda one: one.amount).beneficiary
    yield Step(
        day=g.day("at_once"),
        code="ask_statement",
        subject=subject,
        numbers={"amount_yuan": amount},
    )
    yield Step(
        day=g.day("first_month"),
        code="pay_guaranteed",
        numbers={"spare_yuan": min(spare, amount), "short_yuan": max(amount - spare, 0.0)},
    )
    yield Step(day=g.day("second_month"), code="claim_back", subject=subject)


def _not_renewed(g: Ground) -> Iterator[Step]:
    """The next principal that falls due in one sum within the span of the plan's stress."""
    horizon = int(g.rules.value("house.stress_horizon_months"))
    last = g.frame.index[min(horizon, len(g.frame) - 1)].end_time.date()
    due = [
        (p.remaining[-1].due_on, p)
        for p in g.positions
        if p.contract.method in LUMP_METHODS and p.remaining and p.remaining[-1].due_on <= last
    ]
    if not due:
        return
    on, debt = min(due, key=lambda pair: pair[0])
    notice, month = int(g.rules.value(RENEWAL_RULE)), g.day("first_month")
    principal = yuan(debt.remaining[-1].principal)
    ask_on = max(on - timedelta(days=notice), g.rules.as_of)
    name = debt.contract.id
    held = _held_before(g, on)
    short = max(principal - held, 0.0)
    paid: dict[str, float | int | str] = {"principal_yuan": principal, "short_yuan": short}
    if held - principal >= g.emergency.fund.target_yuan:
        yield Step(
            day=-(on - ask_on).days,
            code="set_aside",
            on=ask_on,
            subject=name,
            numbers={"principal_yuan": principal, "held_yuan": held},
        )
        yield Step(day=0, code="pay_principal", on=on, subject=name, numbers=paid)
        return
    yield Step(
        day=-(on - ask_on).days,
        code="ask_renewal",
        on=ask_on,
        subject=name,
        numbers={"principal_yuan": principal},
    )
    yield Step(
        day=-min(month, (on - ask_on).days),
        code="second_source",
        on=max(on - timedelta(days=month), g.rules.as_of),
        subject=name,
        numbers={
            "held_yuan": held,
            "short_yuan": short,
            "sellable_yuan": g.emergency.backing.within_months_sold_yuan,
        },
    )
    yield Step(day=0, code="pay_principal", on=on, subject=name, numbers=paid)


def _held_before(g: Ground, day: date) -> float:
    """Ready money of the month of a day before the sums due in one go are paid; 0 where gone."""
    number = (day.year - g.rules.as_of.year) * MONTHS_PER_YEAR + day.month - g.rules.as_of.month
    row = g.frame.iloc[number]
    return max(float(row["liquid_assets"] + row["lump_principal"]), 0.0)
