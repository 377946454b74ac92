"""The emergency fund, what stands behind the debts, and the days to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.risk.contingency import FUND_RULE
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import Html

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.risk.review import Review


def fund_table(plan: LiabilityPlan, language: str) -> Html:
    """Target, what is held and what is missing."""
    speech = Language(language)
    say, fund = speech.either, plan.contingency.fund
    grades = {entry.name: entry.grade for entry in plan.parameters}
    carries = (
        say("现有其他收入已足够", "other income covers it")
        if fund.lasts_months is None
        else say(
            f"{speech.number(fund.lasts_months)} 个月",
            f"{speech.number(fund.lasts_months)} months",
        )
    )
    rows = [
        [
            say("每月必要支出与还款", "Essential spending and debt service a month"),
            speech.yuan(fund.monthly_need_yuan),
        ],
        [
            say("建议备足的月数", "Months to hold"),
            speech.graded(speech.months(fund.months), grades[FUND_RULE]),
        ],
        [say("紧急备用金目标", "Target"), speech.yuan(fund.target_yuan)],
        [say("现有可动用资金", "Held today"), speech.yuan(fund.held_yuan)],
        [say("缺口", "Missing"), speech.yuan(fund.gap_yuan)],
        [
            say(
                "若完全没有劳动收入，只付必要支出与还款，可支撑",
                "With no earned income, essentials and debts only, it lasts",
            ),
            carries,
        ],
    ]
    return table(
        [say("项目", "Item"), Column(say("数额", "Figure"), "number")],
        rows,
        caption=say("紧急备用金", "Emergency fund"),
    )


def backing_table(plan: LiabilityPlan, language: str) -> Html:
    """Where money would come from, in the order it should be used, and cover against debts."""
    speech = Language(language)
    say, backing = speech.either, plan.contingency.backing
    rows = [
        [say("一、现金、活期等随时可用", "1. Cash, at once"), speech.yuan(backing.at_once_yuan)],
        [
            say("二、数日内可赎回", "2. Redeemable within days"),
            speech.yuan(backing.within_days_yuan),
        ],
        [
            say("三、数月内可变现", "3. Within months"),
            speech.yuan(backing.within_months_yuan),
        ],
        [
            say(
                "住房公积金余额（符合条件才可提取）", "Provident fund (if a withdrawal is allowed)"
            ),
            speech.yuan(backing.provident_fund_yuan),
        ],
        [
            say("寿险与意外险保额", "Life and accident cover"),
            speech.yuan(backing.death_cover_yuan),
        ],
        [say("负债余额", "Debt owed"), speech.yuan(backing.total_debt_yuan)],
        [
            say("保障未覆盖的负债", "Debt the cover does not reach"),
            speech.yuan(backing.uncovered_debt_yuan),
        ],
    ]
    return table(
        [say("来源与保障", "Source and cover"), Column(say("数额", "Figure"), "number")],
        rows,
        caption=say("应急资金来源与保障", "Where money would come from"),
        note=say(
            "已质押的资产不计入。",
            "Pledged assets are left out.",
        ),
    )


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
    if review.code in ("reset", "maturity"):
        return debt_name(plan.debt(review.subject), speech)
    return review.subject or UNKNOWN
