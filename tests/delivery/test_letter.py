"""The mail carries a locked plan and its days, and tells the relay as little as can be."""

from __future__ import annotations

import email
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.policy import default
from html.parser import HTMLParser

import pikepdf
import pytest

from planning.household.profile import Advisor
from reports.delivery.letter import Envelope, LetterFacts, letter
from reports.delivery.protect import encrypted
from reports.delivery.recipient import Recipient
from reports.narrative.wording import wording_problems
from reports.render.calendar import discreet_calendar
from reports.theme.errors import PublishError
from tests.conftest import AS_OF, path_of, plan_of

PASSWORD = "3ac7-hkmp-w9ty-4def-nrx3"
ADDRESS = "luo@example.com"
MESSAGE_ID = f"<{'0123456789abcdef' * 4}@mail.bank.example>"
ENVELOPE = Envelope(
    sender="plans@bank.example",
    sender_name="示例银行厦门思明支行",
    recipient=Recipient(ADDRESS),
    sent_at=datetime(2026, 11, 26, 9, 30, tzinfo=timezone(timedelta(hours=8))),
    message_id=MESSAGE_ID,
    reply_to="advisor@bank.example",
)


@pytest.fixture(scope="module")
def locked():
    """A page that opens with `PASSWORD`."""
    clear = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(clear)
    return encrypted(clear.getvalue(), PASSWORD)


@pytest.fixture(scope="module", params=["zh", "en"])
def facts(request, locked):
    """The facts of the quickest example's letter, in each language."""
    return LetterFacts.of(plan_of(path_of(8)), request.param, locked, ENVELOPE)


def received(facts):
    """The letter as a mail program reads it."""
    return email.message_from_bytes(letter(facts).as_bytes(), policy=default)


def texts(message):
    """Plain and HTML form."""
    return [message.get_body((kind,)).get_content() for kind in ("plain", "html")]


class Shown(HTMLParser):
    """What a page shows, and the tags it does it with."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note a tag with its attributes."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        """Note words."""
        self.words.append(data)


def test_the_letter_has_two_forms_and_two_files(facts):
    """Text beside HTML, both in UTF-8; the plan and the calendar under ASCII names."""
    message = received(facts)
    assert message.get_content_type() == "multipart/mixed"
    body, *attached = message.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    forms = [(part.get_content_type(), part.get_content_charset()) for part in body.iter_parts()]
    assert forms == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    files = {part.get_filename(): part for part in attached}
    assert [part.get_content_disposition() for part in attached] == ["attachment"] * 2
    assert [part.get_content_type() for part in attached] == ["application/pdf", "text/calendar"]
    plan, days = files.values()
    assert list(files) == [
        "plan-example-08-first-loan-2026-11-22.pdf",
        "reviews-example-08-first-loan.ics",
    ]
    assert plan.get_content() == facts.pdf
    assert days.get_payload(decode=True) == discreet_calendar(
        plan_of(path_of(8)), facts.language, ENVELOPE.sent_at.date()
    )


def test_headers_say_who_when_and_in_what_language(facts):
    """Chinese ones decode; answering machines are told to be quiet."""
    message = received(facts)
    assert str(message["From"]) == "示例银行厦门思明支行 <plans@bank.example>"
    assert (str(message["To"]), str(message["Reply-To"])) == (ADDRESS, "advisor@bank.example")
    assert message["Date"].datetime == ENVELOPE.sent_at
    assert str(message["Message-ID"]) == MESSAGE_ID
    assert str(message["Auto-Submitted"]) == "auto-generated"
    chinese = facts.language == "zh"
    assert str(message["Content-Language"]) == ("zh-CN" if chinese else "en")
    assert str(message["Subject"]) == (
        "负债规划书 example-08-first-loan（2026年11月22日）"
        if chinese
        else "Liability plan example-08-first-loan (22 Nov 2026)"
    )
    assert len(message.get_all("To")) == 1
    assert not {"Cc", "Bcc"} & set(message.keys())


def test_headers_and_file_names_have_no_name_of_the_client(facts):
    """They are what logs keep."""
    message = received(facts)
    heads = [str(value) for part in message.walk() for value in part.values()]
    assert not [head for head in heads if "罗" in head]
    assert b"filename*" not in letter(facts).as_bytes()


def test_the_letter_tells_days_and_whom_to_call_and_no_figure(facts):
    """Every digit belongs to a day, the reference or a telephone number."""
    plan = plan_of(path_of(8))
    for text in texts(received(facts)):
        shown = " ".join(Shown(text).words) if "<html" in text else text
        for word in (facts.name, facts.advisor.name, facts.advisor.contact, facts.plan_name):
            assert word in shown
        assert ("2027年2月22日" if facts.language == "zh" else "22 Feb 2027") in shown
        for known in (facts.plan_name, facts.days_name, facts.advisor.contact, plan.client):
            shown = shown.replace(known, "")
        days = r"\d{4}年\d+月\d+日|\d+ [A-Z][a-z]{2} \d{4}"
        assert not re.search(r"\d", re.sub(days, "", shown))
        assert not [debt for debt in plan.debts if debt.lender in shown]
        assert PASSWORD not in text


def test_the_letter_promises_nothing(facts):
    """As no other words of ours do."""
    for text in texts(received(facts)):
        assert [found for each in ("zh", "en") for found in wording_problems(text, each)] == []


def test_both_forms_say_the_same(facts):
    """Word for word, but for the marks of a list and of a signature."""
    plain, page = texts(received(facts))
    title = str(received(facts)["Subject"])
    seen = re.sub(r"\s", "", "".join(Shown(page).words)).removeprefix(re.sub(r"\s", "", title))
    unmarked = re.sub(r"(?m)^-- ?\r?$|^- ", "", plain)
    assert seen == re.sub(r"\s", "", unmarked)


def test_the_page_asks_nobody_for_anything(facts):
    """No link, picture, script or form: whoever adds one is not us."""
    page = texts(received(facts))[1]
    shown = Shown(page)
    assert {tag for tag, _ in shown.tags} <= {
        "html", "head", "meta", "title", "body", "div", "p", "ul", "li", "strong",
    }  # fmt: skip
    assert not {"href", "src", "onload"} & {name for _, attrs in shown.tags for name in attrs}
    assert "url(" not in page
    assert "://" not in page


def test_words_follow_what_is_known(facts):
    """Nobody is told to reply where nobody reads, to call a number that is not there."""
    bare = replace(
        facts,
        advisor=Advisor(name="苏航", institution="示例银行"),
        review_on=None,
        envelope=replace(ENVELOPE, reply_to=""),
    )
    assert "Reply-To" not in received(bare)
    for with_all, without in zip(texts(received(facts)), texts(received(bare)), strict=True):
        assert "None" not in without
        assert re.search("回这封信|reply to this letter", with_all)
        assert not re.search("回这封信|reply to this letter", without)
        assert not re.search("下次一起看|together again", without)
        assert re.search("请随时告诉我们。|tell us when it happens.", without)
    assert "\n\n\n" not in texts(received(bare))[0].replace("\r\n", "\n")


@pytest.mark.parametrize("days_later", [0, 91, 92, 93, 20_000])
def test_a_letter_written_late_speaks_of_no_day_that_is_past(locked, facts, days_later):
    """Neither in its words nor in its calendar, which stays away where no day is left."""
    plan = plan_of(path_of(8))
    sent_at = datetime(2026, 11, 22, 4, tzinfo=UTC) + timedelta(days=days_later)
    envelope = replace(ENVELOPE, sent_at=sent_at)
    late = LetterFacts.of(plan, facts.language, locked, envelope)
    message = received(late)
    ahead = [review for review in plan.reviews if review.due_on > sent_at.date()]
    meets = [review.due_on for review in ahead if review.code == "follow_up"]
    assert late.review_on == (meets[0] if meets else None)
    _, *calendars = message.iter_attachments()
    assert len(calendars) == bool(ahead)
    for text in texts(message):
        assert ("2027年2月22日" in text or "22 Feb 2027" in text) == bool(meets)
        assert (late.days_name in text) == bool(ahead)
        assert bool(re.search("附件有两个|Two files", text)) == bool(ahead)
        assert "None" not in text
    assert "\n\n\n" not in texts(message)[0].replace("\r\n", "\n")


def test_client_text_is_data(facts):
    """It is shown as it stands, in either form, and starts no sentence of its own."""
    hostile = '<script>alert(1)</script>{client}{{ 7 * 7 }}&"'
    plain, page = texts(received(replace(facts, name=hostile)))
    assert hostile in plain
    assert "<script" not in page
    assert hostile in "".join(Shown(page).words)


@pytest.mark.parametrize(
    "name",
    [
        "http://evil.example/x", "HTTPS:evil", "www.evil.example", "evil.example/x",
        "ｗｗｗ．evil．example", "thief@evil.example", "罗女士 evil.com", "EVIL.COM", "Evil.Com",
    ],
)  # fmt: skip
def test_a_name_that_would_become_a_link_greets_nobody(facts, name):
    """Mail programs make links of text; nobody is to follow one out of our letter."""
    for text in texts(received(replace(facts, name=name))):
        assert "evil" not in text.lower()
        assert ("客户，您好" if facts.language == "zh" else "Dear client,") in text


@pytest.mark.parametrize("name", ["罗女士", "Mr.Smith", "J.R.R.Tolkien", "Ms. Luo", "O'Neil: A."])
def test_ordinary_names_are_greeted(facts, name):
    """Full stops are part of some."""
    assert name in texts(received(replace(facts, name=name)))[0]


def test_the_letter_fits_a_password_agreed_on_before_and_one_that_is_still_to_come(facts):
    """It does not promise a call that never comes."""
    plain = texts(received(facts))[0]
    agreed, to_come = ("约定", "打电话") if facts.language == "zh" else ("agreed on", "telephone")
    assert plain.index(agreed) < plain.index(to_come)


@pytest.mark.parametrize(
    "changed",
    [
        {"sender_name": "Bank\r\nBcc: thief@example.org"},
        {"sender_name": "Bank\nX: y"},
        {"sender": "plans@bank.example\r\nBcc: thief@example.org"},
        {"sender": "plans@bank.example, thief@example.org"},
        {"reply_to": "advisor@bank.example>, <thief@example.org"},
        {"message_id": "<a@b>\r\nBcc: thief@example.org"},
        {"message_id": "<a b@c>"},
        {"message_id": "none"},
        {"sent_at": datetime(2026, 11, 26, 9, 30)},  # noqa: DTZ001  a moment nobody can place
    ],
)
def test_no_header_can_become_two(facts, changed):
    """Refused, and not repeated."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the message is looked at below
        letter(replace(facts, envelope=replace(ENVELOPE, **changed)))
    assert "thief" not in str(refused.value)


@pytest.mark.parametrize("client", ["a\r\nBcc: x@example.org", "../etc", "罗女士", "A", 'a";x="'])
def test_a_reference_that_is_none_names_no_file(facts, client):
    """It stands in the subject and in the names of files."""
    with pytest.raises(ValueError, match="reference"):
        letter(replace(facts, client=client))


def test_a_plan_that_opens_for_everybody_is_never_attached(facts):
    """Nor what is no PDF."""
    clear = io.BytesIO()
    with pikepdf.open(io.BytesIO(facts.pdf), password=PASSWORD) as document:
        document.save(clear)
    for pdf in (clear.getvalue(), b"", b"%PDF-1.7"):
        with pytest.raises(PublishError, match="without a password"):
            letter(replace(facts, pdf=pdf))


def test_it_survives_every_relay(facts):
    """RFC 5321: seven bits, lines of at most 998 octets; the longest reference still fits."""
    long = replace(facts, client="x" * 40)
    raw = letter(long).as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    names = [part.get_filename() for part in received(long).iter_attachments()]
    assert names == [f"plan-{'x' * 40}-{AS_OF}.pdf", f"reviews-{'x' * 40}.ics"]


def test_a_letter_shows_no_address_in_a_log(facts):
    """Its facts can be printed when something goes wrong."""
    utc = replace(ENVELOPE, sent_at=ENVELOPE.sent_at.astimezone(UTC))
    assert ADDRESS not in repr(replace(facts, envelope=utc))
