"""A message goes to one mailbox over TLS, and it is known how far it came."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import trustme

from reports.delivery.smtp import (
    Accepted,
    Ambiguous,
    Deferred,
    Rejected,
    Relay,
    SetupFailure,
    UnreachableError,
    said,
)

SENDER = "advisor@bank.example"


def message(number=1, body="正文"):
    """A small letter, seven-bit."""
    text = body.encode("utf-7").decode("ascii")
    return f"Message-ID: <{number}@bank.example>\r\nSubject: plan\r\n\r\n{text}\r\n".encode()


class Began:
    """Counts how often a relay has waited for the message."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        """Once more."""
        self.times += 1


def sent(relay, recipient, **more):
    """What becomes of one message, and whether it was handed over."""
    began = Began()
    with Relay(relay.settings(**more)) as connection:
        result = connection.send(message(), SENDER, f"{recipient}@example.com", began)
    return result, began.times


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_message_arrives_over_tls_with_a_login(start_relay, security):
    """Either way of TLS, to the mailbox it was meant for, and the last reply is kept."""
    relay = start_relay("--security", security)
    result, began = sent(relay, "chen", security=security)
    assert result == Accepted(250, "2.0.0 queued")
    assert began == 1
    (mail,) = relay.mails()
    assert mail["X-Envelope-To"] == "chen@example.com"


def test_messages_share_a_connection_and_one_that_was_lost_is_made_again(relay):
    """After a relay has hung up, the next message goes over a new connection."""
    with Relay(relay.settings()) as connection:
        results = [
            connection.send(message(number), SENDER, f"{name}@example.com", Began())
            for number, name in enumerate(["one", "closed", "two", "rcpt550", "three"])
        ]
    kinds = [type(result) for result in results]
    assert kinds == [Accepted, Deferred, Accepted, Rejected, Accepted]
    assert len(relay.mails()) == 3


@pytest.mark.parametrize(
    ("recipient", "kind", "code", "handed_over"),
    [
        ("rcpt450", Deferred, 450, 0),
        ("rcpt550", Rejected, 550, 0),
        ("data451", Deferred, 451, 1),
        ("data554", Rejected, 554, 1),
        ("closed", Deferred, None, 0),
        ("silent", Deferred, None, 0),
        ("drop", Ambiguous, None, 1),
        ("lost", Ambiguous, None, 1),
        ("hang", Ambiguous, None, 1),
        ("nonsense", Ambiguous, None, 1),
    ],
)
def test_each_phase_has_its_own_end(relay, recipient, kind, code, handed_over):
    """4yz may be tried again, 5yz not, and silence after the message leaves it open."""
    result, began = sent(relay, recipient, timeout_seconds=1, final_timeout_seconds=1)
    assert (type(result), result.code, began) == (kind, code, handed_over)


@pytest.mark.parametrize(
    ("options", "more", "words"),
    [
        ({"issuer": trustme.CA()}, {}, "certificate"),
        ({"name": "elsewhere.example"}, {}, "certificate"),
        ({"security": "none"}, {}, "STARTTLS"),
        ({}, {"password": "wrong password"}, "login"),
        ({}, {"security": "tls"}, "port and security"),
    ],
    ids=["unknown authority", "another name", "no STARTTLS", "wrong password", "wrong way of TLS"],
)
def test_nothing_is_sent_where_relay_and_settings_do_not_fit(start_relay, options, more, words):
    """A certificate nobody vouches for, one of another host, no TLS, a refused login."""
    options = dict(options)
    flags = ["--security", options.pop("security")] if "security" in options else []
    relay = start_relay(*flags, **options)
    with pytest.raises(SetupFailure, match=words) as failure:
        sent(relay, "chen", **more)
    assert relay.mails() == []
    shown = str(failure.value) + failure.value.sentence("zh") + repr(failure.value.__context__)
    assert "password" not in shown.replace("login and password", "")
    assert failure.value.__cause__ is None or isinstance(failure.value.__cause__, ssl.SSLError)


def test_a_login_is_never_said_without_tls(start_relay):
    """Even to a relay that would take it in clear."""
    relay = start_relay("--security", "none", "--no-auth")
    with pytest.raises(SetupFailure, match="no STARTTLS"):
        sent(relay, "chen")


def test_a_relay_that_takes_no_mail_from_us_is_no_fault_of_a_mail(relay):
    """Its refusal of the sender stops everything and keeps its address out of the words."""
    with Relay(relay.settings()) as connection, pytest.raises(SetupFailure, match="553") as failure:
        connection.send(message(), "stranger@bank.example", "chen@example.com", Began())
    assert "stranger" not in str(failure.value)


def test_a_relay_that_is_away_may_be_back_later(relay):
    """Nobody listens, or somebody listens and says nothing."""
    relay.stop()
    with pytest.raises(UnreachableError, match="cannot be reached"):
        sent(relay, "chen")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(UnreachableError):
            sent(relay, "chen", port=port, timeout_seconds=1)


@pytest.mark.parametrize(
    ("greeting", "kind"), [("421 busy", UnreachableError), ("554 go away", SetupFailure)]
)
def test_a_greeting_that_refuses_is_told_by_its_code(relay, greeting, kind):
    """421 is for now, 554 for good."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            peer, _ = server.accept()
            with peer:
                peer.sendall(f"{greeting}\r\n".encode())

        answering = threading.Thread(target=greet)
        answering.start()
        with pytest.raises(kind):
            sent(relay, "chen", port=server.getsockname()[1])
        answering.join()


def test_a_message_is_not_sent_when_it_cannot_be_noted(relay):
    """If the note before the message fails, the relay is left without it."""

    def fail():
        raise OSError("disk full")

    with Relay(relay.settings()) as connection:
        with pytest.raises(OSError, match="disk full"):
            connection.send(message(), SENDER, "chen@example.com", fail)
        assert isinstance(
            connection.send(message(2), SENDER, "chen@example.com", Began()), Accepted
        )
    assert relay.message_ids() == ["<2@bank.example>"]


def test_a_line_of_one_dot_does_not_end_the_message(relay):
    """Nor do bare line ends smuggle a second message in."""
    smuggled = b"Subject: x\n\nfirst\n.\nMAIL FROM:<a@b.cn>\r.\r\nlast\n"
    with Relay(relay.settings()) as connection:
        connection.send(smuggled, SENDER, "chen@example.com", Began())
    (mail,) = relay.mails()
    assert mail.get_payload().split() == ["first", ".", "MAIL", "FROM:<a@b.cn>", ".", "last"]


def test_words_of_a_relay_are_kept_without_addresses_or_control_characters(relay):
    """A line of at most 200 characters."""
    result, _ = sent(relay, "rcpt450")
    assert result.reply == "4.2.0 <r***@e***.com>: not so fast"
    assert (
        said(b"\x00a\r\nb\xff " + b"x" * 500) == ("a b\N{REPLACEMENT CHARACTER} " + "x" * 500)[:200]
    )


@pytest.mark.parametrize(
    "order",
    [
        "\x1b[31m", "\x1b[1;31m", "\x1b[2J", "\x1b[?25l", "\x9b31m", "\x1b]0;title\x07",
        "\x1b]8;;http://evil.example\x1b\\", "\x1bM", "\x1b", "\x07", "\x1b[\x1b[31m",
    ],
)  # fmt: skip
def test_orders_to_a_terminal_leave_nothing_behind(order):
    """Not even the signs that follow the first one, which would read like words."""
    assert said(f"busy{order} now".encode()) == "busy now"


@pytest.mark.parametrize(
    "recipient",
    [
        "a@example.com,b@example.com",
        "Chen <chen@example.com>",
        "chen@example.com\r\nRCPT TO:<x@example.com>",
        "chen@EXAMPLE.com",
        "chen@例子.cn",
        "",
    ],
)
def test_only_one_mailbox_as_the_wire_needs_it_is_written_to(relay, recipient):
    """Lists, names and line ends are refused before anything is said."""
    with Relay(relay.settings()) as connection, pytest.raises(ValueError, match=r"mailbox|wire"):
        connection.send(message(), SENDER, recipient, Began())
    assert relay.mails() == []
