"""Senders in processes of their own, killed at random, and what they leave looked at."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time

from typer.testing import CliRunner

from reports.delivery.decisions import RESEND, WAS_SENT, decide
from reports.delivery.mail_commands import register
from reports.delivery.outbox import Outbox
from reports.delivery.settings import DRAFTS_ONLY
from tests.delivery.approved_book import AS_OF


class PostOffice:
    """
    Sends a book's mails to a relay with ``planner mail --send``.

    Each sender is forked from this process: it need not import anything before it can be killed.
    """

    def __init__(self, book, relay, settings):
        self.book, self.relay = book, relay
        sheet = settings.with_name("sheet.csv")
        self.command = [
            *("mail", "--send", "--as-of", str(AS_OF), "--out", str(book.out)),
            *("--settings", str(settings), "--password-sheet", str(sheet)),
        ]

    def start(self):
        """A sender."""
        sender = multiprocessing.get_context("fork").Process(target=self._send)
        sender.start()
        return sender

    def _send(self):
        import typer

        app = typer.Typer()
        register(app)
        app.command()(lambda: None)
        ended = CliRunner().invoke(app, self.command)
        os._exit(ended.exit_code if ended.exception is None or ended.exit_code < 3 else 3)

    def run(self):
        """A sender that is left alone; its exit code."""
        sender = self.start()
        sender.join(120)
        return sender.exitcode

    def kill_one(self, chance):
        """A sender that is killed some time after its first, second or third mail."""
        seen = self.relay.count() + chance.randrange(3)
        sender = self.start()
        while self.relay.count() <= seen and sender.is_alive():
            time.sleep(0.001)
        time.sleep(chance.random() * 0.05)
        if sender.is_alive():
            os.kill(sender.pid, signal.SIGKILL)
        sender.join()
        return sender.exitcode == -signal.SIGKILL

    def kill_when(self, is_time):
        """A sender that is killed as soon as something is true."""
        sender = self.start()
        while not is_time() and sender.is_alive():
            time.sleep(0.001)
        os.kill(sender.pid, signal.SIGKILL)
        sender.join()
        assert sender.exitcode == -signal.SIGKILL

    def states(self):
        """State and Message-ID of each mail."""
        with self.book.ledger() as ledger:
            return [(m.state, m.message_id) for m in Outbox(ledger, DRAFTS_ONLY).mails()]

    def require_truth(self):
        """Nothing arrived twice, and a state that is certain is right."""
        arrived = self.relay.message_ids()
        assert len(set(arrived)) == len(arrived)
        for state, message_id in self.states():
            if state == "sent":
                assert message_id in arrived
            if state == "queued":
                assert message_id not in arrived

    def settle(self):
        """A person asks about each unclear mail and says what they hear."""
        arrived = self.relay.message_ids()
        with self.book.ledger() as ledger:
            unclear = [
                mail for mail in Outbox(ledger, DRAFTS_ONLY).mails() if mail.state == "ambiguous"
            ]
            for mail in unclear:
                word = WAS_SENT if mail.message_id in arrived else RESEND
                decide(ledger, mail.id, word, "asked")
        return len(unclear)


def killed_and_finished(post, kills, seed):
    """Kill senders, then let one finish; how many were killed, and how many mails were unclear."""
    chance = random.Random(seed)
    killed = 0
    for _ in range(kills):
        killed += post.kill_one(chance)
        post.require_truth()
    post.run()
    post.require_truth()
    assert {state for state, _ in post.states()} <= {"sent", "ambiguous"}
    unclear = post.settle()
    assert post.run() == 0
    post.require_truth()
    assert {state for state, _ in post.states()} == {"sent"}
    assert sorted(post.relay.message_ids()) == sorted(each for _, each in post.states())
    return killed, unclear
