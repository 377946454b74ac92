"""
How a batch is going: a live table on a terminal, a line a client elsewhere.

Clients are told by reference only, and what a reason says is data: no character of it can move
the cursor or colour the screen.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TextIO

from reports.language import Language
from reports.run.pages.page import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from rich.console import Console, RenderableType

    from reports.run.lock import Holder
    from reports.run.outcome import Outcome, Started

MINUTE_SECONDS: Final = 60
MOST_RUNNING: Final = 12
"""Clients in progress that the live table has room for."""

MOST_STEPS: Final = 3
DUMB_TERMINALS: Final = ("dumb", "unknown")
FEWEST_FOR_A_FORECAST: Final = 3
"""Clients that must have ended before the time left is worth saying."""

INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Progress:
    """
    What a person sees of a batch; the watcher of ``batch.run``.

    Parameters
    ----------
    language : ``zh`` or ``en``.
    stream : where to; standard output if absent.
    console : a rich console to draw on, for a terminal whose width is known; found if absent.
    """

    def __init__(
        self, language: str, stream: TextIO | None = None, console: Console | None = None
    ) -> None:
        self._stream = stream or sys.stdout
        self._tally = Tally(language)
        self._console = console
        self._live: Any = None

    def __enter__(self) -> Self:
        """Begin; on a terminal the table appears with the first client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the table away, whatever has happened; what was said stays."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def waiting(self, holder: Holder) -> None:
        """Another run holds the folder: say who, once."""
        say = self._tally.speech.either
        end = say("；等它结束就开始", "; this one begins when it ends")
        self._say(holder.sentence(self._tally.speech.code) + end)

    def queued(self, clients: int, unchanged: int) -> None:
        """So many will be built, so many need not be."""
        self._tally.queued(clients, unchanged)
        if clients:
            say = self._tally.speech.either
            self._say(say(f"待编制 {clients} 份", f"{clients} to build"))
        if clients and self._is_live:
            self._begin_table()

    def started(self, started: Started) -> None:
        """A client's process has begun."""
        self._tally.started(started)

    def ended(self, outcome: Outcome) -> None:
        """A client has its plan, or a reason why not; the latter stays on the screen."""
        self._tally.ended(outcome)
        if self._live is None or not outcome.is_done:
            for line in self._tally.lines(outcome):
                self._say(line)

    def summary(self, index: Path | str | None) -> None:
        """Say what it came to and which file to open; see `Tally.summary`."""
        self._say(self._tally.summary(index))

    @property
    def _is_live(self) -> bool:
        can_move = os.environ.get("TERM") not in DUMB_TERMINALS
        return self._console is not None or (self._stream.isatty() and can_move)

    def _begin_table(self) -> None:
        from rich.console import Console
        from rich.live import Live

        if self._console is None:
            self._console = Console(file=self._stream, highlight=False)
        self._live = Live(
            console=self._console,
            get_renderable=self._tally.table,
            refresh_per_second=4,
            transient=True,
        )
        self._live.start()

    def _say(self, line: str) -> None:
        if self._live is None:
            self._stream.write(line + "\n")
            self._stream.flush()
        else:
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Tally:
    """
    The numbers behind what is shown.

    The table is drawn by a thread of rich's while the batch goes on counting: both go through
    one lock.
    """

    def __init__(self, language: str) -> None:
        self.speech = Language(language)
        self._lock = Lock()
        self._began = self._last = monotonic()
        self._unchanged = self._clients = 0
        self._running: dict[str, float] = {}
        self._states: Counter[str] = Counter()
        self._refused = 0
        self._steps: dict[str, float] = {}
        self._slowest: tuple[float, str, str] | None = None

    def queued(self, clients: int, unchanged: int) -> None:
        """The clock of the rate starts here."""
        with self._lock:
            self._clients, self._unchanged = clients, unchanged
            self._began = self._last = monotonic()

    def started(self, started: Started) -> None:
        """One more at work."""
        with self._lock:
            self._running[started.client] = monotonic()

    def ended(self, outcome: Outcome) -> None:
        """One more that has ended, well or not."""
        with self._lock:
            self._last = monotonic()
            self._running.pop(outcome.client, None)
            self._states[outcome.state] += 1
            # A file that was refused never was among the clients to build.
            self._refused += outcome.state == "bad_input"
            self._count_steps(outcome)

    def lines(self, outcome: Outcome) -> Iterator[str]:
        """One line for a client, its reasons indented below."""
        took = f"  {duration(outcome.seconds, self.speech)}" if outcome.seconds else ""
        yield f"{self.speech.label('state', outcome.state)}  {visible(outcome.client)}{took}"
        for reason in outcome.reason:
            for line in reason.splitlines():
                yield f"    {visible(line)}"

    def table(self) -> RenderableType:
        """The live table: how many, how fast, how long still, and who is being worked on."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            facts, running = self._facts(), list(self._running.items())
        head = Text("  ".join(f"{name} {shown}" for name, shown in facts.items()))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for client, since in running[:MOST_RUNNING]:
            took = duration(monotonic() - since, self.speech)
            table.add_row(Text(visible(client)), Text(took, justify="right"))
        more = len(running) - MOST_RUNNING
        if more > 0:
            table.add_row(Text(self.speech.either(f"另有 {more} 户", f"{more} more")), Text(""))
        return Group(head, table)

    def summary(self, index: Path | str | None) -> str:
        """
        What a batch came to: counts, plans a minute, the slowest steps, and where to look.

        Parameters
        ----------
        index : the page to open; None where nothing was written.
        """
        say, done = self.speech.either, self._states["done"]
        counts = say(
            f"完成 {done} 份，无变化 {self._unchanged} 份，未完成 {self._failed} 份",
            f"{done} done, {self._unchanged} unchanged, {self._failed} not complete",
        )
        rate = self._per_minute()
        if rate is not None:
            counts += say(f"；每分钟 {rate:.0f} 份", f"; {rate:.0f} plans a minute")
        told = [counts, self._step_line(), str(index) if index else ""]
        return "\n".join(line for line in told if line)

    @property
    def _failed(self) -> int:
        return sum(self._states.values()) - self._states["done"]

    @property
    def _ended(self) -> int:
        """How many of the clients to build have ended."""
        return sum(self._states.values()) - self._refused

    def _facts(self) -> Mapping[str, str]:
        say = self.speech.either
        facts = {
            say("完成", "done"): f"{self._states['done']}/{self._clients}",
            say("未完成", "not complete"): str(self._failed),
        }
        if self._unchanged:
            facts[say("无变化", "unchanged")] = str(self._unchanged)
        rate, left = self._per_minute(), self._seconds_left()
        if rate is not None:
            facts[say("每分钟", "a minute")] = f"{rate:.0f}"
        if left is not None:
            facts[say("剩余约", "left about")] = duration(left, self.speech)
        if self._slowest:
            seconds, step, client = self._slowest
            took = duration(seconds, self.speech)
            facts[say("最慢", "slowest")] = f"{self._step(step)} {took} ({visible(client)})"
        return facts

    def _per_minute(self) -> float | None:
        """Plans completed a minute until the last one ended; None before the first."""
        seconds = self._last - self._began
        done = self._states["done"]
        return done / seconds * MINUTE_SECONDS if done and seconds else None

    def _seconds_left(self) -> float | None:
        if self._ended < FEWEST_FOR_A_FORECAST:
            return None
        each = (self._last - self._began) / self._ended
        left = each * max(0, self._clients - self._ended)
        return max(0.0, left - (monotonic() - self._last))

    def _count_steps(self, outcome: Outcome) -> None:
        for step, seconds in outcome.steps.items():
            self._steps[step] = self._steps.get(step, 0.0) + seconds
            if self._slowest is None or seconds > self._slowest[0]:
                self._slowest = (seconds, step, outcome.client)

    def _step_line(self) -> str:
        """Where the time goes: the dearest steps as shares of all."""
        total = sum(self._steps.values())
        if not total:
            return ""
        dearest = sorted(self._steps.items(), key=lambda pair: -pair[1])[:MOST_STEPS]
        shares = [f"{self._step(step)} {seconds / total:.0%}" for step, seconds in dearest]
        say = self.speech.either
        return say("最费时：", "most time: ") + say("，", ", ").join(shares)

    def _step(self, step: str) -> str:
        """A step in words; one that has none is named as it is, for the batch must go on."""
        try:
            return self.speech.label("step", step)
        except KeyError:
            return visible(step)


def visible(text: str) -> str:
    r"""
    A text on one line of a terminal, with what would act on the terminal written out.

    Examples
    --------
    >>> print(visible("a\x1b[2Jb\tc"))
    a\x1b[2Jb c
    """
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in INVISIBLE:
        return character.encode("unicode_escape").decode("ascii")
    return character
