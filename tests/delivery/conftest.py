"""A real relay over TLS with AUTH, and a day's approved plans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import trustme

from tests.delivery.approved_book import ApprovedBook, example_plan
from tests.delivery.running_relay import RunningRelay


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = datetime(2026, 11, 23, 2, tzinfo=UTC)

    def __call__(self):
        """What it shows."""
        return self.now


@pytest.fixture(scope="session")
def trusted():
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture
def start_relay(tmp_path, trusted):
    """What starts relays, all with one mailbox; they end with the test."""
    started = []

    def start(*options, **more):
        started.append(RunningRelay(tmp_path / "relay", trusted, *options, **more))
        return started[-1]

    yield start
    for relay in started:
        relay.stop()


@pytest.fixture
def relay(start_relay):
    """A relay that offers STARTTLS and wants a login."""
    return start_relay()


@pytest.fixture
def clock():
    """The clock of ledger and outbox."""
    return Clock()


@pytest.fixture(scope="session")
def plan_text():
    """One household's plan as JSON."""
    return example_plan()


@pytest.fixture
def book(tmp_path, plan_text, clock):
    """A day without plans yet."""
    return ApprovedBook(tmp_path, plan_text, clock)
