"""The risks of the shortlisted products side by side, and what has changed for debts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from reports.exhibits.compliance import figure, short_title
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.plan import LiabilityPlan
    from planning.products.policy import PolicyChange, Value
    from planning.products.risk_card import RateScenario, RiskCard


def risk_card_table(plan: LiabilityPlan, language: str) -> Html:
    """A line a risk, a column a product."""
    cards = _cards(plan)
    if not cards:
        return NOTHING
    speech = Language(language)
    say = speech.either
    lines = [
        line
        for line in _risk_lines(plan, cards, speech)
        if any(cell != UNKNOWN for cell in line[1:])
    ]
    if len(lines) == 1:
        # Fixed rates and nothing else to tell: the chapter's sentence has said so.
        return NOTHING
    return table(
        [say("风险", "Risk"), *(_name(plan, card.product, card.grade, speech) for card in cards)],
        lines,
        caption=say("候选产品的风险对照", "Risks of the products side by side"),
        note=_break_even_note(speech) if any(card.compared_with for card in cards) else None,
    )


def rate_scenario_table(plan: LiabilityPlan, language: str) -> Html:
    """What each product costs under each rise of the index; a fixed rate has one line."""
    cards = _cards(plan)
    if not cards:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            _name(plan, card.product, card.grade, speech),
            _shock(case, card, speech),
            speech.whole(case.highest_payment_yuan),
            speech.whole(case.total_cost_yuan),
            speech.percent(case.own_cost_x12),
        ]
        for card in cards
        for case in (card.scenarios if card.is_floating else card.scenarios[:1])
    ]
    columns: list[Column | str] = [
        say("产品", "Product"),
        say("指数变化", "Index"),
        Column(say("最高一期还款（元）", "Highest payment, CNY"), "number"),
        Column(say("总成本（元）", "Cost in all, CNY"), "number"),
        Column(say("年化综合成本（单利）", "All-in cost (simple)"), "number"),
    ]
    return table(
        columns,
        rows,
        caption=say("利率变化时各产品的成本", "What each product costs when rates move"),
        note=say(
            "均为客户自付部分，第三方收费已计入，财政贴息已扣除；到期一次还本的，最高一期含本金。",
            "What the household pays itself: charges of third parties in, a fiscal subsidy out; "
            "where principal is due at the end, the highest payment includes it.",
        ),
    )


def policy_table(plan: LiabilityPlan, language: str) -> Html:
    """Rules that change or end within the life of a shortlisted product."""
    rows = [(card, change) for card in _cards(plan) for change in card.changes]
    if not rows:
        return NOTHING
    speech = Language(language)
    say = speech.either
    return table(
        [
            say("产品", "Product"),
            say("规则", "Rule"),
            say("变化", "Change"),
            say("日期", "Day"),
            say("依据", "Reference"),
        ],
        [
            [
                _name(plan, card.product, card.grade, speech),
                getattr(change.label, language),
                _change(change, speech),
                speech.date(change.on),
                short_title(change.reference.title),
            ]
            for card, change in rows
        ],
        caption=say("与这些贷款有关的政策变化", "Policy changes that touch these loans"),
    )


def changes_table(plan: LiabilityPlan, language: str) -> Html:
    """What differs today from the day each debt was made."""
    if not plan.policy_changes:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            debt_name(plan.debt(one.liability), speech),
            getattr(change.label, language),
            speech.graded(_shown(change.before, change, speech), change.before_grade or ""),
            speech.graded(_shown(change.after, change, speech), change.grade),
            speech.date(change.on),
            short_title(change.reference.title),
        ]
        for one in plan.policy_changes
        for change in one.changes
    ]
    columns = [
        say("贷款", "Loan"),
        say("规则", "Rule"),
        say("放款时", "When drawn"),
        say("现在", "Now"),
        say("变化日", "Changed on"),
        say("依据", "Reference"),
    ]
    return table(
        columns,
        rows,
        caption=say("放款以来的规则变化", "Rules changed since each loan was drawn"),
        note=say(
            "已签合同一般仍按原条款执行；这里只列统一调整过已有贷款的规定，和可以向贷款机构提出的事项。",
            "A signed contract as a rule keeps its own terms; here stand only cuts made to "
            "existing loans and matters to ask the lender about.",
        ),
    )


def _cards(plan: LiabilityPlan) -> Sequence[RiskCard]:
    return plan.selection.risk_cards if plan.selection else ()


def _name(plan: LiabilityPlan, product: str, grade: str, speech: Language) -> str:
    """A product as the client knows it, marked where its terms are not verified."""
    candidates = plan.selection.candidates if plan.selection else ()
    labels = (c.label for c in candidates if c.product == product)
    name = next((str(getattr(label, speech.code)) for label in labels), product)
    return speech.graded(name, grade)


def _risk_lines(
    plan: LiabilityPlan, cards: Sequence[RiskCard], speech: Language
) -> Iterator[list[str]]:
    say = speech.either
    yield [
        say("利率方式", "Rate"),
        *(say("浮动", "floating") if c.is_floating else say("固定", "fixed") for c in cards),
    ]
    yield [
        say("首次重定价日", "First reset"),
        *(speech.date(card.first_reset_on) for card in cards),
    ]
    yield [
        say("重定价次数", "Resets in all"),
        *(str(card.resets) if card.is_floating else UNKNOWN for card in cards),
    ]
    yield [
        say("指数每升100个基点，此后每期多还", "More to pay a period per 100 bp"),
        *(speech.yuan(card.payment_change_yuan) for card in cards),
    ]
    yield [
        say("与固定利率相比的划算界限", "Break-even against a fixed rate"),
        *(_break_even(plan, card, speech) for card in cards),
    ]
    yield [
        say("贷款占担保物价值", "Loan to value"),
        *(speech.percent(card.loan_to_value, 1) for card in cards),
    ]
    yield [
        say("担保物再跌多少触及放款上限", "Fall in value to the lending limit"),
        *(speech.percent(card.price_fall_to_limit, 1) for card in cards),
    ]
    yield [
        say("到期一次归还的本金", "Principal due at the end in one sum"),
        *(speech.yuan(card.lump_yuan) for card in cards),
    ]


def _break_even_note(speech: Language) -> str:
    return speech.either(
        "“划算界限”：放款以后指数一直高出这么多，总成本就超过同金额、同期限里最便宜的固定利率产品。"
        "测算截至规划日所知，不是对利率的预测。",
        "Break-even: with the index higher by so much from drawdown to the end, the loan costs "
        "more in all than the cheapest fixed-rate product of the same amount and term. Computed "
        "from what is known on the day; no forecast of rates.",
    )


def _break_even(plan: LiabilityPlan, card: RiskCard, speech: Language) -> str:
    """From which rise the fixed rate is the cheaper one, and whose it is."""
    say = speech.either
    if card.compared_with is None:
        return UNKNOWN
    rival = _name(plan, card.compared_with, "", speech)
    if card.break_even_bp is None:
        return say(f"测算范围内始终低于{rival}", f"cheaper than {rival} within reach")
    if card.break_even_bp == 0:
        return say(f"现在就高于{rival}", f"dearer than {rival} already")
    rise = speech.basis_points(card.break_even_bp)
    return say(f"{rise}（{rival}）", f"{rise} ({rival})")


def _shock(case: RateScenario, card: RiskCard, speech: Language) -> str:
    if not card.is_floating:
        return speech.either("固定利率，不受影响", "fixed rate, no effect")
    if case.shock_bp == 0:
        return speech.either("不变", "unchanged")
    return speech.basis_points(case.shock_bp)


def _change(change: PolicyChange, speech: Language) -> str:
    """What happens, and from which value to which where both are known."""
    happens = speech.label("policy_change", change.code)
    if change.code != "changes":
        return speech.graded(happens, change.grade)
    before, after = (_shown(v, change, speech) for v in (change.before, change.after))
    before = speech.graded(before, change.before_grade or "")
    moved = speech.either(f"{before}改为{after}", f"{before} to {after}")
    return speech.graded(f"{happens}: {moved}" if speech.code == "en" else moved, change.grade)


def _shown(value: Value, change: PolicyChange, speech: Language) -> str:
    """A rule's value in its unit; a rule that is not in force has none."""
    if value is None:
        return speech.either("无此规定", "no such rule")
    if isinstance(value, dict):
        parts = (
            f"{speech.label('case', case)} {_number(part, change, speech)}"
            for case, part in value.items()
        )
        return speech.either("；", "; ").join(parts)
    return _number(value, change, speech)


def _number(value: Decimal, change: PolicyChange, speech: Language) -> str:
    if change.unit == "flag":
        return speech.either("适用", "applies") if value else speech.either("不适用", "does not")
    return figure(float(value), change.unit, speech)
