"""Why a client's mail stays back, in words that are true and tell what to do."""

from __future__ import annotations

import shutil

import pytest

from reports.delivery.cases import Day, Look, cases_of, reason_words
from reports.delivery.outbox import Outbox
from reports.delivery.pace import Pace
from reports.delivery.parcel import Post
from reports.delivery.sending import Sender
from reports.delivery.settings import DRAFTS_ONLY
from tests.delivery.approved_book import AS_OF


def refusals(book, *clients, language="zh"):
    """Why the mails of clients stay back."""
    with book.ledger() as ledger:
        (case,) = cases_of(Look.at(ledger, Day(AS_OF, language, book.out)), clients)
        return case.refusals


@pytest.mark.parametrize(("asked", "code"), [("lp-1", "built_in_other"), ("lp-9", "no_plan")])
def test_what_is_not_there_leaves_nothing_in_the_outbox(book, asked, code):
    """And of a plan in the other language it is said how to ask for it."""
    book.add("lp-1", "lp-1@example.com")
    day, told = Day(AS_OF, "en", book.out), []
    with book.ledger() as ledger:
        look, box = Look.at(ledger, day), Outbox(ledger, DRAFTS_ONLY)
        sender = Sender(Post(day, DRAFTS_ONLY, None), look, box, Pace(10))
        report = sender.send(cases_of(look, [asked]), told.append)
        assert box.mails() == ()
    (refusal,) = told[0].refusals
    assert (report.exit_code, refusal.code) == (1, code)
    assert ("--language zh" in refusal.sentence("en")) == (code == "built_in_other")


def test_a_client_who_wants_paper_is_given_the_place_of_the_clean_copy(book):
    """Where it is to be printed from, and in no mail."""
    edits = [("  email: true", "  email: false")]
    book.add("lp-1", "lp-1@example.com", edits=edits)
    (refusal,) = refusals(book, "lp-1")
    copy = book.out / "vault" / str(AS_OF) / "lp-1" / "plan.pdf"
    assert copy.is_file()
    for language in ("zh", "en"):
        assert str(copy) in refusal.sentence(language)


def test_an_approval_for_a_mailbox_that_looks_alike_says_so(book):
    """The masks are the same, and the client file tells the two apart."""
    book.add("lp-1", "luo@example.com")
    text = book.client_file("lp-1").read_text("utf-8")
    text = text.replace("luo@example.com", "luo.new@example.com")
    book.client_file("lp-1").write_text(text, "utf-8")
    book.build("lp-1")
    (refusal,) = refusals(book, "lp-1")
    assert refusal.code == "approved_alike"
    assert "不是同一个" in refusal.sentence("zh")
    assert "delivery.email" in refusal.sentence("en")


def test_a_reason_entered_by_an_earlier_version_is_still_a_sentence():
    """It named less."""
    assert "当面交给客户" in reason_words("no_email_consent", "zh")
    assert "--language" in reason_words("other_language?files=", "zh")


def test_a_plan_that_the_other_language_has_replaced_is_pointed_to(book):
    """Building it anew would replace the one that stands."""
    book.add("lp-1", "lp-1@example.com")
    place = book.out / AS_OF.isoformat() / "lp-1" / "manifest.json"
    place.write_text(place.read_text("utf-8").replace('"language": "zh"', '"language": "en"'))
    (refusal,) = refusals(book, "lp-1")
    assert refusal.facts == {"other": "en"}
    assert "--language en" in refusal.sentence("zh")
    shutil.rmtree(place.parent)
