"""
Pieces of a document that are not charts or tables: cover, key figures, findings, call-outs.

Every maker returns `Html`. Text given as ``str`` is escaped; only `Html` passes as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from reports.markup import NOTHING, Html, fragment, joined
from reports.theme.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

Severity = Literal["critical", "warning", "notice", "good"]
Callout = Literal["advice", "caution", "example", "legal"]


def cover(  # noqa: PLR0913 - each a line of the cover
    title: str,
    *,
    client: str,
    name: str,
    as_of: date,
    advisor: str,
    institution: str,
    status: str = "",
    language: str = "zh",
) -> Html:
    """
    Head of the document: whose plan this is, of what day, by whom, and how final.

    Parameters
    ----------
    title : what the document is called; the only first-level heading.
    client : opaque reference of the client.
    name : how the client is addressed, 陈先生家庭.
    as_of : valuation day.
    advisor, institution : who answers for the plan.
    status : one line such as 草稿 · 供讨论; empty leaves it out.
    language : language of the labels.
    """
    label = words(language)
    facts = [
        (label["client"], client),
        (label["as_of"], as_of.isoformat()),
        (label["advisor"], advisor),
    ]
    return fragment(
        '<section class="cover"><div class="band">{institution}{status}</div>'
        '<h1>{title}</h1><div class="name">{name}</div><dl class="facts">{facts}</dl></section>',
        institution=_division("institution", institution),
        status=_division("status", status),
        title=title,
        name=name,
        facts=_pairs(pair for pair in facts if pair[1]),
    )


def key_figures(figures: Sequence[tuple[str, str, str]]) -> Html:
    """
    A row of large numbers.

    Parameters
    ----------
    figures : (label, value, note) each; an empty note is left out.
    """
    cards = (
        fragment(
            '<div class="key-figure" role="listitem"><div class="label">{}</div>'
            '<div class="value">{}</div>{}</div>',
            label,
            value,
            _division("note", note),
        )
        for label, value, note in figures
    )
    # Rows of equal length look better than a long and a short one.
    across = 3 if len(figures) in (3, 5, 6, 9) else 4
    return fragment(
        '<div class="key-figures across-{}" role="list">{}</div>', across, joined(cards)
    )


def finding(
    severity: Severity,
    title: str,
    body: str | Html,
    facts: Sequence[tuple[str, str]] = (),
    *,
    language: str = "zh",
) -> Html:
    """
    One thing the household should know, its weight told by a word and a shape.

    Parameters
    ----------
    severity : ``critical``, ``warning``, ``notice`` or ``good``.
    title : the finding in one line.
    body : what it means and what to do; text becomes one paragraph.
    facts : (label, value) pairs the finding rests on.
    language : language of the severity's word.
    """
    _require(severity, Severity)
    return fragment(
        '<section class="finding {severity}"><div class="head">'
        '<span class="badge"><span class="shape" aria-hidden="true"></span>{word}</span>'
        '<span class="title">{title}</span></div>{body}{facts}</section>',
        severity=severity,
        word=words(language)[severity],
        title=title,
        body=_paragraph(body),
        facts=fragment('<dl class="facts">{}</dl>', _pairs(facts)) if facts else NOTHING,
    )


def findings(
    items: Iterable[tuple[Severity, str, str | Html, Sequence[tuple[str, str]]]],
    *,
    language: str = "zh",
) -> Html:
    """Several findings in the order given, each (severity, title, body, facts)."""
    return joined(finding(*item, language=language) for item in items)


def callout(kind: Callout, body: str | Html, *, title: str = "") -> Html:
    """
    A boxed aside.

    Parameters
    ----------
    kind : ``advice``, ``caution``, ``example`` or ``legal``.
    body : text, or prose as `Html`.
    title : short heading of the box; empty leaves it out.
    """
    _require(kind, Callout)
    return fragment(
        '<section class="callout {}">{}{}</section>',
        kind,
        _division("title", title),
        _paragraph(body),
    )


def contents() -> Html:
    """Where the paper document lists its chapters; on screen they stand beside the text."""
    return Html('<div class="contents"></div>')


def page_break() -> Html:
    """Where the paper document starts a new page."""
    return Html('<div class="page-break"></div>')


def _pairs(pairs: Iterable[tuple[str, str]]) -> Html:
    return joined(fragment("<div><dt>{}</dt><dd>{}</dd></div>", *pair) for pair in pairs)


def _division(name: str, text: str) -> Html:
    return fragment('<div class="{}">{}</div>', name, text) if text else NOTHING


def _paragraph(body: str | Html) -> Html:
    return body if isinstance(body, Html) else fragment("<p>{}</p>", body)


def _require(value: str, allowed: object) -> None:
    choices = get_args(allowed)
    if value not in choices:
        message = f"{value!r} is none of {', '.join(choices)}"
        raise ValueError(message)
