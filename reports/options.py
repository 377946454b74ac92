"""
Options and sentences the commands share.

The one place that may ask today's date, to fill in ``--as-of``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

ROOT = Path(__file__).resolve().parents[1]
IN_CLONE = ROOT / "params"
BUILT = Path("out")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Commands(TyperGroup):
    """Commands that go on where a terminal or a log cannot show one of their characters."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run one, with such a character written out as its code point."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **extra)


def day_of(text: str, language: str) -> date:
    """A day of the calendar; where it is none, the command ends and says why."""
    from planning.record_file import FIRST_DAY, LAST_DAY

    try:
        day = date.fromisoformat(text)
    except ValueError:
        _refuse_day("date_invalid" if _DAY.fullmatch(text) else "date_type", text, language)
    if not FIRST_DAY <= day <= LAST_DAY:
        bounds = {"first": str(FIRST_DAY), "last": str(LAST_DAY)}
        _refuse_day("day_outside_calendar", text, language, **bounds)
    return day


def _refuse_day(code: str, text: str, language: str, **numbers: str) -> NoReturn:
    from planning.errors import Problem
    from reports.language.problems import problem_lines

    for line in problem_lines([Problem("planner", 0, "", code, text, numbers)], language):
        typer.echo(line, err=True)
    raise typer.Exit(2)


def today() -> str:
    """The office's own calendar day."""
    return date.today().isoformat()  # noqa: DTZ011  a plan's day is the office's own calendar day


def _language(text: str) -> str:
    if text not in ("zh", "en"):
        raise typer.BadParameter("zh or en")
    return text


def say(language: str, chinese: str, english: str) -> None:
    """A sentence in the user's language."""
    typer.echo(chinese if language == "zh" else english)


def say_error(language: str, chinese: str, english: str) -> None:
    """The same where errors go."""
    typer.echo(chinese if language == "zh" else english, err=True)


def opaquely_named(files: Iterable[Path], language: str) -> list[Path]:
    """
    Client files whose paths have no number of a person in them; of the others, what is wrong.

    The ledger and messages name files by their paths: such a number would stay in them. Where no
    file is left, the command ends.
    """
    from planning.identifiers import masked, may_name_somebody, names_somebody

    opaque: list[Path] = []
    for path in files:
        folders = " ".join(path.resolve().parts)
        if not (may_name_somebody(path.stem) or names_somebody(folders)):
            opaque.append(path)
            continue
        shown = masked(path.name) if masked(path.name) != path.name else "…" + path.suffix
        say_error(
            language,
            f"{shown}：文件名或所在的文件夹里有证件号、卡号、手机号或邮箱。"
            "请用编号命名客户档案，如 nj-0005.yaml",
            f"{shown}: the name of the file or of its folder has a number of a person or a mailbox "
            "in it. Call client files by reference, such as nj-0005.yaml",
        )
    if not opaque:
        raise typer.Exit(2)
    return opaque


Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="client files (YAML)")]
AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DAY", help="day of the plan; today if absent")
]
LanguageOption = Annotated[
    str,
    typer.Option("--language", metavar="zh|en", callback=_language, help="of words and documents"),
]
Params = Annotated[Path, typer.Option("--params", help="folder of dated parameters")]
Out = Annotated[Path, typer.Option("--out", help="folder that plans are built into")]
