"""Rules asked of the debts and of the loans on the shortlist, and their financing cost forms."""

from __future__ import annotations

import re
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
from reports.narrative.checks import all_checks, is_form_due, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from planning.plan import LiabilityPlan
    from planning.risk.warning import Finding
    from planning.rules.check import Check
    from planning.rules.disclosure import FinancingCostForm
    from planning.strategy.choice import Candidate

MONTHS_PER_YEAR: Final = 12

_IN_BRACKETS: Final = re.compile(r"\s*（([^（）]*)）")
_WHERE_READ: Final = re.compile(r"据|转引|aifincalc|镜像|[a-z]\.com")
_SERIAL: Final = re.compile(r"，?docId=\d+")


def check_table(plan: LiabilityPlan, language: str) -> Html:
    """What is not simply kept: broken, unknown or worth a note, and of which debt or loan."""
    checks = [check for check in all_checks(plan) if check.verdict != "kept"]
    if not checks:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [_subject(plan, check, speech), *_told(plan, check, speech, short=True)] for check in checks
    ]
    return table(
        [say("对象", "Of"), *_headings(speech)],
        rows,
        caption=say("合规检查：须留意的", "Rules checked: points to note"),
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
            [_told(plan, check, speech) for check in checks],
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


def _told(plan: LiabilityPlan, check: Check, speech: Language, *, short: bool = False) -> list[str]:
    """The figure, the limit, the verdict, and whose word the rule is, in `short` by its name."""
    source = short_title(check.reference.title) if short else citation(check, speech)
    return [
        speech.label("check", check.code),
        _stated_use(plan, check, speech) or _value(check, speech),
        speech.graded(_limit(check, speech), check.grade),
        speech.label("verdict", outcome(check)),
        speech.either("；", "; ").join((source, speech.label("grade", check.grade))),
    ]


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


def short_title(title: str) -> str:
    """
    A text's own name, without the note of where it was read, which the appendix has.

    Examples
    --------
    >>> short_title("个人住房贷款管理办法（试行）第十条（据两份二手资料摘要）")
    '个人住房贷款管理办法（试行）第十条'
    >>> short_title("中国人民银行通知（2024-05-17；据人民网、China Daily）")
    '中国人民银行通知（2024-05-17）'
    """
    return _IN_BRACKETS.sub(_without_readers, title).strip()


def _without_readers(brackets: re.Match[str]) -> str:
    parts = [part for part in brackets[1].split("；") if not _WHERE_READ.search(part)]
    kept = _SERIAL.sub("", "；".join(parts))
    return f"（{kept}）" if kept else ""


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
    is_due = is_form_due(plan)
    return joined(
        cost_form(form, _form_name(plan, form, speech), speech, is_due=is_due) for form in forms
    )


def cost_form(form: FinancingCostForm, name: str, speech: Language, *, is_due: bool) -> Html:
    """
    One form: the loan, its items, its annual cost, what a default would add, who signs.

    Parameters
    ----------
    is_due : lenders must issue one; before there was such a rule it is an estimate of costs.
    """
    say = speech.either
    title = say(f"综合融资成本明示表（测算）：{name}", f"Financing cost form (estimate): {name}")
    if not is_due:
        title = say(f"融资成本（测算）：{name}", f"Cost of the loan (estimate): {name}")
    pair = [say("项目", "Item"), say("内容", "Content")]
    items = table(
        [*item_headings(speech)],
        [item_row(item, speech) for item in form.items],
        caption=say(f"息费项目：{name}", f"Interest and fees: {name}"),
    )
    contingent = [list(contingent_row(item, speech)) for item in form.contingent]
    last = table(
        pair,
        [*contingent, *(_statement(form, speech) if is_due else ())],
        caption=say(
            f"违约及其他情形{'、声明与签署' if is_due else ''}：{name}",
            f"Default{', statement, signature' if is_due else ''}: {name}",
        ),
        note=issuer_words(speech) if is_due else None,
    )
    told = (*loan_rows(form, speech), *cost_rows(form, speech))
    loan = [[name[:1].upper() + name[1:], text] for name, text in told]
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
            return f"{_marked(one, speech)} · {form.lender}"
    return form.lender


def _marked(one: Candidate, speech: Language) -> str:
    """A product's name, marked where its terms are not verified."""
    return speech.graded(str(getattr(one.label, speech.code)), one.grade or "")


def _subject(plan: LiabilityPlan, check: Check, speech: Language) -> str:
    """A debt, a product, the need or the household."""
    if check.subject in SUBJECTS:
        return speech.label("check_subject", check.subject)
    for debt in plan.debts:
        if debt.id == check.subject and not check.is_new:
            return debt_name(debt, speech)
    for one in plan.selection.candidates if plan.selection else ():
        if check.subject == one.product or check.subject.startswith(f"{one.product}-"):
            return _marked(one, speech)
    return check.subject


SUBJECTS: Final = ("household", "need")
AGES: Final = ("age_at_end", "house_age_at_end")


def _stated_use(plan: LiabilityPlan, check: Check, speech: Language) -> str:
    """What the client said a debt was for, where nothing shows how it was spent."""
    if check.code != "use" or check.case is not None:
        return ""
    said = next((debt.purpose for debt in plan.debts if debt.id == check.subject), "")
    return speech.either(f"您说明的：{said}", f"as you told us: {said}") if said else ""


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
