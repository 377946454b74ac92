"""What a purge found, for a terminal and as a table."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from planning.errors import PlanningError
from reports.language import Language
from reports.run.pages.changes import FORMULA_SIGNS
from reports.run.pages.page import write_whole

if TYPE_CHECKING:
    from reports.delivery.purge import Item, Kind

COLUMNS: Final = (
    "action", "kind", "client", "as_of", "place", "kept_as", "due_on", "bytes", "why_left",
)  # fmt: skip
MIB: Final = 2**20


class UnwritableError(PlanningError):
    """The table has no place to go to; a sentence in each language says why."""

    def __init__(self, place: Path, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place, self.reason = place, reason

    def sentence(self, language: str) -> str:
        """Which file it was to be, and what to look at."""
        speech = Language(language)
        place = "".join(sign for sign in str(self.place) if sign.isprintable())
        return speech.either(
            f"清单写不进 {place}：请检查文件夹在不在、能不能写，再用 --report 指明",
            f"the list cannot be written to {place} ({self.reason}): see whether the folder is "
            "there and may be written to, then name the file again with --report",
        )


class OtherFileError(UnwritableError):
    """A file that is no such table stands there."""

    def sentence(self, language: str) -> str:
        """That it is left alone."""
        place = "".join(sign for sign in str(self.place) if sign.isprintable())
        return Language(language).either(
            f"{place} 是别的文件，不会覆盖：请用 --report 另起一个文件名",
            f"{place} is another file and is not written over: give --report another name",
        )


def purge_lines(items: Sequence[Item], language: str, *, is_applied: bool) -> Iterator[str]:
    """How much goes by kind, each thing that stays though its time is over, and what to do."""
    speech = Language(language)
    gone = [item for item in items if not item.is_left]
    for kind in dict.fromkeys(item.kind for item in gone):
        yield _counted([item for item in gone if item.kind == kind], kind, speech)
    for item in items:
        if item.is_left:
            yield _stays(item, speech)
    yield _last(gone, speech, is_applied=is_applied)


def purge_table(items: Iterable[Item], language: str, *, is_applied: bool) -> bytes:
    """A line an item, as a spreadsheet opens it: UTF-8 with BOM, no cell a formula."""
    speech, text = Language(language), io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    gone = "removed" if is_applied else "to_remove"
    for item in items:
        why = speech.label("purge_left", item.left) if item.left else ""
        action = "left" if item.is_left else gone
        days = (item.as_of or "", item.due_on or "")
        row = (action, item.kind, item.client, days[0], item.place, item.kept, days[1])
        writer.writerow([_harmless(str(cell)) for cell in (*row, item.size, why)])
    return text.getvalue().encode("utf-8-sig")


def require_place(place: Path) -> None:
    """
    Make sure that a table can be written, before anything of which it is to tell is removed.

    Raises
    ------
    UnwritableError
        It is a folder, or in none that may be written to.
    OtherFileError
        A file stands there that is no such table.
    """
    if place.is_dir():
        raise UnwritableError(place, os.strerror(errno.EISDIR))
    if not os.access(place.parent, os.W_OK):
        why = errno.EACCES if place.parent.is_dir() else errno.ENOENT
        raise UnwritableError(place, os.strerror(why))
    if place.exists() and not _is_table(place):
        raise OtherFileError(place, os.strerror(errno.EEXIST))


def _is_table(place: Path) -> bool:
    head = ",".join(COLUMNS).encode("utf-8-sig")
    try:
        with place.open("rb") as file:
            return file.read(len(head)) in (head, b"")
    except OSError:
        return False


def write_table(place: Path, table: bytes) -> None:
    """
    Write the table, whole or not at all.

    Raises
    ------
    UnwritableError
        It cannot be; a former table stands as it was.
    """
    try:
        write_whole(place, table)
    except OSError as error:
        raise UnwritableError(place, error.strerror or type(error).__name__) from error


def _counted(items: Sequence[Item], kind: Kind, speech: Language) -> str:
    name, count = speech.label("purge_kind", kind), len(items)
    mib = f"{sum(item.size for item in items) / MIB:.1f} MiB"
    return speech.either(f"{name}：{count} 项，{mib}", f"{name}: {count}, {mib}")


def _stays(item: Item, speech: Language) -> str:
    what = item.place or speech.label("purge_kind", item.kind)
    why = speech.label("purge_left", item.left)
    line = speech.either(f"{item.client}：{what}，{why}", f"{item.client}: {what}, {why}")
    return "".join(sign for sign in line if sign.isprintable())


def _last(gone: Sequence[Item], speech: Language, *, is_applied: bool) -> str:
    if not gone:
        return speech.either("没有到期的内容", "nothing has been kept for long enough to go")
    if is_applied:
        return speech.either(f"已清除 {len(gone)} 项", f"{len(gone)} removed")
    return speech.either(
        f"以上 {len(gone)} 项已到期，还没有动；加上 --apply 才会清除，清除后无法恢复",
        f"{len(gone)} may go; nothing was touched. Add --apply to remove for good",
    )


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell
