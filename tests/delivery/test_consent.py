"""A plan goes out by mail only where the household has agreed to that, and the reasons are told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import get_args

import pytest

from planning.household.profile import Consents
from reports.delivery.consent import Refusal, RefusalCode, consent_refusals
from reports.delivery.recipient import recipient_of
from tests.conftest import AS_OF, inputs_of, path_of

AGREED = {"plan_document": True, "email": True, "given_on": AS_OF, "ends_on": AS_OF}


def household(number=8, **consents):
    """An example household with consents of its own."""
    stated = inputs_of(path_of(number)).household
    return stated.model_copy(update={"consents": Consents(**(AGREED | consents))})


def codes(household, on=AS_OF):
    """The codes of what is in the way."""
    return [refusal.code for refusal in consent_refusals(household, on)]


def test_a_consent_holds_from_its_first_day_to_its_last():
    """Both days count, the ones around them do not."""
    assert codes(household()) == []
    assert codes(household(), AS_OF - timedelta(days=1)) == ["consent_to_come"]
    assert codes(household(), AS_OF + timedelta(days=1)) == ["consent_ended"]
    assert codes(household(ends_on=None), date(2099, 1, 1)) == []


def test_every_reason_is_told_at_once():
    """A manager mends the file once, not reason by reason."""
    nothing = household(plan_document=False, email=False, ends_on=AS_OF)
    assert codes(nothing, AS_OF + timedelta(days=1)) == [
        "no_plan_consent",
        "no_email_consent",
        "consent_ended",
    ]


def test_the_examples_agree_to_mail_and_have_a_mailbox_or_neither():
    """The one who wants paper has no mailbox in the file."""
    for number in range(1, 9):
        stated = inputs_of(path_of(number)).household
        assert bool(consent_refusals(stated, AS_OF)) == (number == 5)
        refused = isinstance(recipient_of(stated), Refusal)
        assert refused == (number == 5)


def test_an_old_risk_assessment_keeps_no_plan_back():
    """What lapses is advice on investments: a household in arrears still gets its plan."""
    stated = household()
    old = stated.risk_tolerance.model_copy(update={"assessed_on": date(2020, 1, 1)})
    assert codes(stated.model_copy(update={"risk_tolerance": old, "debt_capacity": None})) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", get_args(RefusalCode))
def test_each_reason_says_what_to_do(code, language):
    """In the manager's language, with its facts filled in."""
    days = dict.fromkeys(("given_on", "ends_on", "plan_on", "went_on"), "2026-12-01")
    mails = ("before", "now", "mailbox", "bytes", "limit")
    texts = ("place", "reason", "files", "copy", "other", "by", "when", "note", *mails)
    facts = days | dict.fromkeys(texts, "X")
    sentence = Refusal(code, facts).sentence(language)
    assert "{" not in sentence
    assert len(sentence) > 15
    assert bool(re.search("[一-鿿]", sentence)) == (language == "zh")
    if code.startswith("consent_"):
        assert ("2026年12月1日" if language == "zh" else "1 Dec 2026") in sentence
