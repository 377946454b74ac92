"""
Prepay or keep the money (提前还款还是留着): what a yuan saves on a debt, what it earns kept.

Both sides are made equally safe: the debt's side is certain, so the yield of money kept is lowered
by what its swings are worth to this household (确定等值收益率).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.profile import HOUSING
from planning.household.tax import monthly_claims, tax_brackets, tax_on
from planning.loans.cost import AllInCost
from planning.loans.events import Prepayment, PrepaymentMode
from planning.loans.irr import FlowError, rate_of_flow, xirr
from planning.loans.position import with_prepayments
from planning.loans.schedule import prepayable_from
from planning.record import Record
from planning.strategy.strategies import OWN_MONEY
from planning.units import BASIS_POINT, FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.pay import NetPay, PayYear
    from planning.household.profile import Household
    from planning.household.tax import Claim
    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.strategy.strategies import Strategies
    from planning.units import Fen

VALID: Final = "conduct.suitability_valid_months"
RETURN: Final = "yields.class_return"
VOLATILITY: Final = "yields.class_volatility"
MOST_CAUTIOUS: Final = "C1"
MARGIN: Final = "yields.liquidity_margin_bp"
STEP: Final = "house.prepayment_step_yuan"
INTEREST_DEDUCTION: Final = "housing_loan_interest"
HINDRANCES: Final = ("arrears_first", "cash_short")
LONG_FIRST: Final[tuple[PrepaymentMode, ...]] = ("shorten_keep_instalment", "lower_instalment")
"""Ways to go on after a prepayment, the one that keeps the yuan at work longest first."""

Verdict = Literal["prepay", "keep", "near_equal", "fund_first", "not_offered", "unknown"]
ReasonCode = Literal[
    "rate_above_yield",
    "as_advised",
    "none_left",
    "yield_above_rate",
    "within_margin",
    "arrears_first",
    "fund_not_full",
    "runs_short",
    "money_wanted",
    "overdue",
    "ends_first",
    "fees_not_stated",
    "no_single_rate",
    "no_yield_known",
]


class CertaintyEquivalent(Record):
    """
    The certain yield (确定等值收益率) money kept is worth to the household, per year after tax.

    `expected_return` (after tax) and `volatility` are those of `class_used`, the class that is
    worth most to somebody of `level_used`; `is_expired` says that the assessment on file no longer
    holds, so that the most cautious level was taken.
    """

    level_used: str
    class_used: str
    expected_return: float
    volatility: float
    risk_aversion: float
    annual_yield: float
    is_expired: bool


def certainty_equivalent(
    household: Household, rules: RulesInForce, as_of: date
) -> CertaintyEquivalent | None:
    """
    What money kept is worth to this household, as a certain yield.

    Parameters
    ----------
    household : whose risk tolerance says what it may buy and how it weighs a swing.
    rules : of the day; ``yields`` and the validity of an assessment.
    as_of : day of the plan.

    Returns
    -------
    The best of the classes it may buy; None on a day for which no returns are known.

    Notes
    -----
    A class is worth ``expected_return - risk_aversion * volatility ** 2 / 2``, the certain yield a
    mean-variance investor would swap it for. The safest class may always be bought, so nothing
    below it is ever chosen.
    """
    if not (rules.is_in_force(RETURN) and rules.is_in_force(VOLATILITY)):
        return None
    is_expired = _is_expired(household, rules, as_of)
    level = MOST_CAUTIOUS if is_expired else household.risk_tolerance.level
    worth = (_worth(name, level, rules, is_expired=is_expired) for name in _allowed(level, rules))
    return max(worth, key=lambda one: one.annual_yield)


def _is_expired(household: Household, rules: RulesInForce, as_of: date) -> bool:
    if not rules.is_in_force(VALID):
        return False
    months = int(rules.value(VALID))
    return add_months(household.risk_tolerance.assessed_on, months) <= as_of


def _allowed(level: str, rules: RulesInForce) -> Iterator[str]:
    """Classes no riskier than the level may buy, the safest first."""
    riskiest = int(rules.value("yields.riskiest_class", level))
    return (f"R{number}" for number in range(1, riskiest + 1))


def _worth(name: str, level: str, rules: RulesInForce, *, is_expired: bool) -> CertaintyEquivalent:
    """One class of product in the eyes of a level."""
    taxed = 1 - float(rules.value("yields.interest_tax_share"))
    expected = float(rules.value(RETURN, name)) * taxed
    volatility = float(rules.value(VOLATILITY, name))
    aversion = float(rules.value("yields.risk_aversion", level))
    return CertaintyEquivalent(
        level_used=level,
        class_used=name,
        expected_return=expected,
        volatility=volatility,
        risk_aversion=aversion,
        annual_yield=expected - aversion * volatility**2 / 2,
        is_expired=is_expired,
    )


class PrepaidYuan(Record):
    """
    What a prepayment of one debt earns, as a loan to the lender would; 分 and fractions per year.

    Of a debt that the advice on all debts together prepays it is that advice's first prepayment.
    It is paid on `paid_on`, in full (``settles``) where nothing less is taken or owed. `rate_saved`
    is nominal, twelve times a month's, as contracts state a rate;
    `break_even_yield` is the same per year compounded: money kept must earn as much. Both are
    after `penalty_fen` and what a subsidy (贴息) would have borne. `saved_fen` is what the
    household pays less in all.
    """

    paid_on: date
    amount_fen: int
    settles: bool
    mode: PrepaymentMode
    penalty_fen: int
    saved_fen: int
    rate_saved: float
    break_even_yield: float


class DebtAnswer(Record):
    """
    One debt: prepay it or keep the money, and why.

    `prepaid` is None where no prepayment can be made or priced; where the contract does not say
    whether fees still to come are waived on settlement (``fees_not_stated``) it is the case in
    which they are. `difference_yuan` is what a step of money makes a year on the debt more than
    kept, 元. `advised_on` is the first day on which the advice on all debts together prepays this
    one, `settled_on` the day it ends by that advice, None where it leaves the debt to its contract.
    """

    liability: str
    verdict: Verdict
    reason: ReasonCode
    prepaid: PrepaidYuan | None = None
    difference_yuan: float | None = None
    advised_on: date | None = None
    settled_on: date | None = None


class DeductionAtStake(Record):
    """
    The deduction of home loan interest (住房贷款利息专项附加扣除) a member has while a loan runs.

    It is a flat amount: a part prepaid leaves it as it is, and only the end of the last home loan
    ends it. `months_left` run from the month after the plan's; `yearly_tax_fen` is what it spares
    in the next calendar year, `total_tax_yuan` the same rate over the months left.
    """

    member: str
    liabilities: tuple[str, ...]
    monthly_fen: int
    months_left: int
    yearly_tax_fen: int
    total_tax_yuan: float


class KeepOrPrepay(Record):
    """
    The whole answer.

    `certainty` is None on a day for which no returns are known. `fund_gap_yuan` is what the
    emergency fund lacks: while it does, nothing is prepaid; nor while a month costs more than it
    brings (``runs_short``), a debt is overdue, or the household wants new money, unless the advice
    on all debts together finds money for it. `waits` says that nothing at all may be prepaid now,
    since something is overdue or ready money runs out. `margin` is the gap from which prepaying
    is advised, `step_yuan` the amount a difference is told for.
    """

    certainty: CertaintyEquivalent | None
    margin: float
    step_yuan: int
    fund_gap_yuan: float
    runs_short: bool
    waits: bool
    debts: tuple[DebtAnswer, ...]
    deductions: tuple[DeductionAtStake, ...]


def keep_or_prepay(
    household: Household,
    positions: Sequence[Position],
    fund_gap_yuan: float,
    rules: RulesInForce,
    pay: NetPay,
    *,
    runs_short: bool = False,
    advice: Strategies | None = None,
) -> KeepOrPrepay | None:
    """
    For every open debt, whether a yuan is better used to prepay it or kept.

    Parameters
    ----------
    positions : open debts on the day of the rules.
    fund_gap_yuan : what the emergency fund lacks, 元; 0 when it is full.
    pay : what the deduction of interest is worth is known only of pay stated before tax.
    runs_short : whether ready money is going to run out, or a month costs more than it brings.
    advice : on all debts together, which has looked at every month; where it prepays a debt the
        verdict does too, and no other debt is told to be prepaid.

    Returns
    -------
    None without a debt.
    """
    if not positions:
        return None
    certain = certainty_equivalent(household, rules, rules.as_of)
    terms = _Terms(
        certain=certain,
        margin=float(rules.value(MARGIN) * BASIS_POINT),
        step_yuan=int(rules.value(STEP)),
        before=_what_comes_before(household, positions, fund_gap_yuan, runs_short=runs_short),
    )
    return KeepOrPrepay(
        certainty=certain,
        margin=terms.margin,
        step_yuan=terms.step_yuan,
        fund_gap_yuan=fund_gap_yuan,
        runs_short=runs_short,
        waits=_waits(positions, advice),
        debts=tuple(_as_advised(_answer(p, terms, advice), advice) for p in positions),
        deductions=tuple(_deductions(household, positions, rules, pay)),
    )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every debt is held against."""

    certain: CertaintyEquivalent | None
    margin: float
    step_yuan: int
    before: tuple[Verdict, ReasonCode] | None


def _what_comes_before(
    household: Household,
    positions: Sequence[Position],
    fund_gap_yuan: float,
    *,
    runs_short: bool,
) -> tuple[Verdict, ReasonCode] | None:
    """What the money is needed for more than any prepayment; None where it is free."""
    if any(p.unpaid for p in positions):
        return "keep", "arrears_first"
    if fund_gap_yuan > 0:
        return "fund_first", "fund_not_full"
    if runs_short:
        return "keep", "runs_short"
    if household.need.kind not in ("none", "refinance"):
        return "keep", "money_wanted"
    return None


def _answer(base: Position, terms: _Terms, advice: Strategies | None) -> DebtAnswer:
    name = base.contract.id
    if base.unpaid:
        return DebtAnswer(liability=name, verdict="not_offered", reason="overdue")
    if _moment(base) is None:
        return DebtAnswer(liability=name, verdict="not_offered", reason="ends_first")
    prepaid = None if advice is None else _advised_first(base, advice)
    prepaid = prepaid or prepaid_yuan(base, terms.step_yuan * FEN_PER_YUAN)
    if prepaid is None:
        return DebtAnswer(liability=name, verdict="unknown", reason="no_single_rate")
    return _weighed(base.contract, prepaid, terms)


def _advised_first(base: Position, advice: Strategies) -> PrepaidYuan | None:
    """The first prepayment advised, priced; None where none is."""
    own = [a for a in advice.actions if a.liability == base.contract.id and a.code in OWN_MONEY]
    first_on = min((action.paid_on for action in own), default=None)
    if first_on is None:
        return None
    amount = sum(action.amount_fen for action in own if action.paid_on == first_on)
    return prepaid_yuan(base, amount, from_on=first_on)


def _weighed(contract: LoanContract, prepaid: PrepaidYuan, terms: _Terms) -> DebtAnswer:
    """The verdict on a priced prepayment."""
    if terms.certain is None:
        return DebtAnswer(
            liability=contract.id, verdict="unknown", reason="no_yield_known", prepaid=prepaid
        )
    gap = prepaid.break_even_yield - terms.certain.annual_yield
    verdict, reason = _verdict(gap, terms)
    if contract.method == "flat_fee" and contract.prepayment_policy is None:
        verdict, reason = "unknown", "fees_not_stated"
    return DebtAnswer(
        liability=contract.id,
        verdict=verdict,
        reason=reason,
        prepaid=prepaid,
        difference_yuan=gap * terms.step_yuan,
    )


def _verdict(gap: float, terms: _Terms) -> tuple[Verdict, ReasonCode]:
    if gap < 0:
        return "keep", "yield_above_rate"
    if terms.before is not None:
        return terms.before
    if gap < terms.margin:
        return "near_equal", "within_margin"
    return "prepay", "rate_above_yield"


def _waits(positions: Sequence[Position], advice: Strategies | None) -> bool:
    is_hindered = advice is not None and advice.reason in HINDRANCES
    return is_hindered or any(p.unpaid for p in positions)


def _as_advised(answer: DebtAnswer, advice: Strategies | None) -> DebtAnswer:
    """The answer on one debt as the advice on all of them together has it."""
    if advice is None:
        return answer
    verdict, reason = _agreed(answer, advice)
    told = {
        "verdict": verdict,
        "reason": reason,
        "advised_on": advice.prepays_on(answer.liability),
        "settled_on": advice.settles_on(answer.liability),
    }
    return answer.model_copy(update=told)


def _agreed(answer: DebtAnswer, advice: Strategies) -> tuple[Verdict, ReasonCode]:
    plain = answer.verdict, answer.reason
    if advice.prepays_on(answer.liability) is not None:
        return plain if answer.verdict in ("prepay", "fund_first") else ("prepay", "as_advised")
    if answer.verdict != "prepay" or answer.prepaid is None:
        return plain
    if answer.prepaid.rate_saved <= advice.threshold_rate:
        return "near_equal", "within_margin"
    return "keep", "none_left"


# ------------------------------------------------------------------------------ what is saved


def prepaid_yuan(base: Position, amount: Fen, *, from_on: date | None = None) -> PrepaidYuan | None:
    """
    What a prepayment earns: the rate at which what it spares later is worth what it costs now.

    Parameters
    ----------
    base : an open debt without arrears.
    amount : 分; raised to what the contract takes at least, lowered to what is owed. It is paid
        right after the first instalment on which the contract allows it; a loan due in one sum
        (到期一次还本付息) is settled in full on the first such day.
    from_on : first day wanted; None for as soon as may be.

    Returns
    -------
    None where it cannot be made before the loan ends, or what it spares has no single rate.

    Notes
    -----
    Two exact ledgers, with and without it; their difference is the flow. Without a penalty and at
    an unchanged rate it is the contract's own rate whatever the age of the loan.
    """
    when = _moment(base, from_on)
    if when is None:
        return None
    plain = with_prepayments(base)
    for mode in _modes(base.contract):
        planned = _planned(base.contract, when, amount, mode)
        changed = with_prepayments(base, planned)
        found = _earned(plain, changed, when, planned)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class _Moment:
    """When a prepayment is made: after a period, or (0) on a day of its own; what is owed then."""

    after_period: int
    paid_on: date
    owed: Fen


def _moment(base: Position, from_on: date | None = None) -> _Moment | None:
    """The first instalment, or day, the contract's policy allows a prepayment on."""
    contract = base.contract
    tomorrow = base.as_of + timedelta(days=1)
    first_on = max(tomorrow, from_on or tomorrow, prepayable_from(contract, base.as_of))
    for row in base.remaining:
        if row.due_on >= first_on and row.closing > 0:
            return _Moment(row.period, row.due_on, row.closing)
    if contract.method == "bullet" and base.remaining and first_on < base.remaining[-1].due_on:
        return _Moment(0, first_on, base.remaining[0].opening)
    return None


def _modes(contract: LoanContract) -> tuple[PrepaymentMode, ...]:
    """Ways to go on that the contract offers, those of a level loan with the longest first."""
    is_level = contract.method not in ("interest_only", "bullet", "flat_fee")
    usual = LONG_FIRST if is_level else ("lower_instalment",)
    offered = contract.prepayment_policy.modes if contract.prepayment_policy else None
    chosen = [mode for mode in usual if not offered or mode in offered]
    return tuple(chosen) or usual


def _planned(
    contract: LoanContract, when: _Moment, amount: Fen, mode: PrepaymentMode
) -> Prepayment:
    """The prepayment the contract takes: at least its least amount, all of a flat fee's."""
    policy = contract.prepayment_policy
    # Between due days the interest of the whole balance is settled, which a part cannot bear.
    is_all_or_none = contract.method == "flat_fee" or not when.after_period
    is_all_or_none = is_all_or_none or (policy is not None and policy.modes == ())
    if policy is not None:
        amount = max(amount, policy.least_amount)
        amount += -amount % (policy.multiple_of or 1)
    part = None if is_all_or_none or amount >= when.owed else amount
    paid_on = None if when.after_period else when.paid_on
    return Prepayment(when.after_period, part, mode, paid_on)


def _earned(
    plain: Position, changed: Position, when: _Moment, planned: Prepayment
) -> PrepaidYuan | None:
    before, after = _own_flow(plain.remaining), _own_flow(changed.remaining)
    flow = {day: before.get(day, 0) - after.get(day, 0) for day in sorted({*before, *after})}
    moved = {day: amount for day, amount in flow.items() if day >= when.paid_on}
    try:
        monthly = _monthly_rate(plain, when, moved)
    except FlowError:
        return None
    cost = AllInCost.of_monthly(monthly)
    prepaid = sum(row.prepayment for row in changed.remaining if row.due_on == when.paid_on)
    fees = [
        sum(row.fee for row in rows if row.due_on == when.paid_on)
        for rows in (changed.remaining, plain.remaining)
    ]
    return PrepaidYuan(
        paid_on=when.paid_on,
        amount_fen=prepaid,
        settles=planned.amount is None,
        mode=planned.mode,
        penalty_fen=fees[0] - fees[1],
        saved_fen=sum(moved.values()),
        rate_saved=cost.irr_x12,
        break_even_yield=cost.ear,
    )


def _own_flow(rows: Sequence[ScheduleRow]) -> dict[date, Fen]:
    """What the household pays itself, by day, prepayments among it."""
    paid: dict[date, Fen] = {}
    for row in rows:
        paid[row.due_on] = paid.get(row.due_on, 0) + row.own_payment + row.prepayment
    return paid


def _monthly_rate(plain: Position, when: _Moment, moved: Mapping[date, Fen]) -> float:
    """Rate per month of what moves: by periods of the contract, by days of a bullet's."""
    if not when.after_period:
        yearly = xirr(list(moved), list(moved.values()))
        return float((1 + yearly) ** (1 / MONTHS_PER_YEAR) - 1)
    periods = {row.due_on: row.period for row in plain.remaining}
    length = MONTHS_PER_YEAR / plain.contract.periods_per_year
    times = [(periods[day] - when.after_period) * length for day in moved]
    return rate_of_flow(times, list(moved.values()))


# ------------------------------------------------------------------------------ the deduction


def _deductions(
    household: Household, positions: Sequence[Position], rules: RulesInForce, pay: NetPay
) -> Iterator[DeductionAtStake]:
    """Deductions that end with the last home loan, of members whose pay before tax is known."""
    next_year = rules.as_of.year + 1
    years = {year.member: year for year in pay.years(next_year)}
    for member in household.members:
        loans = [
            p
            for p in positions
            if p.contract.product in HOUSING and member.id in p.contract.borrowers and p.remaining
        ]
        claims = [c for c in monthly_claims(member.tax, rules) if c.kind == INTEREST_DEDUCTION]
        if loans and member.id in years:
            for claim in claims:
                yield _at_stake(claim, loans, years[member.id], rules)


def _at_stake(
    claim: Claim, loans: Sequence[Position], year: PayYear, rules: RulesInForce
) -> DeductionAtStake:
    first = add_months(rules.as_of.replace(day=1), 1)
    last = min(claim.last, max(p.remaining[-1].due_on for p in loans))
    months = (last.year - first.year) * MONTHS_PER_YEAR + last.month - first.month + 1
    deducted = year.deductions_fen.get(claim.kind, 0)
    rates = rules.entry("tax.comprehensive_rates").value
    brackets = tax_brackets(rates if isinstance(rates, dict) else {})
    taxable = _taxable(year)
    spared = tax_on(taxable + deducted, brackets) - tax_on(taxable, brackets)
    counted = max(deducted // claim.monthly, 1) if claim.monthly else 1
    return DeductionAtStake(
        member=year.member,
        liabilities=tuple(p.contract.id for p in loans),
        monthly_fen=claim.monthly,
        months_left=max(months, 0),
        yearly_tax_fen=spared,
        total_tax_yuan=yuan(spared) / counted * max(months, 0),
    )


def _taxable(year: PayYear) -> Fen:
    """Taxable income of a year, below zero where the deductions exceed it."""
    if year.taxable_fen:
        return year.taxable_fen
    bonus = year.gross_bonus_fen if year.bonus_method == "merged" else 0
    taken = year.social_insurance_fen + year.own_fund_fen + year.basic_deduction_fen
    return year.gross_salary_fen + bonus - taken - sum(year.deductions_fen.values())
