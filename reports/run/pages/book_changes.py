"""What a run has changed in a whole book of clients: how many plans moved, in what, how far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from reports.run.key_figures import FIGURES, figure_of
from reports.run.pages.difference import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.run.key_figures import Figure
    from reports.run.pages.difference import Difference
    from reports.run.pages.entry import Entry


@dataclass(frozen=True, slots=True)
class Changed:
    """A client whose plan is another than before."""

    entry: Entry
    difference: Difference

    def change(self, code: str) -> float | None:
        """By how much a figure moved, 0 where it has not; None where there is no telling."""
        move = self.difference.move(code)
        if move is not None:
            return move.change
        return None if value(self.entry.figures or {}, figure_of(code)) is None else 0.0


@dataclass(frozen=True, slots=True)
class FigureMoves:
    """
    How one figure moved over the book.

    Parameters
    ----------
    up, down, unknown : plans in which it rose, fell, or is known on one side alone.
    median : of the changes of those that moved; None where none did.
    lowest, highest : the extreme changes with their clients.
    """

    figure: Figure
    up: int
    down: int
    unknown: int
    median: float | None
    lowest: tuple[str, float] | None
    highest: tuple[str, float] | None


@dataclass(frozen=True, slots=True)
class FindingMoves:
    """In how many plans a finding appeared, went, or became another severity."""

    code: str
    appeared: int
    went: int
    regraded: int


@dataclass(frozen=True, slots=True)
class BookChanges:
    """
    The whole of it.

    Parameters
    ----------
    changed : clients whose plan differs, the most to look at first.
    same : rebuilt, with the same result.
    unchanged : not rebuilt, and nothing of it to look at.
    new : clients without a plan before in that language.
    not_complete : clients whose plan this run did not complete.
    alone : clients to be looked at without a comparison, new or left alone since they were.
    """

    changed: tuple[Changed, ...]
    same: int
    unchanged: int
    new: int
    not_complete: int
    alone: tuple[Entry, ...]
    figures: tuple[FigureMoves, ...]
    findings: tuple[FindingMoves, ...]

    @property
    def marked(self) -> int:
        """How many changed so that they are to be looked at before release."""
        return sum(bool(each.difference.marks) for each in self.changed)

    @property
    def done(self) -> int:
        """How many clients have the plan that they should."""
        return len(self.changed) + self.same + self.unchanged + self.new


def book_changes(entries: Sequence[Entry]) -> BookChanges:
    """
    What has changed and is not released.

    Parameters
    ----------
    entries : every client of the day.
    """
    compared = [
        Changed(entry, found)
        for entry in entries
        if (found := entry.difference) and not (entry.is_unchanged and found.is_nothing)
    ]
    changed = [each for each in compared if not each.difference.is_nothing]
    done = [entry for entry in entries if entry.is_done]
    moved = sum(each.entry.is_unchanged for each in changed)
    unchanged = sum(entry.is_unchanged for entry in done) - moved
    return BookChanges(
        changed=tuple(sorted(changed, key=_rank)),
        same=len(compared) - len(changed),
        unchanged=unchanged,
        new=len(done) - unchanged - len(compared),
        not_complete=len(entries) - len(done),
        alone=tuple(entry for entry in done if entry.is_alone),
        figures=tuple(_figures(changed)),
        findings=tuple(_findings(changed)),
    )


def _rank(each: Changed) -> tuple[bool, float, float, str]:
    """Marked first, then by how far the instalment moved, then by how far the debt did."""
    move = each.difference.move("debt_service_yuan")
    # From nothing to something is as far as can be.
    share = 0.0 if move is None else float("inf") if move.share is None else abs(move.share)
    debt = abs(each.change("debt_fen") or 0)
    return (not each.difference.marks, -share, -debt, each.entry.client)


def _figures(changed: Sequence[Changed]) -> Iterator[FigureMoves]:
    for figure in FIGURES:
        moves = [
            (c.entry.client, m.change) for c in changed if (m := c.difference.move(figure.code))
        ]
        known = [(client, change) for client, change in moves if change is not None]
        if moves:
            yield FigureMoves(
                figure=figure,
                up=sum(change > 0 for _, change in known),
                down=sum(change < 0 for _, change in known),
                unknown=len(moves) - len(known),
                median=median(change for _, change in known) if known else None,
                lowest=min(known, key=lambda pair: pair[1], default=None),
                highest=max(known, key=lambda pair: pair[1], default=None),
            )


def _findings(changed: Iterable[Changed]) -> Iterator[FindingMoves]:
    """By code; a plan counts once however many of its debts are concerned."""
    appeared: Counter[str] = Counter()
    went: Counter[str] = Counter()
    regraded: Counter[str] = Counter()
    for each in changed:
        found = each.difference
        appeared.update({one.code for one in found.appeared})
        went.update({one.code for one in found.went})
        regraded.update({one.code for one in found.regraded})
    for code, _ in (appeared + went + regraded).most_common():
        yield FindingMoves(code, appeared[code], went[code], regraded[code])
