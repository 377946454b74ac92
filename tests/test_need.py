"""What a loan is for, whether that is allowed on the day, and whether the term suits it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from planning.household.client import read_household
from planning.household.profile import Need
from planning.rule_files import read_rule_book
from planning.strategy.need import (
    forbidding_rule,
    need_is_forbidden,
    purpose_checks,
    purpose_life_months,
    stated_use,
)

PARAMS = Path(__file__).parents[1] / "params"
BOOK = read_rule_book(PARAMS / "rules")
TODAY = date(2026, 11, 22)
RULES = BOOK.on(TODAY)
PERSONAL_LOANS_ON = date(2024, 7, 1)
"""个人贷款管理办法（金融监管总局令2024年第3号）施行之日."""
BUSINESS_USES_ON = date(2021, 3, 26)
"""银保监办发〔2021〕39号 发文之日."""


def need(kind="consumption", purpose="周转", **more):
    """A need of a kind, with a purpose in words."""
    stated = {"kind": kind, "term": "short", "amount": 100000, "purpose": purpose, **more}
    return Need.model_validate(stated)


def example(start):
    """The example household whose file begins so."""
    (path,) = (PARAMS / "clients").glob(f"{start}*.yaml")
    return read_household(path, TODAY)


def codes(wanted, rules=RULES):
    """Codes of what speaks against a need."""
    return [reason.code for reason in purpose_checks(wanted, (), rules)]


@pytest.mark.parametrize(
    ("purpose", "use"),
    [
        ("自住房装修", "renovation"),
        ("老房翻新，购置家具", "renovation"),
        ("凑首付款", "down_payment"),
        ("支付首付", "down_payment"),
        ("购房，首付自备", "home_purchase"),
        ("改善型换房（卖旧买新，旧房贷款随售房结清）", "home_purchase"),
        ("置换到期的消费贷", "refinance"),
        ("还清信用卡和贷款", "refinance"),
        ("购买一套住房", "home_purchase"),
        ("买房", "home_purchase"),
        ("购置车位", "parking"),
        ("购买临街商铺", "business_premises"),
        ("炒股", "securities"),
        ("买股票", "securities"),
        ("买理财", "wealth_products"),
        ("认购基金", "wealth_products"),
        ("入股朋友的公司", "equity"),
        ("购车", "car"),
        ("买一辆新能源车", "car"),
        ("孩子留学的学费", "education"),
        ("母亲住院手术", "medical"),
        ("全家旅行", "travel"),
        ("办婚礼", "wedding"),
        ("换电脑和家电", "appliances"),
        ("春节前备货", "working_capital"),
        ("购置切割设备", "equipment"),
        ("以存单和理财质押，支付货款", "working_capital"),
        ("装修，不用于炒股", "renovation"),
        ("家庭消费（不买房、不炒股）", "other"),
        ("消费", "other"),
    ],
)
def test_words_of_the_purpose_tell_the_use(purpose, use):
    """Without a stated use the words decide, and what is denied is not meant."""
    assert stated_use(need(purpose=purpose)) == use


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("housing", "home_purchase"),
        ("business", "working_capital"),
        ("education", "education"),
        ("refinance", "refinance"),
        ("consumption", "other"),
    ],
)
def test_kind_of_need_tells_the_use_where_words_do_not(kind, use):
    """Words that name no use leave it to the kind of need."""
    assert stated_use(need(kind, "如面谈所述")) == use


def test_stated_use_goes_before_words():
    """What the file says the use is, it is."""
    assert stated_use(need(purpose="买家具", use="renovation")) == "renovation"


@pytest.mark.parametrize("number", [2, 3, 4, 6, 7, 8])
def test_example_households_mean_what_they_state(number):
    """The words of no example contradict the use it states."""
    assert "words_suggest_forbidden" not in codes(example(f"example-0{number}").need)


@pytest.mark.parametrize(
    "use", ["home_purchase", "down_payment", "securities", "wealth_products", "equity"]
)
def test_consumer_credit_is_kept_from_five_uses(use):
    """The five uses are forbidden to consumer loans, with the rule that says so."""
    reason = need_is_forbidden(need(use=use), RULES)
    assert reason is not None
    assert reason.rule == "personal_loan.forbidden_uses"
    assert reason.numbers == {"use": use}


@pytest.mark.parametrize("use", ["renovation", "car", "education", "travel", "daily", "other"])
def test_ordinary_uses_are_not_forbidden(use):
    """What households borrow for every day is allowed."""
    assert need_is_forbidden(need(use=use), RULES) is None


def test_forbidden_uses_begin_on_their_day():
    """The day before the rule nothing is forbidden by it; the down payment is by an older one."""
    before = BOOK.on(PERSONAL_LOANS_ON - timedelta(days=1))
    assert need_is_forbidden(need(use="securities"), before) is None
    assert need_is_forbidden(need(use="securities"), BOOK.on(PERSONAL_LOANS_ON)) is not None
    borrowed = need_is_forbidden(need(use="down_payment"), before)
    assert borrowed is not None
    assert borrowed.rule == "mortgage.own_down_payment"


def test_business_loans_have_a_rule_of_their_own():
    """A business loan may not buy a home from 2021-03-26 on, and may buy a share in a firm."""
    before = BOOK.on(BUSINESS_USES_ON - timedelta(days=1))
    assert forbidding_rule("home_purchase", before, is_business=True) is None
    rule = forbidding_rule("home_purchase", BOOK.on(BUSINESS_USES_ON), is_business=True)
    assert rule == "personal_loan.business_forbidden_uses"
    assert need_is_forbidden(need("business", use="equity"), RULES) is None
    invested = forbidding_rule("securities", RULES, is_business=True)
    assert invested == "personal_loan.business_forbidden_investments"
    assert RULES.entry(invested).grade == "M"


def test_buying_a_home_is_what_home_loans_are_for():
    """The same use is forbidden to consumption and open to housing."""
    assert need_is_forbidden(need("housing", use="home_purchase"), RULES) is None
    assert need_is_forbidden(need("housing", use="down_payment"), RULES) is not None
    assert need_is_forbidden(need("consumption", use="home_purchase"), RULES) is not None


def test_words_that_suggest_a_forbidden_use_are_told():
    """A harmless use with a purpose that speaks of shares is asked about, not passed over."""
    found = purpose_checks(need(purpose="日常消费，另买股票", use="daily"), (), RULES)
    assert [(r.code, r.numbers["use"]) for r in found] == [
        ("words_suggest_forbidden", "securities")
    ]


def test_unclear_use_is_told():
    """A purpose that names nothing is asked about."""
    assert codes(need(purpose="消费")) == ["use_unclear"]


@pytest.mark.parametrize(
    ("use", "months", "method", "expected"),
    [
        ("car", 96, "equal_instalment", []),
        ("car", 97, "equal_instalment", ["term_longer_than_purpose"]),
        ("travel", 24, "equal_instalment", ["term_longer_than_purpose"]),
        ("renovation", 12, "interest_only", ["short_for_long"]),
        ("renovation", 12, "bullet", ["short_for_long"]),
        ("renovation", 12, "equal_instalment", []),
        ("renovation", 120, "interest_only", []),
        ("working_capital", 6, "interest_only", []),
    ],
)
def test_term_matches_what_it_pays_for(use, months, method, expected):
    """A debt does not outlive the thing, nor fall due in one sum long before its time is over."""
    assert codes(need(use=use, term="long", term_months=months, method=method)) == expected


def test_home_loan_on_new_terms_is_measured_by_the_home():
    """A home loan put on longer terms still pays for a home."""
    household = example("example-07")
    mortgage = [c for c in household.liabilities if c.product == "mortgage"]
    longest = int(purpose_life_months("home_purchase", RULES) or 0)
    wanted = need("refinance", term="long", term_months=longest)
    assert [r.code for r in purpose_checks(wanted, mortgage, RULES)] == []
    assert codes(wanted) == ["term_longer_than_purpose"]


def test_uses_nobody_should_finance_have_no_life():
    """The house has no useful life for what may not be financed."""
    assert purpose_life_months("securities", RULES) is None
