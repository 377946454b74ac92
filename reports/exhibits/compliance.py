"""Rules asked of the debts and of the loans on the shortlist, and their financing cost forms."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from reports.exhibits.cost_form import (
    contingent_row,
    cost_rows,
    issuer_words,
    item_headings,
    item_row,
    loan_rows,
    unstated_words,
)
from reports.exhibits.debts import debt_name
from reports.exhibits.table import table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from planning.plan import LiabilityPlan
    from planning.risk.warning import Finding
    from planning.rules.check import Check
    from planning.rules.disclosure import FinancingCostForm

ORDER: Final = ("broken", "unknown", "noted", "kept")
"""What needs a word comes first."""

MONTHS_PER_YEAR: Final = 12


def check_table(plan: LiabilityPlan, language: str) -> Html:
    """What is not simply kept: broken, unknown or worth a note, and of which debt or loan."""
    checks = [check for check in all_checks(plan) if check.verdict != "kept"]
    if not checks:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [[_subject(plan, check, speech), *_told(check, speech)] for check in checks]
    return table(
        [say("对象", "Of"), *_headings(speech)],
        rows,
        caption=say("合规检查：须留意的", "Rules checked: what needs a word"),
        note=say(
            "银行的惯例和窗口指导不影响合同效力。",
            "A bank's custom and guidance do not touch a contract's validity.",
        ),
    )


def check_tables(plan: LiabilityPlan, language: str) -> Html:
    """Every rule asked, a table for each debt, loan on the shortlist, the need, the household."""
    speech = Language(language)
    say = speech.either
    by_subject: dict[str, list[Check]] = {}
    for check in all_checks(plan):
        by_subject.setdefault(_subject(plan, check, speech), []).append(check)
    return joined(
        table(
            _headings(speech),
            [_told(check, speech) for check in checks],
            caption=say(f"合规检查：{subject}", f"Rules checked: {subject}"),
        )
        for subject, checks in by_subject.items()
    )


def _headings(speech: Language) -> list[str]:
    say = speech.either
    return [
        say("检查项目", "Question"),
        say("本笔", "Here"),
        say("规定", "Rule"),
        say("结论", "Verdict"),
        say("依据与来源等级", "Source and grade"),
    ]


def _told(check: Check, speech: Language) -> list[str]:
    """The figure, the limit, the verdict, and whose word the rule is."""
    return [
        speech.label("check", check.code),
        _value(check, speech),
        speech.graded(_limit(check, speech), check.grade),
        _verdict(check, speech),
        speech.either("；", "; ").join(
            (citation(check, speech), speech.label("grade", check.grade))
        ),
    ]


def all_checks(plan: LiabilityPlan) -> tuple[Check, ...]:
    """Those of the debts, of the household and of the shortlist, what needs a word first."""
    chosen = plan.selection
    listed = chosen.shortlist if chosen else ()
    candidates = chosen.candidates if chosen else ()
    checks = [
        *plan.compliance,
        *(check for one in candidates if one.product in listed for check in one.checks),
    ]
    # A later check of the same rule of the same subject says the same.
    distinct = {(check.subject, check.code, check.rule): check for check in checks}
    return tuple(sorted(distinct.values(), key=lambda check: ORDER.index(check.verdict)))


def check_facts(found: Finding, language: str) -> tuple[tuple[str, str], ...]:
    """The figure, the limit and the citation a finding rests on, as pairs below its text."""
    check, speech = found.check, Language(language)
    if check is None:
        return ()
    say = speech.either
    value = _value(check, speech)
    facts = [
        (say("规定", "Rule"), getattr(check.label, language)),
        (say("上限或要求", "Limit"), speech.graded(_limit(check, speech), check.grade)),
        (say("依据", "Source"), citation(check, speech)),
        (say("来源等级", "Grade"), speech.label("grade", check.grade)),
    ]
    return ((say("本笔", "Here"), value), *facts) if value != UNKNOWN else tuple(facts)


def citation(check: Check, speech: Language) -> str:
    """The text a rule stands in, and since when it holds."""
    since = speech.date(check.since)
    return speech.either(
        f"{check.reference.title}（{since} 起）", f"{check.reference.title} ({since})"
    )


def cost_forms(plan: LiabilityPlan, language: str) -> Html:
    """The financing cost form of every loan on the shortlist, laid out as the lender's is."""
    forms = plan.selection.forms if plan.selection else ()
    speech = Language(language)
    return joined(cost_form(form, _form_name(plan, form, speech), speech) for form in forms)


def cost_form(form: FinancingCostForm, name: str, speech: Language) -> Html:
    """One form: the loan, its items, its annual cost, what a default would add, who signs."""
    say = speech.either
    title = say(f"综合融资成本明示表（测算）：{name}", f"Financing cost form (estimate): {name}")
    pair = [say("项目", "Item"), say("内容", "Content")]
    items = table(
        [*item_headings(speech)],
        [item_row(item, speech) for item in form.items],
        caption=say(f"息费项目：{name}", f"Interest and fees: {name}"),
    )
    contingent = [list(contingent_row(item, speech)) for item in form.contingent]
    last = table(
        pair,
        [*contingent, *_statement(form, speech)],
        caption=say(
            f"违约及其他情形、声明与签署：{name}", f"Default, statement, signature: {name}"
        ),
        note=issuer_words(speech),
    )
    loan = [list(row) for row in (*loan_rows(form, speech), *cost_rows(form, speech))]
    return joined((table(pair, loan, caption=title), items, last))


def _statement(form: FinancingCostForm, speech: Language) -> list[list[str]]:
    say = speech.either
    rows = [
        [
            say("除上述项目外", "Anything else"),
            say(
                "由贷款机构在此声明：不另收其他费用",
                "the lender states here: nothing else is charged",
            )
            if form.no_other_charges
            else say("贷款机构尚未声明", "the lender has not stated yet"),
        ],
        [
            say("签署", "Signed by"),
            say(
                f"{form.lender}（盖章）、借款人（签字、日期），签约之前完成",
                f"{form.lender} (seal) and the borrower (signature, date), before the contract",
            ),
        ],
    ]
    unstated = unstated_words(form, speech)
    return [[say("合同未写明", "Not stated"), unstated], *rows] if unstated else rows


def _form_name(plan: LiabilityPlan, form: FinancingCostForm, speech: Language) -> str:
    """The product's name and the part of a combination the form is of."""
    candidates = plan.selection.candidates if plan.selection else ()
    for one in sorted(candidates, key=lambda one: -len(one.product)):
        if form.contract == one.product or form.contract.startswith(f"{one.product}-"):
            name = getattr(one.label, speech.code)
            return f"{name} · {form.lender}"
    return form.lender


def _subject(plan: LiabilityPlan, check: Check, speech: Language) -> str:
    """A debt, a product, the need or the household."""
    if check.subject in SUBJECTS:
        return speech.label("check_subject", check.subject)
    for debt in plan.debts:
        if debt.id == check.subject and not check.is_new:
            return debt_name(debt, speech)
    for one in plan.selection.candidates if plan.selection else ():
        if check.subject == one.product or check.subject.startswith(f"{one.product}-"):
            return str(getattr(one.label, speech.code))
    return check.subject


SUBJECTS: Final = ("household", "need")
SHARES: Final = ("housing_share", "all_debts_share")
AGES: Final = ("age_at_end", "house_age_at_end")


def _value(check: Check, speech: Language) -> str:
    if check.value is None:
        return speech.label("case", check.case) if check.code == "use" else UNKNOWN
    shown = _figure(check, check.value, speech)
    if check.code != "asset_class":
        return shown
    reached = speech.label("class", check.case)
    return speech.either(f"{shown}（{reached}）", f"{shown} ({reached})")


def _limit(check: Check, speech: Language) -> str:
    if check.limit is None:
        return speech.label("demand", check.code)
    bound = speech.label("sense", check.code if check.verdict == "noted" else check.sense)
    return bound.format(limit=_figure(check, check.limit, speech))


def _figure(check: Check, value: float, speech: Language) -> str:
    """A figure in the check's unit; an age is no span."""
    if check.code in AGES:
        age = f"{round(value, 1):g}"
        return speech.either(f"{age} 岁" if check.code == "age_at_end" else f"{age} 年", age)
    return figure(value, check.unit, speech)


def _verdict(check: Check, speech: Language) -> str:
    """What came out; a custom or guidance that is not kept is no breach."""
    if check.verdict == "broken" and not check.binds:
        return speech.label("verdict", "over_ceiling" if check.code in SHARES else "off_custom")
    return speech.label("verdict", check.verdict)


def figure(value: float, unit: str, speech: Language) -> str:
    """A value in a rule's unit."""
    writers: dict[str, Callable[[float], str]] = {
        "fraction": partial(speech.percent, digits=1),
        "fraction_per_year": speech.percent,
        "month": speech.months,
        "yuan": speech.yuan,
        "basis_point": speech.basis_points,
    }
    if unit == "year":
        return speech.months(value * MONTHS_PER_YEAR)
    if unit in writers:
        return writers[unit](value)
    return f"{value:g} {speech.label('unit', unit)}".strip()
