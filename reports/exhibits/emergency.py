"""The emergency fund, what stands behind the debts, and the days to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.risk.contingency import FLOOR_RULE, FUND_RULE
from planning.risk.insurance_gap import MULTIPLE_RULE
from planning.risk.review import OF_A_DEBT
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.risk.fund_saving import SavingPlan
    from planning.risk.fund_sizing import CaseNeed
    from planning.risk.insurance_gap import CoverGap
    from planning.risk.review import Review


def fund_table(plan: LiabilityPlan, language: str) -> Html:
    """What each emergency takes, the target it sets, what is held, missing and filled by when."""
    speech = Language(language)
    say, fund = speech.either, plan.contingency.fund
    norm = speech.graded(speech.months(fund.months), _grades(plan)[FUND_RULE])
    columns: list[Column | str] = [
        say("项目", "Item"),
        say("最吃紧的一段", "Hardest span"),
        Column(say("数额", "Figure"), "number"),
    ]
    rows = [_case_row(plan, case, speech) for case in fund.cases]
    rows += [
        [
            say("底线", "The floor"),
            speech.months(_number(plan, FLOOR_RULE)),
            speech.yuan(fund.floor_yuan),
        ],
        [say("目标（取最大的）", "Target, the largest"), "", speech.yuan(fund.target_yuan)],
        [say("现有可动用资金", "Held today"), "", speech.yuan(fund.held_yuan)],
        [say("缺口", "Missing"), _filled(fund.saving, speech), speech.yuan(fund.gap_yuan)],
        [
            say(f"对照：业内常说的 {norm}", f"For comparison: the customary {norm}"),
            "",
            speech.yuan(fund.norm_yuan),
        ],
    ]
    return table(
        columns,
        rows,
        caption=say("紧急备用金", "Emergency fund"),
        note=say(
            "推演时必要支出和每期还款照付，可调整支出从第二个月起停下，公积金冲还贷随工资停下；"
            "一次到期的本金和已经逾期的款事先就知道，没有算在内。几种情形不相加。",
            "Essential spending and instalments go on, what can wait stops from the second month, "
            "and an offset by the provident fund ends with the pay. Principal due in one sum and "
            "what is overdue already are known beforehand and left out. The cases are not added.",
        ),
    )


def _case_row(plan: LiabilityPlan, case: CaseNeed, speech: Language) -> list[str]:
    who = speech.either("、", ", ").join(_role(plan, one, speech) for one in case.members)
    name = speech.label("fund_case", case.code)
    told = speech.either(f"{name}（{who}）", f"{name} ({who.lower()})") if who else name
    span = f"{speech.month(case.starts_in)} – {speech.month(case.lowest_in)}"
    if case.need_yuan <= 0:
        return [told, "", speech.either("用不到", "none needed")]
    return [
        told,
        span if case.months > 1 else speech.month(case.starts_in),
        speech.yuan(case.need_yuan),
    ]


def _filled(saving: SavingPlan | None, speech: Language) -> str:
    """The month in which the gap is filled, with what can wait stopped where that is sooner."""
    if saving is None:
        return ""
    if saving.full_in:
        month = speech.month(saving.full_in)
        return speech.either(f"{month}底补足", f"full at the end of {month}")
    if saving.full_if_cut_in:
        month = speech.month(saving.full_if_cut_in)
        return speech.either(
            f"停下可调整支出，{month}底补足", f"full at the end of {month} if spending is cut"
        )
    span = speech.months(saving.span_months)
    return speech.either(f"照现在的收支，{span}内补不足", f"not within {span} as things are")


def _role(plan: LiabilityPlan, member: str, speech: Language) -> str:
    role = next(one.role for one in plan.household.members if one.id == member)
    return speech.label("role", role)


def _grades(plan: LiabilityPlan) -> dict[str, str]:
    return {entry.name: entry.grade for entry in plan.parameters}


def _number(plan: LiabilityPlan, rule: str) -> float:
    """A rule's number; of a norm its bound."""
    value = next(entry.value for entry in plan.parameters if entry.name == rule)
    return float(value["green"] if isinstance(value, dict) else value)


def cover_table(plan: LiabilityPlan, language: str) -> Html:
    """For everyone who earns: what a death or a long illness asks for, and what is missing."""
    gaps = [gap for gap in plan.contingency.cover.gaps if gap.debts_yuan + gap.living_yuan > 0]
    if not gaps:
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns: list[Column | str] = [
        say("谁，什么情况", "Who, and what"),
        Column(say("还不动的负债", "Debts not carried"), "number"),
        Column(say("家用或收入", "Spending or pay"), "number"),
        Column(say("手头的钱和保额", "Ready money and cover"), "number"),
        Column(say("还缺的保额", "Cover missing"), "number"),
    ]
    times = speech.number(_number(plan, MULTIPLE_RULE), 0)
    norm = speech.graded(times, _grades(plan)[MULTIPLE_RULE])
    most = max(plan.contingency.cover.gaps, key=lambda gap: gap.norm_yuan or 0.0)
    left_out = ""
    if len(gaps) < len(plan.contingency.cover.gaps):
        left_out = say("什么都不用补的情形没有列出。", "Cases that ask for nothing are left out. ")
    return table(
        columns,
        [_cover_row(plan, gap, speech) for gap in gaps],
        caption=say("保障缺口", "Cover that is missing"),
        note=say(
            f"{left_out}只在意外时赔的保额没有算进来，病假工资不计。"
            f"对照：业内常说保额为年收入的 {norm} 倍，"
            f"收入最高的一位是 {speech.yuan(most.norm_yuan)}。",
            f"{left_out}Cover that pays after an accident only is not counted, nor is sick pay. "
            "The customary "
            f"{norm} times a year's pay would be {speech.yuan(most.norm_yuan)} for the one who "
            "earns most.",
        ),
    )


def _cover_row(plan: LiabilityPlan, gap: CoverGap, speech: Language) -> list[str]:
    who, what = _role(plan, gap.member, speech), speech.label("cover", gap.kind)
    years = speech.either(f"{gap.years} 年", f"{gap.years} years")
    return [
        speech.either(f"{who}，{what}（{years}）", f"{who}, {what} ({years})")
        if gap.years
        else speech.either(f"{who}，{what}", f"{who}, {what}"),
        speech.yuan(gap.debts_yuan),
        speech.yuan(gap.living_yuan),
        speech.yuan(gap.at_hand_yuan),
        speech.yuan(gap.gap_yuan),
    ]


def review_table(plan: LiabilityPlan, language: str) -> Html:
    """Days on which the plan is to be looked at again."""
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.date(review.due_on),
            speech.label("review", review.code),
            _subject(plan, review, speech),
        ]
        for review in plan.reviews
    ]
    columns = [say("日期", "Day"), say("事项", "Why"), say("对象", "Of")]
    return table(columns, rows, caption=say("检视日程", "When to look again"))


def _subject(plan: LiabilityPlan, review: Review, speech: Language) -> str:
    if review.code in OF_A_DEBT:
        return debt_name(plan.debt(review.subject), speech)
    return review.subject or UNKNOWN
