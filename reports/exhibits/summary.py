"""Page one, and the findings: whose plan it is, its key figures, what deserves a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.blocks import cover, finding, key_figures
from reports.exhibits.compliance import check_facts
from reports.language import Language
from reports.markup import NOTHING, Html, joined
from reports.narrative import finding_text

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan

TOP_FINDINGS = 2


def document_title(language: str) -> str:
    """What the document is called."""
    return Language(language).either("家庭负债规划书", "Household liability plan")


def title_block(plan: LiabilityPlan, language: str) -> Html:
    """Head of the document: for whom, of what day, by whom."""
    return cover(
        document_title(language),
        client=plan.client,
        name=plan.household.name,
        as_of=plan.as_of,
        advisor=" · ".join(
            filter(None, (plan.household.advisor.name, plan.household.advisor.contact))
        ),
        institution=plan.household.advisor.institution,
        language=language,
    )


def headline_figures(plan: LiabilityPlan, language: str) -> Html:
    """Debt, monthly debt service, its share of income, ready money, net worth."""
    speech = Language(language)
    say = speech.either
    ratio = {ratio.code: ratio for ratio in plan.ratios}
    sheet, year = plan.balance_sheet, plan.year_ahead
    service, liquidity = ratio["debt_service_share"], ratio["liquidity_months"]
    figures = [
        (
            say("负债余额", "Debt owed"),
            speech.money(sheet.total_liabilities_fen),
            say(f"{len(plan.debts)} 笔", f"{len(plan.debts)} in all"),
        ),
        (
            say("每月还款", "Debt service a month"),
            speech.yuan(year.debt_service_yuan),
            say("未来十二个月平均", "average of the next twelve months"),
        ),
        (
            say("偿债比率", "Debt service to income"),
            speech.percent(service.value, 1),
            speech.label("colour", service.colour),
        ),
        (
            say("可动用资金", "Ready money"),
            speech.money(sheet.liquid_assets_fen),
            say(
                f"约合 {speech.number(liquidity.value)} 个月的支出与还款",
                f"{speech.number(liquidity.value)} months of spending and debts",
            ),
        ),
        (
            say("每月结余", "Left over a month"),
            speech.yuan(year.margin_yuan),
            say("收入减支出减还款", "income less spending and debts"),
        ),
        (
            say("净资产", "Net worth"),
            speech.money(sheet.net_worth_fen),
            say("资产减负债", "assets less debts"),
        ),
    ]
    return key_figures(figures)


def top_findings(plan: LiabilityPlan, language: str) -> Html:
    """The most serious findings in a line each, for page one; how many as serious are left out."""
    shown = plan.findings[:TOP_FINDINGS]
    return joined(
        finding(
            found.severity,
            finding_text(plan, found, language)[0]
            + (_other_critical(plan, language) if found is shown[-1] else ""),
            NOTHING,
            language=language,
        )
        for found in shown
    )


def _other_critical(plan: LiabilityPlan, language: str) -> str:
    """How many findings as serious as can be page one has no room for."""
    others = sum(found.severity == "critical" for found in plan.findings[TOP_FINDINGS:])
    if not others:
        return ""
    say = Language(language).either
    return say(f"（另有 {others} 项严重，见后文）", f" ({others} more inside)")


def all_findings(plan: LiabilityPlan, language: str) -> Html:
    """Every finding, the most serious first."""
    return joined(
        finding(
            found.severity,
            *finding_text(plan, found, language),
            check_facts(found, language),
            language=language,
        )
        for found in plan.findings
    )
