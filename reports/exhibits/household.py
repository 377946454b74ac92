"""The household's people, income and spending as it stated them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import Html

if TYPE_CHECKING:
    from planning.household.profile import Expense, Income
    from planning.plan import LiabilityPlan


def member_table(plan: LiabilityPlan, language: str) -> Html:
    """Who belongs to the household."""
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.label("role", member.role),
            say(f"{member.birth_year}年", str(member.birth_year)),
            speech.label("employment", member.employment),
            member.sector or UNKNOWN,
            say("是", "yes") if member.is_dependant else say("否", "no"),
        ]
        for member in plan.household.members
    ]
    columns = [
        say("成员", "Member"),
        say("出生年份", "Born"),
        say("职业状况", "Work"),
        say("行业", "Sector"),
        say("受抚养", "Dependant"),
    ]
    return table(columns, rows, caption=say("家庭成员", "Members of the household"))


def income_table(plan: LiabilityPlan, language: str) -> Html:
    """Income after tax of today and to come, how steady it is and how it was shown."""
    speech = Language(language)
    say = speech.either
    roles = {member.id: member.role for member in plan.household.members}
    rows = [
        [
            speech.label("income", line.kind),
            speech.label("role", roles[line.owner]),
            speech.label("frequency", line.frequency),
            _amount(line, speech),
            speech.label("stability", line.stability),
            speech.label("evidence", line.evidence),
            _span(line, speech),
        ]
        for line in plan.household.income
        if line.ends_on is None or line.ends_on >= plan.as_of
    ]
    columns: list[Column | str] = [
        say("收入", "Income"),
        say("成员", "Member"),
        say("频率", "How often"),
        Column(say("金额（元）", "CNY"), "number"),
        say("稳定性", "Stability"),
        say("依据", "Evidence"),
        say("起止", "From, to"),
    ]
    note = say(
        "未注明税前的，都是到手金额。", "After tax and social insurance unless marked otherwise."
    )
    return table(columns, rows, caption=say("收入", "Income"), note=note)


def _amount(line: Income, speech: Language) -> str:
    """The amount as stated; before tax it is marked."""
    mark = speech.either("（税前）", " before tax") if line.net_amount is None else ""
    return f"{speech.fen(line.stated_amount)}{mark}"


def expense_table(plan: LiabilityPlan, language: str) -> Html:
    """Spending other than debt service, essential and not."""
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.label("expense", line.kind),
            speech.label("frequency", line.frequency),
            speech.fen(line.amount),
            say("必要", "essential") if line.is_essential else say("可调整", "can be cut"),
            _span(line, speech),
        ]
        for line in plan.household.expenses
    ]
    columns: list[Column | str] = [
        say("支出", "Spending"),
        say("频率", "How often"),
        Column(say("金额（元）", "CNY"), "number"),
        say("性质", "Kind"),
        say("起止", "From, to"),
    ]
    return table(
        columns, rows, caption=say("支出（不含还款）", "Spending, debt service not included")
    )


def _span(line: Income | Expense, speech: Language) -> str:
    if line.starts_on is None and line.ends_on is None:
        return UNKNOWN
    start = speech.day(line.starts_on) if line.starts_on else ""
    end = speech.day(line.ends_on) if line.ends_on else ""
    if speech.is_chinese:
        return "".join([f"{start}起" if start else "", f"至{end}" if end else ""])
    return " ".join(filter(None, [f"from {start}" if start else "", f"to {end}" if end else ""]))
