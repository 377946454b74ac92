"""
Which way to repay (还款方式建议), by the worst month of the household's own cash-flow.

No rule of thumb: every method's payments are put into the months to come, with income at the
level a lender would count. The method there is, by the contract or of the product chosen, is
advised where its months hold, else a lighter one that does: less interest alone is no reason,
since it only means that principal is repaid sooner. In float 元.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.cashflow import (
    LUMP_METHODS,
    cashflow,
    income_by_month,
    liquid_assets,
    year_ahead,
)
from planning.household.recognition import HAIRCUT_RULE
from planning.record import Record
from planning.strategy.affordability import RESERVE, own_share_yuan, soon_yuan
from planning.strategy.need import SELF_LIQUIDATING, stated_use
from planning.strategy.repayment import AMORTISING, ComparedMethod
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from planning.loans.position import Position
    from planning.strategy.choice import Selection, Situation
    from planning.strategy.repayment import MethodComparison, MethodOutcome

WANTED: Final = "need"
"""The subject of a comparison that is about the loan wanted."""

HORIZON: Final = "house.stress_horizon_months"
NEVER: Final = "9999-12"

ReasonCode = Literal[
    "usual_holds",
    "lighter_holds",
    "cheapest_holds",
    "cheaper_fails",
    "eases",
    "none_holds",
    "not_lent",
]
"""
Why a method is advised, or none.

The usual one holds; only a lighter one does; without a usual one, the cheapest holds or is the
cheapest that does. None holds, yet the loan lasts longer than the debts it ends; none holds; or no
product is on the shortlist and nothing is advised.
"""


class MethodMargin(Record):
    """
    One method in the household's months, 元.

    The worst month leaves `worst_margin_yuan`, and ready money is never below
    `lowest_liquid_yuan`. A method holds where no month loses, or where ready money, whatever the
    months take from it, stays at or above `floor_yuan`; `missing_yuan` is what it lacks, 0 where
    it holds. `short_month` is the first at whose end no money is left, None where none is.
    """

    method: ComparedMethod
    worst_month: str
    worst_margin_yuan: float
    lowest_month: str
    lowest_liquid_yuan: float
    floor_yuan: float
    short_month: str | None
    missing_yuan: float
    total_interest_fen: int
    holds: bool


class KeptDebts(Record):
    """Ready money over the same months if the debts a loan would end are kept, 元."""

    lowest_liquid_yuan: float
    short_month: str | None


class MethodAdvice(Record):
    """
    The advice on one loan; `subject` as in ``MethodComparison``.

    `usual` is the method of the contract, or of the first product on the shortlist; None where
    there is neither. `advised` is None where no method holds; `lightest` asks least at first of
    those that repay by instalments. `kept` is what keeping the debts comes to where the loan is
    for nothing but ending them. The months
    looked at are the house's span, or the whole term where principal may be due at its end.
    `other_lump_yuan` is principal of other debts that falls due in one sum in them: it is no
    question of this loan's method and left out.
    `stressed_income_yuan` is an average month's income of the year ahead, cut as a lender would,
    `income_yuan` the same as it comes.
    """

    subject: str
    usual: ComparedMethod | None
    advised: ComparedMethod | None
    lightest: ComparedMethod
    reason: ReasonCode
    looked_at_months: int
    other_lump_yuan: float
    is_repaid_by_use: bool
    income_yuan: float
    stressed_income_yuan: float
    kept: KeptDebts | None
    margins: tuple[MethodMargin, ...]

    def margin(self, method: str) -> MethodMargin:
        """How a method fares."""
        return next(one for one in self.margins if one.method == method)


@dataclass(frozen=True, slots=True)
class Purse:
    """
    The household's months without the loan, 元.

    Parameters
    ----------
    months : as they are printed, year first, the plan's own first.
    net_yuan : what each leaves before the loan's payment, income stressed.
    liquid_yuan : ready money before the first of them.
    due : for each payment of the loan the number of its month.
    reserve_months : months of need that must stay in ready money.
    need_yuan : essential spending and the other debts of an average month.
    span_months : full months the house looks ahead.
    lumps_yuan : principal of other debts due in one sum in each month, left out of `net_yuan`.
    is_repaid_by_use : the loan's use brings back what is due at its end, as a trader's stock does.
    """

    months: Sequence[str]
    net_yuan: Sequence[float]
    liquid_yuan: float
    due: Sequence[int]
    reserve_months: int
    need_yuan: float
    span_months: int
    lumps_yuan: Sequence[float]
    income_yuan: float
    stressed_income_yuan: float
    is_repaid_by_use: bool = False


def method_advices(
    situation: Situation,
    frame: pd.DataFrame,
    compared: Iterable[MethodComparison],
    chosen: Selection | None = None,
) -> tuple[MethodAdvice, ...]:
    """
    Advice on every loan compared.

    Parameters
    ----------
    situation : the household on the day of its plan.
    frame : its baseline cash-flow.
    compared : the loan wanted, a debt, or both, each with its methods.
    chosen : the choice of a product for the loan wanted.
    """
    return tuple(
        _wanted_advice(situation, frame, one, chosen)
        if one.subject == WANTED
        else _owed_advice(situation, frame, one)
        for one in compared
    )


def _wanted_advice(
    situation: Situation,
    frame: pd.DataFrame,
    compared: MethodComparison,
    chosen: Selection | None,
) -> MethodAdvice:
    purse = wanted_purse(situation, compared, frame)
    listed = chosen.shortlist if chosen else ()
    figures = chosen.candidate(listed[0]).figures if chosen and listed else None
    return method_advice(
        compared,
        purse,
        usual=_among(compared, figures.method) if figures else None,
        kept=kept_debts(situation, frame, purse, _last_month(compared, purse)),
        is_lent=chosen is None or bool(listed),
    )


def _owed_advice(
    situation: Situation, frame: pd.DataFrame, compared: MethodComparison
) -> MethodAdvice:
    debt = next(p for p in situation.positions if p.contract.id == compared.subject)
    usual = _among(compared, debt.contract.method)
    return method_advice(compared, owed_purse(situation, compared, frame), usual=usual)


def _among(compared: MethodComparison, method: str) -> ComparedMethod | None:
    """A method as it is compared: with a sum due at the end it is interest only."""
    name = "interest_only" if method in LUMP_METHODS else method
    return next((way.method for way in compared.outcomes if way.method == name), None)


def method_advice(
    compared: MethodComparison,
    purse: Purse,
    *,
    usual: ComparedMethod | None = None,
    kept: KeptDebts | None = None,
    is_lent: bool = True,
) -> MethodAdvice:
    """
    The usual method where its months hold, else the cheapest lighter one whose months do.

    Parameters
    ----------
    compared : methods for one loan.
    purse : the months without it.
    usual : method of the contract or the product; without one the cheapest that holds is advised.
    kept : what keeping the debts comes to that the loan would end.
    is_lent : False where no product is to be had, and nothing is advised.
    """
    last = _last_month(compared, purse)
    margins = tuple(_margin(compared, way, purse, last) for way in compared.outcomes)
    advised, reason = _advised(compared, margins, usual, kept) if is_lent else (None, "not_lent")
    return MethodAdvice(
        subject=compared.subject,
        usual=usual,
        advised=advised,
        lightest=_lightest(compared),
        reason=reason,
        looked_at_months=last,
        other_lump_yuan=sum(purse.lumps_yuan[: last + 1]),
        is_repaid_by_use=purse.is_repaid_by_use,
        income_yuan=purse.income_yuan,
        stressed_income_yuan=purse.stressed_income_yuan,
        kept=kept,
        margins=margins,
    )


def _advised(
    compared: MethodComparison,
    margins: Sequence[MethodMargin],
    usual: ComparedMethod | None,
    kept: KeptDebts | None,
) -> tuple[ComparedMethod | None, ReasonCode]:
    by_cost = sorted(margins, key=lambda one: one.total_interest_fen)
    holding = [one.method for one in by_cost if one.holds]
    if usual is None:
        if not holding:
            return None, "none_holds"
        return holding[0], "cheapest_holds" if by_cost[0].holds else "cheaper_fails"
    if usual in holding:
        return usual, "usual_holds"
    first = {way.method: way.first_payment_fen for way in compared.outcomes}
    lighter = next((method for method in holding if first[method] < first[usual]), None)
    if lighter is not None:
        return lighter, "lighter_holds"
    own = next(one for one in margins if one.method == usual)
    if kept is not None and _lasts(own) > _lasts(kept):
        return usual, "eases"
    return None, "none_holds"


def _lasts(one: MethodMargin | KeptDebts) -> tuple[str, float]:
    """How long money lasts, then how low it falls; months compare as they are printed."""
    return one.short_month or NEVER, one.lowest_liquid_yuan


def _lightest(compared: MethodComparison) -> ComparedMethod:
    """The one that asks least at first of those that repay by instalments."""
    return min(
        compared.outcomes, key=lambda way: (way.method not in AMORTISING, way.first_payment_fen)
    ).method


def kept_debts(
    situation: Situation, frame: pd.DataFrame, purse: Purse, last: int
) -> KeptDebts | None:
    """
    Ready money with the debts kept that a loan would end, income stressed as in the purse.

    None where the loan is for more than ending debts. Principal of the other debts due in one
    sum is left out, as in the purse.
    """
    if situation.payoff is None:
        return None
    if len(frame) <= last:
        frame = cashflow(
            situation.household,
            situation.positions,
            situation.as_of,
            least_months=last,
            pay=situation.pay,
        )
    months = slice(0, last + 1)
    cut = _cut_by_month(situation, len(frame))[months]
    flows = zip(frame["net"].tolist()[months], purse.lumps_yuan[months], cut, strict=True)
    start = liquid_assets(situation.household)
    path = list(accumulate((net + lump - lost for net, lump, lost in flows), initial=start))
    return KeptDebts(lowest_liquid_yuan=min(path), short_month=_short_month(path, purse.months))


def _short_month(path: Sequence[float], months: Sequence[str]) -> str | None:
    """First month at whose end no money is left; `path` begins before the first of them."""
    ends = zip(months, path[1:], strict=False)
    return next((month for month, held in ends if held < 0), None)


def payments_yuan(compared: MethodComparison, way: MethodOutcome) -> list[float]:
    """
    Every payment of a method, 元.

    The ledger's to the rounding of a fen: an equal instalment but for the last, interest until
    the end, or an equal share of principal with the interest on what is left.
    """
    months = compared.months
    if way.method != "equal_principal":
        first = yuan(way.first_payment_fen)
        return [*[first] * (months - 1), yuan(way.last_payment_fen)]
    amount = yuan(compared.amount_fen)
    share, rate = amount / months, compared.annual_rate / MONTHS_PER_YEAR
    return [share + (amount - share * number) * rate for number in range(months)]


def _last_month(compared: MethodComparison, purse: Purse) -> int:
    """Number of the last month looked at."""
    has_lump = any(way.method not in AMORTISING for way in compared.outcomes)
    return purse.due[-1] if has_lump else min(purse.due[-1], purse.span_months)


def _margin(
    compared: MethodComparison, way: MethodOutcome, purse: Purse, last: int
) -> MethodMargin:
    net = list(purse.net_yuan)
    payments = payments_yuan(compared, way)
    if purse.is_repaid_by_use and way.method not in AMORTISING:
        payments[-1] -= yuan(compared.amount_fen)
    for number, payment in zip(purse.due, payments, strict=True):
        net[number] -= payment
    worst = min(range(min(1, last), last + 1), key=lambda number: net[number])
    path = list(accumulate(net[: last + 1], initial=purse.liquid_yuan))
    lowest = min(range(last + 2), key=lambda number: path[number])
    floor = purse.reserve_months * (purse.need_yuan + _regular(way, payments))
    missing = min(max(-net[worst], 0.0), max(floor - path[lowest], 0.0))
    return MethodMargin(
        method=way.method,
        worst_month=purse.months[worst],
        worst_margin_yuan=net[worst],
        lowest_month=purse.months[max(lowest - 1, 0)],
        lowest_liquid_yuan=path[lowest],
        floor_yuan=floor,
        short_month=_short_month(path, purse.months),
        missing_yuan=missing,
        total_interest_fen=way.total_interest_fen,
        holds=missing == 0,
    )


def _regular(way: MethodOutcome, payments: Sequence[float]) -> float:
    """An average month's payment of the first year, without a sum due at the end."""
    if way.method not in AMORTISING:
        return payments[0] if len(payments) > 1 else 0.0
    year = payments[:MONTHS_PER_YEAR]
    return sum(year) / len(year)


# ---------------------------------------------------------------------------------- the months


def wanted_purse(situation: Situation, compared: MethodComparison, frame: pd.DataFrame) -> Purse:
    """
    The months of a household that takes the loan today, the debts it replaces gone.

    Its own share of what the loan pays for comes out of ready money, after what becomes money
    within months.
    """
    months = compared.months
    if situation.replaced or len(frame) <= months:
        frame = cashflow(
            situation.household,
            situation.kept,
            situation.as_of,
            least_months=months,
            pay=situation.pay,
        )
    share = own_share_yuan(situation, compared.amount_fen)
    paid = share if share < 0 else max(share - soon_yuan(situation), 0.0)
    paid += sum(map(_overdue_interest_yuan, situation.replaced))
    purse = _purse(situation, frame, range(1, months + 1), paid_yuan=paid)
    is_repaid = stated_use(situation.household.need) in SELF_LIQUIDATING
    return replace(purse, is_repaid_by_use=is_repaid)


def _overdue_interest_yuan(debt: Position) -> float:
    """What of the arrears is no principal: a loan in the debt's place leaves it to be paid."""
    principal = debt.balance - debt.remaining[0].opening if debt.remaining else debt.balance
    return yuan(max(debt.arrears - principal, 0)) if debt.arrears else 0.0


def owed_purse(situation: Situation, compared: MethodComparison, frame: pd.DataFrame) -> Purse:
    """
    The months of a household without the payments of one of its debts.

    What the provident fund pays of them by the contract as it is counts in every method.
    """
    debt = next(p for p in situation.positions if p.contract.id == compared.subject)
    first = situation.as_of.year * MONTHS_PER_YEAR + situation.as_of.month
    due = [row.due_on.year * MONTHS_PER_YEAR + row.due_on.month - first for row in debt.remaining]
    own = [0.0] * len(frame)
    for number, row in zip(due, debt.remaining, strict=True):
        own[number] += yuan(row.own_payment)
    without = frame.assign(net=frame["net"] + own, debt_service=frame["debt_service"] - own)
    return _purse(situation, without, due, paid_yuan=0.0)


def _purse(
    situation: Situation, frame: pd.DataFrame, due: Sequence[int], *, paid_yuan: float
) -> Purse:
    cut = _cut_by_month(situation, len(frame))
    year, rules = year_ahead(frame), situation.rules
    income = float(year["income"].sum() / MONTHS_PER_YEAR)
    need = float((year["essential_expense"] + year["debt_service"]).sum() / MONTHS_PER_YEAR)
    return Purse(
        months=[str(month) for month in frame.index],
        net_yuan=(frame["net"] + frame["lump_principal"] - cut).tolist(),
        liquid_yuan=liquid_assets(situation.household) - paid_yuan,
        due=due,
        reserve_months=int(rules.value(RESERVE)),
        need_yuan=need,
        span_months=int(rules.value(HORIZON)),
        lumps_yuan=frame["lump_principal"].tolist(),
        income_yuan=income,
        stressed_income_yuan=income - sum(cut[1 : MONTHS_PER_YEAR + 1]) / MONTHS_PER_YEAR,
    )


def _cut_by_month(situation: Situation, count: int) -> list[float]:
    """What a lender would not count of each month's income, 元."""
    first = situation.as_of.replace(day=1)
    months = [add_months(first, number) for number in range(count)]
    cut = [0.0] * count
    for line in situation.household.income:
        haircut = float(situation.rules.value(HAIRCUT_RULE, line.stability))
        if haircut:
            flows = income_by_month(line, months, situation.as_of, situation.pay)
            cut = [lost + haircut * flow for lost, flow in zip(cut, flows, strict=True)]
    return cut
