"""Numbers of people are recognised by their check digits, and refused where a file has words."""

from __future__ import annotations

import pytest

from planning.household.client import check_household
from planning.identifiers import identifiers, mask_mailbox, masked, without_mailboxes
from reports.language.problems import problem_lines
from tests.conftest import AS_OF, path_of

IDENTITY = "11010519491231002X"
"""GB 11643-1999, annex A."""

CARD = "4111111111111111"
"""Visa's number for tests, as payment services publish it."""

MOBILE = "13800138000"
"""China Mobile's number for topping up."""


def kinds(text):
    """What a text is found to hold."""
    return [found.kind for found in identifiers(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (IDENTITY, "identity_number"),
        (IDENTITY.lower(), "identity_number"),
        ("440524188001010014", "identity_number"),  # GB 11643-1999, annex A
        ("110105 19491231 002X", "identity_number"),
        ("１１０１０５１９４９１２３１００２Ｘ", "identity_number"),
        ("110105 1949 1231 002X", "identity_number"),
        ("1101-0519-4912-3100-2X", "identity_number"),
        ("110105 1949-12-31 002X", "identity_number"),
        ("11 01 05 1949 12 31 002 X", "identity_number"),
        ("440524 188001 010014", "identity_number"),
        ("130503 670401 001", "identity_number"),
        ("130503670401001", "identity_number"),  # the form of before 1999
        (CARD, "card_number"),
        ("4111-1111-1111-1111", "card_number"),
        ("4111 1111 1111 1111", "card_number"),
        ("5555555555554444", "card_number"),  # Mastercard's number for tests
        ("378282246310005", "card_number"),  # American Express's
        ("3782 822463 10005", "card_number"),
        (MOBILE, "mobile_number"),
        ("138 0013 8000", "mobile_number"),
        ("+86 138-0013-8000", "mobile_number"),
        ("8613800138000", "mobile_number"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "证件{}，", "tel:{}.", "no. 12 {} 7"])
def test_numbers_of_people_are_found_however_they_are_written(text, kind, around):
    """In groups or in one piece, in full-width digits, in either script, beside other numbers."""
    assert kinds(around.format(text)) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # the check character is X
        "110105194902310029",  # no such day, and a check character that fits
        "990105194912310029",  # no such province
        "4111111111111112",  # Luhn
        "2024102108584127518",  # a page of the central bank's site
        "HT-20240315-000123456789",
        "0571-0000-0101",
        "010-62345678",
        "2026-11-22 2027-01-05 2027-04-19",
        # Digits of an identity number, with its check, in a row of days.
        "2025-12-06 2019-09-10 2023-02-07",
        "2026 2028 2030 2032 2034",
        "13,800,138,000.00 元",
        "0.13800138000",
        "73585d89a13800138000f8bb6a",
        "sha256 9f86d081884c7d659a2feaa0c55ad015",
        "M 13.800138 4111.1111 L 1111.1111 4111.111",
        "00:13:80 138001380001",
        "1234567890",
    ],
)
def test_other_numbers_are_left_alone(text):
    """Amounts, days, digests, contracts, pages of a site, landlines and drawings name nobody."""
    assert kinds(text) == []


def test_a_masked_number_keeps_its_ends_and_its_length():
    """What stands around is not touched, and what is masked is recognised no more."""
    text = f"张三 {IDENTITY}，卡 {CARD}，电话 {MOBILE}，月供 5,307.27 元"
    shown = masked(text)
    assert (
        shown == "张三 110*************2X，卡 411***********11，电话 138******00，月供 5,307.27 元"
    )
    assert kinds(shown) == []
    assert len(shown) == len(text)


def refused(tmp_path, old, new):
    """The problems of an example's file after one edit."""
    text = path_of(8).read_text("utf-8")
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return check_household(path, AS_OF)[1]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("city: 厦门", 'city: "厦门 {}"', "city"),
        ("name: 罗女士（示例）", 'name: "罗女士 {}"', "name"),
        ("id: current-account", 'id: "x-{}"', "assets[0].id"),
        ("contact: 0592-0000-0108", 'contact: "{}"', "advisor.contact"),
    ],
)
@pytest.mark.parametrize(
    ("number", "code"), [(IDENTITY.lower(), "identity_number"), (CARD, "card_number")]
)
def test_a_client_file_holds_no_number_of_a_card(tmp_path, old, new, field, number, code):
    """The problem has its line and says what to do, and the number in it is masked."""
    problems = refused(tmp_path, old, new.format(number))
    (problem,) = [one for one in problems if one.field == field]
    assert (problem.code, problem.line > 0) == (code, True)
    for language in ("zh", "en"):
        told = "\n".join(problem_lines(problems, language))
        assert number not in told
        assert number[:3] + "*" in told


@pytest.mark.parametrize("written", [MOBILE, "138 0013 8000"])
def test_only_the_adviser_has_a_mobile(tmp_path, written):
    """A client's own is refused; an adviser is reached at work."""
    (problem,) = refused(tmp_path, "city: 厦门", f'city: "厦门 {written}"')
    assert (problem.field, problem.code) == ("city", "mobile_number")
    assert written not in problem.found
    assert refused(tmp_path, "contact: 0592-0000-0108", f'contact: "{written}"') == ()


def test_a_mailbox_is_masked_in_any_script():
    """Its domain's last label, which says what kind of place it is, stays."""
    assert mask_mailbox("chen@例子.cn") == "c***@例***.cn"
    assert without_mailboxes("<a.b@c.cn> is full") == "<a***@c***.cn> is full"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("contact: 0592-0000-0108", "contact: evil.cn/pay?a=1", "advisor.contact"),
        ("contact: 0592-0000-0108", "contact: ｈｔｔｐｓ://evil.example", "advisor.contact"),
        ("  name: 苏航", "  name: https://evil.example/x", "advisor.name"),
        ("示例银行厦门思明支行", "www.evil.example", "advisor.institution"),
    ],
)
def test_what_signs_a_letter_is_no_link(tmp_path, old, new, field):
    """Mail programs would make one of it, in a letter that comes from the bank."""
    (problem,) = refused(tmp_path, old, new)
    assert (problem.field, problem.code) == (field, "link")


def test_an_advisers_mailbox_is_no_link(tmp_path):
    """It is how they are reached."""
    assert (
        refused(tmp_path, "contact: 0592-0000-0108", "contact: 0592-0000-0108 zt@bank.example.cn")
        == ()
    )
