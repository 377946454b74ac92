"""
``planner mail`` and ``planner outbox``.

Exit codes: 0 all sent or nothing to do, 1 some mail was kept back, put off, rejected or is
unclear, 2 the settings or the input were wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from reports.delivery.mail_words import RunEnd, Teller, mail_line, not_the_sender, shown, state_word
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
    from reports.delivery.cases import Case, Day
    from reports.delivery.decisions import Decision
    from reports.delivery.outbox import Outbox
    from reports.delivery.passwords import Passwords
    from reports.delivery.sending import MailReport
    from reports.delivery.settings import MailSettings
    from reports.delivery.sheet import RandomPasswords
    from reports.run.ledger.ledger import Ledger


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
            keys = _Keys(passwords, password_sheet)
            report = _mailed(asked, ledger, chosen, keys)
    RunEnd(report, day, language, send, keys.kept).tell()
    raise typer.Exit(report.exit_code)


def outbox(
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    out: Out = BUILT,
    resend: Client = "",
    was_sent: Client = "",
    bounced: Client = "",
    send_again: Client = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="who said so, and why")] = "",
) -> None:
    """
    List the mails of a day or of all, or say what becomes of one.

    It is to be resent, has arrived, has bounced, or is to go again though the household has got
    one like it.
    """
    day = day_of(as_of, language) if as_of else None
    decisions = {
        "resend": resend,
        "was_sent": was_sent,
        "bounced": bounced,
        "send_again": send_again,
    }
    asked = [(name, client) for name, client in decisions.items() if client]
    if len(asked) > 1:
        say_error(language, "一次只说一件事", "one word about one mail at a time")
        raise typer.Exit(2)
    question = _Asked(day or date.min, language, out)
    with _plain_troubles(language), _ledger(question) as ledger:
        if asked:
            name, client = asked[0]
            _decide(ledger, (name, _reference(ledger, client, question)), note, day, language)
        else:
            _list(_outbox(ledger), day, language)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was asked for."""

    as_of: date
    language: str
    out: Path
    clients: tuple[str, ...] = ()
    is_sent: bool = False

    @property
    def day(self) -> Day:
        """The plans asked about."""
        from reports.delivery.cases import Day

        return Day(self.as_of, self.language, self.out)


@dataclass(slots=True)
class _Keys:
    """
    Where passwords come from; not the passwords.

    Parameters
    ----------
    kept : the sheet of random ones, once it has been looked into.
    """

    source: str
    sheet: Path | None
    kept: RandomPasswords | None = None


class _DraftPasswords:
    """Passwords of letters that are only looked at, which nobody need open."""

    def password_of(self, client: str) -> str:  # noqa: ARG002  a source is asked by client
        """One that nobody gets to know."""
        from reports.delivery.sheet import random_password

        return random_password()


def _settings(asked: _Asked, file: Path | None) -> MailSettings:
    from reports.delivery.settings import DRAFTS_ONLY, is_set_up, read_settings

    if is_set_up(file):
        return read_settings(file)
    if asked.is_sent:
        say_error(
            asked.language,
            "还没有发信设置，不能发送：按 docs/mail-relay.md 写好 delivery.toml 再来",
            "mail has not been set up and cannot be sent: write a delivery.toml as "
            "docs/mail-relay.md says, then come back",
        )
        raise typer.Exit(2)
    say(
        asked.language,
        "还没有发信设置（delivery.toml，见 docs/mail-relay.md），草稿用示例发件人",
        "mail has not been set up (delivery.toml, see docs/mail-relay.md); the drafts are from an "
        "example sender",
    )
    return DRAFTS_ONLY


def _mailed(asked: _Asked, ledger: Ledger, settings: MailSettings, keys: _Keys) -> MailReport:
    from reports.delivery.sending import mail_folder
    from reports.run.lock import run_lock

    named = dict.fromkeys(_reference(ledger, name, asked) for name in asked.clients)
    asked = replace(asked, clients=tuple(named))
    if not asked.is_sent:
        return _drafted(asked, ledger, settings, keys)
    with run_lock(
        mail_folder(asked.out), lambda holder: typer.echo(holder.sentence(asked.language))
    ):
        # Whoever waited for another sender looks at what that one has left.
        return _sent(asked, ledger, settings, keys)


def _drafted(asked: _Asked, ledger: Ledger, settings: MailSettings, keys: _Keys) -> MailReport:
    from reports.delivery.cases import Look, cases_of
    from reports.delivery.parcel import Post
    from reports.delivery.sending import drafts

    look = Look.at(ledger, asked.day, is_four_eyes=settings.four_eyes)
    cases = cases_of(look, asked.clients)
    post = Post(asked.day, settings, _passwords(asked, keys, cases, ledger))
    return drafts(post, cases, look, Teller(asked.language))


def _sent(asked: _Asked, ledger: Ledger, settings: MailSettings, keys: _Keys) -> MailReport:
    from reports.delivery.cases import Look, cases_of
    from reports.delivery.outbox import Outbox
    from reports.delivery.pace import Pace
    from reports.delivery.parcel import Post
    from reports.delivery.sending import Sender

    look = Look.at(ledger, asked.day, is_four_eyes=settings.four_eyes)
    cases = cases_of(look, asked.clients)
    post = Post(asked.day, settings, _passwords(asked, keys, cases, ledger))
    box = Outbox(ledger, settings, look.journal)
    sender = Sender(post, look, box, Pace(settings.per_minute))
    return sender.send(cases, Teller(asked.language))


def _passwords(asked: _Asked, keys: _Keys, cases: tuple[Case, ...], ledger: Ledger) -> Passwords:
    from reports.delivery.passwords import passwords_from
    from reports.delivery.sheet import Drawing, RandomPasswords

    if keys.source == "random" and keys.sheet is None and not asked.is_sent:
        return _DraftPasswords()
    plans = {case.client: case.addressed.key.plan_sha256 for case in cases}
    drawing = Drawing(asked.as_of, asked.language, plans.__getitem__, ledger.now)
    found = passwords_from(keys.source, keys.sheet, drawing, plans)
    if isinstance(found, RandomPasswords):
        keys.kept = found
    return found


def _reference(ledger: Ledger, name: str, asked: _Asked) -> str:
    """The client that a name stands for; of one that is unknown here the command ends."""
    from reports.delivery.known_client import client_of, unknown_client

    client = client_of(ledger, name)
    if client is None:
        typer.echo(unknown_client(name, asked.out, asked.language), err=True)
        raise typer.Exit(2)
    return client


def _decide(
    ledger: Ledger, asked: tuple[str, str], note: str, day: date | None, language: str
) -> None:
    """Enter a person's word about a client's mail."""
    from planning.identifiers import names_somebody
    from reports.delivery.decisions import DECISIONS, decide, note_line

    name, client = asked
    decision = DECISIONS[name]
    fitting = [mail for mail in _outbox(ledger).mails(day, client) if decision.fits(mail)]
    if not note.strip():
        say_error(
            language, "请用 --note 写明是谁说的、依据是什么", "say with --note who said so, and why"
        )
        raise typer.Exit(2)
    # As it is kept: what is unseen between the digits of a number is a space there.
    if names_somebody(note_line(note)):
        say_error(
            language,
            "说明会一直留在台账里：请不要写证件号、银行卡号、手机号或邮箱",
            "a note stays in the ledger: leave out numbers of identity cards, bank cards and "
            "mobiles, and mailboxes",
        )
        raise typer.Exit(2)
    if len(fitting) != 1:
        _refuse_decision(client, len(fitting), decision, language)
    typer.echo(mail_line(decide(ledger, fitting[0].id, decision, note), language))


def _refuse_decision(client: str, number: int, decision: Decision, language: str) -> NoReturn:
    from reports.delivery.decisions import SEND_AGAIN

    comma = "、" if language == "zh" else ", "
    states = comma.join(state_word(language, state) for state in decision.said_of)
    if number:
        say_error(
            language,
            f"{shown(client)} 有 {number} 封这样的邮件，请用 --as-of 指明是哪一天的",
            f"{shown(client)} has {number} such mails; say of which day with --as-of",
        )
    elif decision == SEND_AGAIN:
        say_error(
            language,
            f"{shown(client)} 没有等人说明要不要再发的邮件；因为别的原因留下的，先照原因处理",
            f"{shown(client)} has no mail that waits for a word to be sent again; one kept back "
            "for another reason goes once that is mended",
        )
    else:
        say_error(
            language,
            f"{shown(client)} 没有处于以下状态的邮件：{states}",
            f"{shown(client)} has no mail that is: {states}",
        )
    raise typer.Exit(2)


def _list(box: Outbox, day: date | None, language: str) -> None:
    listed = box.mails(day)
    for each in listed:
        typer.echo(mail_line(each, language))
    if not listed:
        say(language, "发件箱是空的", "the outbox is empty")


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
    except BrokenPipeError:
        # Whoever reads has seen enough, as with `head`.
        raise
    except PermissionError as error:
        typer.echo(not_the_sender(error, language), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(
            ": ".join(str(part) for part in (error.filename, error.strerror) if part), err=True
        )
        raise typer.Exit(2) from error
