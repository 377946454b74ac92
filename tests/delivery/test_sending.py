"""Mails go to a real relay, each once, and what is not fit to go stays with its reason."""

from __future__ import annotations

import csv
import io
import stat
from datetime import timedelta
from email import message_from_bytes, policy
from itertools import pairwise

import pikepdf
import pytest
import sqlalchemy as sa

from reports.delivery.cases import Day, Look, cases_of, reason_words
from reports.delivery.decisions import DECISIONS, SEND_AGAIN
from reports.delivery.decisions import decide as decide_on
from reports.delivery.mails import Addressed, MailKey
from reports.delivery.outbox import Outbox
from reports.delivery.pace import Pace
from reports.delivery.parcel import Post
from reports.delivery.sending import LinkedFolderError, Sender, drafts
from reports.delivery.settings import DRAFTS_ONLY
from reports.delivery.smtp import Accepted, Deferred, SetupFailure, UnreachableError
from reports.run.ledger.login import login
from reports.run.ledger.tables import approvals, runs
from reports.run.ledger.tables import mails as mails_table
from tests.delivery.approved_book import AS_OF

TWO = ["lp-1", "lp-2"]


class Passwords:
    """A password of its own for each client."""

    def password_of(self, client):
        """One that names its client, which nobody should do."""
        return f"kept-apart-{client[::-1]}"


def sent(book, settings, *clients, pace=None, box=Outbox):
    """A run that sends: state by client, and the report."""
    told = []
    with book.ledger() as ledger:
        day = Day(AS_OF, "zh", book.out)
        look = Look.at(ledger, day, is_four_eyes=settings.four_eyes)
        post = Post(day, settings, Passwords())
        outbox = box(ledger, settings, look.journal)
        sender = Sender(post, look, outbox, pace or Pace(10_000))
        report = sender.send(cases_of(look, clients), told.append)
    assert {each.client for each in told} <= {each.client for each in report.told}
    return {each.client: each.state for each in report.told}, report


def drafted(book, settings=DRAFTS_ONLY, *clients):
    """A run that only writes letters."""
    with book.ledger() as ledger:
        day = Day(AS_OF, "zh", book.out)
        look = Look.at(ledger, day)
        return drafts(
            Post(day, settings, Passwords()), cases_of(look, clients), look, lambda _: None
        )


def mails(book):
    """What the outbox has, by client."""
    with book.ledger() as ledger:
        return {mail.client: mail for mail in Outbox(ledger, DRAFTS_ONLY).mails()}


def decide(book, verb, client):
    """A person's word about a client's mail."""
    with book.ledger() as ledger:
        mail = Outbox(ledger, DRAFTS_ONLY).mails(client=client)[-1]
        return decide_on(ledger, mail.id, DECISIONS[verb], "asked by telephone")


def revoke(book):
    """Take every approval back."""
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(approvals).values(revoked_at=book.now()))


class Meanwhile(Pace):
    """Something happens while the sender waits for its turn."""

    def __init__(self, happens):
        super().__init__(10_000)
        self.happens = happens

    def wait(self):
        """Wait for it."""
        self.happens()


def codes(report):
    """Reasons by client."""
    return {each.client: [refusal.code for refusal in each.refusals] for each in report.told}


def attached(mail):
    """The encrypted plan in a mail."""
    (pdf,) = [part for part in mail.iter_attachments() if part.get_content_subtype() == "pdf"]
    return pdf.get_content()


def test_approved_plans_arrive_once_each_under_its_own_password(book, relay):
    """A second run has nothing to do, and no password opens a neighbour's plan."""
    for client in TWO:
        book.add(client, f"{client}@example.com")
    states, report = sent(book, relay.settings())
    assert (states, report.exit_code) == (dict.fromkeys(TWO, "sent"), 0)
    again, report = sent(book, relay.settings())
    assert (again, report.exit_code) == (dict.fromkeys(TWO, "sent"), 0)
    assert all(each.is_old for each in report.told)
    received = relay.mails()
    assert [mail["To"] for mail in received] == ["lp-1@example.com", "lp-2@example.com"]
    keys = [Passwords().password_of(client) for client in TWO]
    for mail, own, other in zip(received, keys, reversed(keys), strict=True):
        pikepdf.open(io.BytesIO(attached(mail)), password=own).close()
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(attached(mail)), password=other)
    rows = mails(book)
    assert [rows[client].message_id for client in TWO] == relay.message_ids()
    assert {row.sent_by for row in rows.values()} == {login()}


def test_the_relay_s_answers_become_states_and_do_not_hold_up_others(book, relay):
    """Put off, rejected and unclear mails stand beside those that arrived."""
    tempers = ["rcpt450", "rcpt550", "data554", "drop", "lost", "fine"]
    for temper in tempers:
        book.add(f"lp-{temper}", f"{temper}-x@example.com")
    states, report = sent(book, relay.settings())
    expected = ["deferred", "rejected", "rejected", "ambiguous", "ambiguous", "sent"]
    assert states == {f"lp-{t}": state for t, state in zip(tempers, expected, strict=True)}
    assert report.exit_code == 1
    assert mails(book)["lp-rcpt550"].reply_code == 550
    assert "@example.com" not in str(mails(book))


def test_a_mail_put_off_goes_when_its_time_has_come(book, relay, clock):
    """Not before, and the relay is not asked meanwhile."""
    book.add("lp-1", "rcpt450-x@example.com")
    for minutes, attempts in [(0, 1), (4, 1), (1, 2), (14, 2), (1, 3), (60, 4)]:
        clock.now += timedelta(minutes=minutes)
        states, _ = sent(book, relay.settings())
        assert mails(book)["lp-1"].attempts == attempts
    assert states == {"lp-1": "given_up"}


def test_an_unclear_mail_waits_for_a_person(book, relay):
    """One that had arrived is settled, one that had not is sent again, once."""
    book.add("lp-lost", "lost-x@example.com")
    book.add("lp-hang", "hang-x@example.com")
    settings = relay.settings(final_timeout_seconds=1)
    assert set(sent(book, settings)[0].values()) == {"ambiguous"}
    states, report = sent(book, settings)
    assert (set(states.values()), report.exit_code) == ({"ambiguous"}, 1)
    assert len(relay.mails()) == 2
    decide(book, "was_sent", "lp-lost")
    decide(book, "resend", "lp-hang")
    sent(book, settings)
    assert {client: mail.state for client, mail in mails(book).items()} == {
        "lp-lost": "sent",
        "lp-hang": "ambiguous",
    }
    assert relay.message_ids().count(mails(book)["lp-lost"].message_id) == 1


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("  email: true", "  email: false")], "no_email_consent"),
        ([("ends_on: 2027-10-31", "ends_on: 2026-11-22")], "consent_ended"),
        ([("delivery:\n  email: lp-1@example.com\n", "")], "no_address"),
    ],
)
def test_without_consent_or_mailbox_nothing_goes(book, relay, edits, code):
    """The reason is told, kept in the ledger, and reads as a sentence."""
    book.add("lp-1", "lp-1@example.com", edits=edits)
    states, report = sent(book, relay.settings())
    assert (states, report.exit_code, codes(report)) == ({"lp-1": "refused"}, 1, {"lp-1": [code]})
    (reason,) = mails(book)["lp-1"].reason
    assert reason_words(reason, "zh") == report.told[0].refusals[0].sentence("zh")
    assert relay.mails() == []


def test_what_changed_after_approval_stays_until_it_is_approved_again(book, relay):
    """A draft, a rebuilt plan, a changed file, a changed archive, an edited client file."""
    book.add("lp-draft", "a@example.com", is_approved=False)
    for client in ("lp-rebuilt", "lp-touched", "lp-archive", "lp-edited", "lp-gone"):
        book.add(client, "b@example.com")
    book.build("lp-rebuilt", "one word more")
    day = AS_OF.isoformat()
    (book.out / day / "lp-touched" / "plan.html").write_text("changed", "utf-8")
    (book.out / "vault" / day / "lp-archive" / "plan.pdf").write_bytes(b"%PDF-1.7 another")
    with book.client_file("lp-edited").open("a") as file:
        file.write("# a word\n")
    book.client_file("lp-gone").unlink()
    _, report = sent(book, relay.settings())
    assert codes(report) == {
        "lp-archive": ["archive_altered"],
        "lp-draft": ["unapproved"],
        "lp-edited": ["client_file_changed"],
        "lp-gone": ["client_file_gone"],
        "lp-rebuilt": ["changed_since_approval"],
        "lp-touched": ["altered"],
    }
    assert relay.mails() == []
    book.approve("lp-draft")
    book.approve("lp-rebuilt")
    states, _ = sent(book, relay.settings(), "lp-draft", "lp-rebuilt")
    assert set(states.values()) == {"sent"}


def test_a_recipient_list_and_a_header_in_the_address_are_refused(book, relay):
    """Even where they were written after the plan was built, nothing goes to either."""
    for number, address in enumerate(
        ['"a@example.com, b@example.com"', '"a@example.com\\nBcc: b"']
    ):
        book.add(f"lp-{number}", address)
    _, report = sent(book, relay.settings())
    assert codes(report) == {"lp-0": ["invalid_address"], "lp-1": ["invalid_address"]}


def test_a_client_without_a_plan_of_the_day_is_told(book, relay):
    """And when the plan is there, the same client is sent it."""
    book.add("lp-1", "lp-1@example.com")
    _, report = sent(book, relay.settings(), "lp-2")
    assert codes(report) == {"lp-2": ["no_plan"]}
    book.add("lp-2", "lp-2@example.com")
    assert sent(book, relay.settings(), "lp-2")[0] == {"lp-2": "sent"}


def test_a_mail_too_large_is_kept_back(book, relay):
    """By our limit before the relay's."""
    book.add("lp-1", "lp-1@example.com")
    _, report = sent(book, relay.settings(max_bytes=10_000))
    assert codes(report) == {"lp-1": ["oversize"]}
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


def test_a_run_sends_no_more_than_its_limit_and_the_next_goes_on(book, relay):
    """What waits is queued and said to be."""
    for number in range(3):
        book.add(f"lp-{number}", f"lp-{number}@example.com")
    states, report = sent(book, relay.settings(per_run=2))
    assert list(states.values()) == ["sent", "sent", "queued"]
    assert (report.waiting, report.exit_code) == (1, 1)
    assert set(sent(book, relay.settings(per_run=2))[0].values()) == {"sent"}
    assert len(relay.mails()) == 3


def test_no_minute_sees_more_mails_than_allowed():
    """Whatever moment a minute begins at, and however long a mail takes."""
    now, went = [0.0], []
    pace = Pace(3, clock=lambda: now[0], sleep=lambda wait: now.__setitem__(0, now[0] + wait))
    for step in [1, 1, 50, 1, 1, 30, 0, 0, 0, 100, 0]:
        pace.wait()
        went.append(now[0])
        now[0] += step
    assert all(later - first >= 60 for first, later in zip(went, went[3:], strict=False))
    assert all(first <= later for first, later in pairwise(went))


def test_a_relay_that_goes_away_leaves_the_rest_queued(book, start_relay):
    """And it is sent when the relay is back, nothing twice."""
    relay = start_relay()
    for client, address in [("lp-1", "fine"), ("lp-2", "vanish"), ("lp-3", "x"), ("lp-4", "y")]:
        book.add(client, f"{address}@example.com")
    states, report = sent(book, relay.settings())
    assert list(states.values()) == ["sent", "ambiguous", "queued", "queued"]
    assert isinstance(report.stopped, UnreachableError)
    assert report.waiting == 2
    assert {mail.attempts for mail in mails(book).values() if mail.state == "queued"} == {0}
    again = start_relay()
    states, _ = sent(book, again.settings())
    assert list(states.values()) == ["sent", "ambiguous", "sent", "sent"]
    assert len(set(again.message_ids())) == len(again.message_ids()) == 3


@pytest.mark.parametrize(
    "more", [{"password": "wrong"}, {"sender": "stranger@bank.example"}, {"ca_file": None}]
)
def test_settings_that_do_not_fit_touch_no_mail(book, relay, more):
    """Every mail stays queued, untried, and the exit code says whose fault it is."""
    for client in TWO:
        book.add(client, f"{client}@example.com")
    states, report = sent(book, relay.settings(**more))
    assert set(states.values()) == {"queued"}
    assert isinstance(report.stopped, SetupFailure)
    assert (report.exit_code, report.waiting) == (2, 2)
    assert {mail.attempts for mail in mails(book).values()} == {0}
    assert set(sent(book, relay.settings())[0].values()) == {"sent"}


def test_an_approval_revoked_while_the_sender_waits_stops_its_mail(book, relay):
    """The last look is after the wait, just before the mail goes."""
    book.add("lp-1", "lp-1@example.com")
    states, report = sent(book, relay.settings(), pace=Meanwhile(lambda: revoke(book)))
    assert (states, codes(report)) == ({"lp-1": "refused"}, {"lp-1": ["approval_revoked"]})
    assert relay.mails() == []


def test_an_approval_revoked_after_the_last_look_stops_its_mail_too(book, relay):
    """Its row is asked in the transaction that takes the mail, and again before the message."""
    book.add("lp-1", "lp-1@example.com")

    class Before(Outbox):
        def claim(self, *arguments):
            revoke(book)
            return super().claim(*arguments)

    class After(Outbox):
        def claim(self, *arguments):
            taken = super().claim(*arguments)
            revoke(book)
            return taken

    for box in (Before, After):
        states, report = sent(book, relay.settings(), box=box)
        assert (states, codes(report)) == ({"lp-1": "refused"}, {"lp-1": ["approval_revoked"]})
        assert mails(book)["lp-1"].attempts == 0
        book.approve("lp-1")
    assert relay.mails() == []
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  email: true", "  email: false", "no_email_consent"),
        ("ends_on: 2027-10-31", "ends_on: 2026-11-22", "consent_ended"),
        ("lp-1@example.com", "another@example.com", "client_file_changed"),
    ],
)
def test_what_a_client_file_says_during_a_run_counts(book, relay, old, new, code):
    """Consent and mailbox are read once more when the mail's turn has come."""
    book.add("lp-1", "lp-1@example.com")
    path = book.client_file("lp-1")

    def edit():
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    states, report = sent(book, relay.settings(), pace=Meanwhile(edit))
    assert states == {"lp-1": "refused"}
    assert code in codes(report)["lp-1"]
    assert relay.mails() == []
    assert {mail.state for mail in mails(book).values()} == {"refused"}


def test_a_plan_built_and_approved_anew_during_a_run_takes_the_other_s_place(book, relay):
    """The one that was in the queue never goes, the new one does with the next run."""
    book.add("lp-1", "lp-1@example.com")

    def rebuild():
        book.build("lp-1", "one word more")
        book.approve("lp-1")

    states, _ = sent(book, relay.settings(), pace=Meanwhile(rebuild))
    assert (states, relay.mails()) == ({"lp-1": "queued"}, [])
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}
    assert relay.message_ids() == [mails(book)["lp-1"].message_id]


def test_an_approval_for_another_mailbox_sends_nothing(book, relay):
    """The bytes of the plan are the same; whoever approved them has not seen the new mailbox."""
    book.add("lp-1", "lp-1@example.com")
    book.add("lp-1", "thief@example.org", is_approved=False)
    _, report = sent(book, relay.settings())
    assert codes(report) == {"lp-1": ["approved_elsewhere"]}
    assert "l***@e***.com" in report.told[0].refusals[0].sentence("en")
    assert relay.mails() == []
    book.approve("lp-1")
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


def test_with_four_eyes_a_plan_its_maker_approved_stays(book, relay):
    """Wherever it was approved: both logins are in the ledger."""
    book.add("lp-1", "lp-1@example.com")
    strict = relay.settings(four_eyes=True)
    _, report = sent(book, strict)
    assert codes(report) == {"lp-1": ["own_plan"]}
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(runs).values(maker=None))
    assert codes(sent(book, strict)[1]) == {"lp-1": ["maker_unknown"]}
    assert relay.mails() == []
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(runs).values(maker="somebody else"))
    assert sent(book, strict)[0] == {"lp-1": "sent"}


@pytest.mark.parametrize(
    ("address", "code"),
    [("lp-1@example.com", "sent_before"), ("new@example.org", "sent_elsewhere")],
)
def test_a_second_mail_of_a_day_waits_for_a_person(book, relay, clock, address, code):
    """The plan was built again, or the mailbox is another: someone says that it is meant."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings())
    clock.now += timedelta(hours=1)
    book.add("lp-1", address, note="one word more")
    states, report = sent(book, relay.settings())
    assert (states, codes(report)) == ({"lp-1": "refused"}, {"lp-1": [code]})
    said = report.told[0].refusals[0].sentence("zh")
    assert "2026年11月23日" in said
    assert "l***@e***.com" in said
    assert codes(drafted(book)) == {"lp-1": [code]}
    assert len(relay.mails()) == 1
    assert decide(book, "send_again", "lp-1").reason == ("send_again", "asked by telephone")
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}
    assert [mail["X-Envelope-To"] for mail in relay.mails()] == ["lp-1@example.com", address]


@pytest.mark.parametrize(
    ("address", "code"),
    [("lp-1@example.com", "sent_in_other_language"), ("new@example.org", "sent_elsewhere")],
)
def test_a_second_mail_of_a_day_waits_though_its_language_is_another(book, relay, address, code):
    """One household has one plan of a day, and one mailbox gets it."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings())
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(mails_table).values(language="en"))
    book.add("lp-1", address, note="one word more")
    assert codes(sent(book, relay.settings())[1]) == {"lp-1": [code]}
    assert len(relay.mails()) == 1
    decide(book, "send_again", "lp-1")
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


def test_a_second_mail_of_a_day_waits_behind_an_unclear_one(book, relay):
    """Nobody knows whether the first arrived."""
    book.add("lp-1", "lost-1@example.com")
    sent(book, relay.settings())
    book.add("lp-1", "lost-1@example.com", note="one word more")
    assert codes(sent(book, relay.settings())[1]) == {"lp-1": ["unclear_before"]}


def test_a_word_given_before_the_other_mail_went_does_not_count(book, relay, clock):
    """It was said of what had gone by then."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings())
    book.add("lp-1", "lp-1@example.com", note="second")
    sent(book, relay.settings())
    decide(book, "send_again", "lp-1")
    clock.now += timedelta(days=1)
    newer(book)
    assert codes(sent(book, relay.settings())[1]) == {"lp-1": ["newer_sent"]}


def newer(book):
    """A plan of a later day goes to the client."""
    with book.ledger() as ledger:
        box = Outbox(ledger, DRAFTS_ONLY)
        key = MailKey("lp-1", "f" * 64, "e" * 64)
        mail = box.queue(Addressed(key, AS_OF + timedelta(days=9), "zh", "l***@e***.com"))
        box.claim(mail.id, "d" * 64)
        box.payload_begins(mail.id)
        box.record(mail.id, Accepted(250, "taken"))


def test_an_older_plan_does_not_follow_a_newer_one(book, relay):
    """Unless a person says that it should."""
    book.add("lp-1", "lp-1@example.com")
    newer(book)
    _, report = sent(book, relay.settings())
    assert codes(report) == {"lp-1": ["newer_sent"]}
    assert "2026年12月1日" in report.told[0].refusals[0].sentence("zh")
    with book.ledger() as ledger:
        box = Outbox(ledger, DRAFTS_ONLY)
        decide_on(ledger, box.mails(AS_OF)[0].id, SEND_AGAIN, "the court wants it")
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


def lose_ledger(book):
    """Move the ledger aside as its message says, then build and approve again."""
    for path in book.out.glob("ledger.sqlite*"):
        path.unlink()


def test_a_lost_ledger_does_not_make_a_mail_go_twice(book, relay):
    """The journal knows it; a person says whether it has arrived."""
    for client in TWO:
        book.add(client, f"{client}@example.com")
    sent(book, relay.settings())
    lose_ledger(book)
    for client in TWO:
        book.build(client)
        book.approve(client)
    states, report = sent(book, relay.settings())
    assert (states, report.exit_code) == (dict.fromkeys(TWO, "ambiguous"), 1)
    assert {mail.reason for mail in mails(book).values()} == {("ledger_lost",)}
    assert sent(book, relay.settings())[0] == dict.fromkeys(TWO, "ambiguous")
    assert len(relay.mails()) == 2
    decide(book, "was_sent", "lp-1")
    decide(book, "resend", "lp-2")
    assert sent(book, relay.settings())[0] == dict.fromkeys(TWO, "sent")
    assert [mail["To"] for mail in relay.mails()][2:] == ["lp-2@example.com"]


def test_a_plan_built_otherwise_after_the_ledger_was_lost_waits_too(book, relay):
    """It is another plan of a day of which one has gone."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings())
    lose_ledger(book)
    book.add("lp-1", "lp-1@example.com", note="one word more")
    assert codes(sent(book, relay.settings())[1]) == {"lp-1": ["sent_before"]}


def test_a_ledger_put_back_from_before_does_not_make_a_mail_go_twice(book, relay):
    """In an older copy the mail is still queued."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings(port=1))
    copy = {path: path.read_bytes() for path in book.out.glob("ledger.sqlite*")}
    sent(book, relay.settings())
    lose_ledger(book)
    for path, content in copy.items():
        path.write_bytes(content)
    assert mails(book)["lp-1"].state == "queued"
    assert sent(book, relay.settings())[0] == {"lp-1": "ambiguous"}
    assert len(relay.mails()) == 1


def test_the_journal_is_private_and_names_nobody(book, relay):
    """A line before each message, and one for what became of it."""
    for client, temper in [("lp-1", "fine"), ("lp-2", "data554"), ("lp-3", "lost")]:
        book.add(client, f"{temper}-1@example.com")
    sent(book, relay.settings())
    path = book.out / "mail" / "sent.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("ascii")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["client"], row["state"]) for row in rows] == [
        ("lp-1", "begun"), ("lp-1", "sent"),
        ("lp-2", "begun"), ("lp-2", "rejected"),
        ("lp-3", "begun"), ("lp-3", "ambiguous"),
    ]  # fmt: skip
    assert "example.com" not in text
    assert [row["message_id"] for row in rows][::2] == [m.message_id for m in mails(book).values()]


def test_a_sender_without_a_ledger_row_of_a_rejected_mail_tries_again(book, relay):
    """The relay never had it."""
    book.add("lp-1", "data554-1@example.com")
    sent(book, relay.settings())
    lose_ledger(book)
    book.build("lp-1")
    book.approve("lp-1")
    assert sent(book, relay.settings())[0] == {"lp-1": "rejected"}


def test_an_interrupted_run_leaves_no_mail_in_the_middle(book, relay):
    """Nobody is left `sending`, and what had not gone goes with the next run."""
    book.add("lp-1", "lp-1@example.com")

    class Interrupted(Pace):
        def wait(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sent(book, relay.settings(), pace=Interrupted(1))
    assert mails(book)["lp-1"].state == "queued"
    assert sent(book, relay.settings())[0] == {"lp-1": "sent"}


def test_a_draft_is_the_whole_letter_for_its_owner_alone(book):
    """Encrypted as it would be sent, while the outbox stays empty."""
    book.add("lp-1", "lp-1@example.com")
    book.add("lp-2", "lp-2@example.com", is_approved=False)
    report = drafted(book)
    assert codes(report) == {"lp-1": [], "lp-2": ["unapproved"]}
    assert mails(book) == {}
    path = report.told[0].draft
    assert path == book.out / "mail" / AS_OF.isoformat() / "lp-1.eml"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    with pikepdf.open(io.BytesIO(attached(mail)), password="kept-apart-1-pl") as pdf:
        assert pdf.encryption.R == 6
    key = next(
        MailKey("lp-1", case.addressed.key.plan_sha256, case.addressed.key.recipient_sha256)
        for case in cases_of_book(book)
    )
    assert mail["Message-ID"] == key.message_id("example.com")
    assert [each.name for each in path.parent.iterdir()] == ["lp-1.eml"]


def cases_of_book(book):
    """The day's cases."""
    with book.ledger() as ledger:
        return cases_of(Look.at(ledger, Day(AS_OF, "zh", book.out)), ())


@pytest.mark.parametrize(
    ("temper", "state"), [("fine", "sent"), ("lost", "ambiguous"), ("rcpt550", "rejected")]
)
def test_what_would_not_go_is_told_and_not_drafted(book, relay, temper, state):
    """Nobody is to look at a letter, and add a word, for a mail that is past being sent."""
    book.add("lp-1", f"{temper}-1@example.com")
    draft = drafted(book).told[0].draft
    sent(book, relay.settings())
    (told,) = drafted(book).told
    assert (told.state, told.is_old, told.draft, draft.exists()) == (state, True, None, False)
    if temper != "rcpt550":
        lose_ledger(book)
        book.build("lp-1")
        book.approve("lp-1")
        assert drafted(book).told[0].state == "ambiguous"
        decide_lost(book, relay)
        assert drafted(book).told[0].state == "draft"


def decide_lost(book, relay):
    """Have the sender find the mail in the journal, and a person say that it is to go."""
    sent(book, relay.settings())
    decide(book, "resend", "lp-1")


def test_a_mail_put_off_is_drafted_as_it_will_go(book, relay):
    """The next run sends it."""
    book.add("lp-1", "rcpt450-1@example.com")
    sent(book, relay.settings())
    assert drafted(book).told[0].state == "draft"


def test_looking_at_letters_makes_no_folder_without_one(book):
    """A day without an approved plan leaves nothing behind."""
    book.add("lp-1", "lp-1@example.com", is_approved=False)
    drafted(book)
    assert not (book.out / "mail").exists()


def test_a_mail_we_keep_back_says_nothing_of_the_relay(book, relay, clock):
    """It was put off once; the second time the relay was not asked."""
    book.add("lp-1", "rcpt450-1@example.com")
    _, report = sent(book, relay.settings())
    assert report.told[0].next_try_at == mails(book)["lp-1"].next_try_at
    clock.now += timedelta(minutes=5)
    _, report = sent(book, relay.settings(max_bytes=10_000))
    assert codes(report) == {"lp-1": ["oversize"]}
    assert report.told[0].reply == ""
    mail = mails(book)["lp-1"]
    assert (mail.reply_code, mail.reply, mail.attempts) == (None, None, 1)


def test_a_run_s_end_knows_of_open_mails_of_every_day(book, relay):
    """Their passwords may stand on the sheet that somebody would destroy."""
    book.add("lp-1", "lp-1@example.com")
    with book.ledger() as ledger:
        box, later = Outbox(ledger, DRAFTS_ONLY), AS_OF + timedelta(days=9)
        for client, result in [("lp-2", Deferred(450, "")), ("lp-3", Accepted(250, ""))]:
            key = MailKey(client, "f" * 64, "e" * 64)
            mail = box.queue(Addressed(key, later, "zh", "l***@e***.com"))
            box.claim(mail.id, "d" * 64)
            box.record(mail.id, result)
    _, report = sent(book, relay.settings())
    assert [mail.client for mail in report.open_mails] == ["lp-2"]


def test_a_draft_of_an_earlier_run_goes_when_the_letter_would_not(book):
    """Nobody is to look at a letter that is not what would be sent."""
    book.add("lp-1", "lp-1@example.com")
    draft = drafted(book).told[0].draft
    book.build("lp-1", "one word more")
    assert codes(drafted(book)) == {"lp-1": ["changed_since_approval"]}
    assert not draft.exists()


@pytest.mark.parametrize("linked", ["mail", f"mail/{AS_OF}"])
@pytest.mark.parametrize("is_approved", [True, False])
def test_drafts_do_not_follow_a_link_out_of_the_folder(book, tmp_path, linked, is_approved):
    """Whoever put it there would get every letter, or lose a file of that name."""
    book.add("lp-1", "lp-1@example.com", is_approved=is_approved)
    elsewhere, link = tmp_path / "elsewhere", book.out / linked
    mine = elsewhere / str(AS_OF) if linked == "mail" else elsewhere
    mine.mkdir(parents=True)
    (mine / "lp-1.eml").write_text("mine")
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(LinkedFolderError, match="link"):
        drafted(book)
    assert [path.read_text() for path in mine.iterdir()] == ["mine"]


def test_a_mail_that_has_gone_is_told_as_gone_whatever_changes_later(book, relay, clock):
    """A consent that has ended since does not unsend it."""
    book.add("lp-1", "lp-1@example.com")
    sent(book, relay.settings())
    clock.now += timedelta(days=400)
    states, report = sent(book, relay.settings())
    assert (states, codes(report), report.exit_code) == ({"lp-1": "sent"}, {"lp-1": []}, 0)
