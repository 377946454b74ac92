"""A relay that answers oddly or without end is left, and it is known how far a mail came."""

from __future__ import annotations

import random

import pytest

from reports.delivery.settings import MailSettings
from reports.delivery.smtp import (
    Accepted,
    Ambiguous,
    Deferred,
    Rejected,
    Relay,
    RelayError,
    SetupFailure,
    UnreachableError,
)
from tests.delivery.odd_relay import OddRelay, dripping

SENDER, RECIPIENT = "plans@bank.example", "luo.min@example.com"
LETTER = b"Subject: plan\r\n\r\ntext\r\n"


@pytest.fixture
def odd(tmp_path, trusted):
    """What starts such relays; they end with the test."""
    started = []

    def start(**answers):
        started.append(OddRelay(trusted, tmp_path, **answers))
        return started[-1]

    yield start
    for relay in started:
        relay.stop()


def settings_of(relay, **more):
    """Settings that fit a relay, but for what is said."""
    fitting = {
        "port": relay.port,
        "login": "planner",
        "password": "correct horse",
        "ca_file": relay.authority,
        "timeout_seconds": 5,
        "final_timeout_seconds": 5,
    }
    return MailSettings("localhost", SENDER, "bank.example", **(fitting | more))


def sent(relay, letter=LETTER, **more):
    """What becomes of a letter, and how often the relay was said to wait for it."""
    began = []
    with Relay(settings_of(relay, **more)) as connection:
        return connection.send(letter, SENDER, RECIPIENT, lambda: began.append(1)), len(began)


def test_a_relay_that_behaves_takes_a_letter(odd):
    """So that what follows is the odd answers' doing."""
    relay = odd()
    assert sent(relay) == (Accepted(250, "2.0.0 queued"), 1)
    assert relay.messages == 1


DRIP = b"250 2.0.0 all is well, all is well, all is well\r\n"
HANDSHAKE = b"\x16\x03\x03\x00\x7a" + bytes(0x7A)
"""The beginning of a record of TLS."""
CODES = {"banner": b"220", "auth": b"235"}


@pytest.mark.parametrize("stage", ["banner", "handshake", "ehlo_tls", "auth"])
def test_patience_with_a_relay_is_for_a_whole_reply(odd, stage):
    """A byte now and then does not hold the sender: the relay counts as away."""
    drip = HANDSHAKE if stage == "handshake" else DRIP.replace(b"250", CODES.get(stage, b"250"))
    relay = odd(**{stage: lambda: dripping(drip)})
    with pytest.raises(UnreachableError, match="cannot be reached"):
        sent(relay, timeout_seconds=1)


@pytest.mark.parametrize("stage", ["mail", "data"])
def test_a_dripping_reply_before_the_message_puts_it_off(odd, stage):
    """The relay has nothing."""
    relay = odd(**{stage: lambda: dripping(DRIP)})
    assert sent(relay, timeout_seconds=1) == (Deferred(None, "lost_before"), 0)


def test_a_dripping_reply_after_the_message_leaves_it_open(odd):
    """Whatever it would have been in the end."""
    relay = odd(message=lambda: dripping(DRIP))
    assert sent(relay, final_timeout_seconds=1) == (Ambiguous("lost_during"), 1)
    assert relay.messages == 1


def test_a_message_that_is_taken_too_slowly_is_left(odd):
    """Each piece is in time and the whole is not."""
    relay = odd(is_slow=True)
    letter = LETTER + (b"x" * 1000 + b"\r\n") * 15_000
    result, began = sent(relay, letter, final_timeout_seconds=2)
    assert (result, began, relay.messages) == (Ambiguous("lost_during"), 1, 0)


def lines_without_end(code):
    """More lines than any reply has, and an end nobody waits for."""
    for _ in range(400):
        yield (code + b"-more\r\n") * 100
    yield code + b" done\r\n"


def line_without_end(code):
    """One line of some megabytes."""
    yield code + b" "
    for _ in range(400):
        yield b"x" * 10_000
    yield b"\r\n"


@pytest.mark.parametrize("endless", [lines_without_end, line_without_end])
def test_a_reply_without_end_is_not_read_to_its_end(odd, endless):
    """Before the relay is ready it makes no sense; then it puts a mail off, or leaves it open."""
    for stage, code in (("banner", b"220"), ("ehlo", b"250"), ("ehlo_tls", b"250")):
        with pytest.raises(UnreachableError, match="no sensible answer"):
            sent(odd(**{stage: lambda code=code: endless(code)}))
    before = odd(rcpt=lambda: endless(b"250"))
    assert sent(before) == (Deferred(None, "endless"), 0)
    after = odd(message=lambda: endless(b"250"))
    assert sent(after) == (Ambiguous("endless"), 1)


@pytest.mark.parametrize("methods", [b"PLAIN LOGIN", b"LOGIN", b"CRAM-MD5"])
@pytest.mark.parametrize("challenge", [b"334 abc", b"334 \xff\xfe", b"334", b"250 ok", b"login?"])
def test_an_odd_answer_to_the_login_is_a_refused_one(odd, methods, challenge):
    """A challenge that is no base64, one after the other, a yes that is none."""
    greeting = b"250-odd.test\r\n250 AUTH " + methods + b"\r\n"
    relay = odd(ehlo_tls=greeting, auth=challenge + b"\r\n", challenge=challenge + b"\r\n")
    with pytest.raises(SetupFailure, match=r"does not accept the login; ") as failure:
        sent(relay)
    assert "horse" not in repr(failure.value.__context__)


@pytest.mark.parametrize(
    ("stage", "answer", "kind", "zh", "en"),
    [
        ("starttls", "454 not available", UnreachableError, "暂时不接受邮件（454）", r"\(454\)"),
        ("starttls", "501 no", SetupFailure, "拒绝了连接（501）", r"refuses .*\(501\)"),
        ("starttls", "250 ok", UnreachableError, "答复看不懂", "no sensible answer"),
        ("starttls", "220 go\r\n250 in clear", UnreachableError, "没有应答", "not answer"),
        ("banner", "", UnreachableError, "答复看不懂", "no sensible answer"),
        ("banner", "SSH-2.0-OpenSSH", UnreachableError, "答复看不懂", "no sensible answer"),
        ("banner", "220-one\r\n554 two", UnreachableError, "答复看不懂", "no sensible answer"),
        ("ehlo", "", UnreachableError, "答复看不懂", "no sensible answer"),
        ("ehlo", "252 perhaps", UnreachableError, "答复看不懂", "no sensible answer"),
        ("ehlo", "220 once more", UnreachableError, "答复看不懂", "no sensible answer"),
        ("ehlo_tls", "what?", UnreachableError, "答复看不懂", "no sensible answer"),
        ("auth", "454 not now", UnreachableError, "暂时不接受邮件（454）", r"\(454\)"),
    ],
)
def test_a_relay_that_is_not_ready_is_told_by_what_it_says(odd, stage, answer, kind, zh, en):
    """For now, for good, or not at all; words in clear before TLS are not believed."""
    relay = odd(**{stage: f"{answer}\r\n".encode()})
    with pytest.raises(kind, match=en) as failure:
        sent(relay)
    assert zh in failure.value.sentence("zh")
    assert "-1" not in failure.value.sentence("zh")


def test_a_host_that_cannot_be_one_is_said():
    """Where the standard library has no socket error for it."""
    settings = MailSettings("1..2", SENDER, "bank.example", timeout_seconds=1)
    with Relay(settings) as connection, pytest.raises(UnreachableError, match="check the network"):
        connection.open()


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    "answer", ["hello", "221 goodbye", "354 go\r\n250 queued", "250-a\r\n550 b"]
)
def test_an_odd_answer_before_the_message_ends_the_connection(odd, stage, answer):
    """The mail is put off with nothing sent: the next answer could be to the last question."""
    relay = odd(**{stage: f"{answer}\r\n".encode()})
    with Relay(settings_of(relay)) as connection:
        result = connection.send(LETTER, SENDER, RECIPIENT, pytest.fail)
        assert (type(result), result.code, relay.messages) == (Deferred, None, 0)
        del relay.answers[stage]
        assert isinstance(connection.send(LETTER, SENDER, RECIPIENT, list), Accepted)
    assert relay.connections == 2


@pytest.mark.parametrize(
    "answer", ["", "hello", "221 goodbye", "354 go", "250-a\r\n550 b", "550-a\r\n250 b", "2500 x"]
)
def test_an_odd_answer_after_the_message_leaves_it_open(odd, answer):
    """It may have been taken; the next mail goes over another connection."""
    relay = odd(message=f"{answer}\r\n".encode())
    with Relay(settings_of(relay)) as connection:
        result = connection.send(LETTER, SENDER, RECIPIENT, list)
        assert isinstance(result, Ambiguous)
        assert result.reply.startswith("no_sense: ")
        del relay.answers["message"]
        assert isinstance(connection.send(LETTER, SENDER, RECIPIENT, list), Accepted)


@pytest.mark.parametrize(("stage", "kind"), [("rcpt", Rejected), ("message", Rejected)])
def test_a_refusal_names_neither_recipient_nor_sender(odd, stage, kind):
    """However the relay writes them."""
    said = (
        b"550 luo.min: try luo.min=40example.com or <luo.min AT example.com> 13800138000 plans\r\n"
    )
    result, _ = sent(odd(**{stage: said}))
    words = "l***: try l***@e***.com or <l***@e***.com> 138******00 p***"
    assert result == kind(550, words)


BEFORE_A_MAIL = ("banner", "ehlo", "starttls", "handshake", "ehlo_tls", "auth", "challenge")
STAGES = (*BEFORE_A_MAIL, "mail", "rcpt", "data", "message")
BEGINNINGS = (b"", b"2", b"25", b"250-", b"334 ", b"354-", b"999 ", b"25\xb2 ", b"221 ", b"\r\n")


def noise(chance):
    """Bytes that look more or less like a reply."""
    ends = chance.choice((b"", b"\n", b"\r\n", b"\r\n250 ok\r\n"))
    return chance.choice(BEGINNINGS) + chance.randbytes(chance.randrange(40)) + ends


def outcome(relay):
    """What becomes of a letter, or why none can be sent."""
    try:
        result, began = sent(relay)
    except RelayError as error:
        return error, 0
    return result, began


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_a_relay_answers_has_an_outcome(odd, stage):
    """After noise at a stage no mail is lost, none is called sent, and nothing else happens."""
    chance = random.Random(stage)
    expected = RelayError if stage in BEFORE_A_MAIL else Deferred
    for _ in range(20):
        answers = {"auth": b"334 dXNlcg==\r\n"} if stage == "challenge" else {}
        relay = odd(hangs_up_after=stage, **answers | {stage: noise(chance)})
        result, began = outcome(relay)
        is_late = stage == "message"
        assert isinstance(result, Ambiguous if is_late else expected)
        assert began == relay.messages == is_late
