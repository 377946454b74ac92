"""The words and rows of a financing cost form (综合融资成本明示表), for text and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.language import UNKNOWN

if TYPE_CHECKING:
    from planning.loans.prepayment_policy import PenaltyTier
    from planning.rules.disclosure import ContingentItem, CostItem, FinancingCostForm
    from reports.language import Language


def item_headings(speech: Language) -> list[str]:
    """What stands above the columns of `item_row`."""
    say = speech.either
    return [
        say("收费项目", "Item"),
        say("收取方式", "Charged"),
        say("收取标准", "Standard"),
        say("合计（元）", "Total, CNY"),
        say("折合年化（单利）", "A year (simple)"),
        say("收取主体", "Collected by"),
    ]


def loan_rows(form: FinancingCostForm, speech: Language) -> list[tuple[str, str]]:
    """Who lends how much, for how long, repaid how."""
    say = speech.either
    proceeds = speech.money(form.proceeds_fen)
    if form.is_extension:
        proceeds = say("不放款，只改原有贷款的期限", "none, only the old loan's term changes")
    return [
        (say("贷款机构", "lender"), form.lender),
        (say("贷款本金", "principal"), speech.money(form.principal_fen)),
        (say("实际到手", "proceeds"), proceeds),
        (say("还款方式", "method"), speech.label("method", form.method)),
        (say("期限", "term"), speech.months(form.term_months)),
        (
            say("放款日、首次还款日、到期日", "drawn, first due, last due"),
            say("、", ", ").join(
                day.isoformat() for day in (form.drawn_on, form.first_due_on, form.last_due_on)
            ),
        ),
    ]


def cost_rows(form: FinancingCostForm, speech: Language) -> list[tuple[str, str]]:
    """The annual cost when paid as agreed, and after a subsidy."""
    say = speech.either
    named = [
        (say("正常履约年化综合融资成本", "annual cost when paid as agreed"), form.cost),
        (say("扣除财政贴息后", "after the subsidy"), form.cost_after_subsidy),
    ]
    return [
        (
            name,
            say(
                f"{speech.percent(cost.irr_x12)}（单利），{speech.percent(cost.ear)}（复利）",
                f"{speech.percent(cost.irr_x12)} (simple), {speech.percent(cost.ear)} (compounded)",
            ),
        )
        for name, cost in named
        if cost is not None
    ]


def item_row(item: CostItem, speech: Language) -> list[str]:
    """One item of interest or fee."""
    standard = UNKNOWN if item.amount_fen is None else speech.money(item.amount_fen)
    if item.rate is not None:
        per = speech.label("rate_per", item.rate_per)
        base = speech.label("rate_base", item.base)
        standard = f"{base} {speech.percent(float(item.rate))}{per}"
    return [
        speech.label("cost_item", item.kind),
        speech.label("charged", item.charged),
        standard,
        speech.fen(item.total_fen),
        speech.percent(item.annual_level.irr_x12),
        item.collected_by,
    ]


def contingent_row(item: ContingentItem, speech: Language) -> tuple[str, str]:
    """What a default or a prepayment would add: its name, and how it is charged."""
    say, name = speech.either, speech.label("contingent", item.kind)
    if not item.is_charged:
        return name, say("不收", "not charged")
    said = []
    if item.uplift is not None:
        raised = speech.percent(float(item.uplift), 0)
        said.append(say(f"合同利率上浮 {raised}", f"contract rate raised by {raised}"))
    if item.annual_rate is not None:
        rate = speech.percent(float(item.annual_rate))
        said.append(say(f"年利率 {rate}", f"{rate} a year"))
    said += [_tier(tier, speech) for tier in item.tiers]
    for bound, words in (
        (item.minimum_fen, ("不低于 ", "at least ")),
        (item.cap_fen, ("不超过 ", "at most ")),
    ):
        if bound is not None:
            said.append(say(*words) + speech.money(bound))
    listed = say("，", ", ").join(said) or say("照收", "charged")
    return name, listed


def unstated_words(form: FinancingCostForm, speech: Language) -> str | None:
    """What the contract does not say and a form has a line for."""
    say = speech.either
    names = [speech.label("contingent", kind) for kind in form.unstated]
    listed = say("、", ", ").join(names)
    return say(f"合同没有写明：{listed}", f"Not stated: {listed}") if names else None


def issuer_words(speech: Language) -> str:
    """Whose the real form is."""
    return speech.either(
        "正式的明示表由贷款机构出具；除上表外是否另收费用，由贷款机构声明。",
        "The lender issues the form itself, and states whether anything else is charged.",
    )


def _tier(tier: PenaltyTier, speech: Language) -> str:
    say, until, value = speech.either, tier.until_month, str(tier.value)
    if tier.kind.startswith("share"):
        value = speech.percent(float(tier.value or 0))
    words = speech.label("penalty", tier.kind).format(value=value)
    age = say("任何时候", "any time")
    if until:
        age = say(f"放款 {until} 个月内", f"within {until} months")
    return say(f"{age}{words}", f"{age} {words}")
