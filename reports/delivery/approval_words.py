"""Approvals and refusals in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reports.delivery.approval import THAN
from reports.delivery.standing import revocation_facts
from reports.language import Language
from reports.run.artefacts import SHORT

if TYPE_CHECKING:
    from reports.delivery.approval import Approved, Refusal
    from reports.delivery.gone_out import GoneOut
    from reports.run.ledger.approvals import Approval

PARTS = "parts"
STATE = "state"
OTHERS = "others"
BY = "by"
_SIGNED = re.compile(r" \(([^()]*)\)$")


def approved_line(approved: Approved, language: str) -> str:
    """Who approved a client's plan, when, and for which mailbox; that it was so already."""
    speech, held = Language(language), approved.approval
    when = f"{held.approved_at.astimezone():%Y-%m-%d %H:%M}"
    facts = f"{held.approved_by}{speech.either('，', ', ')}{when}"
    facts += f"{speech.either('，', ', ')}{held.key.plan_sha256[:SHORT]}"
    if approved.is_new:
        zh, en = f"已审批（{facts}）", f"approved ({facts})"
    else:
        zh = f"此前已审批，内容没有变（{facts}）；仍以那次审批为准，这次填写的审批人和说明没有记入"
        en = (
            f"approved already, and unchanged since ({facts}); that approval stands, and the name "
            "and note given now are not entered"
        )
    parts = [speech.either(zh, en), _addressee(held, speech), _overridden(approved, speech)]
    told = speech.either("；", "; ").join(filter(None, parts))
    return _printable(f"{approved.client}{speech.either('：', ': ')}{told}")


def _addressee(held: Approval, speech: Language) -> str:
    if held.recipient is None:
        return speech.either("档案里没有邮箱", "its client file names no mailbox")
    masked = held.recipient.masked
    return speech.either(f"寄往 {masked}", f"goes to {masked}")


def _overridden(approved: Approved, speech: Language) -> str:
    """Whose revocation of the same plan this approval sets aside."""
    if approved.overrides is None:
        return ""
    facts = _spoken(revocation_facts(approved.overrides), speech)
    return speech.either(
        "{by}曾于 {when} 撤回这份规划书的审批（{note}），现在重新审批",
        "{by} took back an approval of this very plan on {when} ({note}); it is approved anew",
    ).format_map(facts)


def revoked_lines(client: str, gone: Iterable[GoneOut], language: str) -> Iterator[str]:
    """That what was approved no longer is, and what of it is in a mailbox already."""
    speech = Language(language)
    yield speech.either(
        f"{client}：已撤回审批，审批过的那一份不再有效",
        f"{client}: the approval is taken back; what was approved no longer is",
    )
    for mail in gone:
        yield _printable(f"{client}{speech.either('：', ': ')}{_gone(mail, speech)}")


def _gone(mail: GoneOut, speech: Language) -> str:
    to, when = mail.recipient_masked, f"{mail.at.astimezone():%Y-%m-%d %H:%M}"
    day, bytes_of = speech.day(mail.as_of), mail.plan_sha256[:SHORT]
    if mail.is_certain:
        return speech.either(
            f"{day}的规划书（{bytes_of}）已于 {when} 寄往 {to}，撤回审批收不回这封信。"
            "请告诉客户那一份不要再用；改好、重新审批后再寄。",
            f"the plan of {day} ({bytes_of}) was sent to {to} on {when}, and taking the approval "
            "back does not take the mail back. Tell the client not to use it, and send the mended "
            "plan once it is approved.",
        )
    return speech.either(
        f"{day}的规划书（{bytes_of}）可能已于 {when} 寄往 {to}，还没有定论。"
        "请问客户是否收到，收到的那一份不要再用。",
        f"the plan of {day} ({bytes_of}) may have been sent to {to} on {when}; nobody knows yet. "
        "Ask the client, who should not use it if it came.",
    )


def refusal_line(refusal: Refusal, language: str) -> str:
    """Why a client's plan is not approved, and what to do."""
    speech = Language(language)
    facts = _spoken(refusal.facts, speech)
    reason = speech.label("approval_refusal", refusal.code).format_map(facts)
    return _printable(f"{refusal.client}{speech.either('：', ': ')}{reason}")


def _spoken(facts: Mapping[str, str], speech: Language) -> dict[str, str]:
    """Facts with their codes in words, and who did something with the login named as one."""
    words = {
        PARTS: lambda text: speech.either("、", ", ").join(
            speech.label("plan_input", part) for part in text.split(",")
        ),
        OTHERS: lambda text: text.replace(",", speech.either("、", ", ")),
        STATE: lambda text: speech.label("state", text),
        THAN: lambda text: speech.label("compared_with", text),
        BY: lambda text: _SIGNED.sub(speech.either(r"（登录名 \1）", r" (login \1)"), text),
    }
    return {name: words.get(name, str)(text) for name, text in facts.items()}


def _printable(line: str) -> str:
    return "".join(sign for sign in line if sign.isprintable())
