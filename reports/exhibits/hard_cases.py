"""When a debt cannot be paid as agreed: its class, the ways out, and what stands behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from planning.rules.classification import PAST_DUE
from planning.strategy.relief_option import ReliefKind
from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.risk.class_path import ClassPath, Owed
    from planning.risk.collateral import CollateralPath, CoverCase, CoverYear
    from planning.risk.relief_trial import TrialFigures
    from planning.risk.way_out import WayOut

YUAN_PER_WAN = 10_000
PAID_OFF_YUAN = 0.005
RELIEFS: Final = get_args(ReliefKind)
MOST_TOLD: Final = 6


def class_table(plan: LiabilityPlan, language: str) -> Html:
    """Each debt's class today and the days on which it would fall, were nothing more paid."""
    known = [path for path in plan.class_paths if path.turns and path.quality]
    if plan.hard_cases is None or not known:
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        say("今天", "Today"),
        say("最早未还的一期", "First unpaid"),
        *(say(f"转为{speech.label('class', name)}", speech.label("class", name).capitalize())
          for name in PAST_DUE),
        Column(say("转次级前补齐（元）", "Due before substandard, CNY"), "number"),
    ]  # fmt: skip
    return table(
        columns,
        [_class_row(plan, path, speech) for path in known],
        caption=say(
            "若一直不还，分类变化的日子", "When the class would fall if nothing more is paid"
        ),
        note=say(
            "按今天的规则和合同推算；没有逾期的贷款，从资金用完后最早可能还不上的那一期算起。"
            "“起”表示合同没有写明罚息，另计。",
            "By today's rules and the contracts; a debt in order is counted from the earliest "
            "payment that could be missed once money has run out. “From” means that the contract "
            "does not say what being late costs.",
        ),
    )


def _class_row(plan: LiabilityPlan, path: ClassPath, speech: Language) -> list[str]:
    bad = path.turn("substandard")
    turns = {turn.quality: speech.date(turn.reached_on) for turn in path.turns}
    return [
        debt_name(plan.debt(path.liability), speech),
        speech.label("class", path.quality),
        speech.date(path.missed_on),
        *(turns.get(name, UNKNOWN) for name in PAST_DUE),
        _to_be_current(bad.owed, speech) if bad else UNKNOWN,
    ]


def _to_be_current(owed: Owed, speech: Language) -> str:
    if owed.highest_fen is None:
        due = speech.fen(owed.due_fen)
        return speech.either(f"{due} 起", f"from {due}")
    return speech.fen(owed.highest_fen)


def way_table(plan: LiabilityPlan, language: str) -> Html:
    """Every way out, the advised first: what it costs, the month after it, what it closes."""
    hard = plan.hard_cases
    if hard is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns: list[Column | str] = [
        say("办法", "Way"),
        say("对象", "Of"),
        Column(say("多付（元）", "Costs more, CNY"), "number"),
        Column(say("之后一年每月余（元）", "Left a month, year after, CNY"), "number"),
        Column(say("要先找到（元）", "To be found first, CNY"), "number"),
        say("找到之后，资金用完", "Then money runs out"),
        say("能否补上缺口", "Closes the gap?"),
        say("征信", "Credit record"),
    ]
    horizon = speech.months(plan.baseline.horizon_months)
    is_closed = hard.recommended is not None
    order_zh = "先排补得上缺口的" if is_closed else "最前面的撑得最久，其余先排缺的钱找到就够的"
    order_en = "What closes the gap" if is_closed else "What lasts longest"
    return table(
        columns,
        [_way_row(plan, way, speech) for way in hard.in_order],
        caption=say("各种办法的花费和效果", "What each way costs and does"),
        note=say(
            f"{order_zh}，再按花费由低到高。都已停下可以等的支出。"
            f"资金看{horizon}；“要先找到”是头一年最紧时缺的数。"
            "出售抵押物的花费，是还贷之前到手的钱比登记价值少多少。"
            "已有的罚息和复利，不论哪种办法都要付。",
            f"{order_en} first, then by cost; what can wait is stopped. Money is looked at over "
            f"{horizon}; “to be found first” is what is lacking at the tightest point of the first "
            "year. A sale costs what it brings, before the debt is repaid, less than the stated "
            "value. Late charges so far are due whichever way is taken.",
        ),
    )


def _way_row(plan: LiabilityPlan, way: WayOut, speech: Language) -> list[str]:
    seen, hard = way.figures, plan.hard_cases
    is_advised = hard is not None and way is hard.advised
    return [
        way_name(way, speech) + (speech.either("（建议）", " (advised)") if is_advised else ""),
        _of(plan, way, speech),
        speech.whole(way.cost_yuan),
        speech.whole(seen.margin_yuan if seen else None),
        speech.whole(seen.bridge_yuan if seen else None),
        _lasts(seen, speech) if seen else UNKNOWN,
        speech.label("way_verdict", way.verdict),
        speech.label("credit_effect", way.credit),
    ]


def _lasts(seen: TrialFigures, speech: Language) -> str:
    months = seen.lasts_months
    if months is None and round(seen.bridge_yuan) > 0:
        return speech.either("找到了才不会用完", "not once it is found")
    if months is None:
        return speech.either("不会用完", "no")
    return speech.either(f"第{months}个月", f"month {months}")


def lender_table(plan: LiabilityPlan, language: str) -> Html:
    """The lender's side of the ways that matter: its view, the class after it, the record."""
    if plan.hard_cases is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    shown = [way for way in plan.hard_cases.in_order if way.verdict != "too_little"][:MOST_TOLD]
    columns = [
        say("办法", "Way"),
        say("对象", "Of"),
        say("贷款机构怎么看", "How the lender looks at it"),
        say("之后最好是", "Best class after it"),
        say("最早恢复正常", "Normal again at the earliest"),
    ]
    rows = [
        [
            way_name(way, speech),
            _of(plan, way, speech),
            speech.label("lender_view", way.view),
            speech.label("class", way.quality),
            speech.date(way.watched_until),
        ]
        for way in shown
    ]
    if not rows:
        return NOTHING
    note = say(f"照上表的次序，只列前{len(rows)}种。", f"The first {len(rows)} of the table above.")
    return table(columns, rows, caption=say("贷款机构那一边", "The lender's side"), note=note)


def way_name(way: WayOut, speech: Language) -> str:
    """What a way is called, and how long it lasts."""
    is_relief = way.kind in RELIEFS
    name = speech.label("relief" if is_relief else "way_out", way.kind)
    name = name[:1].upper() + name[1:]
    if way.months is None or not is_relief:
        return name
    months = speech.months(way.months)
    return speech.either(f"{name}（{months}）", f"{name} ({months})")


def _of(plan: LiabilityPlan, way: WayOut, speech: Language) -> str:
    if way.sale is not None:
        kinds = {line.id: line.kind for line in plan.balance_sheet.assets}
        return _assets(way.assets, kinds, speech)
    if not way.liabilities or way.kind == "as_agreed":
        return speech.either("全部贷款", "all debts")
    names = [debt_name(plan.debt(one), speech) for one in way.liabilities]
    return speech.either("、", "; ").join(names)


def _assets(assets: tuple[str, ...], kinds: dict[str, str], speech: Language) -> str:
    return speech.either("、", ", ").join(speech.label("asset", kinds[one]) for one in assets)


def collateral_table(plan: LiabilityPlan, language: str) -> Html:
    """Loan to value year by year, as prices are and in each fall of prices."""
    if not plan.collateral:
        return NOTHING
    speech = Language(language)
    say = speech.either
    kinds = {line.id: line.kind for line in plan.balance_sheet.assets}
    months = [year.month for year in plan.collateral[0].baseline.years]
    columns: list[Column | str] = [
        say("抵押物", "Collateral"),
        say("价格", "Prices"),
        *(Column(speech.month(month), "number") for month in months),
        say("不够还的月份", "Falls short in"),
    ]
    rows = [
        [
            _assets(path.assets, kinds, speech),
            _prices(plan, case, speech),
            *(_share(year, speech) for year in case.years),
            speech.month(case.shortfall_month) if case.shortfall_month else say("没有", "none"),
        ]
        for path in plan.collateral
        for case in path.cases
        if _is_shown(plan, path, case)
    ]
    return table(
        columns,
        rows,
        caption=say("贷款余额占抵押物折后价值", "Debt to the cut value of what secures it"),
        note=say(
            "价值先按估值惯例打折：房产用房产估值折减，车辆另折并逐年贬值，存款和保单不折。"
            "余额是月末的，假定按合同还；到期时手头的钱已经用完的，本金按仍欠着算，没有加罚息。",
            "Values are cut first, as a valuation would: property by its own cut, a car by another "
            "and by its age, deposits and policies not at all. Balances are those of the month's "
            "end, paid as agreed; principal that falls due once money has run out stays owed, "
            "without late charges.",
        ),
    )


def _share(year: CoverYear, speech: Language) -> str:
    """A debt that is paid off has no share to watch."""
    if year.balance_yuan < PAID_OFF_YUAN:
        return speech.either("已还清", "paid off")
    return speech.percent(year.loan_to_value, 1)


def _is_shown(plan: LiabilityPlan, path: CollateralPath, case: CoverCase) -> bool:
    """The baseline, and for property the cases that are falls of prices alone."""
    if case is path.baseline:
        return True
    kind = next(one.kind for one in plan.scenarios if one.id == case.scenario)
    return kind == "price" and path.fall_to_shortfall is not None


def _prices(plan: LiabilityPlan, case: CoverCase, speech: Language) -> str:
    label = next((one.label for one in plan.scenarios if one.id == case.scenario), None)
    return speech.either("现状", "as they are") if label is None else getattr(label, speech.code)


def collateral_chart(plan: LiabilityPlan, language: str) -> Html:
    """The largest secured debt against the cut value, as prices are and after each fall."""
    falling = [path for path in plan.collateral if path.fall_to_shortfall is not None]
    if not falling:
        return NOTHING
    speech = Language(language)
    say = speech.either
    path = max(falling, key=lambda one: one.balance_fen)
    shown = [case for case in path.cases if _is_shown(plan, path, case)]
    figure, axes = new_figure(62)
    places = range(len(path.baseline.years))
    owed = [year.balance_yuan / YUAN_PER_WAN for year in path.baseline.years]
    axes.fill_between(places, owed, color=SERIES[1], alpha=0.35, label=say("贷款余额", "Debt"))
    for number, case in enumerate(shown):
        prices = _prices(plan, case, speech)
        axes.plot(
            places,
            [year.value_yuan / YUAN_PER_WAN for year in case.years],
            color=PALETTE["critical"] if case.shortfall_month else SERIES[2 * number % len(SERIES)],
            linestyle=("-", "--", ":", "-.")[number % 4],
            label=say(f"折后价值：{prices}", f"Value: {prices}"),
        )  # fmt: skip
    axes.set_xticks(list(places), [speech.month(year.month) for year in path.baseline.years])
    axes.set_title(say("万元", "CNY 10,000"))
    axes.set_ylim(bottom=0)
    add_legend(figure, columns=2)
    kinds = {line.id: line.kind for line in plan.balance_sheet.assets}
    name, share = _assets(path.assets, kinds, speech), speech.percent(path.loan_to_value, 1)
    return chart(
        figure,
        caption=say(
            f"{name}：贷款余额与折后价值（红色表示不够还）",
            f"{name}: debt and cut value (red: it falls short)",
        ),
        alt=say(
            f"今天贷款占{name}折后价值的{share}。",
            f"Today the debt is {share} of the cut value of the {name}.",
        ),
    )
