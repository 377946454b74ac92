"""What to do when income falls (收入下降): what to cut, what to ask for, and how far that goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months, months_between
from planning.household.cashflow import cashflow, liquid_assets
from planning.household.profile import HOUSING
from planning.record import Record
from planning.strategy.footing import Footing, ShortCode, needs_money, shortages
from planning.strategy.relief_option import ReliefKind, ReliefOption, ReliefTerms, by_relief
from planning.strategy.restructure import Relieved, ways_to_lighten
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.strategy.choice import Figures
    from planning.units import Fen

WantedCode = Literal["loan_first", "relief_first"]
"""Whether the loan the client asks for closes the gap with the cuts alone, or the remedy does."""

HORIZON: Final = "house.stress_horizon_months"

DEBTS_THAT_MATTER: Final = 3

_CENT = 0.005


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
    Where the steps are on other debts alone and carry the months, `instead_of` is empty: the loan
    is not needed while they are granted.
    `lighter_yuan` a month, `lump_yuan` within the year and `extra_cost_yuan` in all are what it
    changes against the debts as they are, `relief_yuan` a month and `relief_cost_yuan` in all what
    the steps on those debts do, or all steps where none is. With the cuts and the loan, an average
    month leaves `margin_yuan` and ready money in the year falls to `lowest_yuan`; with the
    remedy's other steps too, `joint_margin_yuan` and `joint_lowest_yuan`. Those others are the
    ones no lender has refused: none where `instead_of` is empty, since the loan then takes the
    place of them all.
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


def income_falls(who: Footing) -> IncomeFalls:
    """Cuts and options, and for a household that is short already what they come to."""
    short_by = tuple(shortages(who))
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
        if is_difficult or is_spoken_for or needs_money(who) or who.short_month
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
    return _worth_their_cost(who, taken)


def _worth_their_cost(who: Footing, taken: Sequence[Relieved]) -> tuple[Relieved, ...]:
    """
    Where money has to be found in any case, the options that spare finding more than they cost.

    An option without which the months would lose is kept.
    """
    frugal = _frugal(who.household)
    lacking = _lacking(_lightened(who, frugal, taken))
    if lacking == 0:
        return tuple(taken)
    for way in sorted(taken, key=lambda one: -(one.option.extra_cost_fen or 0)):
        others = [one for one in taken if one is not way]
        frame = _lightened(who, frugal, others)
        spared = _lacking(frame) - lacking
        is_carried = _margin(frame, _year_from(who, others)) >= 0
        if is_carried and yuan(way.option.extra_cost_fen or 0) > spared:
            return _worth_their_cost(who, others)
    return tuple(taken)


def _lacking(frame: pd.DataFrame) -> float:
    """What ready money lacks at its lowest of the year ahead."""
    return max(-_lowest_of_year(frame), 0.0)


def _remedy(who: Footing, taken: Sequence[Relieved]) -> Remedy:
    """What the cuts and the options taken come to."""
    horizon = int(who.rules.value(HORIZON))
    frugal = _frugal(who.household)
    frame, first = _lightened(who, frugal, taken), _year_from(who, taken)
    bridge = _lacking(frame)
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


def _wanted(who: Footing, taken: Sequence[Relieved]) -> WantedLoan | None:
    """How the loan in place of debts and the steps stand to each other; None where they do not."""
    need, chosen = who.household.need, who.chosen
    instead = [one for one in taken if one.option.liability in need.replaces]
    if need.kind != "refinance" or chosen is None or not chosen.shortlist or not taken:
        return None
    if not instead and _margin(_lightened(who, _frugal(who.household), taken), 1) < 0:
        return None
    beside = instead or taken
    both, figures = chosen.comparison, chosen.candidate(chosen.shortlist[0]).figures
    if both is None or both.with_loan is None or figures is None:
        return None
    alone = _with_loan(who, figures, ())
    joint = _with_loan(who, figures, [one for one in taken if one not in beside])
    first = max(months_between(who.as_of, _wanted_on(who)) + 1, _year_from(who, taken))
    margin, lowest = _margin(alone, first), _lowest_of_year(alone)
    is_enough = bool(instead) and margin >= 0 and lowest >= 0
    ask_by = min(one.option.ask_by for one in beside)
    steps = [_step(one.option) for one in beside if one.option.kind != "renewal"]
    return WantedLoan(
        code="loan_first" if is_enough else "relief_first",
        product=chosen.shortlist[0],
        decide_on=min(ask_by, _wanted_on(who)) if is_enough else ask_by,
        instead_of=tuple(one.option.liability for one in instead),
        lighter_yuan=both.without.service_yuan - both.with_loan.service_yuan,
        lump_yuan=both.without.lump_yuan - both.with_loan.lump_yuan,
        extra_cost_yuan=both.with_loan.cost_yuan - both.without.cost_yuan,
        relief_yuan=sum(step.monthly_yuan for step in steps),
        relief_cost_yuan=yuan(sum(one.option.extra_cost_fen or 0 for one in beside)),
        margin_yuan=margin,
        lowest_yuan=lowest,
        joint_margin_yuan=_margin(joint, first),
        joint_lowest_yuan=_lowest_of_year(joint),
    )


def _wanted_on(who: Footing) -> date:
    return max(who.household.need.wanted_by or who.as_of, who.as_of)


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
    first = months_between(who.as_of, begins) + 1
    paid = [
        yuan(loan.first_payment_fen) if first <= number < first + loan.months else 0.0
        for number in range(len(frame))
    ]
    if loan.lump_fen and first + loan.months <= len(frame):
        paid[first + loan.months - 1] += yuan(loan.lump_fen)
    net = frame["net"] - paid
    return frame.assign(net=net, liquid_assets=liquid_assets(who.household) + net.cumsum())


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
