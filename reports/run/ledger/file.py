"""
The database a ledger is kept in: opened safely, brought up to date, its troubles in plain words.

SQLite by default. Each write is one transaction that has reached the disk when it returns.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from planning.errors import PlanningError
from reports.run.ledger.tables import HEAD, VERSION_TABLE
from reports.run.sharing import file_mode, open_to_group

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

MIGRATIONS: Final = Path(__file__).with_name("migrations")
WAIT_SECONDS: Final = 30
IS_WRITER: Final = {"is_writer": True}

# Shared memory does not reach another machine, and the write-ahead log needs it.
NETWORK_FILE_SYSTEMS: Final = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse",
    "afs",
    "ceph",
    "gluster",
    "lustre",
)
MOUNTS: Final = Path("/proc/self/mounts")

_ON_DISK: Final = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
_HELD: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY: Final = 0xFF


class LedgerError(PlanningError):
    """The ledger cannot be used; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


def opened(url: URL) -> Engine:
    """
    An engine on a ledger of this version; an empty or older database is brought up to date.

    Raises
    ------
    LedgerError
        What stands there is no ledger, a damaged one, or one of a newer version.
    OSError
        The disk is full or may not be written.
    """
    place = place_of(url)
    engine = _engine(url, place)
    try:
        with plain_errors(place):
            _bring_up_to_date(engine, place)
            if engine.dialect.name == "sqlite":
                _choose_journal(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return engine


def place_of(url: URL) -> str:
    """Where the ledger is, as it may be shown: never with a password."""
    is_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if is_file else url.render_as_string(hide_password=True)


def parsed(url: str) -> URL:
    """The address of a database; a LedgerError where it is none, without repeating it."""
    try:
        return sa.make_url(url)
    except ArgumentError:
        # It may hold a password, and so may the error that quotes it.
        raise LedgerError(
            "PLANNER_LEDGER 不是数据库地址；应写成 sqlite:////路径/ledger.sqlite 这样的形式",
            "PLANNER_LEDGER is not the address of a database; write it like "
            "sqlite:////folder/ledger.sqlite",
        ) from None


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn a database's troubles into errors that say what to do."""
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except DBAPIError as error:
        raise _plain(error, place) from error


def _engine(url: URL, place: str) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return sa.create_engine(url)
        if url.database:
            _create_private(Path(url.database))
        engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
    except (ModuleNotFoundError, NoSuchModuleError):
        raise LedgerError(
            f"打开台账 {place} 所需的数据库驱动没有安装；请先安装，或去掉 PLANNER_LEDGER",
            f"the driver that the ledger {place} needs is not installed; install it, or unset "
            "PLANNER_LEDGER",
        ) from None
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _create_private(path: Path) -> None:
    """
    An empty file for its owner alone, or for the group that shares the folder.

    SQLite gives its side files the same mode.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, file_mode(path.parent)))
    open_to_group(path)


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    # Transactions are begun by `_begin`: the driver would leave DDL outside of them.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # A power cut must not undo a commit: what is done stays done.
    connection.execute("PRAGMA synchronous = FULL")


def _choose_journal(engine: Engine, url: URL) -> None:
    """The write-ahead log, beside which others can read, where the file system allows."""
    journal = "DELETE" if _is_on_network(Path(url.database or ".")) else "WAL"
    connection = engine.raw_connection()
    # Refused while another process is at it; then that one has chosen.
    with suppress(sqlite3.OperationalError):
        connection.cursor().execute(f"PRAGMA journal_mode = {journal}")
    connection.close()


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: one that had read first could not wait for another."""
    is_writer = connection.get_execution_options().get("is_writer")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _is_on_network(path: Path) -> bool:
    """Whether a file is on a file system that another machine may write too."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    mounts = {fields[1]: fields[2] for fields in map(str.split, lines)}
    folder = path.absolute().parent
    kind = next((mounts[str(p)] for p in (folder, *folder.parents) if str(p) in mounts), "")
    return kind.startswith(NETWORK_FILE_SYSTEMS)


def _bring_up_to_date(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.execution_options(**IS_WRITER).begin() as connection:
        # Another process may have done it since.
        if (revision := _revision(connection)) == HEAD:
            return
        if revision is None and connection.dialect.name == "sqlite" and _holds_tables(connection):
            raise _no_ledger(place)
        _upgrade(connection, place)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608  a constant
    return None if found is None else str(found)


def _holds_tables(connection: Connection) -> bool:
    return bool(sa.inspect(connection).get_table_names())


def _upgrade(connection: Connection, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerError(
            f"台账 {place} 由更新版本的程序写成；请升级本程序后再运行",
            f"the ledger {place} was written by a newer version of this program; update the "
            "program and run again",
        ) from error


def _plain(error: DBAPIError, place: str) -> Exception:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None and not isinstance(error.orig, sqlite3.Error):
        return LedgerError(
            f"台账 {place} 连不上或拒绝了操作；请检查地址、网络和权限",
            f"the ledger {place} cannot be reached or refuses; check its address, the network and "
            "the rights there",
        )
    primary = (code or 0) & _PRIMARY
    if primary in _ON_DISK:
        number = _ON_DISK[primary]
        return OSError(number, os.strerror(number), place)
    return _held(place) if primary in _HELD else _no_ledger(place)


def _held(place: str) -> LedgerError:
    return LedgerError(
        f"台账 {place} 被别的程序占用超过 {WAIT_SECONDS} 秒；请关闭占用它的程序后再运行",
        f"the ledger {place} has been held by another program for {WAIT_SECONDS} s; close that "
        "program and run again",
    )


def _no_ledger(place: str) -> LedgerError:
    return LedgerError(
        f"{place} 不是本程序的台账，或者已经损坏。请把它连同同名的 -wal、-shm 文件移到别处再运行："
        "已编制的规划书不受影响，会凭各自的 manifest.json 重新登记；审批和发件记录在台账里，"
        "要重新审批，已发出的信以 mail/sent.csv 为准，不要删除它",
        f"{place} is not a ledger of this program, or is damaged. Move it aside, with the -wal and "
        "-shm files of its name, and run again: plans already built stand, and are entered again "
        "from their manifest.json. Approvals and the outbox are in the ledger: plans are to be "
        "approved anew, and what has gone is known from mail/sent.csv alone, so keep that file",
    )
