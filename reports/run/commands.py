"""
``planner plan``, ``planner batch`` and ``planner why``.

Exit codes: 0 all done, 1 some client failed or the disk was full half-way, 2 the input was wrong
and nothing was built, 130 interrupted, 143 the same by SIGTERM.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from reports.options import (
    BUILT,
    IN_CLONE,
    AsOf,
    Files,
    LanguageOption,
    Params,
    day_of,
    opaquely_named,
    say,
    say_error,
    today,
)

if TYPE_CHECKING:
    from reports.run.batch import Batch, Report
    from reports.run.ledger.ledger import Ledger
    from reports.run.progress import Progress

INTERRUPTED: Final = 130
TERMINATED: Final = 143
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

Timeout = Annotated[float, typer.Option("--timeout", min=1, help="seconds a client may take")]
Memory = Annotated[
    int, typer.Option("--memory", min=64, metavar="MIB", help="memory a client may ask for")
]
Place = Annotated[
    str,
    typer.Option(
        "--out", metavar="FOLDER|URL", help="where plans go: a folder, or a store such as s3://..."
    ),
]
LedgerFolder = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FOLDER", help="of ledger and pages where --out is a URL; out if absent"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="build what is unchanged, too")]
Last = Annotated[
    Path | None,
    typer.Option("--last", metavar="PLAN.JSON", help="the client's plan before, for trends"),
]
LastRun = Annotated[
    Path | None,
    typer.Option("--last-run", metavar="FOLDER", help="plans of an earlier day, out/<date>"),
]


def register(app: typer.Typer) -> None:
    """Make the commands those of `app`."""
    app.command()(plan)
    app.command()(batch)
    app.command("why")(why_command)


def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="one client file (YAML)")],
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Place = str(BUILT),
    timeout: Timeout = 300,
    memory: Memory = 2048,
    last: Last = None,
    force: Force = False,
    ledger: LedgerFolder = None,
) -> None:
    """Build one client's plan: notebook, HTML, PDF, JSON and XLSX."""
    from reports.run.batch import Batch
    from reports.run.pool import Limits

    opaquely_named([file], language)
    folder, shelf = _places(out, ledger, language)
    day = day_of(as_of or today(), language)
    limits = Limits(1, timeout, memory)
    _build(
        Batch(
            (file,),
            params,
            day,
            language,
            folder,
            limits,
            last_plan=last,
            is_forced=force,
            shelf=shelf,
        )
    )


def batch(
    files: Files,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Place = str(BUILT),
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="clients at a time; a core each if absent")
    ] = None,
    timeout: Timeout = 300,
    memory: Memory = 2048,
    last_run: LastRun = None,
    force: Force = False,
    cluster: Annotated[
        str,
        typer.Option("--cluster", metavar="ADDRESS", help="build on a Dask scheduler's workers"),
    ] = "",
    ledger: LedgerFolder = None,
) -> None:
    """Build the plans of many clients that are not there yet as they should be, and their index."""
    from reports.run.batch import Batch
    from reports.run.pool import Limits

    opaque = opaquely_named(files, language)
    if last_run is not None and not last_run.is_dir():
        say_error(
            language,
            f"没有文件夹 {last_run}；请写上某一天的规划书所在的文件夹，如 out/2026-08-22",
            f"there is no folder {last_run}; name that of a day's plans, such as out/2026-08-22",
        )
        raise typer.Exit(2)
    folder, shelf = _places(out, ledger, language)
    limits = Limits(jobs or os.cpu_count() or 1, timeout, memory)
    day = day_of(as_of or today(), language)
    _build(
        Batch(
            tuple(opaque),
            params,
            day,
            language,
            folder,
            limits,
            last_run=last_run,
            is_forced=force,
            cluster=cluster,
            shelf=shelf,
        ),
        is_whole=len(opaque) == len(files),
    )


def why_command(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="a reference or a client file")],
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Place = str(BUILT),
    last: Last = None,
    last_run: LastRun = None,
    ledger: LedgerFolder = None,
) -> None:
    """Say whether a client's plan would be built now, and because of what."""
    from planning.errors import ClientFileError
    from reports.language.problems import problem_lines
    from reports.run.batch import Batch
    from reports.run.cluster.store import ShelfError
    from reports.run.ledger.ledger import Ledger, LedgerError

    folder, shelf = _places(out, ledger, language)
    day = day_of(as_of or today(), language)
    asked = Batch((), params, day, language, folder, last_plan=last, last_run=last_run, shelf=shelf)
    try:
        if not Ledger.stands(folder):
            lines = _answer(client, asked, None)
        else:
            with Ledger(folder) as opened:
                lines = _answer(client, asked, opened)
    except (LedgerError, ShelfError) as error:
        _end(error.sentence(language))
    except ClientFileError as error:
        _end("\n".join(problem_lines(error.problems, language)))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}")
    for line in lines:
        typer.echo(line)


def _answer(client: str, asked: Batch, ledger: Ledger | None) -> list[str]:
    from reports.run.fingerprint import shared_digests
    from reports.run.why import Question, client_file_of, why
    from reports.run.why_words import explanation_lines

    file = client_file_of(client, ledger, asked.params)
    if file is None:
        _refuse_client(client, asked.language)
    known = ledger.last_done(file) if ledger else None
    last = asked.last_plan_of(known.client) if known else asked.last_plan
    question = Question(
        file, asked.as_of, asked.language, asked.out, last, asked.shelf, asked.params
    )
    told = why(ledger, shared_digests(asked.params, asked.notebook), question)
    return explanation_lines(told, asked.language)


def _places(out: str, ledger: Path | None, language: str) -> tuple[Path, str]:
    """The folder of ledger and pages, and the URL of the plans, empty where they go there too."""
    if "://" in out:
        return ledger or BUILT, out
    if ledger is not None:
        say_error(
            language,
            "--ledger 只在 --out 是网址时使用；规划书放在文件夹里时，台账也在那个文件夹",
            "--ledger goes with a URL as --out; with a folder the ledger stands in that folder",
        )
        raise typer.Exit(2)
    return Path(out), ""


def _refuse_client(client: str, language: str) -> NoReturn:
    say_error(
        language,
        f"没有名为“{client}”的客户或文件",
        f"there is no client or file {client!r}",
    )
    raise typer.Exit(2)


def _build(wanted: Batch, *, is_whole: bool = True) -> None:
    """Build, and end with the exit code; not `is_whole` where files were left out before."""
    from planning.errors import ClientFileError, PlanningError
    from reports.language.problems import problem_lines
    from reports.run.batch import run
    from reports.run.progress import Progress

    language = wanted.language
    try:
        with _interruptible(), Progress(language) as progress:
            report = run(wanted, progress)
    except ClientFileError as error:
        for line in problem_lines(error.problems, language):
            typer.echo(line, err=True)
        raise typer.Exit(2) from error
    except PlanningError as error:
        told = getattr(error, "sentence", None)
        _end(told(language) if told else str(error))
    except KeyboardInterrupt as ended:
        say(
            language,
            f"已中断；此前完成的在 {wanted.shown_place}，再次运行可补齐其余",
            f"interrupted; what was complete is in {wanted.shown_place}, run again for the rest",
        )
        raise typer.Exit(TERMINATED if isinstance(ended, _Terminated) else INTERRUPTED) from None
    except OSError as error:
        _refuse_folder(wanted.shown_place, error, language)
    if report.trouble and not report.has_built:
        _refuse_folder(wanted.shown_place, report.trouble, language)
    _summarise(report, progress, language, wanted.shown_place)
    raise typer.Exit(0 if is_whole else 1)


class _Terminated(KeyboardInterrupt):
    """The system asks for an end, which is like Ctrl-C."""


def _terminate(*_: Any) -> NoReturn:
    raise _Terminated


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: with its pages written and nothing half-built."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _summarise(report: Report, progress: Progress, language: str, place: str) -> None:
    failed = [outcome for outcome in report.outcomes if not outcome.is_done]
    if report.index is None and not report.trouble:
        say(
            language,
            "没有可编制的客户，未写入任何文件",
            "no client could be planned; nothing was written",
        )
        raise typer.Exit(2)
    for line in report.explained:
        typer.echo(line)
    progress.summary(report.index)
    if report.trouble:
        _tell_cut_short(place, report.trouble, language)
    if failed or report.trouble:
        raise typer.Exit(1)


def _end(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(2)


def _tell_cut_short(folder: str, error: OSError, language: str) -> None:
    """What stopped a run half-way, and how it goes on."""
    why = error.strerror or error
    is_full = error.errno in _FULL
    say_error(
        language,
        f"中途停下：{folder} 写不进去（{why}）。"
        f"{'请腾出一些空间' if is_full else '请先排除这个问题'}，再运行一次，可补齐其余。",
        f"stopped half-way: {folder} cannot be written ({why}). "
        f"{'Free some space' if is_full else 'Mend that'}, and run again for the rest.",
    )


def _refuse_folder(folder: str, error: OSError, language: str) -> NoReturn:
    why = error.strerror or error
    if error.errno in _FULL:
        say_error(
            language,
            f"{folder} 所在的磁盘已满，没有编成任何规划书。请腾出一些空间再运行，或换一个位置"
            "（--out）。",
            f"the disk of {folder} is full, and no plan was built. Free some space and run again, "
            "or choose another place with --out.",
        )
        raise typer.Exit(2) from error
    say(
        language,
        f"无法写入 {folder}：{why}。请换一个位置（--out）或检查权限。",
        f"{folder} cannot be written: {why}. Choose another place with --out, or check its "
        "permissions.",
    )
    raise typer.Exit(2) from error
