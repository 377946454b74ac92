"""
``planner questionnaire``: a blank debt-capacity questionnaire (负债承受能力问卷) to fill in.

The form is the client's: it shows no points, so that nobody answers for the sum, and it says that
staff may neither fill it in nor steer it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

BOX: Final = "☐"
STYLE: Final = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;line-height:1.7;"
    "font-family:'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',"
    "sans-serif}"
    "ul{list-style:none;padding-left:1rem}h1{font-size:1.5rem}h2{font-size:1.05rem}"
    "code{color:#666;font-size:.75rem}@media print{ul{break-inside:avoid}h2{break-after:avoid}}"
)

AsHtml = Annotated[bool, typer.Option("--html", help="a page to print, not Markdown")]


def register(app: typer.Typer) -> None:
    """Make the command one of `app`."""
    app.command()(questionnaire)


def _language(text: str) -> str:
    if text not in ("zh", "en"):
        raise typer.BadParameter("zh or en")
    return text


def questionnaire(
    *,
    language: Annotated[
        str, typer.Option("--language", metavar="zh|en", callback=_language, help="of the form")
    ] = "zh",
    as_html: AsHtml = False,
) -> None:
    """Print a blank debt-capacity questionnaire for the client to fill in (负债承受能力问卷)."""
    typer.echo(blank_page(language) if as_html else blank_form(language))


def blank_form(language: str) -> str:
    """
    The form in Markdown.

    Parameters
    ----------
    language : ``zh`` or ``en``.
    """
    return "\n".join(_lines(Language(language)))


def blank_page(language: str) -> str:
    """The form as one HTML page that asks nothing of any other host."""
    from markdown_it import MarkdownIt

    speech = Language(language)
    body = MarkdownIt("commonmark", {"html": False}).render(blank_form(language))
    code = speech.either("zh-Hans", "en")
    return (
        f'<!DOCTYPE html><html lang="{code}"><head><meta charset="utf-8">'
        f"<title>{_title(speech)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _title(speech: Language) -> str:
    return speech.either("负债承受能力问卷", "Debt-capacity questionnaire")


def _lines(speech: Language) -> Iterator[str]:
    from planning.household.debt_capacity import CHOICES

    say = speech.either
    yield f"# {_title(speech)}"
    yield ""
    yield say(
        "请您本人填写，每题选一项最像的。没有标准答案；不想答的可以空着，空着的不当作零分。"
        "客户经理可以解释题意，但不能代填，也不能引导您选哪一项。",
        "Please fill this in yourself and choose the answer most like you in each question. There "
        "are no right answers; what you would rather not answer may stay open and is not counted "
        "as no points. Your advisor may explain a question, but may neither fill it in nor steer "
        "your choice.",
    )
    yield ""
    yield say(
        "这份问卷只问您觉得自己能承受多少负债。它不是投资的风险承受能力评估，不是授信，也不代表贷款机构的看法。",
        "It asks only how much debt you feel able to carry. It is no assessment of investment "
        "risk, no offer of credit and no lender’s view.",
    )
    yield ""
    yield say(
        "客户编号：＿＿＿＿＿＿＿＿　　填写日期：＿＿＿＿年＿＿月＿＿日",
        "Client reference: ____________   Date: ____________",
    )
    for number, (question, answers) in enumerate(CHOICES.items(), start=1):
        yield ""
        yield f"## {number}. {speech.label('capacity_question', question)}"
        yield ""
        yield from (f"- {BOX} {speech.label('case', answer)} `{answer}`" for answer in answers)
    yield ""
    yield say(
        "以上是我本人的回答。　　签名：＿＿＿＿＿＿＿＿",
        "These answers are my own.   Signed: ____________",
    )
