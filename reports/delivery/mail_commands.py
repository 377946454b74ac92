"""
``planner mail`` and ``planner outbox``.

Exit codes: 0 all sent or nothing to do, 1 some mail was kept back, put off, rejected or is
unclear, 2 the settings or the input were wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from reports.options import (
    BUILT,
    AsOf,
    LanguageOption,
    Out,
    day_of,
    say,
    say_error,
    today,
)

if TYPE_CHECKING:
    from reports.delivery.cases import Case
    from reports.delivery.mails import Mail
    from reports.delivery.outbox import Outbox
    from reports.delivery.parcel import Post
    from reports.delivery.passwords import Passwords
    from reports.delivery.sending import MailReport, Told
    from reports.delivery.settings import MailSettings
    from reports.run.ledger.ledger import Ledger

REFERENCE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
DECISIONS = {
    "resend": ("resend", ("ambiguous", "rejected", "given_up", "bounced")),
    "was_sent": ("was_sent", ("ambiguous",)),
    "bounced": ("bounced", ("sent", "ambiguous")),
}

Clients = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CLIENT...]", help="references or client files; all of the day if none"
    ),
]
Client = Annotated[str, typer.Option(metavar="CLIENT")]


def register(app: typer.Typer) -> None:
    """Make the commands those of `app`."""
    app.command()(mail)
    app.command()(outbox)


def mail(
    clients: Clients = None,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    out: Out = BUILT,
    send: Annotated[
        bool, typer.Option("--send", help="send; without it letters are only written as drafts")
    ] = False,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="how mail goes out; delivery.toml if absent"
        ),
    ] = None,
    passwords: Annotated[
        str,
        typer.Option(
            "--passwords",
            metavar="SOURCE",
            help="random, environment, file:PATH or keyring:SERVICE; never a password itself",
        ),
    ] = "random",
    password_sheet: Annotated[
        Path | None,
        typer.Option("--password-sheet", metavar="FILE", help="where random passwords are kept"),
    ] = None,
) -> None:
    """Write the letters of approved plans as drafts, or send them, each once."""
    day = day_of(as_of or today(), language)
    asked = _Asked(day, language, out, tuple(clients or ()), send)
    with _plain_troubles(language):
        chosen = _settings(asked, settings)
        with _ledger(asked) as ledger:
            report = _mailed(asked, ledger, chosen, _Keys(passwords, password_sheet))
    _summarise(report, asked, password_sheet if passwords == "random" else None)
    raise typer.Exit(report.exit_code)


def outbox(
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    out: Out = BUILT,
    resend: Client = "",
    was_sent: Client = "",
    bounced: Client = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="who said so, and why")] = "",
) -> None:
    """List the mails of a day or of all, or say what became of one: resent, arrived or bounced."""
    day = day_of(as_of, language) if as_of else None
    decisions = {"resend": resend, "was_sent": was_sent, "bounced": bounced}
    asked = [(name, client) for name, client in decisions.items() if client]
    if len(asked) > 1:
        say_error(language, "一次只说一件事", "one word about one mail at a time")
        raise typer.Exit(2)
    with _plain_troubles(language), _ledger(_Asked(day or date.min, language, out)) as ledger:
        box = _outbox(ledger)
        if asked:
            _decide(box, asked[0], note, day, language)
        else:
            _list(box, day, language)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was asked for."""

    as_of: date
    language: str
    out: Path
    clients: tuple[str, ...] = ()
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class _Keys:
    """Where passwords come from; not the passwords."""

    source: str
    sheet: Path | None


class _DraftPasswords:
    """Passwords of letters that are only looked at, which nobody need open."""

    def password_of(self, client: str) -> str:  # noqa: ARG002  a source is asked by client
        """One that nobody gets to know."""
        from reports.delivery.sheet import random_password

        return random_password()


def _settings(asked: _Asked, file: Path | None) -> MailSettings:
    from reports.delivery.settings import DRAFTS_ONLY, is_set_up, read_settings

    if asked.is_sent or is_set_up(file):
        return read_settings(file)
    say(
        asked.language,
        "还没有发信设置（delivery.toml，见 docs/mail-relay.md），草稿用示例发件人",
        "mail has not been set up (delivery.toml, see docs/mail-relay.md); the drafts are from an "
        "example sender",
    )
    return DRAFTS_ONLY


def _mailed(asked: _Asked, ledger: Ledger, settings: MailSettings, keys: _Keys) -> MailReport:
    from reports.delivery.cases import Day, cases_of, references
    from reports.delivery.parcel import Post
    from reports.delivery.sending import drafts

    day = Day(asked.as_of, asked.language, asked.out)
    named = references(ledger, day, asked.clients)
    _require_references(named, asked.language)
    cases = cases_of(ledger, day, named, ledger.now().astimezone().date())
    post = Post(day, settings, _passwords(asked, keys, cases))
    if not asked.is_sent:
        return drafts(post, cases, ledger, _Teller(asked.language))
    return _sent(post, cases, ledger, asked)


def _sent(post: Post, cases: tuple[Case, ...], ledger: Ledger, asked: _Asked) -> MailReport:
    from reports.delivery.outbox import Outbox
    from reports.delivery.pace import Pace
    from reports.delivery.sending import Sender, mail_folder
    from reports.run.lock import run_lock

    settings = post.settings
    with run_lock(
        mail_folder(asked.out), lambda holder: typer.echo(holder.sentence(asked.language))
    ):
        sender = Sender(post, ledger, Outbox(ledger, settings), Pace(settings.per_minute))
        return sender.send(cases, _Teller(asked.language))


def _passwords(asked: _Asked, keys: _Keys, cases: tuple[Case, ...]) -> Passwords:
    from reports.delivery.passwords import passwords_from

    if keys.source == "random" and keys.sheet is None and not asked.is_sent:
        return _DraftPasswords()
    plans = {case.client: case.addressed.key.plan_sha256 for case in cases}
    return passwords_from(keys.source, keys.sheet, plans.__getitem__)


def _require_references(named: tuple[str, ...], language: str) -> None:
    wrong = [name for name in named if not REFERENCE.fullmatch(name)]
    for name in wrong:
        say_error(
            language,
            f"{_shown(name)} 不是客户编号，也不是编制过规划书的客户档案",
            f"{_shown(name)} is neither a client reference nor a client file a plan was built from",
        )
    if wrong:
        raise typer.Exit(2)


class _Teller:
    """Says what became of each mail as it happens."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, told: Told) -> None:
        """A line, and one for each reason."""
        state = _label(self._language, told.state)
        where = told.draft or told.reply
        parts = (told.client, told.recipient_masked, state, str(where))
        typer.echo("  ".join(part for part in parts if part))
        for refusal in told.refusals:
            typer.echo(f"    {_shown(refusal.sentence(self._language))}")


def _summarise(report: MailReport, asked: _Asked, sheet: Path | None) -> None:
    language = asked.language
    if report.stopped is not None:
        typer.echo(report.stopped.sentence(language), err=True)
    counts = Counter(told.state for told in report.told)
    listed = ("，" if language == "zh" else ", ").join(
        f"{_label(language, state)} {number}" for state, number in counts.items()
    )
    if not listed:
        say(
            language,
            f"{asked.as_of} 没有中文规划书，没有可发的邮件",
            f"there are no English plans of {asked.as_of}, and no mail to be sent",
        )
        return
    say(
        language, f"共 {len(report.told)} 位客户：{listed}", f"{len(report.told)} clients: {listed}"
    )
    if "ambiguous" in counts:
        say(
            language,
            "结果不明的邮件不会自动重发：问过客户，再用 planner outbox --was-sent 或 --resend 说明",
            "unclear mails are not sent again by themselves: ask the client, then say planner "
            "outbox --was-sent or --resend",
        )
    if not asked.is_sent:
        say(
            language,
            "没有发送任何邮件；看过草稿后，加 --send（make mail SEND=1）发送",
            "nothing was sent; look at the drafts, then send with --send (make mail SEND=1)",
        )
    elif sheet is not None:
        say(
            language,
            f"密码在 {sheet}，请用电话、短信或当面告诉客户，不要写在邮件里，用完即销毁",
            f"the passwords are in {sheet}: pass them on by telephone, text message or in person, "
            "never by mail, and destroy the sheet afterwards",
        )


def _decide(
    box: Outbox, asked: tuple[str, str], note: str, day: date | None, language: str
) -> None:
    """Enter a person's word about a client's mail."""
    name, client = asked
    verb, allowed = DECISIONS[name]
    fitting = [mail for mail in box.mails(day, client) if mail.state in allowed]
    if not note.strip():
        say_error(
            language, "请用 --note 写明是谁说的、依据是什么", "say with --note who said so, and why"
        )
        raise typer.Exit(2)
    if len(fitting) != 1:
        _refuse_decision(client, len(fitting), allowed, language)
    changed = getattr(box, verb)(fitting[0].id, note)
    typer.echo(_line(changed, language))


def _refuse_decision(client: str, number: int, allowed: tuple[str, ...], language: str) -> NoReturn:
    states = ", ".join(_label(language, state) for state in allowed)
    if number:
        say_error(
            language,
            f"{_shown(client)} 有 {number} 封这样的邮件，请用 --as-of 指明是哪一天的",
            f"{_shown(client)} has {number} such mails; say of which day with --as-of",
        )
    else:
        say_error(
            language,
            f"{_shown(client)} 没有处于以下状态的邮件：{states}",
            f"{_shown(client)} has no mail that is: {states}",
        )
    raise typer.Exit(2)


def _list(box: Outbox, day: date | None, language: str) -> None:
    listed = box.mails(day)
    for each in listed:
        typer.echo(_line(each, language))
    if not listed:
        say(language, "发件箱是空的", "the outbox is empty")


def _line(mail: Mail, language: str) -> str:
    from reports.delivery.cases import reason_words

    tries = f"{mail.attempts} 次" if language == "zh" else f"{mail.attempts} tries"
    when = mail.next_try_at or mail.ended_at or mail.queued_at
    words = [reason_words(reason, language) for reason in mail.reason] or [mail.reply or ""]
    parts = [
        mail.client,
        mail.as_of.isoformat(),
        mail.language,
        _label(language, mail.state),
        mail.recipient_masked,
        tries,
        f"{when.astimezone():%Y-%m-%d %H:%M}",
        str(mail.reply_code or ""),
        _shown(" ".join(words)),
    ]
    return "  ".join(part for part in parts if part)


def _label(language: str, state: str) -> str:
    from reports.language import Language

    return Language(language).label("mail_state", state)


def _shown(text: str) -> str:
    """A text as a terminal may show it."""
    return "".join(sign for sign in text if sign.isprintable())


def _outbox(ledger: Ledger) -> Outbox:
    """The outbox to look into; how mail goes out does not matter for that."""
    from reports.delivery.outbox import Outbox
    from reports.delivery.settings import DRAFTS_ONLY

    return Outbox(ledger, DRAFTS_ONLY)


@contextmanager
def _ledger(asked: _Asked) -> Iterator[Ledger]:
    from reports.run.ledger.ledger import Ledger

    if not Ledger.stands(asked.out):
        say_error(
            asked.language,
            f"{asked.out} 里还没有台账：先运行 planner batch",
            f"there is no ledger in {asked.out} yet: run planner batch first",
        )
        raise typer.Exit(2)
    with Ledger(asked.out) as ledger:
        yield ledger


@contextmanager
def _plain_troubles(language: str) -> Iterator[None]:
    """Turn what can go wrong with files, ledger and settings into lines and the exit code."""
    from planning.errors import ClientFileError, PlanningError
    from reports.language.problems import problem_lines

    try:
        yield
    except ClientFileError as error:
        for line in problem_lines(error.problems, language):
            typer.echo(line, err=True)
        raise typer.Exit(2) from error
    except PlanningError as error:
        told = getattr(error, "sentence", None)
        typer.echo(told(language) if told else str(error), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
        raise typer.Exit(2) from error
