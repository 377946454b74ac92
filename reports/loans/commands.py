"""
``planner loans`` and ``planner irr``: tables in, tables out.

Exit codes: 0 every row has its figures, 1 some row has an error of its own, 2 a file cannot be
read or written and nothing was written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from planning.errors import ClientFileError
    from reports.loans.progress import Watch
    from reports.loans.tally import Tally

INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Make the commands those of `app`."""
    app.command()(loans)
    app.command()(irr)


def _language(text: str) -> str:
    if text not in ("zh", "en"):
        raise typer.BadParameter("zh or en")
    return text


def _period(text: str) -> str:
    if text not in ("", "monthly", "yearly", "none"):
        raise typer.BadParameter("monthly, yearly or none")
    return text


LanguageOption = Annotated[
    str, typer.Option("--language", metavar="zh|en", callback=_language, help="of messages")
]
KINDS = ".csv, .xlsx, .jsonl or .parquet"


def loans(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=f"a row a loan; {KINDS}")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=f"figures; {KINDS}")],
    rows: Annotated[
        Path | None, typer.Option("--rows", metavar="FILE", help=f"every ledger; {KINDS}")
    ] = None,
    language: LanguageOption = "zh",
) -> None:
    """Compute a table of loans to the fen: a row of figures for every row, an error of its own."""
    from reports.loans.loan_answers import answer_loans

    _run(lambda watch: answer_loans(file, out, rows, language, watch), language, out)


def irr(
    file: Annotated[Path, typer.Argument(metavar="FLOWS", help=f"a row a flow of money; {KINDS}")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=f"instead of a table; {KINDS}")
    ] = None,
    period: Annotated[
        str,
        typer.Option(
            "--period",
            metavar="monthly|yearly|none",
            callback=_period,
            help="what a period is, monthly if absent",
        ),
    ] = "",
    language: LanguageOption = "zh",
) -> None:
    """Compute the internal rate of dated or periodic flows, many at once by their id."""
    from reports.loans.flow_answers import answer_flows

    _run(lambda watch: answer_flows(file, out, period, language, watch, typer.echo), language, out)


def _run(work: Callable[[Watch], Tally], language: str, out: Path | None) -> None:
    from planning.errors import ClientFileError
    from reports.loans.progress import progress

    try:
        with progress(language) as watch:
            tally = work(watch)
    except ClientFileError as error:
        _refuse(error, language)
    except KeyboardInterrupt:
        typer.echo(
            "已中断，未写入任何文件" if language == "zh" else "interrupted; nothing was written"
        )
        raise typer.Exit(INTERRUPTED) from None
    else:
        # A table that is read has its errors in it.
        for line in tally.examples(language) if out else ():
            typer.echo(line, err=True)
        typer.echo(tally.summary(language, out), err=out is None)
        raise typer.Exit(1 if tally.failed else 0)


def _refuse(error: ClientFileError, language: str) -> None:
    from reports.language.problems import problem_lines

    for line in problem_lines(error.problems, language):
        typer.echo(line, err=True)
    raise typer.Exit(2) from error
