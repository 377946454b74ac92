"""What a terminal says of mails (邮件情况): each as it goes, a run's end, a line of the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from reports.options import say
from reports.run.artefacts import MAIL, SHORT
from reports.run.sharing import denied

if TYPE_CHECKING:
    from datetime import date, datetime

    from reports.delivery.mails import Mail
    from reports.delivery.sending import MailReport, Told
    from reports.delivery.sheet import RandomPasswords

SENT_BEFORE: Final = "sent_before"


class Teller:
    """Says what became of each mail as it happens."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, told: Told) -> None:
        """A line, and one for each reason."""
        state = state_word(self._language, _state(told))
        said = "" if told.is_old else _reply(told.reply, self._language)
        when = _next_try(told.next_try_at, self._language)
        parts = (told.client, told.recipient_masked, state, when, str(told.draft or said))
        typer.echo("  ".join(part for part in parts if part))
        for refusal in told.refusals:
            typer.echo(f"    {shown(refusal.sentence(self._language))}")


@dataclass(frozen=True, slots=True)
class RunEnd:
    """
    A run of `as_of` in a language that has ended.

    Parameters
    ----------
    is_sent : mails were to go, not only to be written.
    sheet : of random passwords, where one was in use.
    """

    report: MailReport
    as_of: date
    language: str
    is_sent: bool
    sheet: RandomPasswords | None = None

    def tell(self) -> None:
        """Say what became of all, and what is to be done."""
        language = self.language
        if self.report.stopped is not None:
            typer.echo(self.report.stopped.sentence(language), err=True)
        if not self.report.told:
            say(
                language,
                f"{self.as_of} 没有中文规划书，没有可发的邮件；英文的请加上 --language en",
                f"there are no English plans of {self.as_of}, and no mail to be sent; for Chinese "
                "ones add --language zh",
            )
            return
        self._tell_counts()
        if any(told.state == "ambiguous" for told in self.report.told):
            say(
                language,
                "结果不明的邮件不会自动重发：问过客户，"
                "再用 planner outbox --was-sent 或 --resend 说明",
                "unclear mails are not sent again by themselves: ask the client, then say planner "
                "outbox --was-sent or --resend",
            )
        if self.is_sent:
            self._tell_of_sheet()
        elif any(told.draft for told in self.report.told):
            say(
                language,
                "没有发送任何邮件；看过草稿后，加 --send（make mail SEND=1）发送",
                "nothing was sent; look at the drafts, then send with --send (make mail SEND=1)",
            )
        else:
            say(
                language,
                "没有发送任何邮件，也没有写草稿",
                "nothing was sent, and no draft was written",
            )

    def _tell_counts(self) -> None:
        told, language = self.report.told, self.language
        counts = Counter(_state(each) for each in told)
        comma = "，" if language == "zh" else ", "
        listed = comma.join(
            f"{state_word(language, state)} {number}" for state, number in counts.items()
        )
        sent = counts["sent"]
        zh, en = f"共 {len(told)} 位客户：{listed}", f"{_number(len(told), 'client')}: {listed}"
        if self.is_sent:
            zh, en = f"{zh}。本次发出 {sent} 封", f"{en}; sent in this run: {sent}"
        say(language, zh, en)

    def _tell_of_sheet(self) -> None:
        """Passwords are passed on once mails have gone, and kept while some may still go."""
        if self.sheet is None:
            return
        sent = [told.client for told in self.report.told if _state(told) == "sent"]
        if sent:
            self._say_of_sheet("hand_over")
        for line in self.sheet.replacing(sent):
            facts = {"client": line.client, "drawn_at": line.drawn_at, "replaces": line.replaces}
            self._say_of_sheet("later", **facts)
        needing = [mail for mail in self.report.open_mails if self._needs_sheet(mail)]
        days = sorted({mail.as_of.isoformat() for mail in needing if mail.as_of != self.as_of})
        if needing:
            self._say_of_sheet("keep")
        elif sent:
            self._say_of_sheet("destroy")
        if days:
            comma = "、" if self.language == "zh" else ", "
            self._say_of_sheet("other_days", days=comma.join(days))

    def _needs_sheet(self, mail: Mail) -> bool:
        """A mail of this day, or one of any day whose password stands on the sheet."""
        assert self.sheet is not None  # noqa: S101  nobody asks without one
        return mail.as_of == self.as_of or self.sheet.holds(mail.client, mail.plan_sha256)

    def _say_of_sheet(self, key: str, **facts: str) -> None:
        assert self.sheet is not None  # noqa: S101  nobody speaks of one that is not there
        words = _label(self.language, "password_sheet", key)
        typer.echo(words.format(sheet=self.sheet.sheet, **facts))


def mail_line(mail: Mail, language: str) -> str:
    """A mail of the outbox."""
    tries = f"试发 {mail.attempts} 次" if language == "zh" else _number(mail.attempts, "try")
    parts = [
        mail.client,
        mail.as_of.isoformat(),
        mail.language,
        mail.plan_sha256[:SHORT],
        state_word(language, mail.state),
        mail.recipient_masked,
        tries,
        _when(mail, language),
        str(mail.reply_code or ""),
        shown(" ".join(_reasons(mail, language))),
    ]
    return "  ".join(part for part in parts if part)


def not_the_sender(error: PermissionError, language: str) -> str:
    """Which file a login may not use; what sends is one login's alone, also in a shared folder."""
    place = Path(str(error.filename or ""))
    if MAIL not in place.parts:
        return denied(error, language)
    if language == "zh":
        return (
            f"{place} 打不开：发邮件用的文件只归发邮件的登录用户，同组的人也不能用。"
            "请由一直发邮件的那个登录用户来运行。"
        )
    return (
        f"{place} cannot be opened: what mails are sent with is the sending login's alone, in a "
        "shared folder too. Have the login run this that has always sent the mails."
    )


def state_word(language: str, state: str) -> str:
    """A state in words."""
    return _label(language, "mail_state", state)


def shown(text: str) -> str:
    """A text as a terminal may show it."""
    return "".join(sign for sign in text if sign.isprintable())


def _state(told: Told) -> str:
    return SENT_BEFORE if told.is_old and told.state == "sent" else told.state


def _when(mail: Mail, language: str) -> str:
    """The moment that matters in its state, and which one it is."""
    if mail.next_try_at is not None:
        return _next_try(mail.next_try_at, language)
    if mail.state == "queued":
        kind, moment = "queued", mail.queued_at
    elif mail.ended_at is not None:
        kind, moment = ("sent" if mail.state == "sent" else "ended"), mail.ended_at
    else:
        kind, moment = "begun", mail.data_at or mail.queued_at
    return _at(kind, moment, language)


def _next_try(moment: datetime | None, language: str) -> str:
    return "" if moment is None else _at("next_try", moment, language)


def _at(kind: str, moment: datetime, language: str) -> str:
    return _label(language, "mail_time", kind).format(at=f"{moment.astimezone():%Y-%m-%d %H:%M}")


def _reasons(mail: Mail, language: str) -> Iterator[str]:
    """Why it is where it is: sentences, or a person's word with the note."""
    from reports.delivery.cases import reason_words

    if not mail.reason:
        yield _reply(mail.reply or "", language)
        return
    word = _known(language, "mail_word", mail.reason[0])
    if word is not None:
        colon = "：" if language == "zh" else ": "
        yield colon.join([word, *mail.reason[1:]])
        return
    for reason in mail.reason:
        yield reason_words(reason, language)


def _reply(reply: str, language: str) -> str:
    """A relay's words as they are; ours, where it had none, in the reader's language."""
    code, _, rest = reply.partition(": ")
    words = _known(language, "mail_reply", code)
    return reply if words is None else f"{words} {rest}".strip()


def _known(language: str, table: str, key: str) -> str | None:
    try:
        return _label(language, table, key)
    except KeyError:
        return None


def _label(language: str, table: str, key: str) -> str:
    from reports.language import Language

    return Language(language).label(table, key)


def _number(count: int, noun: str) -> str:
    """A number of things in English."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
