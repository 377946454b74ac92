"""
Clients that a run has not come to the end of, for the index of a run that was cut off.

They stand in a hidden file of the day's folder while they wait and while they are built, so that
a run that was killed leaves word of them; the run that has built them all takes it away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from reports.run.outcome import Outcome

UNFINISHED: Final = ".unfinished.json"
OPEN_STATES: Final = ("queued", "running")

OpenState = Literal["queued", "running"]


@dataclass(slots=True)
class Unfinished:
    """
    The open clients of a day's folder.

    Parameters
    ----------
    run_folder : ``out/<as_of>``.
    clients : by reference, the state and the client file; those that an earlier run left.
    """

    run_folder: Path
    clients: dict[str, tuple[OpenState, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, run_folder: Path) -> Unfinished:
        """What earlier runs left, without clients whose file is gone: nobody will build those."""
        left = {
            name: told for name, told in _read(run_folder / UNFINISHED) if Path(told[1]).exists()
        }
        return cls(run_folder, left)

    def queued(self, files: Mapping[str, Path]) -> None:
        """So many will be built."""
        for client, file in files.items():
            self.clients[client] = ("queued", str(file.resolve()))
        self._write()

    def started(self, client: str) -> None:
        """One of them has begun."""
        if client in self.clients:
            self.clients[client] = ("running", self.clients[client][1])
            self._write()

    def ended(self, client: str) -> None:
        """One has ended, well or not."""
        if self.clients.pop(client, None):
            self._write()

    def forget(self, clients: Iterable[str]) -> None:
        """Those have their plan by now."""
        for client in clients:
            self.ended(client)

    def outcomes(self) -> Iterator[Outcome]:
        """Each as the index shows it."""
        for client, (state, _) in self.clients.items():
            yield Outcome(client, state)

    def _write(self) -> None:
        place = self.run_folder / UNFINISHED
        if not self.clients:
            place.unlink(missing_ok=True)
            return
        # A power cut may lose it and costs a line of the index, so nothing waits for the disk.
        aside = place.with_name(f"{UNFINISHED}.new")
        aside.write_text(json.dumps(self.clients), encoding="utf-8")
        aside.replace(place)


def _read(place: Path) -> Iterator[tuple[str, tuple[OpenState, str]]]:
    """Rows that can be relied on; a torn file has none."""
    try:
        told: Mapping[str, Any] = json.loads(place.read_bytes())
        rows = [(name, (state, str(file))) for name, (state, file) in told.items()]
    except (OSError, ValueError, TypeError, AttributeError):
        return
    yield from (row for row in rows if row[1][0] in OPEN_STATES)
