"""
The run ledger (运行台账): what each run did, with every client's state, reason and files.

It is the truth about a plan: one is done only if its row says so, and its row says so only with
every file it left. It names clients by their reference and holds no name of a household. Whoever
writes holds the lock of the out folder; anyone may read.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import sqlalchemy as sa

from reports.language import Language
from reports.run.ledger.file import IS_WRITER, LedgerError, opened, parsed, place_of, plain_errors
from reports.run.ledger.login import login
from reports.run.ledger.rows import (
    DonePlan,
    PlanRow,
    Queued,
    RunRow,
    done_plan,
    plan_row,
    run_row,
)
from reports.run.ledger.tables import OPEN_STATES, artefacts, plans, runs
from reports.run.moment import now_utc
from reports.run.outcome import Artefact, Outcome

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

__all__ = ["DonePlan", "Ledger", "LedgerError", "PlanRow", "Queued", "RunRow"]

LEDGER: Final = "ledger.sqlite"
URL_VARIABLE: Final = "PLANNER_LEDGER"
"""Names another database than the one in the out folder, as SQLAlchemy writes addresses."""

HERE: Final = "."
"""A ledger that lies in its out folder calls that so: folder and ledger can move together."""


class Ledger:
    """
    The ledger of an out folder, opened; brought up to date where it is of an earlier version.

    Parameters
    ----------
    out : the folder plans are built into.
    url : another database than ``ledger.sqlite`` there; ``PLANNER_LEDGER`` if absent.
    clock : what time it is.

    Raises
    ------
    LedgerError
        What stands there cannot be used as a ledger.
    OSError
        The folder or disk cannot be written.
    """

    def __init__(
        self, out: Path, url: str | None = None, clock: Callable[[], datetime] = now_utc
    ) -> None:
        address = url or os.environ.get(URL_VARIABLE)
        here = sa.URL.create("sqlite", database=str(out.absolute() / LEDGER))
        chosen = parsed(address) if address else here
        self._place = place_of(chosen)
        self._out = HERE if chosen == here else str(out.absolute())
        self._clock = clock
        self._engine = opened(chosen)
        self._writer = self._engine.execution_options(**IS_WRITER)

    @classmethod
    def at(cls, url: str, out: Path | None = None) -> Self:
        """The ledger in a database, of the runs into `out`."""
        return cls(out or Path(), url)

    @staticmethod
    def stands(out: Path) -> bool:
        """Whether a ledger of this folder may exist: a database is named, or its file is there."""
        return bool(os.environ.get(URL_VARIABLE)) or (out / LEDGER).exists()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to ask through; a database's troubles come out in plain words."""
        with plain_errors(self._place), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is on the disk at the end, or nothing of it."""
        with plain_errors(self._place), self._writer.begin() as connection:
            yield connection

    @property
    def out_key(self) -> str:
        """How this ledger names its out folder."""
        return self._out

    def now(self) -> datetime:
        """What time it is for what is entered."""
        return self._clock()

    def begin(
        self,
        as_of: date,
        language: str,
        command: Mapping[str, Any],
        inputs: Mapping[str, Mapping[str, str]] | None = None,
    ) -> int:
        """
        Enter a run, and what an earlier one left open as cut off.

        Parameters
        ----------
        command : what was asked for; goes into the ledger as it is, so nothing secret.
        inputs : digests of what all clients share, file by file.

        Returns
        -------
        The run's number.
        """
        with self.writing() as connection:
            self._cut_off(connection)
            return self._insert(
                connection,
                runs,
                out=self._out,
                as_of=as_of,
                language=language,
                state="running",
                started_at=self._clock(),
                host=socket.gethostname(),
                pid=os.getpid(),
                command=dict(command),
                inputs=inputs or {},
                unchanged=0,
                maker=login(),
            )

    def queue(
        self,
        run_id: int,
        client: str,
        client_file: Path | str | None,
        fingerprint: Mapping[str, str],
    ) -> None:
        """Enter a client that is to be built; one refused may have no file that is known."""
        self.queue_all(run_id, [Queued(client, client_file, fingerprint)])

    def queue_all(self, run_id: int, clients: Iterable[Queued]) -> None:
        """Enter clients that are to be built, all or none."""
        entered = [self._values(run_id, queued) for queued in clients]
        if entered:
            with self.writing() as connection:
                connection.execute(plans.insert(), entered)

    def started(self, run_id: int, client: str, worker: str) -> None:
        """Enter that a client's process has begun; once more where it was lost and begun anew."""
        values = {"state": "running", "worker": worker, "started_at": self._clock()}
        with self.writing() as connection:
            self._change(connection, run_id, client, values)

    def ended(self, run_id: int, outcome: Outcome) -> None:
        """
        Enter what became of a client.

        Raises
        ------
        ValueError
            It is said to be done without a file, has not ended, or has no open row in this run.
        """
        if outcome.state in OPEN_STATES:
            raise ValueError(f"{outcome.client} has not ended: {outcome.state}")
        if outcome.is_done and not outcome.artefacts:
            raise ValueError(f"{outcome.client} is said to be done and has left no file")
        values = {
            "state": outcome.state,
            "reason": list(outcome.reason),
            "ended_at": self._clock(),
            "seconds": outcome.seconds,
            "steps": dict(outcome.steps),
            "figures": outcome.figures,
        }
        with self.writing() as connection:
            plan_id = self._change(connection, run_id, outcome.client, values)
            _keep(connection, plan_id, outcome.artefacts if outcome.is_done else ())

    def adopt(
        self,
        run_id: int,
        client: str,
        client_file: Path | str,
        fingerprint: Mapping[str, str],
        left: tuple[Artefact, ...],
        figures: Mapping[str, Any] | None,
    ) -> None:
        """Enter as done a plan that stands complete though its run was cut off before saying so."""
        if not left:
            raise ValueError(f"{client} has no file to be adopted")
        values = self._values(run_id, Queued(client, client_file, fingerprint)) | {
            "state": "done", "ended_at": self._clock(), "figures": figures, "is_adopted": True,
        }  # fmt: skip
        with self.writing() as connection:
            _keep(connection, self._insert(connection, plans, **values), left)

    def finish(
        self, run_id: int, state: str = "complete", unchanged: int = 0, told: str = ""
    ) -> None:
        """Enter a run's end, ``complete`` or ``interrupted``; clients left open are given up."""
        with self.writing() as connection:
            self._give_up(connection, run_id, "运行在该客户完成前结束", "the run ended before it")
            connection.execute(
                runs.update()
                .where(runs.c.id == run_id)
                .values(state=state, ended_at=self._clock(), unchanged=unchanged, told=told)
            )

    def done_plans(self, as_of: date, language: str) -> dict[str, DonePlan]:
        """The last done plan of each client file (its resolved path) for a day, in a language."""
        found = self._last_done(
            plans.c.client_file, runs.c.as_of == as_of, runs.c.language == language
        )
        return {plan.client_file: plan for plan in found}

    def before(self, client: str, as_of: date, language: str, run_id: int) -> DonePlan | None:
        """A client's last done plan of an earlier run, for the same day or an earlier one."""
        return self.all_before(as_of, language, run_id, plans.c.client == client).get(client)

    def all_before(
        self, as_of: date, language: str, run_id: int, *conditions: ColumnElement[bool]
    ) -> dict[str, DonePlan]:
        """The same of every client, at once."""
        found = self._last_done(
            plans.c.client,
            runs.c.as_of <= as_of,
            runs.c.language == language,
            plans.c.run_id < run_id,
            *conditions,
        )
        return {plan.client: plan for plan in found}

    def last_done(self, client_file: Path | str, as_of: date | None = None) -> DonePlan | None:
        """A file's last done plan in whatever language, of a day or of any."""
        is_of_day = runs.c.as_of == as_of if as_of else sa.true()
        is_of_file = plans.c.client_file == path_key(client_file)
        found = self._last_done(plans.c.client_file, is_of_file, is_of_day)
        return found[0] if found else None

    def last_attempt(self, client_file: Path | str, as_of: date, language: str) -> PlanRow | None:
        """A file's last row for a day in a language, however it ended."""
        asked = (
            sa.select(plans, runs.c.as_of, runs.c.language)
            .join(runs)
            .where(
                runs.c.out == self._out,
                runs.c.as_of == as_of,
                runs.c.language == language,
                plans.c.client_file == path_key(client_file),
            )
            .order_by(plans.c.id.desc())
            .limit(1)
        )
        with self.reading() as connection:
            found = connection.execute(asked).one_or_none()
        return None if found is None else plan_row(found)

    def last_attempts(self, as_of: date, language: str) -> list[PlanRow]:
        """The last row of every client file for a day in a language, however each ended."""
        at = sa.func.row_number().over(partition_by=plans.c.client_file, order_by=plans.c.id.desc())
        ranked = (
            sa.select(plans.c.id, at.label("at"))
            .join(runs)
            .where(
                runs.c.out == self._out,
                runs.c.as_of == as_of,
                runs.c.language == language,
                plans.c.client_file.is_not(None),
            )
            .subquery()
        )
        chosen = sa.select(ranked.c.id).where(ranked.c.at == 1)
        asked = sa.select(plans, runs.c.as_of, runs.c.language).join(runs)
        with self.reading() as connection:
            rows = connection.execute(asked.where(plans.c.id.in_(chosen)).order_by(plans.c.client))
            return [plan_row(row) for row in rows]

    def file_of(self, client: str) -> Path | None:
        """The file a client's reference was last read from."""
        asked = (
            sa.select(plans.c.client_file)
            .join(runs)
            .where(runs.c.out == self._out, plans.c.client == client)
            .order_by(plans.c.id.desc())
            .limit(1)
        )
        with self.reading() as connection:
            found = connection.execute(asked).scalar()
        return Path(found) if found else None

    def last_run(self, as_of: date, language: str) -> int | None:
        """The number of the last run for a day in a language."""
        asked = sa.select(sa.func.max(runs.c.id)).where(
            runs.c.out == self._out, runs.c.as_of == as_of, runs.c.language == language
        )
        with self.reading() as connection:
            return connection.execute(asked).scalar()

    def rows(self, run_id: int) -> list[PlanRow]:
        """Every client of a run, in the order they were queued."""
        asked = (
            sa.select(plans, runs.c.as_of, runs.c.language)
            .join(runs)
            .where(plans.c.run_id == run_id)
            .order_by(plans.c.id)
        )
        with self.reading() as connection:
            return [plan_row(row) for row in connection.execute(asked)]

    def run(self, run_id: int) -> RunRow:
        """
        A run by its number.

        Raises
        ------
        KeyError
            There is none.
        """
        with self.reading() as connection:
            found = connection.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
        if found is None:
            raise KeyError(run_id)
        return run_row(found)

    def _last_done(self, each: ColumnElement, *conditions: ColumnElement[bool]) -> list[DonePlan]:
        """Of each client or file the done plan of the latest day, there the latest."""
        order = (runs.c.as_of.desc(), plans.c.id.desc())
        ranked = (
            sa.select(
                plans.c.id, sa.func.row_number().over(partition_by=each, order_by=order).label("at")
            )
            .join(runs)
            .where(runs.c.out == self._out, plans.c.state == "done", *conditions)
            .subquery()
        )
        chosen = sa.select(ranked.c.id).where(ranked.c.at == 1)
        rows = (
            sa.select(plans, runs.c.as_of, runs.c.language).join(runs).where(plans.c.id.in_(chosen))
        )
        files = sa.select(artefacts).where(artefacts.c.plan_id.in_(chosen))
        with self.reading() as connection:
            left: dict[int, list[Artefact]] = {}
            for plan_id, name, sha256, size, mtime_ns in connection.execute(files):
                left.setdefault(plan_id, []).append(Artefact(name, sha256, size, mtime_ns))
            return [done_plan(row, left.get(row.id, [])) for row in connection.execute(rows)]

    def _cut_off(self, connection: Connection) -> None:
        """End what earlier runs left open: whoever begins holds the lock, so they are dead."""
        are_left = (runs.c.out == self._out) & (runs.c.state == "running")
        for run_id in connection.scalars(sa.select(runs.c.id).where(are_left)).all():
            self._give_up(
                connection,
                run_id,
                "运行中断，该客户没有结果",
                "the run was cut off before it ended",
            )
        connection.execute(
            runs.update().where(are_left).values(state="interrupted", ended_at=self._clock())
        )

    def _give_up(self, connection: Connection, run_id: int, chinese: str, english: str) -> None:
        language = connection.scalar(sa.select(runs.c.language).where(runs.c.id == run_id))
        reason = [Language(language or "en").either(chinese, english)]
        connection.execute(
            plans.update()
            .where(plans.c.run_id == run_id, plans.c.state.in_(OPEN_STATES))
            .values(state="killed", reason=reason, ended_at=self._clock())
        )

    def _change(
        self, connection: Connection, run_id: int, client: str, values: Mapping[str, Any]
    ) -> int:
        """Change a client's open row; a row that has ended stays as it is."""
        is_it = (plans.c.run_id == run_id) & (plans.c.client == client)
        is_open = plans.c.state.in_(OPEN_STATES)
        plan_id = connection.scalar(sa.select(plans.c.id).where(is_it, is_open))
        if plan_id is None:
            raise ValueError(f"{client} has no open row in run {run_id}: {values['state']}")
        connection.execute(plans.update().where(plans.c.id == plan_id).values(**values))
        return plan_id

    def _values(self, run_id: int, queued: Queued) -> dict[str, Any]:
        return {
            "run_id": run_id,
            "client": queued.client,
            "client_file": path_key(queued.client_file) if queued.client_file else None,
            "fingerprint": dict(queued.fingerprint),
            "state": "queued",
            "reason": [],
            "queued_at": self._clock(),
            "seconds": 0.0,
            "steps": {},
            "is_adopted": False,
        }

    @staticmethod
    def _insert(connection: Connection, table: sa.Table, **values: object) -> int:
        key = connection.execute(table.insert().values(**values)).inserted_primary_key
        return int(key[0]) if key else 0


def path_key(client_file: Path | str) -> str:
    """How the ledger names a client file: its path as ``Path.resolve`` writes it."""
    return str(Path(client_file).resolve())


def _keep(connection: Connection, plan_id: int, left: Iterable[Artefact]) -> None:
    kept = [
        {
            "plan_id": plan_id,
            "name": artefact.name,
            "sha256": artefact.sha256,
            "size": artefact.size,
            "mtime_ns": artefact.mtime_ns,
        }
        for artefact in left
    ]
    if kept:
        connection.execute(artefacts.insert(), kept)
