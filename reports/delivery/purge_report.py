"""What a purge found, for a terminal and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from reports.language import Language
from reports.run.pages.changes import FORMULA_SIGNS

if TYPE_CHECKING:
    from reports.delivery.purge import Item, Kind

COLUMNS: Final = (
    "action", "kind", "client", "as_of", "place", "kept_as", "due_on", "bytes", "why_left",
)  # fmt: skip
MIB: Final = 2**20


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
        f"these {len(gone)} may go; nothing was touched. Add --apply to remove them for good",
    )


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell
