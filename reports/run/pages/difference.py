"""What has changed between two plans of one client, by their key figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from planning.rules.classification import QUALITIES
from reports.run.key_figures import FIGURES, RATIOS, Figure

Figures = Mapping[str, Any]
MarkCode = Literal["moved", "colour", "critical", "shortfall", "overdue", "class", "unknown"]

FAR: Final = 0.10
"""The share of itself by which an amount may move between two runs before it is marked."""

WATCHED: Final = ("debt_service_yuan", "debt_fen", "income_yuan")
"""Amounts that are marked when they have moved that far."""


@dataclass(frozen=True, slots=True)
class Move:
    """A figure before and now; None on one side is what was or is not known."""

    figure: Figure
    before: float | None
    now: float | None

    @property
    def change(self) -> float | None:
        """Now less before; None where either is unknown."""
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def share(self) -> float | None:
        """The change as a share of what was; None where that was nothing or is unknown."""
        return None if self.change is None or not self.before else self.change / abs(self.before)

    @property
    def is_unknown(self) -> bool:
        """Whether there is no telling if it has moved."""
        return self.change is None

    @property
    def is_far(self) -> bool:
        """Whether it has moved by more than a tenth of itself, or from nothing to something."""
        return self.share is None or abs(self.share) > FAR


@dataclass(frozen=True, slots=True)
class Turn:
    """A code that is another now: a ratio's colour, a finding's severity, the class of debts."""

    code: str
    before: str
    now: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding without its numbers."""

    code: str
    severity: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Why a plan deserves a look; `subject` is the figure, ratio or finding it is about."""

    code: MarkCode
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What has changed.

    Parameters
    ----------
    moves : figures that moved by at least what is printed, or are known on one side alone.
    colours : ratios that changed colour.
    appeared, went : findings.
    regraded : findings that are now of another severity.
    classes : the worst class of the debts, where it is another.
    are_findings_known : whether both sides say what was found.
    """

    moves: tuple[Move, ...] = ()
    colours: tuple[Turn, ...] = ()
    appeared: tuple[Found, ...] = ()
    went: tuple[Found, ...] = ()
    regraded: tuple[Turn, ...] = ()
    classes: tuple[Turn, ...] = ()
    are_findings_known: bool = True

    @property
    def is_nothing(self) -> bool:
        """Whether the two plans agree in all that is compared."""
        return self == Difference()

    def move(self, code: str) -> Move | None:
        """How a figure moved; None where it has not."""
        return next((move for move in self.moves if move.figure.code == code), None)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What a reviewer is to look at before the plan is released."""
        return tuple(
            dict.fromkeys([*self._moved_far(), *self._turned(), *self._worse(), *self._not_known()])
        )

    def _moved_far(self) -> list[Mark]:
        known = [move for move in self.moves if not move.is_unknown]
        return [Mark("moved", m.figure.code) for m in known if m.figure.code in WATCHED if m.is_far]

    def _turned(self) -> list[Mark]:
        risen = [turn.code for turn in self.regraded if turn.now == "critical"]
        new = [found.code for found in self.appeared if found.severity == "critical"]
        return [
            *(Mark("colour", turn.code) for turn in self.colours),
            *(Mark("critical", code) for code in (*new, *risen)),
        ]

    def _worse(self) -> list[Mark]:
        margin, overdue = self.move("margin_yuan"), self.move("debts_overdue")
        marks = [Mark("class", turn.now) for turn in self.classes if _is_worse(turn)]
        if margin and margin.before is not None and margin.before >= 0 > (margin.now or 0):
            marks.append(Mark("shortfall"))
        if overdue and (overdue.change or 0) > 0:
            marks.append(Mark("overdue"))
        return marks

    def _not_known(self) -> list[Mark]:
        unknown = [Mark("unknown", move.figure.code) for move in self.moves if move.is_unknown]
        return unknown if self.are_findings_known else [*unknown, Mark("unknown", "findings")]


def difference(before: Figures, now: Figures) -> Difference:
    """
    What has changed from one plan of a client to the next.

    Parameters
    ----------
    before, now : from `key_figures`; what one of them lacks is unknown there, never zero.

    Returns
    -------
    Nothing in it where the plans agree.

    Examples
    --------
    >>> changed = difference({"debt_service_yuan": 8431.0}, {"debt_service_yuan": 8109.0})
    >>> [(move.figure.code, move.change) for move in changed.moves]
    [('debt_service_yuan', -322.0)]
    """
    are_known = "findings" in before and "findings" in now
    past = _findings(before) if are_known else {}
    present = _findings(now) if are_known else {}
    return Difference(
        moves=tuple(move for figure in FIGURES if _has_moved(move := _move(figure, before, now))),
        colours=tuple(_colours(before, now)),
        appeared=tuple(found for key, found in present.items() if key not in past),
        went=tuple(found for key, found in past.items() if key not in present),
        regraded=tuple(
            Turn(found.code, past[key].severity, found.severity, found.subject)
            for key, found in present.items()
            if key in past and past[key].severity != found.severity
        ),
        classes=_classes(before, now),
        are_findings_known=are_known or ("findings" in before) == ("findings" in now),
    )


def value(figures: Figures, figure: Figure) -> float | None:
    """A figure out of key figures; None where it is unknown or not among them."""
    if figure.is_ratio:
        return _ratio(figures, figure.code).get("value")
    return figures.get(figure.code)


def _ratio(figures: Figures, code: str) -> Mapping[str, Any]:
    return figures.get(RATIOS, {}).get(code, {})


def _move(figure: Figure, before: Figures, now: Figures) -> Move:
    return Move(figure, value(before, figure), value(now, figure))


def _has_moved(move: Move) -> bool:
    if move.change is None:
        return move.before is not move.now
    # Decimals of a float must not make a change of exactly the least one a smaller one.
    return abs(move.change) > move.figure.least * (1 - 1e-9)


def _colours(before: Figures, now: Figures) -> list[Turn]:
    """Ratios of another colour; one that is unknown on a side has moved out of sight instead."""
    codes = [figure.code for figure in FIGURES if figure.is_ratio]
    pairs = [(code, _colour(before, code), _colour(now, code)) for code in codes]
    return [
        Turn(code, was, is_now) for code, was, is_now in pairs if was and is_now and was != is_now
    ]


def _colour(figures: Figures, code: str) -> str | None:
    colour = _ratio(figures, code).get("colour")
    return None if colour == "unknown" else colour


def _findings(figures: Figures) -> dict[tuple[str, str], Found]:
    """Findings by code and subject; of several of one kind the most serious, which comes first."""
    found: dict[tuple[str, str], Found] = {}
    for each in figures["findings"]:
        key = (each["code"], each.get("subject", ""))
        found.setdefault(key, Found(each["code"], each["severity"], each.get("subject", "")))
    return found


def _classes(before: Figures, now: Figures) -> tuple[Turn, ...]:
    was, is_now = before.get("class"), now.get("class")
    return (Turn("class", was, is_now),) if was and is_now and was != is_now else ()


def _is_worse(turn: Turn) -> bool:
    order: tuple[str, ...] = QUALITIES
    return order.index(turn.now) > order.index(turn.before)
