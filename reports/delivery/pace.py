"""How fast mails go (发信节奏): so many within any minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

MINUTE_SECONDS: Final = 60.0


class Pace:
    """
    Holds a run back to a number of mails within any minute.

    Parameters
    ----------
    per_minute : mails at most.
    clock, sleep : seconds that only go forward, and what waits for some.

    Examples
    --------
    >>> waits = []
    >>> pace = Pace(2, clock=lambda: 100.0 + sum(waits), sleep=waits.append)
    >>> for _ in range(5):
    ...     pace.wait()
    >>> waits
    [60.0, 60.0]
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute, self._clock, self._sleep = per_minute, clock, sleep
        self._went: deque[float] = deque()

    def wait(self) -> None:
        """Wait until another mail may go, and count it."""
        now = self._clock()
        if len(self._went) == self._per_minute:
            early = self._went.popleft() + MINUTE_SECONDS - now
            if early > 0:
                self._sleep(early)
        self._went.append(self._clock())
