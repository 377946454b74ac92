"""Yearly schedules, the parameters used, and what the plan was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import Language
from reports.markup import Html, joined

if TYPE_CHECKING:
    from planning.loans.debt import Debt
    from planning.parameters import InForce
    from planning.plan import LiabilityPlan

DIGEST_SHOWN = 16
HOUSE_TITLE: Final = "本机构约定"
"""What a reference of the house's own begins with."""


def schedule_tables(plan: LiabilityPlan, language: str) -> Html:
    """Payments to come of every debt, by calendar year."""
    speech = Language(language)
    return joined(_schedule_table(debt, speech) for debt in plan.debts)


def parameter_table(plan: LiabilityPlan, language: str) -> Html:
    """Every parameter the plan rests on: value, since when, by whose word, how well known."""
    speech = Language(language)
    say = speech.either
    rows = [
        [
            getattr(entry.label, language),
            speech.graded(speech.rule_value(entry.value, entry.unit), entry.grade),
            speech.since(entry),
            _source(entry, speech),
        ]
        for entry in plan.parameters
    ]
    columns = [
        say("参数", "Parameter"),
        say("取值", "Value"),
        say("生效日", "In force since"),
        say("出处，性质和来源等级", "Reference, kind and grade"),
    ]
    return table(columns, rows, caption=say("本规划使用的参数", "Parameters used in this plan"))


def provenance_table(plan: LiabilityPlan, language: str) -> Html:
    """Version, commit, digests and tools: enough to make the plan again."""
    speech = Language(language)
    say, made = speech.either, plan.provenance
    rows = [
        [say("规划引擎版本", "Engine"), made.engine_version],
        [say("代码版本", "Code"), made.git_commit],
        *(
            [_part(part, speech), digest[:DIGEST_SHOWN]]
            for part, digest in sorted(made.digests.items())
        ),
        [
            say("运行环境", "Tools"),
            say("、", ", ").join(
                f"{name} {version}" for name, version in sorted(made.tools.items())
            ),
        ],
    ]
    return table(
        [say("项目", "Item"), say("标识", "Identity")],
        rows,
        caption=say("编制依据", "What this plan was made with"),
        note=say("摘要为SHA-256前16位。", "Digests are the first 16 digits of SHA-256."),
    )


def _schedule_table(debt: Debt, speech: Language) -> Html:
    say = speech.either
    rows = [
        [
            str(year.year),
            speech.fen(year.payment_fen),
            speech.fen(year.principal_fen),
            speech.fen(year.cost_fen),
            speech.fen(year.closing_fen),
        ]
        for year in debt.years
    ]
    columns: list[Column | str] = [
        say("年份", "Year"),
        Column(say("还款（元）", "Paid, CNY"), "number"),
        Column(say("其中本金（元）", "Principal, CNY"), "number"),
        Column(say("其中利息及费用（元）", "Interest and fees, CNY"), "number"),
        Column(say("年末余额（元）", "Balance at year end, CNY"), "number"),
    ]
    name = debt_name(debt, speech)
    return table(columns, rows, caption=say(f"{name}：逐年还款", f"{name}: payments by year"))


def _source(entry: InForce, speech: Language) -> str:
    """Where a number was read, what kind it is, how well it is known; a house knows its own."""
    kind = speech.label("authority", entry.authority)
    grade = kind if entry.authority == "house" else speech.label("grade", entry.grade)
    title = _title(entry.reference.title, speech)
    is_said = entry.authority == "house" and title != entry.reference.title
    words = (title,) if is_said else (title, kind, grade)
    return speech.either("；", "; ").join(dict.fromkeys(words))


def _title(title: str, speech: Language) -> str:
    """A title as it is printed; in English the house's own word is said in English first."""
    if speech.code == "zh" or not title.startswith(HOUSE_TITLE):
        return title
    after = title.removeprefix(HOUSE_TITLE).strip("（）").removeprefix("参照")
    own = f"House convention ({HOUSE_TITLE})"
    return f"{own}, after {after}" if after else own


def _part(part: str, speech: Language) -> str:
    return speech.label("digest", part)
