"""A difference between two plans in words, for the index and for the page of changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.language import UNKNOWN, Language
from reports.run.key_figures import figure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.run.key_figures import Figure
    from reports.run.pages.difference import Difference, Found, Mark, Move, Turn

ABOUT: Final = {"shortfall": "margin_yuan", "overdue": "debts_overdue"}
"""The figure that a mark without a subject is about."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change; `is_marked` where a reviewer is to look at it."""

    text: str
    is_marked: bool = False


class ChangeWords:
    """
    How changes are written in one language.

    Parameters
    ----------
    language : ``zh`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self.speech = Language(language)

    def name(self, figure: Figure) -> str:
        """What a figure is called."""
        return self.speech.label("ratio" if figure.is_ratio else "figure", figure.code)

    def named(self, code: str) -> str:
        """What the figure or ratio of that code is called."""
        return self.name(figure_of(code))

    def amount(self, figure: Figure, value: float | None) -> str:
        """A figure's value; amounts are in 元, which the head or the reader knows."""
        speech = self.speech
        if value is None:
            return UNKNOWN
        match figure.unit:
            case "fen":
                return speech.fen(round(value))
            case "yuan":
                return speech.whole(value)
            case "fraction":
                return speech.percent(value, 1)
            case "months":
                return speech.number(value)
            case "count":
                return speech.number(value, 0)

    def change(self, figure: Figure, value: float | None) -> str:
        """A change with its sign; of a share in percentage points."""
        if value is None:
            return UNKNOWN
        if figure.unit == "fraction":
            return f"{self.points(value)} {self.speech.either('个百分点', 'pp')}"
        return f"{'+' if value > 0 else ''}{self.amount(figure, value)}"

    def points(self, value: float | None) -> str:
        """A change of a share as percentage points, for a column whose head says so."""
        sign = "+" if value is not None and value > 0 else ""
        return sign + self.speech.number(None if value is None else value * 100)

    def share(self, value: float | None) -> str:
        """A relative change with its sign."""
        sign = "+" if value is not None and value > 0 else ""
        return f"{sign}{self.speech.percent(value, 1)}"

    def move(self, move: Move) -> str:
        """A figure's way from what it was to what it is."""
        before, now = (self.amount(move.figure, side) for side in (move.before, move.now))
        text = f"{self.name(move.figure)} {before} → {now}"
        # A share of what was or is below zero reads as its opposite.
        is_clear = (move.before or 0) > 0 and (move.now or 0) >= 0
        if move.figure.is_ratio or move.share is None or not is_clear:
            return text
        share = self.share(move.share)
        return text + self.speech.either(f"（{share}）", f" ({share})")

    def finding(self, found: Found | Turn) -> str:
        """A finding in a few words, with the debt or the stress case it is about."""
        words = self.speech.label("finding", found.code)
        is_named = not found.subject or found.code.startswith(found.subject)
        return words if is_named else f"{words} · {found.subject}"

    def mark(self, mark: Mark) -> str:
        """Why a plan is marked, and by what."""
        say, words = self.speech.either, self.speech.label("mark", mark.code)
        match mark.code:
            case "critical":
                about = self.speech.label("finding", mark.subject)
            case "class":
                about = self.speech.label("class", mark.subject)
            case "unknown" if mark.subject == "findings":
                about = say("提示", "findings")
            case "moved" | "colour" | "unknown":
                about = self.named(mark.subject)
            case _:
                return words
        return say(f"{words}：{about}", f"{words}: {about}")

    def headlines(self, difference: Difference) -> list[Line]:
        """What the index shows: the instalment, its share, colours, findings, the loan class."""
        shown = ("debt_service_yuan", "debt_service_share")
        turned = {turn.code for turn in difference.colours}
        moves = [m for m in difference.moves if m.figure.code in shown or m.figure.code in turned]
        return [*self._moves(difference, moves), *self._turns(difference)]

    def told_and_others(self, difference: Difference) -> tuple[list[Line], list[Line]]:
        """What is marked and what was found, and apart from these the figures that just moved."""
        moves = self._moves(difference, difference.moves)
        told = [line for line in moves if line.is_marked]
        others = [line for line in moves if not line.is_marked]
        return [*told, *self._turns(difference)], others

    def lines(self, difference: Difference) -> list[Line]:
        """Everything that has changed."""
        return [*self._moves(difference, difference.moves), *self._turns(difference)]

    def _moves(self, difference: Difference, moves: list[Move] | tuple[Move, ...]) -> list[Line]:
        colours = {turn.code: turn for turn in difference.colours}
        marked = {ABOUT.get(mark.code, mark.subject) for mark in difference.marks}
        lines = []
        for move in moves:
            turn = colours.pop(move.figure.code, None)
            text = self.move(move) + (f"{self._comma}{self._colours(turn)}" if turn else "")
            lines.append(Line(text, bool(turn) or move.figure.code in marked))
        # A colour may turn on a line that has moved, the ratio hardly having done so.
        alone = [
            Line(f"{self.named(t.code)} {self._colours(t)}", is_marked=True)
            for t in colours.values()
        ]
        return [*lines, *alone]

    def _turns(self, difference: Difference) -> Iterator[Line]:
        say, label = self.speech.either, self.speech.label
        for turn in difference.classes:
            was, now = (label("class", side) for side in (turn.before, turn.now))
            yield Line(say(f"贷款分类 {was} → {now}", f"loan class {was} → {now}"), is_marked=True)
        for found in difference.appeared:
            words, grade = self.finding(found), label("severity", found.severity)
            is_marked = found.severity == "critical"
            yield Line(say(f"新增：{words}（{grade}）", f"new: {words} ({grade})"), is_marked)
        for turn in difference.regraded:
            was, now = (label("severity", side) for side in (turn.before, turn.now))
            yield Line(f"{self.finding(turn)} {was} → {now}", turn.now == "critical")
        for found in difference.went:
            yield Line(say(f"消除：{self.finding(found)}", f"gone: {self.finding(found)}"))
        if not difference.are_findings_known:
            yield Line(say("提示无法与上次比较", "findings cannot be compared"), is_marked=True)

    def _colours(self, turn: Turn) -> str:
        return " → ".join(self.speech.label("colour", side) for side in (turn.before, turn.now))

    @property
    def _comma(self) -> str:
        return self.speech.either("，", ", ")
