"""The choice of a loan: the shortlist, what was left out and why, how much, with and without."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from planning.plan import LiabilityPlan
    from planning.strategy.choice import (
        Candidate,
        Document,
        Figures,
        LargestLoan,
        Selection,
        Way,
    )
    from planning.strategy.reason import Number, Reason

ORDER: Final = (
    "shortlisted",
    "ranked_below",
    "dominated",
    "unaffordable",
    "unlawful",
    "not_eligible",
    "not_on_offer",
)
"""From the products nearest to the household's need to the farthest."""

LISTS: Final = {
    "employments": "employment",
    "evidences": "evidence",
    "kinds": "asset",
    "products": "product",
}
"""Numbers of a reason that are several codes, and the labels they are read by."""

CODES: Final = {
    "use": "use",
    "guarantee": "guarantee",
    "method": "method",
    "wanted_method": "method",
    "check": "check",
}
HOLDS: Final = "▲"
"""Marks the constraint that decides an amount."""

FEN_PER_YUAN: Final = 100


def shortlist_table(plan: LiabilityPlan, language: str) -> Html:
    """Each product on the shortlist: why it is there, and what to mind."""
    chosen = plan.selection
    if chosen is None or not chosen.shortlist:
        return NOTHING
    speech = Language(language)
    say = speech.either
    return table(
        [
            say("产品", "Product"),
            say("贷款机构", "Lender"),
            say("为什么列入，要留意什么", "Why, and what to mind"),
        ],
        [
            [
                candidate_name(one, speech),
                one.lender,
                reasons_text(one.reasons, plan, speech),
            ]
            for one in _listed(chosen)
        ],
        caption=say("可以进一步了解的产品", "Products worth a closer look"),
        note=say(
            "名单按这份规划所知的条款测算，供比较，不是授信；能不能办、按什么条件办，由贷款机构决定。",
            "Computed from terms known to this plan, for comparison; it is no offer of credit. "
            "The lender decides whether and on which terms to lend.",
        ),
    )


def candidates_table(plan: LiabilityPlan, language: str) -> Html:
    """Every product that could be priced, the shortlist first, side by side."""
    priced = [one for one in _in_order(plan) if one.figures is not None]
    if not priced:
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns: list[Column | str] = [
        say("产品", "Product"),
        say("结果", "Outcome"),
        Column(say("年利率", "Rate"), "number"),
        Column(say("年化综合成本（单利）", "All-in cost (simple)"), "number"),
        Column(say("期限", "Term"), "number"),
        Column(say("每月最多还（元）", "Dearest month, CNY"), "number"),
        Column(say("利率上升后（元）", "After a rise, CNY"), "number"),
        Column(say("到期一次还（元）", "Due in one sum, CNY"), "number"),
        Column(say("总成本（元）", "Cost in all, CNY"), "number"),
        Column(say("还款占收入", "Debts to income"), "number"),
    ]
    return table(
        columns,
        [_figures_row(one, one.figures, speech) for one in priced if one.figures],
        caption=say("按您的金额测算的产品对照", "Products side by side, on your amount"),
        note=_figures_note(plan, speech),
    )


def rejected_table(plan: LiabilityPlan, language: str) -> Html:
    """Every product that is not on the shortlist, with all its reasons."""
    left_out = [one for one in _in_order(plan) if one.outcome != "shortlisted"]
    if not left_out:
        return NOTHING
    speech = Language(language)
    say = speech.either
    return table(
        [say("产品", "Product"), say("结果", "Outcome"), say("原因", "Reasons")],
        [
            [
                candidate_name(one, speech),
                speech.label("outcome", one.outcome),
                reasons_text(one.reasons, plan, speech),
            ]
            for one in left_out
        ],
        caption=say("没有列入的产品和原因", "Products left out, and why"),
    )


def largest_table(plan: LiabilityPlan, language: str) -> Html:
    """The most each constraint allows, a column a product, and the one that decides."""
    chosen = plan.selection
    if chosen is None or not chosen.largest:
        return NOTHING
    speech = Language(language)
    say = speech.either
    names = [candidate_name(chosen.candidate(one.product), speech) for one in chosen.largest]
    columns: list[Column | str] = [
        say("限制", "Limit"),
        *(Column(name, "number") for name in names),
    ]
    return table(
        columns,
        list(_largest_rows(plan, chosen.largest, speech)),
        caption=say("最多可以借多少", "How much could be borrowed"),
        total_row=True,
        note=_largest_note(plan, chosen.largest, speech),
    )


def documents_list(plan: LiabilityPlan, language: str) -> Html:
    """The papers to bring once for the whole shortlist, and which are on file."""
    chosen = plan.selection
    if chosen is None or not chosen.documents:
        return NOTHING
    speech = Language(language)
    say = speech.either
    states = {True: "missing", False: "seen", None: "unknown"}
    rows = [
        [
            speech.label("document", one.kind),
            _asking(chosen, one, speech),
            speech.label("document_state", states[one.is_missing]),
        ]
        for one in chosen.documents
    ]
    return table(
        [say("资料", "Paper"), say("哪些产品要", "Asked for by"), say("现状", "State")],
        rows,
        caption=say("一次性资料清单", "Papers to bring, once"),
        note=say(
            "以贷款机构的通知为准；复印件请注明用途，原件当面核对后带回。",
            "The lender's own list decides. Mark copies with their purpose and take originals "
            "home again.",
        ),
    )


def _asking(chosen: Selection, paper: Document, speech: Language) -> str:
    """Who asks for a paper."""
    say = speech.either
    if len(paper.of) == len(chosen.shortlist) > 1:
        return say("名单上的每一款", "all of them")
    return say("、", ", ").join(candidate_name(chosen.candidate(p), speech) for p in paper.of)


def comparison_table(plan: LiabilityPlan, language: str) -> Html:
    """The need met with the first product of the shortlist, beside meeting it without."""
    weighed = plan.selection.comparison if plan.selection else None
    if weighed is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    ways = [way for way in (weighed.with_loan, weighed.without) if way is not None]
    columns: list[Column | str] = [
        say("比较", "Compared"),
        *(Column(_way_name(plan, way, speech), "number") for way in ways),
    ]
    lines = [[name, *(cell(way) for way in ways)] for name, cell in _way_lines(speech)]
    return table(
        columns,
        [line for line in lines if any(text != UNKNOWN for text in line[1:])],
        caption=say("借与不借", "With a loan and without"),
        note=say(
            "月均数按未来十二个月计算；先存钱的，按现在每月的结余推算，不计物价和收益的变化。"
            "利息和费用从用款那天算起；先存钱的，是等待期间原有贷款的利息。这件事除了借款还要自己"
            "出钱的（买房的已经扣除），请从“办完之后手头的钱”里减去。",
            "Monthly figures are averages of the year ahead. Saving first assumes today's monthly "
            "surplus, with no change of prices and no return. Interest and fees count from the day "
            "the money is wanted; when saving first, those of the old debts while you wait. If the "
            "need takes own money beside the loan, deduct it from ready money (for a home this is "
            "done).",
        ),
    )


# ------------------------------------------------------------------------------------- words


def candidate_name(one: Candidate, speech: Language) -> str:
    """A product as the client knows it, marked where nobody has verified its terms."""
    name = str(getattr(one.label, speech.code))
    return name if one.grade is None else speech.graded(name, one.grade)


def product_name(plan: LiabilityPlan, product: str, speech: Language) -> str:
    """The name of a product of the choice."""
    chosen = plan.selection
    return product if chosen is None else str(getattr(chosen.candidate(product).label, speech.code))


def reasons_text(reasons: Sequence[Reason], plan: LiabilityPlan, speech: Language) -> str:
    """Reasons in words, one after the other; what is to be minded is announced once."""
    mind = speech.either("请留意：", "mind: ")
    told = [reason_text(one, plan, speech) for one in reasons]
    good = [text for text in told if not text.startswith(mind)]
    bad = [text.removeprefix(mind) for text in told if text.startswith(mind)]
    if bad:
        bad[0] = mind + bad[0]
    return speech.either("；", "; ").join((*good, *bad))


def reason_text(reason: Reason, plan: LiabilityPlan, speech: Language) -> str:
    """One reason in words, with the rule it rests on; an unverified rule is marked."""
    words = {name: _number(name, value, speech) for name, value in reason.numbers.items()}
    if reason.other:
        words["other"] = product_name(plan, reason.other, speech)
    if reason.code == "rule_broken":
        words["figures"] = _against_rule(reason, speech)
    text = speech.label("reason", reason.code).format(**words)
    return text + _basis(reason.rule, plan, speech)


def _number(name: str, value: Number, speech: Language) -> str:
    if name in CODES:
        return speech.label(CODES[name], str(value))
    if name in LISTS:
        codes = str(value).split(",")
        return speech.either("、", ", ").join(speech.label(LISTS[name], code) for code in codes)
    if isinstance(value, str):
        return speech.day(value) if name.endswith("_on") else value
    return _figure(name, value, speech)


def _figure(name: str, value: float, speech: Language) -> str:
    writers: dict[str, Callable[[float], str]] = {
        "_fen": lambda fen: speech.wan(fen / FEN_PER_YUAN),
        "_yuan": speech.yuan,
        "months": speech.months,
        "_share": lambda share: speech.percent(share, 0),
    }
    write = next((writers[suffix] for suffix in writers if name.endswith(suffix)), None)
    return f"{value:,.0f}" if write is None else write(value)


def _against_rule(reason: Reason, speech: Language) -> str:
    """The figure and the limit of a broken rule; a rule without figures is simply not kept."""
    unit = str(reason.numbers.get("unit", ""))
    shown = [
        speech.rule_value(Decimal(repr(round(float(reason.numbers[name]), 4))), unit)
        for name in ("value", "limit")
        if name in reason.numbers and unit != "flag"
    ]
    if len(shown) < len(("value", "limit")):
        return speech.label("verdict", "broken")
    return speech.either(f"{shown[0]}，规定是 {shown[1]}", f"{shown[0]}, the rule is {shown[1]}")


def _marked(name: str, rule: str | None, plan: LiabilityPlan, speech: Language) -> str:
    """A constraint's name, marked where nobody has verified the rule it rests on."""
    entry = next((one for one in plan.parameters if one.name == rule), None)
    return name if entry is None else speech.graded(name, entry.grade)


def _basis(rule: str | None, plan: LiabilityPlan, speech: Language) -> str:
    entry = next((one for one in plan.parameters if one.name == rule), None)
    if entry is None:
        return ""
    name = speech.graded(str(getattr(entry.label, speech.code)), entry.grade)
    return speech.either(f"（依据：{name}）", f" (by: {name})")


# ------------------------------------------------------------------------------------- rows


def _listed(chosen: Selection) -> list[Candidate]:
    return [chosen.candidate(product) for product in chosen.shortlist]


def _in_order(plan: LiabilityPlan) -> list[Candidate]:
    """The shortlist in its own order, then the others from near to far."""
    chosen = plan.selection
    if chosen is None:
        return []
    others = [one for one in chosen.candidates if one.outcome != "shortlisted"]
    others.sort(key=lambda one: (ORDER.index(one.outcome), one.product))
    return [*_listed(chosen), *others]


def _figures_row(one: Candidate, figures: Figures, speech: Language) -> list[str]:
    return [
        candidate_name(one, speech),
        speech.label("outcome", one.outcome),
        speech.percent(figures.annual_rate),
        speech.percent(figures.own_cost.irr_x12),
        speech.months(figures.months),
        speech.fen(figures.highest_payment_fen),
        speech.whole(figures.stressed_payment_yuan),
        speech.fen(figures.lump_fen) if figures.lump_fen else speech.either("无", "none"),
        speech.fen(figures.total_cost_fen),
        speech.percent(figures.share, 1),
    ]


def _figures_note(plan: LiabilityPlan, speech: Language) -> str:
    stress = next(one for one in plan.parameters if one.name == "house.stressed_rate_bp")
    rise = speech.graded(speech.rule_value(stress.value, stress.unit), stress.grade)
    return speech.either(
        "综合成本和总成本是您家自付的部分，第三方收费在内、财政贴息已扣除；“利率上升后”假定"
        f"指数一直高出 {rise}；还款占收入按贷款机构认定的收入、连同其他负债、未来一年的月均数计算。"
        "年利率一栏的"
        "横线：按手续费计价，或由两份利率不同的合同组成。",
        "Costs are what your household bears itself, charges of third parties in and a fiscal "
        f"subsidy out. “After a rise” assumes an index higher by {rise} throughout. Debts to "
        "income counts every debt against recognised income, on average of the year ahead. "
        "A dash for the rate: priced by a "
        "fee, or two contracts with different rates.",
    )


def _largest_rows(
    plan: LiabilityPlan, found: Sequence[LargestLoan], speech: Language
) -> Iterator[list[str]]:
    codes = dict.fromkeys(binding.code for one in found for binding in one.bindings)
    for code in codes:
        rule = next((b.rule for one in found for b in one.bindings if b.code == code), None)
        name = _marked(speech.label("constraint", code), rule, plan, speech)
        yield [name, *(_most(one, code, speech) for one in found)]
    if _has_least(plan, found):
        yield [
            speech.either("为留住备用金，至少要借", "To keep the reserve, at least"),
            *(speech.wan(one.least_fen / FEN_PER_YUAN) for one in found),
        ]
    total = [speech.wan(one.amount_fen / FEN_PER_YUAN) for one in found]
    yield [speech.either("最多可借", "At most"), *total]


def _most(one: LargestLoan, code: str, speech: Language) -> str:
    binding = next((b for b in one.bindings if b.code == code), None)
    if binding is None:
        return UNKNOWN
    if binding.most_yuan is None:
        return speech.either("不构成限制", "no limit")
    mark = f"{HOLDS} " if code == one.binds else ""
    return mark + speech.wan(binding.most_yuan)


def _has_least(plan: LiabilityPlan, found: Sequence[LargestLoan]) -> bool:
    """Whether too small a loan leaves no reserve; debts put on new terms need not leave it."""
    return plan.household.need.kind != "refinance" and any(one.least_fen for one in found)


def _largest_note(plan: LiabilityPlan, found: Sequence[LargestLoan], speech: Language) -> str:
    say, step = speech.either, speech.wan(found[0].step_fen / FEN_PER_YUAN)
    words = [
        say(
            f"{HOLDS}为卡住数目的那一项。"
            f"以 {step}为一档往下取整（替换旧债的，以所欠本金为限），按同样的期限和还款方式推算；"
            "是收支能够承受的上限，不是建议借到的数目。",
            f"{HOLDS} holds the amount. "
            f"In steps of {step}, rounded down, and for debts to be replaced no more than they "
            "owe; over the same term and by the same method. It is the most your means would "
            "carry, no advice to borrow as much.",
        )
    ]
    if _has_least(plan, found):
        words.append(
            say(
                "借得越少，自己要出的越多；少于“至少”的数目，备用金就留不住。",
                "The less is lent, the more you put up; below the least amount the reserve goes.",
            )
        )
    if plan.household.need.kind != "housing":
        words.append(
            say(
                "还款占收入的上限是房贷审批用的，其他贷款在这里参照它。",
                "The ceilings on payments are those of home loans; other loans are read by them.",
            )
        )
    return say("", " ").join(words)


def _way_name(plan: LiabilityPlan, way: Way, speech: Language) -> str:
    name = speech.label("way", way.code)
    if way.product is None:
        return name
    chosen = plan.selection
    product = way.product
    if chosen is not None:
        product = candidate_name(chosen.candidate(way.product), speech)
    return speech.either(f"{name}：{product}", f"{name}: {product}")


def _way_lines(speech: Language) -> list[tuple[str, Callable[[Way], str]]]:
    say = speech.either
    return [
        (say("每月还款", "Payments a month"), lambda way: speech.yuan(way.service_yuan)),
        (say("每月结余", "Left of a month"), lambda way: speech.yuan(way.margin_yuan)),
        (
            say("一年内要一次归还的本金", "Due in one sum within the year"),
            lambda way: _lump(way, speech),
        ),
        (
            say("办完之后手头的钱", "Ready money afterwards"),
            lambda w: speech.yuan(w.liquid_after_yuan),
        ),
        (say("够付必要支出和还款", "Lasts for"), lambda way: _reserve(way, speech)),
        (
            say("还要付的利息和费用", "Interest and fees to come"),
            lambda w: speech.yuan(w.cost_yuan),
        ),
        (say("要先存", "Saving first takes"), lambda way: speech.months(way.months_to_save)),
    ]


def _reserve(way: Way, speech: Language) -> str:
    months = speech.number(way.reserve_months)
    if way.reserve_months is None:
        return UNKNOWN
    return speech.either(f"{months} 个月", f"{months} months")


def _lump(way: Way, speech: Language) -> str:
    return speech.yuan(way.lump_yuan) if way.lump_yuan else speech.either("无", "none")
