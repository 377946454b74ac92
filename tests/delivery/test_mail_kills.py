"""A sender killed at any moment leaves no mail sent twice, lost, or called what it is not."""

from __future__ import annotations

from reports.delivery.outbox import Outbox
from reports.delivery.settings import DRAFTS_ONLY
from tests.delivery.post_office import PostOffice, killed_and_finished

CLIENTS, KILLS = 8, 3


def test_a_sender_killed_at_random_sends_nothing_twice_and_loses_nothing(book, relay, tmp_path):
    """Killed three times, then left alone, then asked about what is unclear."""
    for number in range(CLIENTS):
        book.add(f"lp-{number}", f"slow-{number}@example.com")
    post = PostOffice(book, relay, relay.settings_file(tmp_path / "delivery.toml"))
    killed, _ = killed_and_finished(post, KILLS, seed=7)
    assert killed >= 2
    assert relay.count() == CLIENTS


def test_a_sender_killed_after_the_message_leaves_it_to_a_person(book, relay, tmp_path):
    """The relay has it and has not said so; no later run sends it again."""
    book.add("lp-1", "hang-1@example.com")
    settings = relay.settings_file(tmp_path / "delivery.toml", final_timeout_seconds=60)
    post = PostOffice(book, relay, settings)
    post.kill_when(lambda: relay.count() == 1)
    assert [state for state, _ in post.states()] == ["sending"]
    assert post.run() == 1
    assert [state for state, _ in post.states()] == ["ambiguous"]
    assert relay.count() == 1


def test_a_sender_killed_before_the_message_has_sent_nothing(book, relay, tmp_path):
    """The relay was only told whom it is for, so the next run tries again."""
    book.add("lp-1", "silent-1@example.com")
    post = PostOffice(book, relay, relay.settings_file(tmp_path / "delivery.toml"))
    post.kill_when(lambda: [state for state, _ in post.states()] == ["sending"])
    relay.settings_file(tmp_path / "delivery.toml", timeout_seconds=1)
    assert post.run() == 1
    assert [state for state, _ in post.states()] == ["deferred"]
    with book.ledger() as ledger:
        (mail,) = Outbox(ledger, DRAFTS_ONLY).mails()
        told = [each.outcome for each in Outbox(ledger, DRAFTS_ONLY).attempts(mail.id)]
    assert told == ["cut_off", "deferred"]
