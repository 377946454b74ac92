"""One mail for each client, plan and mailbox, and its row tells the truth whoever dies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reports.delivery.decisions import BOUNCED, RESEND, SEND_AGAIN, WAS_SENT, decide
from reports.delivery.mails import Addressed, MailKey
from reports.delivery.outbox import ClaimLostError, Outbox
from reports.delivery.settings import MailSettings
from reports.delivery.smtp import Accepted, Ambiguous, Deferred, Rejected
from reports.run.ledger.ledger import Ledger

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
PDF = "d" * 64
SETTINGS = MailSettings("relay.bank.example", "advisor@bank.example", "bank.example")


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        """What it shows."""
        return self.now


@pytest.fixture
def clock():
    """The outbox's clock."""
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    """An empty ledger."""
    with Ledger(tmp_path, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def outbox(ledger):
    """An empty outbox."""
    return Outbox(ledger, SETTINGS)


def addressed(client="lp-1", plan="a", recipient="b", as_of=DAY):
    """A mail for a client."""
    return Addressed(MailKey(client, plan * 64, recipient * 64), as_of, "zh", "c***@e***.com")


def claimed(outbox, **more):
    """A mail that is being sent."""
    return outbox.claim(outbox.queue(addressed(**more)).id, PDF)


def ended(outbox, result, **more):
    """A mail with its end."""
    mail = claimed(outbox, **more)
    outbox.payload_begins(mail.id)
    return outbox.record(mail.id, result)


def test_queueing_twice_is_one_mail_with_one_message_id(outbox):
    """Each of client, plan and mailbox makes another mail, nothing else does."""
    first, again = outbox.queue(addressed()), outbox.queue(addressed())
    assert first == again
    assert first.state == "queued"
    others = [{"client": "lp-2"}, {"plan": "c", "as_of": date(2026, 12, 1)}, {"recipient": "c"}]
    ids = {first.message_id, *(outbox.queue(addressed(**other)).message_id for other in others)}
    assert len(ids) == 4
    assert all(each.endswith("@bank.example>") and "lp-" not in each for each in ids)


def test_a_mail_is_claimed_by_one_sender(outbox):
    """Whoever comes second gets nothing, and so does everybody once it was sent."""
    mail = outbox.queue(addressed())
    assert outbox.claim(mail.id, PDF).state == "sending"
    assert outbox.claim(mail.id, PDF) is None
    outbox.payload_begins(mail.id)
    sent = outbox.record(mail.id, Accepted(250, "queued"))
    assert (sent.state, sent.reply_code, sent.attachment_sha256) == ("sent", 250, PDF)
    assert outbox.claim(mail.id, PDF) is None
    assert outbox.queue(addressed()).state == "sent"


def test_a_mail_put_off_waits_longer_each_time_and_is_given_up(outbox, clock):
    """After 5, 15 and 60 minutes, and no fourth time."""
    mail = outbox.queue(addressed())
    waits = []
    for _ in range(3):
        assert outbox.claim(mail.id, PDF) is not None
        put_off = outbox.record(mail.id, Deferred(450, "later"))
        assert put_off.state == "deferred"
        waits.append((put_off.next_try_at - clock.now) // timedelta(minutes=1))
        clock.now = put_off.next_try_at - timedelta(seconds=1)
        assert outbox.claim(mail.id, PDF) is None
        clock.now = put_off.next_try_at
    assert waits == [5, 15, 60]
    assert outbox.claim(mail.id, PDF) is not None
    assert outbox.record(mail.id, Deferred(None, "gone")).state == "given_up"
    told = [(each.outcome, each.reply_code) for each in outbox.attempts(mail.id)]
    assert told == [("deferred", 450)] * 3 + [("deferred", None)]


def test_what_a_dead_sender_left_is_sent_again_only_where_the_relay_has_nothing(outbox):
    """The mark before the message decides."""
    early, late = claimed(outbox, client="early"), claimed(outbox, client="late")
    outbox.payload_begins(late.id)
    states = {mail.client: mail.state for mail in outbox.recover()}
    assert states == {"early": "queued", "late": "ambiguous"}
    assert outbox.recover() == ()
    assert outbox.claim(early.id, PDF) is not None
    assert outbox.claim(late.id, PDF) is None
    assert [each.outcome for each in outbox.attempts(late.id)] == ["cut_off"]


def test_nothing_is_marked_or_recorded_that_was_not_claimed(outbox):
    """A programming error stops before a second message goes."""
    mail = outbox.queue(addressed())
    with pytest.raises(ClaimLostError, match="claimed"):
        outbox.payload_begins(mail.id)
    with pytest.raises(ClaimLostError, match="claimed"):
        outbox.record(mail.id, Accepted(250, ""))


def test_a_sender_whose_claim_another_has_settled_neither_sends_nor_enters(outbox):
    """Where the lock was taken away in mid-run two senders live: the later claim alone counts."""
    first = claimed(outbox)
    outbox.recover()
    second = outbox.claim(first.id, PDF)
    # The first claim's attempt was closed; what is open is the second's.
    with pytest.raises(ClaimLostError):
        outbox.payload_begins(first.id, attempt=first.attempts)
    with pytest.raises(ClaimLostError):
        outbox.record(first.id, Deferred(450, "late"), attempt=first.attempts)
    outbox.release(first.id, attempt=first.attempts)
    outbox.payload_begins(second.id, attempt=second.attempts)
    assert outbox.record(second.id, Accepted(250, ""), attempt=second.attempts).state == "sent"


def test_a_mail_given_back_is_as_if_it_had_not_been_tried(outbox):
    """When the relay refuses the sender, no mail is worse off."""
    mail = claimed(outbox)
    outbox.release(mail.id)
    (back,) = outbox.mails()
    assert (back.state, back.attempts, outbox.attempts(mail.id)) == ("queued", 0, ())


def test_a_mail_kept_back_is_queued_when_the_reason_is_gone(outbox):
    """Its reasons stand in its row until then."""
    kept = outbox.refuse(addressed(), ["unapproved", "consent_ended"])
    assert (kept.state, kept.reason) == ("refused", ("unapproved", "consent_ended"))
    assert outbox.claim(kept.id, PDF) is None
    queued = outbox.queue(addressed())
    assert (queued.id, queued.state, queued.reason) == (kept.id, "queued", ())


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Accepted(250, ""), "sent"),
        (Rejected(550, ""), "rejected"),
        (Ambiguous("lost"), "ambiguous"),
    ],
)
def test_a_mail_that_has_gone_or_may_have_is_not_refused_or_superseded(outbox, result, state):
    """Its row is evidence."""
    ended(outbox, result)
    assert outbox.refuse(addressed(), ["unapproved"]).state == state
    outbox.queue(addressed(plan="f"))
    assert outbox.mails()[0].state == state


def test_an_unsent_mail_of_a_plan_that_no_longer_stands_never_goes(outbox):
    """A new plan, or another mailbox, of the same day takes its place."""
    old = outbox.queue(addressed())
    new = outbox.queue(addressed(plan="f"))
    assert outbox.mails()[0].reason == ("superseded",)
    assert outbox.claim(old.id, PDF) is None
    other = outbox.queue(addressed(plan="f", recipient="e"))
    assert [mail.state for mail in outbox.mails()] == ["refused", "refused", "queued"]
    assert outbox.claim(new.id, PDF) is None
    assert outbox.claim(other.id, PDF) is not None


def test_an_ambiguous_mail_goes_again_only_on_a_persons_word(ledger, outbox, clock):
    """Resent under the same Message-ID, or settled as sent, with who said so."""
    first = ended(outbox, Ambiguous("lost"))
    again = decide(ledger, first.id, RESEND, "called:\x1b[2J not there")
    assert (again.state, again.reason) == ("queued", ("resend", "called: [2J not there"))
    taken = outbox.claim(first.id, PDF)
    assert (taken.message_id, taken.data_at) == (first.message_id, None)
    outbox.payload_begins(first.id)
    outbox.record(first.id, Ambiguous("lost again"))
    tried_at = outbox.mails()[0].data_at
    clock.now += timedelta(days=7)
    settled = decide(ledger, first.id, WAS_SENT, "she has it")
    # When it was tried it went, and not when somebody said so.
    assert (settled.state, settled.ended_at) == ("sent", tried_at)
    told = [each.outcome for each in outbox.attempts(first.id)]
    assert told == ["ambiguous", "resend", "ambiguous", "was_sent"]
    assert outbox.attempts(first.id)[-1].reply.endswith(": she has it")


@pytest.mark.parametrize("decision", [RESEND, WAS_SENT, BOUNCED])
def test_a_persons_word_is_taken_only_where_it_makes_sense(ledger, outbox, decision):
    """A mail in the queue is neither resent nor bounced."""
    mail = outbox.queue(addressed())
    with pytest.raises(ValueError, match="is queued"):
        decide(ledger, mail.id, decision, "")


def test_a_mail_that_came_back_may_be_sent_again(ledger, outbox):
    """As after any end that is known."""
    mail = ended(outbox, Accepted(250, "ok"))
    assert decide(ledger, mail.id, BOUNCED, "mailbox full").state == "bounced"
    assert decide(ledger, mail.id, RESEND, "emptied").state == "queued"


def test_a_resent_mail_says_nothing_of_the_last_time_but_that_it_was_tried(ledger, outbox):
    """Neither the old reply nor its code."""
    mail = ended(outbox, Rejected(550, "no such mailbox"))
    again = decide(ledger, mail.id, RESEND, "the relay was wrong")
    assert (again.reply_code, again.reply, again.attempts) == (None, None, 1)
    assert (again.data_at, again.ended_at) == (None, None)


def test_a_resent_mail_has_all_its_tries_again_and_keeps_their_count(ledger, outbox, clock):
    """A person who has seen to the cause asks for more than one further try."""
    mail = outbox.queue(addressed())

    def put_off():
        outbox.claim(mail.id, PDF)
        tried = outbox.record(mail.id, Deferred(450, "later"))
        clock.now = tried.next_try_at or clock.now
        return tried.state

    whole = ["deferred", "deferred", "deferred", "given_up"]
    assert [put_off() for _ in whole] == whole
    decide(ledger, mail.id, RESEND, "the relay has room again")
    assert [put_off() for _ in whole] == whole
    assert outbox.mails()[0].attempts == 8


def test_what_is_kept_back_or_cut_off_says_nothing_of_an_earlier_reply(outbox, clock):
    """The relay was not asked this time; what it said before stands among the attempts."""
    for client in ("kept", "cut", "replaced"):
        mail = claimed(outbox, client=client)
        outbox.record(mail.id, Deferred(450, "later"))
    clock.now += timedelta(minutes=5)
    outbox.refuse(addressed("kept"), ["oversize"])
    outbox.claim(outbox.find(addressed("cut").key).id, PDF)
    outbox.recover()
    outbox.queue(addressed("replaced", plan="f"))
    assert {(each.reply_code, each.reply) for each in outbox.mails()} == {(None, None)}
    kept = outbox.find(addressed("kept").key)
    assert [each.reply_code for each in outbox.attempts(kept.id)] == [450]


def test_only_a_mail_kept_back_as_a_repeat_is_sent_again_by_a_word(ledger, outbox):
    """Consent is nothing that a manager's word makes good."""
    kept = outbox.refuse(addressed(), ["no_email_consent?"])
    with pytest.raises(ValueError, match="not said of it"):
        decide(ledger, kept.id, SEND_AGAIN, "please")
    assert outbox.claim(kept.id, PDF) is None


def test_mails_are_listed_by_day_and_client(outbox):
    """In the order they were entered."""
    for client, as_of in [("lp-1", DAY), ("lp-2", DAY), ("lp-1", date(2026, 12, 1))]:
        outbox.queue(addressed(client, as_of=as_of, plan="a" if as_of == DAY else "c"))
    assert [mail.client for mail in outbox.mails(DAY)] == ["lp-1", "lp-2"]
    assert [mail.as_of.month for mail in outbox.mails(client="lp-1")] == [11, 12]
