"""Approvals and refusals in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.language import Language

if TYPE_CHECKING:
    from reports.delivery.approval import Approved, Refusal

PARTS = "parts"
STATE = "state"


def approved_line(approved: Approved, language: str) -> str:
    """Who approved a client's plan and when; that it was so already, where it was."""
    held = approved.approval
    when = f"{held.approved_at.astimezone():%Y-%m-%d %H:%M}"
    short = held.key.plan_sha256[:12]
    if approved.is_new:
        zh = f"{approved.client}：已审批（{held.approved_by}，{when}，{short}）"
        en = f"{approved.client}: approved ({held.approved_by}, {when}, {short})"
    else:
        zh = f"{approved.client}：此前已审批，内容没有变（{held.approved_by}，{when}，{short}）"
        en = (
            f"{approved.client}: approved already, and unchanged since "
            f"({held.approved_by}, {when}, {short})"
        )
    return _printable(Language(language).either(zh, en))


def refusal_line(refusal: Refusal, language: str) -> str:
    """Why a client's plan is not approved, and what to do."""
    speech = Language(language)
    facts = dict(refusal.facts)
    if PARTS in facts:
        named = [speech.label("plan_input", part) for part in facts[PARTS].split(",")]
        facts[PARTS] = speech.either("、", ", ").join(named)
    if STATE in facts:
        facts[STATE] = speech.label("state", facts[STATE])
    reason = speech.label("approval_refusal", refusal.code).format_map(facts)
    return _printable(f"{refusal.client}{speech.either('：', ': ')}{reason}")


def _printable(line: str) -> str:
    return "".join(sign for sign in line if sign.isprintable())
