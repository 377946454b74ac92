"""
The mail that brings a plan to one household: a covering letter (随信), the plan, its days.

The relay reads all of it but the encrypted plan. So the letter has the name the household is
addressed by, without which it would read like fraud, and else only days and whom to call.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self

from planning.fields import is_like_a_link
from planning.household.mailbox import wire_address
from reports.delivery.protect import is_locked
from reports.language import Language
from reports.theme import PALETTE
from reports.theme.errors import PublishError
from reports.theme.words import LANGUAGE_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

    from planning.household.profile import Advisor
    from planning.plan import LiabilityPlan
    from reports.delivery.recipient import Recipient

POLICY: Final = SMTP.clone(cte_type="7bit")
"""Every relay takes it: no line is long, no byte has its eighth bit set."""

_MESSAGE_ID: Final = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_REFERENCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """
    What the mail says about itself.

    Parameters
    ----------
    sender, sender_name : mailbox and name the letter is from.
    recipient : the only one.
    sent_at : moment with its time zone, for the header ``Date``.
    message_id : in angle brackets, the same at each attempt.
    reply_to : where answers go; empty where nobody reads them.
    """

    sender: str
    sender_name: str
    recipient: Recipient
    sent_at: datetime
    message_id: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """
    What one letter tells and carries.

    Parameters
    ----------
    client : opaque reference; it names the files and stands in the subject.
    language : ``zh`` or ``en``.
    as_of : day of the plan.
    name : how the household is addressed.
    advisor : who signs, and whom to call.
    review_on : the next meeting after the letter; None where none is planned.
    pdf : the plan, encrypted.
    calendar : days after the letter, without what they are about; empty where there are none.
    """

    client: str
    language: str
    as_of: date
    name: str
    advisor: Advisor
    review_on: date | None
    pdf: bytes = field(repr=False)
    calendar: bytes = field(repr=False)
    envelope: Envelope

    @classmethod
    def of(cls, plan: LiabilityPlan, language: str, pdf: bytes, envelope: Envelope) -> Self:
        """The facts of a plan; `pdf` is its encrypted copy."""
        from reports.render.calendar import discreet_calendar, next_meeting

        # A plan may have lain for weeks: nobody is to be invited to a day that is past.
        written_on = envelope.sent_at.astimezone().date()
        return cls(
            client=plan.client,
            language=language,
            as_of=plan.as_of,
            name=plan.household.name,
            advisor=plan.household.advisor,
            review_on=next_meeting(plan, written_on),
            pdf=pdf,
            calendar=discreet_calendar(plan, language, written_on),
            envelope=envelope,
        )

    @property
    def plan_name(self) -> str:
        """File name of the plan."""
        return f"plan-{self.client}-{self.as_of}.pdf"

    @property
    def days_name(self) -> str:
        """File name of the calendar."""
        return f"reviews-{self.client}.ics"


def letter(facts: LetterFacts) -> EmailMessage:
    """
    One whole mail, ready to be sent to its one recipient.

    Raises
    ------
    ValueError
        Something in a header could be read as another header; it is not repeated.
    PublishError
        The plan is not encrypted.
    """
    if not is_locked(facts.pdf):
        raise PublishError("the plan opens without a password; it is not put into a mail")
    message = EmailMessage(policy=POLICY)
    values = _values(facts)
    _address(message, facts, values["subject"])
    message.set_content(_text("letter.txt.j2", values), charset="utf-8")
    message.add_alternative(_text("letter.html.j2", values), subtype="html", charset="utf-8")
    message.add_attachment(
        facts.pdf, maintype="application", subtype="pdf", filename=facts.plan_name
    )
    if facts.calendar:
        message.add_attachment(
            facts.calendar,
            maintype="text",
            subtype="calendar",
            filename=facts.days_name,
            params={"charset": "utf-8"},
        )
    # Last: setting the content takes earlier headers of its kind away.
    message["Content-Language"] = values["language_tag"]
    return message


def _address(message: EmailMessage, facts: LetterFacts, subject: str) -> None:
    envelope = facts.envelope
    if not (_REFERENCE.fullmatch(facts.client) and _MESSAGE_ID.fullmatch(envelope.message_id)):
        raise ValueError("a reference or a Message-ID is not what it should be")
    if envelope.sent_at.tzinfo is None:
        raise ValueError("the moment of sending has no time zone")
    message["From"] = _mailbox(envelope.sender, envelope.sender_name)
    message["To"] = _mailbox(envelope.recipient.address)
    if envelope.reply_to:
        message["Reply-To"] = _mailbox(envelope.reply_to)
    message["Subject"] = subject
    message["Date"] = format_datetime(envelope.sent_at)
    message["Message-ID"] = envelope.message_id
    # No answering machine is to answer this one (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"


def _mailbox(address: str, name: str = "") -> Address:
    if not name.isprintable():
        raise ValueError("a sender's name has a line break or a control character")
    local, _, domain = wire_address(address).partition("@")
    return Address(name, local, domain)


def _values(facts: LetterFacts) -> dict[str, Any]:
    """What the templates show; the sentences are whole, so that they are escaped as a whole."""
    speech = Language(facts.language)
    advisor = facts.advisor
    sentences = _sentences(facts)
    told = {
        "client": facts.client,
        "as_of": speech.day(facts.as_of),
        "name": _greeted(facts.name, sentences.pop("somebody")),
        "advisor": advisor.name,
        "institution": advisor.institution,
        "contact": advisor.contact or "",
        "review_on": speech.day(facts.review_on),
    }
    words = {key: text.format_map(told) for key, text in sentences.items()}
    return {
        "words": words,
        "subject": words["subject"],
        "plan_name": facts.plan_name,
        "days_name": facts.days_name if facts.calendar else "",
        "colon": speech.either("：", ": "),
        "signature": speech.either("，", ", ").join((advisor.name, advisor.institution)),
        "language_tag": LANGUAGE_TAGS[speech.code],
        "palette": PALETTE,
    }


def _greeted(name: str, somebody: str) -> str:
    """
    The name as it greets; `somebody` in place of one that a mail program would make a link of.

    Examples
    --------
    >>> _greeted("Mr.Smith", "client"), _greeted("http://evil.example/x", "client")
    ('Mr.Smith', 'client')
    """
    return somebody if is_like_a_link(name) else name


def _sentences(facts: LetterFacts) -> dict[str, str]:
    """The sentences of a language; of two ways to say a thing the one that is true here."""
    known = {
        "call_without_contact": facts.advisor.contact,
        "stop_without_reply": facts.envelope.reply_to,
        "review_without_day": facts.review_on,
        "attached_without_days": facts.calendar,
    }
    chosen = dict(_words()[facts.language])
    for name, fact in known.items():
        other = chosen.pop(name)
        if not fact:
            chosen[name.partition("_")[0]] = other
    return chosen


def _text(template: str, values: Mapping[str, Any]) -> str:
    return _environment().get_template(template).render(values)


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files(__package__).joinpath("letter.toml").read_text("utf-8"))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("reports.delivery", ""),
        autoescape=select_autoescape(["html.j2"], ["txt.j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
