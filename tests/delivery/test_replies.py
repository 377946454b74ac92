"""What a relay says is kept without whom it names."""

from __future__ import annotations

import base64
import time

import pytest

from reports.delivery.replies import LONGEST_REPLY, said

MAILBOX = "luo.min@example.com"


@pytest.mark.parametrize(
    "written",
    [
        "luo.min@example.com",
        "LUO.Min@Example.COM",
        "luo.min",
        "Luo Min",
        "luomin",
        "luo_min",
        "luo.min=40example.com",
        "bounce+luo.min=example.com@lists.cn",
        "SRS0=ab=TT=example.com=luo.min@forward.cn",
        "luo.min AT example.com",
        "luo.min (at) example (dot) com",
        "luo.min[at]example[dot]com",
        "luo.min＠example.com",
        "luo.min&#64;example.com",
        "luo%2Emin%40example.com",
        "rfc822;luo+2Emin+40example.com",
        "=6C=75=6F=2E=6D=69=6E=40example.com",
        "https://help.cn/?for=bHVvLm1pbkBleGFtcGxlLmNvbQ==",
        "https://help.cn/?for=" + base64.b64encode(b"to LUO.MIN").decode(),
        "lu\x1b[1mo.mi\x1b[0mn",
    ],
)
def test_a_mailbox_is_masked_however_a_relay_writes_it(written):
    """As an address, as bounces write one, as a page's, as a name, and the local part alone."""
    kept = said(f"5.1.1 <{written}>: no such user".encode(), MAILBOX)
    assert "5.1.1" in kept
    assert kept.endswith("no such user") or "://" in written
    assert "l***" in kept or "@" in kept
    for part in ("luo", "min", "bHVv", base64.b64encode(b"to LUO.MIN").decode(), "=6C"):
        assert part.lower() not in kept.lower()


@pytest.mark.parametrize(
    ("mailbox", "reply", "kept"),
    [
        ("13800138000@qq.com", "13800138000=40qq.com", "1***@q***.com"),
        ("13800138000@qq.com", "mailbox 138-0013-8000 full", "mailbox 1*** full"),
        ("12345678@qq.com", "12345678: unknown", "1***: unknown"),
        ("luo+bank@a.cn", "luo: unknown", "l***: unknown"),
        ("li@a.cn", "li: not on the list", "l***: not on the list"),
        ("li@a.cn", "try =3Dli=40a.cn", "try l***@a***.cn"),
        ("_@a.cn", "_@a.cn: unknown", "_***@a***.cn: unknown"),
    ],
)
def test_a_local_part_is_masked_by_itself(mailbox, reply, kept):
    """A telephone number, one of an account, without its tag; a short one not within words."""
    assert said(reply.encode(), mailbox) == kept


def test_numbers_of_people_are_masked():
    """A mobile's and an identity card's, with the recipient's beside them."""
    reply = b"greylisted 13800138000 11010519491231002X for luo.min, again +86 138 0013 8000"
    kept = said(reply, MAILBOX)
    assert kept == "greylisted 138******00 110*************2X for l***, again +86 ***********00"


def test_what_tells_one_mail_from_another_stays():
    """Codes, a queue's number and the page that explains a refusal."""
    reply = b"2.0.0 Ok: queued as 4Zx9Qk1vTTz4x5B https://help.cn/mail/?p=NoSuchUser t=1763451234"
    assert said(reply, MAILBOX, "plans@bank.example") == reply.decode()


def test_a_number_that_the_limit_halves_is_not_kept():
    """Wherever a long reply is cut, and however short what comes before becomes by masking."""
    for filling in range(3950, 4010):
        reply = b"a" * (filling - 8) + b"@a.cn 13800138000 luo.min x" + b" y" * 300
        kept = said(reply, MAILBOX)
        assert "13800" not in kept
        assert "luo" not in kept
        assert len(kept) <= LONGEST_REPLY


@pytest.mark.parametrize("signs", [b"a", b"a@", b"1 ", b"=40", b"luo.", b"\x1b]", b"l=2E", b"QUJD"])
def test_a_reply_made_to_be_slow_is_read_at_once(signs):
    """Processor time of a second would be fifty times what any of them takes."""
    began = time.process_time()
    said(signs * 8000, MAILBOX, "a.b.c.d.e.f.g.h.i.j.k.l.m@example.com")
    assert time.process_time() - began < 10


@pytest.mark.parametrize("number", range(40))
def test_any_bytes_become_a_line(number):
    """Printable, short, and none of them is an error."""
    import random

    reply = random.Random(number).randbytes(number * 20)
    for form in (reply, base64.b64encode(reply)[number % 4 :], reply.hex("=").encode()):
        kept = said(form, MAILBOX, "_@a.cn")
        assert kept.isprintable()
        assert len(kept) <= LONGEST_REPLY
