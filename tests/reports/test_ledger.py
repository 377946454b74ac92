"""The run ledger tells what happened, whatever happens to the run, the machine or the file."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command as alembic_command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from reports.run.ledger import file as ledger_file
from reports.run.ledger.approvals import approvals_of
from reports.run.ledger.ledger import Ledger, LedgerError, Queued
from reports.run.ledger.login import login
from reports.run.ledger.tables import HEAD, VERSION_TABLE, mails, metadata
from reports.run.outcome import Artefact, Outcome

DAY = date(2026, 11, 22)
PRINT = {"client_file": "a" * 64, "as_of": "2026-11-22", "language": "zh"}
FILES = (Artefact("plan.pdf", "b" * 64, 1234, 1_700_000_000_000_000_001),)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
BASE = Path("/clients")


class Clock:
    """A clock that goes on a minute each time it is read."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def ledger(tmp_path):
    """A new ledger."""
    with Ledger(tmp_path, clock=Clock()) as made:
        yield made


def begun(ledger, *clients, as_of=DAY, language="zh"):
    """A run with clients queued."""
    run_id = ledger.begin(as_of, language, {"jobs": 2}, {"market": {"lpr.csv": "c" * 64}})
    for client in clients:
        ledger.queue(run_id, client, BASE / f"{client}.yaml", PRINT)
    return run_id


def done(client, **more):
    """A client's plan is complete."""
    return Outcome(client, "done", seconds=1.5, steps={"pdf": 0.5}, artefacts=FILES, **more)


def built(ledger, client, **more):
    """A run that builds one client."""
    run_id = begun(ledger, client, **more)
    ledger.ended(run_id, done(client))
    ledger.finish(run_id)
    return run_id


def states(ledger, run_id):
    """State by client."""
    return {row.client: row.state for row in ledger.rows(run_id)}


def python(code, *arguments, **more):
    """A process of its own that runs some code."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_client_is_queued_then_running_then_done(ledger):
    """Each step has its time, and the end has seconds, steps and files."""
    run_id = begun(ledger, "LP-1")
    assert states(ledger, run_id) == {"LP-1": "queued"}
    ledger.started(run_id, "LP-1", "desk:42")
    assert states(ledger, run_id) == {"LP-1": "running"}
    ledger.ended(run_id, done("LP-1", figures={"debt_fen": 5}))
    (row,) = ledger.rows(run_id)
    assert (row.state, row.worker, row.seconds, row.steps) == ("done", "desk:42", 1.5, {"pdf": 0.5})
    assert NOON < row.queued_at < row.started_at < row.ended_at
    plan = ledger.done_plans(DAY, "zh")[str(BASE / "LP-1.yaml")]
    assert (plan.artefacts, plan.figures, plan.fingerprint) == (FILES, {"debt_fen": 5}, PRINT)


@pytest.mark.parametrize("state", ["failed", "timed_out", "out_of_memory", "killed", "bad_input"])
def test_a_failure_keeps_its_state_and_its_reason(ledger, state):
    """It is not among the done plans."""
    run_id = begun(ledger, "LP-1")
    ledger.ended(run_id, Outcome("LP-1", state, ("cell 3: 债务", "see there")))
    (row,) = ledger.rows(run_id)
    assert (row.state, row.reason) == (state, ("cell 3: 债务", "see there"))
    assert ledger.done_plans(DAY, "zh") == {}


def test_done_without_a_file_is_refused(ledger):
    """The row stays open: a plan is done only with what it left."""
    run_id = begun(ledger, "LP-1")
    with pytest.raises(ValueError, match="left no file"):
        ledger.ended(run_id, Outcome("LP-1", "done"))
    with pytest.raises(ValueError, match="no file to be adopted"):
        ledger.adopt(run_id, "LP-2", BASE / "b.yaml", PRINT, (), None)
    assert states(ledger, run_id) == {"LP-1": "queued"}


def test_running_is_no_end(ledger):
    """Only what has ended is entered as an end."""
    run_id = begun(ledger, "LP-1")
    with pytest.raises(ValueError, match="has not ended"):
        ledger.ended(run_id, Outcome("LP-1", "running"))


def test_what_has_ended_does_not_change(ledger):
    """A second end, or a start after the end, is a mistake and leaves the row alone."""
    run_id = begun(ledger, "LP-1")
    ledger.ended(run_id, Outcome("LP-1", "timed_out", ("late",)))
    with pytest.raises(ValueError, match="no open row"):
        ledger.ended(run_id, done("LP-1"))
    with pytest.raises(ValueError, match="no open row"):
        ledger.started(run_id, "LP-1", "desk:1")
    assert states(ledger, run_id) == {"LP-1": "timed_out"}


def test_a_client_that_lost_its_worker_starts_again(ledger):
    """The row names the worker that has it now."""
    run_id = begun(ledger, "LP-1")
    ledger.started(run_id, "LP-1", "first:1")
    ledger.started(run_id, "LP-1", "second:2")
    assert ledger.rows(run_id)[0].worker == "second:2"


def test_a_client_is_queued_once_a_run(ledger):
    """Two rows of one client in one run could not both be the truth."""
    run_id = begun(ledger, "LP-1")
    with pytest.raises(sa.exc.IntegrityError):
        ledger.queue(run_id, "LP-1", BASE / "other.yaml", PRINT)


def test_a_state_nobody_knows_is_refused(ledger):
    """The database holds the list of states."""
    run_id = begun(ledger, "LP-1")
    with pytest.raises(sa.exc.IntegrityError):
        ledger.ended(run_id, Outcome("LP-1", "fine"))


def test_a_run_that_begins_ends_what_an_earlier_one_left_open(ledger):
    """What was done stays done; what waited or ran was killed, and the run interrupted."""
    first = begun(ledger, "LP-1", "LP-2", "LP-3", language="en")
    ledger.ended(first, done("LP-1"))
    ledger.started(first, "LP-2", "desk:1")
    second = begun(ledger)
    assert states(ledger, first) == {"LP-1": "done", "LP-2": "killed", "LP-3": "killed"}
    assert ledger.rows(first)[1].reason == ("the run was cut off before it ended",)
    assert (ledger.run(first).state, ledger.run(second).state) == ("interrupted", "running")


def test_a_run_into_another_folder_is_left_alone(tmp_path):
    """One database may serve several out folders, each with its own lock."""
    url = f"sqlite:///{tmp_path / 'team.sqlite'}"
    with Ledger.at(url, tmp_path / "a") as here, Ledger.at(url, tmp_path / "b") as there:
        first = begun(here, "LP-1")
        begun(there, "LP-1")
        assert states(here, first) == {"LP-1": "queued"}
        here.ended(first, done("LP-1"))
        assert there.done_plans(DAY, "zh") == {}


def test_a_finished_run_leaves_nothing_open(ledger):
    """Clients it did not come to are given up, with a reason in the run's language."""
    run_id = begun(ledger, "LP-1", "LP-2")
    ledger.ended(run_id, done("LP-1"))
    ledger.finish(run_id, "interrupted", unchanged=7)
    assert states(ledger, run_id) == {"LP-1": "done", "LP-2": "killed"}
    assert ledger.rows(run_id)[1].reason == ("运行在该客户完成前结束",)
    run = ledger.run(run_id)
    assert (run.state, run.unchanged, run.inputs) == (
        "interrupted",
        7,
        {"market": {"lpr.csv": "c" * 64}},
    )


def test_the_last_done_plan_counts_for_its_day_and_language(ledger):
    """A later failure takes nothing from the plan that stands."""
    built(ledger, "LP-1")
    latest = built(ledger, "LP-1")
    built(ledger, "LP-1", language="en")
    built(ledger, "LP-1", as_of=DAY + timedelta(days=1))
    failed = begun(ledger, "LP-1")
    ledger.ended(failed, Outcome("LP-1", "failed", ("why",)))
    (plan,) = ledger.done_plans(DAY, "zh").values()
    assert (plan.client, plan.run_id) == ("LP-1", latest)
    assert ledger.last_attempt(BASE / "LP-1.yaml", DAY, "zh").state == "failed"
    assert ledger.last_done(BASE / "LP-1.yaml").as_of == DAY + timedelta(days=1)
    assert ledger.last_done(BASE / "LP-1.yaml", DAY).language == "en"
    assert ledger.file_of("LP-1") == BASE / "LP-1.yaml"


def test_the_plan_before_is_of_an_earlier_run_and_no_later_day(ledger):
    """A day built again late is not taken for the plan before."""
    yesterday = built(ledger, "LP-1", as_of=DAY - timedelta(days=1))
    built(ledger, "LP-1", as_of=DAY - timedelta(days=40))
    built(ledger, "LP-1", as_of=DAY + timedelta(days=1))
    now = begun(ledger, "LP-1")
    assert ledger.before("LP-1", DAY, "zh", now).run_id == yesterday
    ledger.ended(now, done("LP-1"))
    assert ledger.before("LP-1", DAY, "zh", now).run_id == yesterday
    assert ledger.before("LP-1", DAY, "zh", now + 1).run_id == now
    assert ledger.before("LP-2", DAY, "zh", now) is None
    assert {c: p.run_id for c, p in ledger.all_before(DAY, "zh", now).items()} == {
        "LP-1": yesterday
    }


def test_a_plan_the_ledger_missed_is_adopted(ledger):
    """It is done from then on, and marked."""
    run_id = begun(ledger)
    ledger.adopt(run_id, "LP-1", BASE / "a.yaml", PRINT, FILES, {"debt_fen": 1})
    (row,) = ledger.rows(run_id)
    assert (row.state, row.is_adopted) == ("done", True)
    assert ledger.done_plans(DAY, "zh")[str(BASE / "a.yaml")].artefacts == FILES


def test_a_file_without_a_reference_may_be_refused(ledger):
    """What could not be read has a row all the same."""
    run_id = begun(ledger)
    ledger.queue(run_id, "file-1", None, {})
    ledger.ended(run_id, Outcome("file-1", "bad_input", ("line 3",)))
    assert states(ledger, run_id) == {"file-1": "bad_input"}


def test_there_is_no_run_of_a_number_never_given(ledger):
    """Asking for one is a mistake."""
    with pytest.raises(KeyError):
        ledger.run(99)


def test_only_the_owner_reads_the_file(ledger, tmp_path):
    """The log SQLite keeps beside it is no more open."""
    begun(ledger)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("ledger*")}
    assert "ledger.sqlite" in modes
    assert set(modes.values()) == {0o600}


def test_a_folder_moves_with_its_ledger(tmp_path):
    """Plans are known in the new place."""
    with Ledger(tmp_path / "old") as ledger:
        built(ledger, "LP-1")
    (tmp_path / "old").rename(tmp_path / "new")
    with Ledger(tmp_path / "new") as ledger:
        assert len(ledger.done_plans(DAY, "zh")) == 1


def test_an_out_folder_without_a_ledger_is_told_from_one_with(tmp_path, monkeypatch):
    """A question alone makes none."""
    assert not Ledger.stands(tmp_path)
    with Ledger(tmp_path):
        assert Ledger.stands(tmp_path)
    monkeypatch.setenv("PLANNER_LEDGER", f"sqlite:///{tmp_path / 'team.sqlite'}")
    with Ledger(tmp_path / "elsewhere"):
        assert (tmp_path / "team.sqlite").exists()
        assert not (tmp_path / "elsewhere").exists()


WRITER = """
import sys
from datetime import date
from pathlib import Path
from reports.run.ledger.ledger import Ledger
from reports.run.outcome import Artefact, Outcome
out, mine = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger.at(f"sqlite:///{out / 'team.sqlite'}", out / mine)
run = ledger.begin(date(2026, 11, 22), "zh", {})
for number in range(int(sys.argv[3])):
    client = f"{mine}-{number}"
    ledger.queue(run, client, client + ".yaml", {})
    ledger.started(run, client, "here")
    files = tuple(Artefact(f"{n}", "d" * 64, n, n) for n in range(6))
    ledger.ended(run, Outcome(client, "done", artefacts=files, figures={"fill": "x" * 2000}))
    print(client, flush=True)
"""


def test_two_processes_write_one_database(tmp_path):
    """They begin on an empty folder at once, one of them makes the tables, and no row is lost."""
    writers = [python(WRITER, tmp_path, name, 40) for name in ("a", "b")]
    assert [writer.communicate(timeout=60) and writer.returncode for writer in writers] == [0, 0]
    with sqlite3.connect(tmp_path / "team.sqlite") as database:
        (count,) = database.execute("SELECT count(*) FROM plans WHERE state = 'done'").fetchone()
    database.close()
    assert count == 80


def test_a_kill_in_mid_write_leaves_the_database_whole(tmp_path):
    """What was entered before the kill is there with all its files, and nothing half."""
    writer = python(WRITER, tmp_path, "a", 100_000)
    told = [writer.stdout.readline().strip() for _ in range(25)]
    writer.send_signal(signal.SIGKILL)
    told += writer.communicate(timeout=60)[0].split()
    database = sqlite3.connect(tmp_path / "team.sqlite")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    counted = database.execute(
        "SELECT client, count(name) FROM plans LEFT JOIN artefacts ON plan_id = plans.id "
        "WHERE state = 'done' GROUP BY plans.id"
    ).fetchall()
    database.close()
    assert {files for _, files in counted} == {6}
    assert set(told) <= {client for client, _ in counted}
    with Ledger.at(f"sqlite:///{tmp_path / 'team.sqlite'}", tmp_path / "a") as ledger:
        begun(ledger)
        assert not {"queued", "running"} & set(states(ledger, 1).values())


def test_a_reader_is_not_kept_waiting_by_a_writer(ledger, tmp_path):
    """In the middle of a write, another process still sees the last state."""
    run_id = begun(ledger, "LP-1")
    with ledger.writing() as connection, Ledger(tmp_path) as reader:
        connection.execute(sa.text("UPDATE plans SET state = 'failed'"))
        assert states(reader, run_id) == {"LP-1": "queued"}


def test_a_ledger_held_by_another_program_is_said_so(ledger, tmp_path, monkeypatch):
    """After the wait, not for ever."""
    begun(ledger)
    monkeypatch.setattr(ledger_file, "WAIT_SECONDS", 0.05)
    held = pytest.raises(LedgerError, match="held by another program")
    with ledger.writing(), Ledger(tmp_path) as other, held:
        begun(other)


def test_a_full_disk_is_an_error_of_the_disk(ledger, tmp_path):
    """Nothing is half entered, and after room has been made the same ledger goes on."""
    run_id = begun(ledger, "LP-1")
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 20")
    big = done("LP-1", figures={"fill": "x" * 200_000})
    with pytest.raises(OSError, match="No space left") as caught:
        ledger.ended(run_id, big)
    assert caught.value.filename == str(tmp_path / "ledger.sqlite")
    with Ledger(tmp_path) as again:
        assert states(again, run_id) == {"LP-1": "queued"}
        again.ended(run_id, big)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_disk(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OSError, match="exists"):
        Ledger(tmp_path / "out")


def test_an_empty_file_becomes_a_ledger(tmp_path):
    """Its tables are what the program takes them for, to the last constraint."""
    (tmp_path / "ledger.sqlite").touch()
    with Ledger(tmp_path) as ledger, ledger._engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        found = sa.inspect(connection)
        for table in metadata.tables.values():
            checks = {check["name"] for check in found.get_check_constraints(table.name)}
            named = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            assert checks == {f"ck_{table.name}_{name.split('_')[-1]}" for name in named}


def test_the_last_revision_is_the_one_the_program_knows():
    """A new migration without its number in the program would never run."""
    config = Config()
    config.set_main_option("script_location", str(ledger_file.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


OPENER = """
import sys
from pathlib import Path
from reports.run.ledger.ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    ledger.rows(1)
print("alembic" in sys.modules)
"""


def test_a_current_database_is_opened_without_the_migrations(tmp_path):
    """An everyday run does not pay for them."""
    assert python(OPENER, tmp_path).communicate(timeout=60)[0] == "True\n"
    assert python(OPENER, tmp_path).communicate(timeout=60)[0] == "False\n"


NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None
def upgrade():
    op.create_table("letters", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("plans", sa.Column("note", sa.String))
    {last}
"""


def revised(tmp_path, monkeypatch, last="pass"):
    """A program one revision ahead of this one."""
    migrations = tmp_path / "migrations"
    shutil.copytree(ledger_file.MIGRATIONS, migrations)
    (migrations / "versions" / "r0003_next.py").write_text(NEXT.format(last=last))
    monkeypatch.setattr(ledger_file, "MIGRATIONS", migrations)
    monkeypatch.setattr(ledger_file, "HEAD", "0003")


def test_an_older_ledger_is_brought_up_to_date(tmp_path, monkeypatch):
    """Its rows are kept, and the next opening has nothing to do."""
    with Ledger(tmp_path) as ledger:
        built(ledger, "LP-1")
    revised(tmp_path, monkeypatch)
    for _ in range(2):
        with Ledger(tmp_path) as ledger, ledger._engine.connect() as connection:
            assert ledger_file._revision(connection) == "0003"
            assert connection.exec_driver_sql("SELECT note FROM plans").fetchall() == [(None,)]
            assert len(ledger.done_plans(DAY, "zh")) == 1


def test_a_ledger_of_the_first_version_gains_the_tables_of_delivery(tmp_path):
    """Its runs and plans are kept; who made them is not known, and nothing is approved."""
    first = Config()
    first.set_main_option("script_location", str(ledger_file.MIGRATIONS))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with engine.begin() as connection:
        first.attributes["connection"] = connection
        alembic_command.upgrade(first, "0001")
        connection.exec_driver_sql(
            "INSERT INTO runs (out, as_of, language, state, started_at, host, pid, command, inputs,"
            " unchanged) VALUES ('.', '2026-11-22', 'zh', 'complete', '2026-11-22 04:00:00',"
            " 'desk', 1, '{}', '{}', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO plans (run_id, client, client_file, fingerprint, state, reason, queued_at,"
            " seconds, steps, is_adopted) VALUES (1, 'LP-1', '/a.yaml', '{}', 'done', '[]',"
            " '2026-11-22 04:00:00', 1.0, '{}', 0)"
        )
    engine.dispose()
    with Ledger(tmp_path) as ledger:
        assert ledger.run(1).maker is None
        assert set(ledger.done_plans(DAY, "zh")) == {"/a.yaml"}
        assert approvals_of(ledger, DAY, "zh") == {}
        assert ledger.run(begun(ledger, "LP-1")).maker == login()


def test_a_login_is_the_systems_word_and_not_the_environments(monkeypatch):
    """Whoever sets LOGNAME is nobody else for it; an unnamed user is a number."""
    before = login()
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    assert login() == before
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    assert login() == "uid4000123"


def test_every_state_of_a_mail_is_known_to_the_table(ledger):
    """One outside of the list is refused; one mail a client, plan and recipient."""
    row = {
        "client": "LP-1", "as_of": DAY, "language": "zh", "plan_sha256": "a" * 64,
        "recipient_sha256": "b" * 64, "recipient_masked": "l***@example.com", "reason": [],
        "attempts": 0, "queued_at": NOON, "sent_by": "me",
    }  # fmt: skip
    refused = pytest.raises(sa.exc.IntegrityError)
    with refused, ledger.writing() as connection:
        connection.execute(mails.insert().values(**row, message_id="<1@x>", state="lost"))
    with ledger.writing() as connection:
        connection.execute(mails.insert().values(**row, message_id="<1@x>", state="queued"))
    with pytest.raises(sa.exc.IntegrityError), ledger.writing() as connection:
        connection.execute(mails.insert().values(**row, message_id="<2@x>", state="queued"))


def test_the_last_attempt_of_each_file_is_listed(ledger):
    """However it ended, and of that day and language only."""
    built(ledger, "LP-1")
    built(ledger, "LP-3", language="en")
    failed = begun(ledger, "LP-1", "LP-2")
    ledger.ended(failed, Outcome("LP-1", "failed", ("why",)))
    told = {row.client: row.state for row in ledger.last_attempts(DAY, "zh")}
    assert told == {"LP-1": "failed", "LP-2": "queued"}


def test_a_revision_that_fails_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    """Not a table more: a revision is one transaction."""
    with Ledger(tmp_path) as ledger:
        built(ledger, "LP-1")
    with monkeypatch.context() as patch:
        revised(tmp_path, patch, last="raise RuntimeError('power cut')")
        with pytest.raises(RuntimeError, match="power cut"):
            Ledger(tmp_path)
    with Ledger(tmp_path) as ledger, ledger._engine.connect() as connection:
        assert not sa.inspect(connection).has_table("letters")
        assert len(ledger.done_plans(DAY, "zh")) == 1


def test_a_ledger_of_a_newer_program_is_not_touched(tmp_path, monkeypatch):
    """The older program says so."""
    with monkeypatch.context() as patch:
        revised(tmp_path, patch)
        Ledger(tmp_path).close()
    with pytest.raises(LedgerError, match="newer version") as caught:
        Ledger(tmp_path)
    assert "更新版本" in caught.value.sentence("zh")


def foreign(path):
    """Another program's database."""
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE alembic_version (version_num TEXT)")
    database.execute("INSERT INTO alembic_version VALUES ('0001')")
    database.commit()
    database.close()


def torn(path):
    """A ledger whose tables were torn in the middle."""
    with Ledger(path.parent) as ledger:
        built(ledger, "LP-1")
    content = bytearray(path.read_bytes())
    content[200:] = os.urandom(len(content) - 200)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.write_text("not a database, though long enough to have a header " * 40),
     foreign, torn],
    ids=["text", "foreign", "torn"],
)  # fmt: skip
def test_what_is_no_ledger_is_said_in_a_sentence(tmp_path, spoil):
    """It names the file and what to do, and the file is left as it was."""
    path = tmp_path / "ledger.sqlite"
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="Move it aside") as caught:
        Ledger(tmp_path)
    assert str(path) in caught.value.sentence("en")
    assert "移到别处" in caught.value.sentence("zh")
    assert path.read_bytes() == before


def test_a_ledger_that_lost_a_table_is_said_in_a_sentence(tmp_path):
    """Whatever is asked of it then."""
    with Ledger(tmp_path) as ledger:
        with ledger._writer.begin() as connection:
            connection.exec_driver_sql("DROP TABLE artefacts")
        with pytest.raises(LedgerError, match="Move it aside"):
            ledger.done_plans(DAY, "zh")


@pytest.mark.parametrize(
    "url",
    ["postgresql+nosuchdriver://me:hush@host/x", "nosuch://me:hush@host/x", "me:hush@host", "%"],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(tmp_path, url):
    """Neither the sentence nor what caused it repeats a password."""
    with pytest.raises(LedgerError) as caught:
        Ledger(tmp_path, url)
    assert "hush" not in f"{caught.value} {caught.value.sentence('zh')} {caught.value.__cause__}"


def test_on_a_network_file_system_there_is_no_shared_memory(tmp_path, monkeypatch):
    """The write-ahead log needs it, so the older journal is kept there."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n/dev/sda / ext4 rw 0 0\n")
    monkeypatch.setattr(ledger_file, "MOUNTS", mounts)
    with Ledger(tmp_path / "out") as ledger, ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    monkeypatch.setattr(ledger_file, "MOUNTS", tmp_path / "absent")
    with Ledger(tmp_path / "local") as ledger, ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_what_is_done_is_on_the_disk(ledger):
    """A power cut undoes no commit, and rows refer to rows that are there."""
    with ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_clients_are_queued_all_or_none(ledger):
    """A list with one too many leaves none behind."""
    run_id = begun(ledger)
    twice = [Queued("LP-1", "a.yaml", PRINT), Queued("LP-1", "b.yaml", PRINT)]
    with pytest.raises(sa.exc.IntegrityError):
        ledger.queue_all(run_id, twice)
    ledger.queue_all(run_id, [])
    assert ledger.rows(run_id) == []
