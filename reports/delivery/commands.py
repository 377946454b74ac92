"""
``planner approve`` and ``planner purge``.

Exit codes: 0 all approved or removed, 1 something was refused or kept back, 2 the question was
wrong and nothing was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from reports.options import (
    BUILT,
    IN_CLONE,
    AsOf,
    LanguageOption,
    Out,
    Params,
    day_of,
    say,
    say_error,
    today,
)

if TYPE_CHECKING:
    from reports.delivery.approval import Approved, Approver, Desk, Refusal
    from reports.delivery.purge import Item, Purge
    from reports.delivery.retention import Terms
    from reports.run.ledger.approvals import Signature
    from reports.run.ledger.ledger import Ledger

LONGEST_NAME = 80
LONGEST_NOTE = 400


def register(app: typer.Typer) -> None:
    """Make the commands those of `app`."""
    app.command()(approve)
    app.command()(purge)


def approve(
    client: Annotated[
        str,
        typer.Argument(
            metavar="[CLIENT]", help="a reference or client file, or --all", show_default=False
        ),
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="every plan of the day")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="who approves")] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="what was looked at")] = "",
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Out = BUILT,
    four_eyes: Annotated[
        bool, typer.Option("--four-eyes", help="its maker or advisor may not approve a plan")
    ] = False,
    having_seen_changes: Annotated[
        bool,
        typer.Option("--having-seen-changes", help="approve plans that moved far, too, with --all"),
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="take an approval back")] = False,
) -> None:
    """Approve plans: bind a name and a note to their bytes, and put clean copies into the vault."""
    from reports.delivery.approval import Approver, Desk
    from reports.run.batch import CLIENT_PLAN

    _require_whom(client, language, every=every, revoke=revoke)
    signed = _signature(by, note, language)
    day = day_of(as_of or today(), language)
    # What is taken back needs one pair of eyes.
    strict = four_eyes or (not revoke and _is_strict(language))
    desk = Desk(out, params, CLIENT_PLAN, day, language, strict, having_seen_changes)
    with _held(out, language) as ledger:
        approver = Approver(ledger, desk, signed)
        reference = "" if every else _reference(ledger, client, desk)
        try:
            if revoke:
                _revoke(approver, ledger, reference, desk)
            elif every:
                _point_to_changes(desk, language)
                _tell(approver.approve_all(), desk, ledger)
            else:
                _tell([approver.approve(reference)], desk, ledger)
        finally:
            _show_again(ledger, out, day, language)


def purge(
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DAY", help="judge terms as of this day; today if absent"),
    ] = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Out = BUILT,
    apply: Annotated[
        bool, typer.Option("--apply", help="remove; without it nothing is touched")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="write the list as CSV")
    ] = None,
) -> None:
    """Say what has been kept for as long as the retention rule allows, and remove it if told to."""
    from reports.delivery.purge import Purge

    day = day_of(as_of or today(), language)
    if apply and day > date.fromisoformat(today()):
        _end(
            language,
            f"{day} 还没有到：可以不加 --apply 预先查看，到了那一天才能清除",
            f"{day} is yet to come: look ahead without --apply, and remove on the day itself",
        )
    terms = _terms(params, day, language)
    with _held(out, language) as ledger:
        wanted = Purge.of(out, ledger, terms, day)
        _purge(wanted, ledger, language, report, is_applied=apply)


def _require_whom(client: str, language: str, *, every: bool, revoke: bool) -> None:
    if bool(client) == every:
        _end(
            language,
            "请写一个客户编号，或用 --all 审批当天全部规划书",
            "name one client, or use --all for every plan of the day",
        )
    if every and revoke:
        _end(language, "撤回审批要逐个写客户编号", "approvals are taken back one client at a time")


def _signature(by: str, note: str, language: str) -> Signature:
    from planning.identifiers import names_somebody
    from reports.run.ledger.approvals import Signature

    signed = Signature(" ".join(by.split()), " ".join(note.split()))
    if not signed.name or not signed.note:
        _end(
            language,
            "请用 --by 写明审批人，用 --note 写明核对了什么",
            "say who approves with --by, and what was looked at with --note",
        )
    if len(signed.name) > LONGEST_NAME or len(signed.note) > LONGEST_NOTE:
        _end(
            language,
            f"审批人不超过 {LONGEST_NAME} 字，说明不超过 {LONGEST_NOTE} 字",
            f"a name has up to {LONGEST_NAME} characters, a note up to {LONGEST_NOTE}",
        )
    if names_somebody(signed.name) or names_somebody(signed.note):
        _end(
            language,
            "审批人和说明会一直留在台账里：请不要写证件号、银行卡号、手机号或邮箱",
            "a name and a note stay in the ledger: leave out numbers of identity cards, bank "
            "cards and mobiles, and mailboxes",
        )
    if not (signed.name + signed.note).isprintable():
        _end(
            language,
            "审批人和说明里有不可见的控制字符，请重新输入",
            "the name or the note has control characters; type it again",
        )
    return signed


def _is_strict(language: str) -> bool:
    """Whether the house's settings ask for four eyes of everybody; unreadable ones end it all."""
    from planning.errors import ClientFileError
    from reports.delivery.settings import is_set_up, read_settings
    from reports.language.problems import problem_lines

    try:
        return is_set_up() and read_settings().four_eyes
    except ClientFileError as error:
        for line in problem_lines(error.problems, language):
            typer.echo(line, err=True)
        say_error(
            language,
            "那里写着要不要双人复核。设置文件是别人的、您读不了时，请加上 --four-eyes，"
            "按双人复核审批，就不必读它。",
            "It says whether four eyes are asked for. Where the file is somebody else's to read, "
            "approve with --four-eyes, which does without it.",
        )
        raise typer.Exit(2) from error


@contextmanager
def _held(out: Path, language: str) -> Iterator[Ledger]:
    """The ledger of a folder that nobody else changes meanwhile; troubles end the command."""
    from planning.errors import PlanningError
    from reports.delivery.mail_words import not_the_sender
    from reports.run.ledger.ledger import Ledger
    from reports.run.lock import run_lock

    try:
        if not out.is_dir() or not Ledger.stands(out):
            _end(
                language,
                f"{out} 里还没有编制过规划书",
                f"no plan has been built in {out} yet",
            )
        with (
            run_lock(out, lambda holder: typer.echo(holder.sentence(language), err=True)),
            Ledger(out) as ledger,
        ):
            yield ledger
    except PlanningError as error:
        told = getattr(error, "sentence", None)
        typer.echo(told(language) if told else str(error), err=True)
        raise typer.Exit(2) from error
    except PermissionError as error:
        typer.echo(not_the_sender(error, language), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
        raise typer.Exit(2) from error


def _reference(ledger: Ledger, name: str, desk: Desk) -> str:
    """The client that a name stands for; of one that is unknown here the command ends."""
    from reports.delivery.known_client import client_of, unknown_client

    client = client_of(ledger, name)
    if client is None:
        typer.echo(unknown_client(name, desk.out, desk.language), err=True)
        raise typer.Exit(2)
    return client


def _point_to_changes(desk: Desk, language: str) -> None:
    from reports.run.pages.changes import CHANGES

    page = desk.run_folder / CHANGES
    if page.is_file():
        say(
            language,
            f"发布前请先看变动：{page}",
            f"before release, look at what changed: {page}",
        )


def _point_to_copies(desk: Desk, approved: list[Approved]) -> None:
    """Where the documents without the draft mark are, to be printed or handed over."""
    from reports.delivery.vault import PDF, vault_folder

    clients = [one.client for one in approved]
    if not clients:
        return
    named = "<client>" if len(clients) > 1 else clients[0]
    place = vault_folder(desk.out, desk.as_of, named) / PDF
    if len(clients) > 1:
        say(
            desk.language,
            f"不带草案标记的 PDF（可打印、面交），<client> 是客户编号：{place}",
            f"the PDFs without the draft mark, to print or hand over, by client: {place}",
        )
        return
    say(
        desk.language,
        f"不带草案标记的 PDF（可打印、面交）：{place}",
        f"the PDF without the draft mark, to print or hand over: {place}",
    )


def _tell(decided: Iterable[Approved | Refusal], desk: Desk, ledger: Ledger) -> None:
    """A line a client, and how many of each; a refusal makes the exit code 1."""
    from reports.delivery.approval import Approved
    from reports.delivery.approval_words import approved_line, refusal_line

    approved: list[Approved] = []
    refused: list[Refusal] = []
    for one in decided:
        if isinstance(one, Approved):
            approved.append(one)
            typer.echo(approved_line(one, desk.language))
        else:
            refused.append(one)
            typer.echo(refusal_line(one, desk.language), err=True)
    if not (approved or refused):
        _end_without_plans(desk, ledger)
    if len(approved) + len(refused) != 1:
        say(
            desk.language,
            f"已审批 {len(approved)} 份，未审批 {len(refused)} 份",
            f"{len(approved)} approved, {len(refused)} not",
        )
    _point_to_copies(desk, approved)
    if refused:
        raise typer.Exit(1)


def _end_without_plans(desk: Desk, ledger: Ledger) -> NoReturn:
    """Of a day and language that nothing was built in, and of the language that something was."""
    from reports.language import LANGUAGES

    others = (each for each in LANGUAGES if each != desk.language)
    other = next((each for each in others if ledger.done_plans(desk.as_of, each)), None)
    zh, en = "这一天、这种语言没有编制过规划书", "no plan of that day was built in this language"
    if other:
        zh = f"{zh}；另一种语言的有：请加上 --language {other}"
        en = f"{en}; there are plans in the other: add --language {other}"
    _end(desk.language, zh, en)


def _show_again(ledger: Ledger, out: Path, as_of: date, language: str) -> None:
    """Write a day's pages as things stand now."""
    from reports.run.cluster.shelf import place_of_day, shelf_at
    from reports.run.pages.day import Day, write_day
    from reports.run.pages.unfinished import Unfinished

    number = ledger.last_run(as_of, language)
    if number is not None:
        day = Day(out, as_of, language, shelf_at(place_of_day(str(out), as_of)))
        write_day(day, ledger, number, Unfinished.read(day.folder).outcomes())


def _revoke(approver: Approver, ledger: Ledger, client: str, desk: Desk) -> None:
    from reports.delivery.approval import Refusal
    from reports.delivery.approval_words import revoked_lines
    from reports.delivery.gone_out import gone_out

    revoked = approver.revoke(client)
    if isinstance(revoked, Refusal):
        _tell([revoked], desk, ledger)
        return
    for line in revoked_lines(client, gone_out(ledger, revoked), desk.language):
        typer.echo(line)


def _terms(params: Path, day: date, language: str) -> Terms:
    from planning.errors import ParameterError, PlanningError
    from planning.rule_files import read_rule_book
    from reports.delivery.retention import terms_of
    from reports.language.problems import problem_lines

    try:
        return terms_of(read_rule_book(params / "rules").on(day))
    except ParameterError as error:
        typer.echo(str(error), err=True)
    except PlanningError as error:
        for line in problem_lines(getattr(error, "problems", ()), language) or [str(error)]:
            typer.echo(line, err=True)
    raise typer.Exit(2)


def _purge(
    wanted: Purge, ledger: Ledger, language: str, report: Path | None, *, is_applied: bool
) -> None:
    from reports.delivery.purge_report import (
        purge_lines,
        purge_table,
        require_place,
        write_table,
    )

    if report is not None:
        require_place(report)
    items = wanted.applied(ledger) if is_applied else wanted.items
    if is_applied:
        _show_what_remains(wanted.out, ledger, items)
    if report is not None:
        write_table(report, purge_table(items, language, is_applied=is_applied))
    for line in purge_lines(items, language, is_applied=is_applied):
        typer.echo(line)
    if is_applied and any(item.is_left for item in items):
        raise typer.Exit(1)


def _show_what_remains(out: Path, ledger: Ledger, items: Iterable[Item]) -> None:
    """Write the pages of days of which something went and something stays."""
    from reports.language import LANGUAGES
    from reports.run.pages.index import INDEX

    for day in sorted({item.as_of for item in items if item.as_of and not item.is_left}):
        if (out / day.isoformat() / INDEX).is_file():
            runs = {ledger.last_run(day, language) or 0: language for language in LANGUAGES}
            _show_again(ledger, out, day, runs[max(runs)])


def _end(language: str, chinese: str, english: str) -> NoReturn:
    say_error(language, chinese, english)
    raise typer.Exit(2)
