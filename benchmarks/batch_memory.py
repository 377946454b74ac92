"""The memory of everything this process has started, looked at while it runs."""

# ruff: noqa: INP001  beside a script

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import NamedTuple, Self

import psutil

MIB = 2**20
LOOK_SECONDS = 0.1


class Sample(NamedTuple):
    """One look: resident memory of the largest process, and of those begun directly."""

    largest: int
    direct: int


class Memory:
    """
    Watches the processes begun by this one, theirs too, for as long as the context lasts.

    Resident memory of a forked process counts what it shares with the one it was forked from.
    """

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._is_over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._is_over.set()
        self._thread.join()

    @property
    def largest_mib(self) -> float:
        """Of the largest process at any time."""
        return _most(self._samples)[0]

    def parts(self, share: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """The largest process, and the largest begun directly, in MiB, before and after a share."""
        turn = round(len(self._samples) * share)
        return _most(self._samples[:turn]), _most(self._samples[turn:])

    def _watch(self) -> None:
        here = psutil.Process()
        while not self._is_over.wait(LOOK_SECONDS):
            everything = [_resident(one) for one in here.children(recursive=True)]
            direct = [_resident(one) for one in here.children()]
            self._samples.append(Sample(max(everything, default=0), max(direct, default=0)))


def _most(samples: list[Sample]) -> tuple[float, float]:
    largest = max((sample.largest for sample in samples), default=0)
    direct = max((sample.direct for sample in samples), default=0)
    return largest / MIB, direct / MIB


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
