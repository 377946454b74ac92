"""
When a debt cannot be paid as agreed (不良与纾困): every way out, what it costs, which one to take.

New terms, more time, a pause, a settlement, a sale of what secures the debt: each is tried in the
household's own months. The lender decides on most of them; nothing here says that it will agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

from planning.dates import add_months
from planning.household.cashflow import LAST_LIQUID_TIER
from planning.record import Record
from planning.risk.class_path import ClassPath, Owed
from planning.risk.collateral_sale import Sale, net_of_sale_yuan, sale, sale_trial
from planning.risk.observation import CreditEvent, Standing, normal_again_on, standing_after
from planning.risk.relief_trial import Trial, trial_figures
from planning.risk.settlement import Settlement, settlement, settlement_trial
from planning.risk.way_out import Case, View, WayKind, WayOut, rank
from planning.rules.classification import Quality, is_bad
from planning.strategy.credit_effect import RECORD_YEARS
from planning.strategy.footing import has_unpaid, shortages
from planning.strategy.income_falls import DEBTS_THAT_MATTER, HORIZON, IncomeFalls
from planning.strategy.relief_option import CreditCode, ReliefOption, ReliefTerms, by_relief
from planning.strategy.restructure import Relieved, ways_to_lighten
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from planning.household.balance_sheet import AssetLine, BalanceSheet, Security
    from planning.loans.position import Position
    from planning.strategy.footing import Footing

Why = Literal["overdue", "runs_out"]
"""Something is past due; ready money runs out within the horizon."""


class HardCases(Record):
    """
    The ways out of a household that is overdue or whose money runs out, the best first.

    What closes the gap comes first, the cheapest of equals before the others. `cuts_yuan` a
    month is spending that stops in all of them, `own_means_yuan` what own assets that are no
    ready money would bring, `owed` what makes every overdue debt current today, None where
    nothing is overdue; an overdue payment made good today is on record until `record_until`. Money
    runs out in `runs_out_month` as things are. `is_loan_enough` says
    that the loan asked for in place of debts closes the gap for a year, None where none is.
    """

    why: tuple[Why, ...]
    runs_out_month: str | None
    margin_yuan: float
    cuts_yuan: float
    own_means_yuan: float
    owed: Owed | None
    record_until: date | None
    ways: tuple[WayOut, ...]
    is_loan_enough: bool | None

    @property
    def recommended(self) -> WayOut | None:
        """The cheapest way that closes the gap; None where none does."""
        return self.ways[0] if self.ways[0].closes else None

    @property
    def longest(self) -> WayOut | None:
        """The way with which ready money lasts longest as it is, the cheapest of equals."""
        known = [way for way in self.ways if way.figures and way.cost_yuan is not None]
        return max(known, key=_lasts, default=None)

    @property
    def advised(self) -> WayOut | None:
        """The way to ask for first: the one recommended, else the one that lasts longest."""
        far = self.longest
        return self.recommended or (far if far and far.verdict == "delays" else None)

    @property
    def fallback(self) -> WayOut | None:
        """The next change of one other debt that closes the gap, if the one advised is refused."""
        best = self.recommended
        refused = set(best.liabilities) if best else set()
        others = (way for way in self.ways if way.closes and way.payment_fen is not None)
        return next((way for way in others if not refused & set(way.liabilities)), None)

    @property
    def in_order(self) -> tuple[WayOut, ...]:
        """Every way, the advised in front."""
        first = self.advised
        return tuple(sorted(self.ways, key=lambda way: way is not first))

    @property
    def sales(self) -> tuple[WayOut, ...]:
        """Sales of collateral, those of a debt that is overdue or waits for the sale in front."""
        sold = [(way, way.sale) for way in self.ways if way.sale]
        return tuple(way for way, made in sorted(sold, key=lambda one: _can_wait(*one)))

    def way(self, kind: WayKind) -> WayOut | None:
        """The first way of a kind."""
        return next((way for way in self.ways if way.kind == kind), None)


def _can_wait(way: WayOut, made: Sale) -> bool:
    return made.waits_from is None and way.credit != "overdue_recorded"


def _lasts(way: WayOut) -> tuple[bool, str, float]:
    assert way.figures is not None  # noqa: S101  the caller has left out the others
    out = way.figures.runs_out_month
    return out is None, out or "", -(way.cost_yuan or 0.0)


def hard_cases(
    who: Footing, sheet: BalanceSheet, paths: Sequence[ClassPath], falls: IncomeFalls
) -> HardCases | None:
    """
    The ways out of a household that is overdue or whose money runs out.

    Parameters
    ----------
    who : the household on the day of its plan.
    sheet : its balance sheet.
    paths : from ``class_paths``.
    falls : what to do when income falls, whose steps are one of the ways.

    Returns
    -------
    None for a household in order whose money lasts over the horizon.
    """
    seen = who.frame["liquid_assets"].iloc[: int(who.rules.value(HORIZON)) + 1]
    short = seen[seen < 0]
    why = tuple(_why(has_unpaid(who.positions), len(short) > 0))
    if not why or not who.positions:
        return None
    case = Case(
        who=who,
        paths={path.liability: path for path in paths},
        means_yuan=net_of_sale_yuan(_spare_assets(who, sheet), who.rules),
        start=trial_figures(who, Trial(who.positions, who.as_of)),
    )
    wanted = falls.wanted
    return HardCases(
        why=why,
        runs_out_month=str(short.index[0]) if len(short) else None,
        margin_yuan=who.margin_yuan,
        cuts_yuan=sum(cut.monthly_yuan for cut in falls.cuts),
        own_means_yuan=case.means_yuan,
        owed=_owed_together(who.as_of, paths),
        ways=tuple(sorted(_ways(case, sheet, falls), key=rank)),
        record_until=_record_until(who),
        is_loan_enough=None if wanted is None else wanted.code == "loan_first",
    )


def _why(is_overdue: bool, runs_out: bool) -> Iterator[Why]:  # noqa: FBT001  two facts
    if is_overdue:
        yield "overdue"
    if runs_out:
        yield "runs_out"


def _record_until(who: Footing) -> date | None:
    """Last day on record of what is overdue, were it made good today."""
    if not has_unpaid(who.positions) or not who.rules.is_in_force(RECORD_YEARS):
        return None
    years = int(who.rules.value(RECORD_YEARS))
    return add_months(who.as_of, years * MONTHS_PER_YEAR)


def _ways(case: Case, sheet: BalanceSheet, falls: IncomeFalls) -> Iterator[WayOut]:
    yield _as_agreed(case)
    lightened = all_ways_to_lighten(case.who, falls)
    yield from (_relieved(case, one) for one in lightened)
    yield from _together(case, lightened, falls)
    yield from _settled(case)
    lines = {line.id: line for line in sheet.assets}
    for security in sheet.securities:
        yield _sold(case, security, [lines[name] for name in security.assets])


def _spare_assets(who: Footing, sheet: BalanceSheet) -> list[AssetLine]:
    """What could be sold within months and is pledged to nobody; provident funds left out."""
    owned = {asset.id for asset in who.household.assets}
    return [
        line
        for line in sheet.assets
        if line.id in owned and not line.is_pledged and line.liquidity_tier == LAST_LIQUID_TIER + 1
    ]


def _owed_together(as_of: date, paths: Sequence[ClassPath]) -> Owed | None:
    """What makes every overdue debt current, its late charges unknown where one debt's are."""
    overdue = [path.owed for path in paths if path.owed is not None]
    if not overdue:
        return None
    lowest = [owed.late_lowest_fen for owed in overdue]
    highest = [owed.late_highest_fen for owed in overdue]
    return Owed(
        on=as_of,
        payments=sum(owed.payments for owed in overdue),
        due_fen=sum(owed.due_fen for owed in overdue),
        late_lowest_fen=_sum_if_known(lowest),
        late_highest_fen=_sum_if_known(highest),
    )


def _sum_if_known(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


# ------------------------------------------------------------------------------------ each way


def _as_agreed(case: Case) -> WayOut:
    """What is overdue made good, the contracts kept, what can wait stopped."""
    overdue = [path for path in case.paths.values() if path.is_past_due]
    return WayOut(
        kind="as_agreed",
        verdict=case.verdict(case.start, 0.0),
        liabilities=tuple(path.liability for path in overdue),
        cost_yuan=0.0,
        figures=case.start,
        credit="overdue_recorded" if overdue else "none",
        quality=_worst_after_cure(case, overdue),
        watched_until=max((p.normal_on for p in overdue if p.normal_on), default=None),
        view="cured" if overdue else "not_late",
    )


def _worst_after_cure(case: Case, overdue: Sequence[ClassPath]) -> Quality | None:
    """Normal at once where nothing is a bad debt yet, else what the worst of them stays for now."""
    bad = [path.quality for path in overdue if path.quality and is_bad(path.quality)]
    if bad:
        return max(bad, key=get_args(Quality).index)
    known = [path.quality for path in case.paths.values()]
    return "normal" if any(known) else None


def all_ways_to_lighten(who: Footing, falls: IncomeFalls) -> tuple[Relieved, ...]:
    """The ways to lighten the debts that matter, those past due always among them."""
    until = add_months(who.as_of, MONTHS_PER_YEAR)
    by_claim = sorted(who.positions, key=lambda debt: -_claim(debt, until))
    chosen = [
        debt for place, debt in enumerate(by_claim) if place < DEBTS_THAT_MATTER or debt.unpaid
    ]
    short_by = set(shortages(who))
    terms = ReliefTerms(
        household=who.household,
        rules=who.rules,
        products=who.products,
        is_difficult=bool(short_by & {"overdue", "cash_short"}),
        target=round(max(-_least_margin(who, falls), 0.0) * FEN_PER_YUAN),
        step=int(who.step_yuan) * FEN_PER_YUAN,
        positions=who.positions,
    )
    found = [one for debt in chosen for one in ways_to_lighten(debt, terms)]
    return tuple(sorted(found, key=lambda one: by_relief(one.option)))


def _claim(debt: Position, until: date) -> int:
    return sum(row.own_payment for row in debt.remaining if row.due_on <= until)


def _least_margin(who: Footing, falls: IncomeFalls) -> float:
    """What the poorest of the years that begin in the next three months leaves, after the cuts."""
    regular = (who.frame["net"] + who.frame["lump_principal"]).to_numpy()
    years = (regular[first : first + MONTHS_PER_YEAR] for first in (1, 2, 3))
    cuts = sum(cut.monthly_yuan for cut in falls.cuts)
    return min(float(year.sum()) / MONTHS_PER_YEAR for year in years) + cuts


def _relieved(case: Case, one: Relieved) -> WayOut:
    """One debt with one change."""
    option, debt = one.option, one.debt
    is_known = option.payment_fen is not None
    figures = case.figures(_in_place(case, [one]), option.starts_on) if is_known else None
    cost = None if option.extra_cost_fen is None else yuan(option.extra_cost_fen)
    standing = _standing(case, option)
    return WayOut(
        kind=option.kind,
        verdict=case.verdict(figures, cost),
        liabilities=(option.liability,),
        ask_by=option.ask_by,
        starts_on=option.starts_on,
        months=option.months,
        payment_now_fen=option.payment_now_fen,
        payment_fen=option.payment_fen,
        ends_on=option.ends_on,
        cost_yuan=cost,
        figures=figures,
        credit=option.credit.code,
        quality=standing.quality if standing else None,
        watched_until=_normal_on(case, standing, debt, option) if standing else None,
        view=_view(case, option) if is_known else "lender_names",
    )


def _together(case: Case, lightened: Sequence[Relieved], falls: IncomeFalls) -> Iterator[WayOut]:
    """The steps advised for when income falls, where there are several."""
    steps = falls.remedy.steps if falls.remedy else ()
    wanted = {(step.liability, step.kind) for step in steps}
    taken = [one for one in lightened if (one.option.liability, one.option.kind) in wanted]
    if len(taken) <= 1:
        return
    options = [one.option for one in taken]
    standings = [s for option in options if (s := _standing(case, option))]
    starts_on = max(option.starts_on for option in options)
    figures = case.figures(_in_place(case, taken), starts_on)
    cost = sum(yuan(option.extra_cost_fen or 0) for option in options)
    days = [_normal_on(case, _standing(case, one.option), one.debt, one.option) for one in taken]
    yield WayOut(
        kind="together",
        verdict=case.verdict(figures, cost),
        liabilities=tuple(option.liability for option in options),
        ask_by=min(option.ask_by for option in options),
        starts_on=starts_on,
        cost_yuan=cost,
        figures=figures,
        credit=max((option.credit.code for option in options), key=get_args(CreditCode).index),
        quality=max((s.quality for s in standings), key=get_args(Quality).index, default=None),
        watched_until=max((day for day in days if day), default=None),
        view=max((_view(case, option) for option in options), key=get_args(View).index),
        steps=steps,
    )


def _settled(case: Case) -> Iterator[WayOut]:
    """A settlement of each unsecured debt past due; nobody waives what is paid in time."""
    for debt in case.who.positions:
        if debt.unpaid and not debt.contract.secured_by:
            made = settlement(case.who, debt, case.means_yuan)
            yield _in_full(case, debt, made) if made.is_full else _in_part(debt, made)


def _in_full(case: Case, debt: Position, made: Settlement) -> WayOut:
    """The household can pay all of it: nobody has to agree."""
    figures = trial_figures(case.who, settlement_trial(case.who, debt, made))
    saved = yuan(sum(row.interest + row.fee for row in debt.remaining))
    return WayOut(
        kind="settlement",
        verdict=case.verdict(figures, -saved),
        liabilities=(debt.contract.id,),
        cost_yuan=-saved,
        figures=figures,
        credit="overdue_recorded",
        view="cured",
        settlement=made,
    )


def _in_part(debt: Position, made: Settlement) -> WayOut:
    """The lender would have to waive the rest; only it can say whether and how much."""
    return WayOut(
        kind="settlement",
        verdict="unknown",
        liabilities=(debt.contract.id,),
        cost_yuan=None,
        figures=None,
        credit="settled_short",
        view="write_down",
        settlement=made,
    )


def _sold(case: Case, security: Security, assets: Sequence[AssetLine]) -> WayOut:
    """A sale of what secures debts; with a shop that the household lives on, nobody can say."""
    made = sale(case.who, security, assets)
    is_living = any(line.kind == "shop" for line in assets) and any(
        line.kind == "business" for line in case.who.household.income
    )
    overdue = any(case.paths[name].is_past_due for name in security.liabilities)
    trial = sale_trial(case.who, security, made)
    figures = None if is_living else trial_figures(case.who, trial)
    return WayOut(
        kind="sale",
        verdict=case.verdict(figures, made.given_up_yuan),
        liabilities=security.liabilities,
        assets=security.assets,
        starts_on=made.sold_on,
        months=made.months,
        cost_yuan=made.given_up_yuan,
        figures=figures,
        credit="overdue_recorded" if overdue else "none",
        view="covered" if made.left_yuan >= 0 else "uncovered",
        sale=made,
    )


def _in_place(case: Case, taken: Sequence[Relieved]) -> list[Position]:
    """The debts, those changed as they would then stand."""
    changed = {one.option.liability: one.debt for one in taken}
    return [changed.get(debt.contract.id, debt) for debt in case.who.positions]


# ------------------------------------------------------------------- the lender's side, verdicts


def _standing(case: Case, option: ReliefOption) -> Standing | None:
    """Where the debt stands once the change is agreed, what is overdue being paid first."""
    path = case.paths[option.liability]
    if path.quality is None:
        return None
    today, product = case.who.as_of, case.who.household.liability(option.liability).product
    events = []
    if path.is_past_due:
        late = CreditEvent("past_due", today, days=path.days_past_due)
        events += [late, CreditEvent("cured", today)]
    if option.credit.code in ("restructured_flag", "overdue_and_restructured"):
        events.append(CreditEvent("restructured", today, next_due_on=option.starts_on))
    return standing_after(events, product, case.who.rules)


def _normal_on(
    case: Case, standing: Standing | None, debt: Position, option: ReliefOption
) -> date | None:
    if standing is None:
        return None
    days = [row.due_on for row in debt.remaining if row.due_on >= option.starts_on]
    return normal_again_on(standing, days, debt.contract.product, case.who.rules)


def _view(case: Case, option: ReliefOption) -> View:
    path = case.paths[option.liability]
    if path.quality is not None and is_bad(path.quality):
        return "bad"
    return "past_due" if path.is_past_due else "before_due"
