"""The shipped rules against what statutes, notices and their worked examples say, day by day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from planning.market.history import read_index_histories
from planning.parameters import RuleBook
from planning.rule_files import read_rule_book
from reports.language import LANGUAGES, Language

PARAMS = Path(__file__).parents[1] / "params"
AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="module")
def book() -> RuleBook:
    """The rules as shipped."""
    return read_rule_book(PARAMS / "rules")


def value_on(book, day, name, key=None):
    """The value of a day, None where the rule is not in force."""
    rules = book.on(date.fromisoformat(day))
    return rules.value(name, key) if rules.is_in_force(name) else None


# ---------------------------------------------------------------------- dates of the statutes


@pytest.mark.parametrize(
    ("name", "key", "by_day"),
    [
        # 财金〔2025〕80号; notice of 2026-01-20; 财金〔2026〕71号
        (
            "subsidy.consumer_yearly_cap_yuan",
            None,
            {
                "2025-08-31": None,
                "2025-10-01": 3000,
                "2026-03-01": 3000,
                "2026-07-31": 3000,
                "2026-08-01": 5000,
                "2026-12-31": 5000,
                "2027-01-01": None,
            },
        ),
        ("subsidy.consumer_small_cap_yuan", None, {"2025-12-31": 1000, "2026-01-01": None}),
        ("subsidy.card_instalment_covered", None, {"2025-12-31": None, "2026-01-01": 1}),
        (
            "subsidy.first_home_points",
            None,
            {
                "2026-09-30": None,
                "2026-10-01": "0.01",
                "2027-09-30": "0.01",
                "2027-10-01": None,
            },
        ),
        # 商业银行互联网贷款管理暂行办法; notice of 2025-03-14
        (
            "personal_loan.internet_cap_yuan",
            None,
            {"2020-07-11": None, "2020-07-12": 200_000, "2025-03-14": 300_000},
        ),
        (
            "personal_loan.self_payment_cap_yuan",
            "consumption",
            {"2024-06-30": None, "2024-07-01": 300_000, "2025-03-14": 500_000},
        ),
        ("personal_loan.business_forbidden_uses", "home_purchase", {"2021-03-26": 1}),
        # 公告〔2019〕第16号; 银发〔2022〕115号; notice of 2023-08-31; notice of 2024-05-17
        (
            "mortgage.floor_first_bp",
            None,
            {"2019-10-08": 0, "2022-05-14": 0, "2022-05-15": -20, "2024-05-17": None},
        ),
        (
            "mortgage.floor_second_bp",
            None,
            {"2019-10-08": 60, "2023-08-30": 60, "2023-08-31": 20, "2024-05-17": None},
        ),
        # 公告〔2024〕第11号
        (
            "mortgage.repricing_months",
            "shortest",
            {"2024-10-31": 12, "2024-11-01": 3},
        ),
        # 金规〔2026〕2号; 公告〔2021〕第3号
        ("disclosure.cost_form", None, {"2026-07-31": None, "2026-08-01": 1}),
        ("disclosure.annual_rate_shown", None, {"2021-03-30": None, "2021-03-31": 1}),
        # 小额贷款公司综合融资成本管理工作指引
        ("price.microloan_cap", None, {"2025-12-18": None, "2025-12-19": "0.24"}),
        ("price.microloan_multiple", None, {"2027-12-30": None, "2027-12-31": 4}),
        # 国发〔2018〕41号; 国发〔2022〕8号; 国发〔2023〕13号
        ("tax.child_education", None, {"2018-12-31": None, "2022-12-31": 1000, "2023-01-01": 2000}),
        ("tax.infant_care", None, {"2021-12-31": None, "2022-01-01": 1000, "2023-01-01": 2000}),
        ("tax.elder_only_child", None, {"2022-12-31": 2000, "2023-01-01": 3000}),
        ("tax.elder_shared", "most_each", {"2022-12-31": 1000, "2023-01-01": 1500}),
        ("tax.basic_deduction_yuan", None, {"2018-09-30": None, "2018-10-01": 5000}),
        # 财政部 税务总局公告2023年第30号
        ("tax.separate_bonus_last_year", None, {"2023-08-17": 2023, "2023-08-18": 2027}),
        ("tax.settlement_exempt", "income", {"2027-12-31": 120_000, "2028-01-01": None}),
        # 适当性管理办法; 征信业管理条例
        ("conduct.suitability_attempts", "year", {"2026-01-31": None, "2026-02-01": 8}),
        ("credit.repair_2025", "amount_yuan", {"2026-01-01": 10_000, "2026-04-01": None}),
        # HKMA press releases of 2010-08-13, 2022-09-23 and 2024-02-28
        (
            "presets.hkma_stress_bp",
            None,
            {"2010-09-15": 200, "2022-09-22": 300, "2022-09-23": 200, "2024-02-28": None},
        ),
    ],
)
def test_a_rule_changes_on_its_day(book, name, key, by_day):
    """The value on and around each day on which the text named beside it takes or loses force."""
    found = {day: value_on(book, day, name, key) for day in by_day}
    assert found == {day: None if v is None else Decimal(v) for day, v in by_day.items()}


def test_the_first_home_subsidy_is_ten_thousand_a_year_at_most(book):
    """财金〔2026〕95号: 1 % on at most 1,000,000 for 5 years, so 10,000 a year, 50,000 in all."""
    rules = book.on(date(2026, 10, 15))
    a_year = rules.value("subsidy.first_home_points") * rules.value(
        "subsidy.first_home_principal_cap_yuan"
    )
    years = rules.value("subsidy.first_home_most_months") / 12
    assert (a_year, a_year * years) == (10_000, 50_000)
    assert rules.value("subsidy.first_home_most_area_m2") == 120
    assert rules.value("subsidy.first_home_most_price_yuan") == 1_500_000


@pytest.mark.parametrize(
    ("rate", "points"), [("0.030", "0.01"), ("0.020", "0.01"), ("0.016", "0.008")]
)
def test_the_consumer_subsidy_takes_half_the_rate_at_most(book, rate, points):
    """财金〔2025〕80号 (Xinhua 2025-08-12): one point a year, at most 50 % of the contract rate."""
    rules = book.on(date(2026, 3, 1))
    most = Decimal(rate) * rules.value("subsidy.consumer_most_share_of_rate")
    assert min(rules.value("subsidy.consumer_points"), most) == Decimal(points)


# ------------------------------------------------------------------------------------ tax


def tax_by_steps(brackets, taxable):
    """A progressive tax slice by slice, as the law describes it, without quick deductions."""
    tax, floor = Decimal(0), Decimal(0)
    for bound, rate in brackets.items():
        top = taxable if bound == "above" else min(taxable, Decimal(bound))
        tax += max(top - floor, Decimal(0)) * rate
        floor = max(floor, top)
    return tax


def quick_deductions(brackets):
    """What makes rate x income less deduction continuous at every bound."""
    rates, bounds = list(brackets.values()), [Decimal(b) for b in brackets if b != "above"]
    found = [Decimal(0)]
    for bound, lower, upper in zip(bounds, rates[:-1], rates[1:], strict=True):
        found.append(found[-1] + bound * (upper - lower))
    return found


def test_comprehensive_tax_is_that_of_the_published_examples(book):
    """Worked amounts of aifincalc article5: 48,000, 282,000 and 432,000 taxable."""
    brackets = book.on(AS_OF).entry("tax.comprehensive_rates").value
    examples = {48_000: 2280, 282_000: 39_480, 432_000: 76_680}
    assert {income: tax_by_steps(brackets, Decimal(income)) for income in examples} == examples


def test_quick_deductions_are_those_of_the_tables(book):
    """个人所得税法 table 1, and its monthly form in 公告2023年第30号 (referchina.com)."""
    rules = book.on(AS_OF)
    yearly = quick_deductions(rules.entry("tax.comprehensive_rates").value)
    monthly = quick_deductions(rules.entry("tax.bonus_rates").value)
    assert yearly == [0, 2520, 16_920, 31_920, 52_920, 85_920, 181_920]
    assert monthly == [0, 210, 1410, 2660, 4410, 7160, 15_160]


@pytest.mark.parametrize(
    ("bonus", "tax"),
    [
        ("36000", "1080"),
        ("36001", "3390.10"),
        ("40000", "3790"),
        ("144000", "14190"),
        ("150000", "28590"),
    ],
)
def test_a_bonus_by_itself_is_taxed_as_published(book, bonus, tax):
    """Published amounts of aifincalc article5, the step at 36,000 included."""
    brackets = book.on(AS_OF).entry("tax.bonus_rates").value
    deductions = quick_deductions(brackets)
    amount = Decimal(bonus)
    places = [
        n for n, bound in enumerate(brackets) if bound == "above" or amount / 12 <= Decimal(bound)
    ]
    rate = list(brackets.values())[places[0]]
    assert amount * rate - deductions[places[0]] == Decimal(tax)


# ------------------------------------------------------------------------------- other counts


def test_provident_fund_rates_follow_the_notices():
    """People's Daily 2022-10-01 and 2024-05-17; iTiger 2025-05-07: over five years, percent."""
    histories = read_index_histories(PARAMS / "market")
    days = ["2022-09-30", "2022-10-01", "2024-05-17", "2024-05-18", "2025-05-07", "2025-05-08"]

    def percents(home):
        history = histories[f"provident_fund_{home}_home_over_5y"]
        return [
            [rate for day, rate in history.values if day.isoformat() <= asked][-1] * 100
            for asked in days
        ]

    assert percents("first") == [
        Decimal(p) for p in ("3.25", "3.10", "3.10", "2.85", "2.85", "2.60")
    ]
    assert percents("second") == [
        Decimal(p) for p in ("3.575", "3.575", "3.575", "3.325", "3.325", "3.075")
    ]


@pytest.mark.parametrize(
    ("city", "single", "family"),
    [
        ("北京", 1_200_000, 1_200_000),
        ("杭州", 900_000, 1_800_000),
        ("深圳", 500_000, 1_000_000),
        ("广州", 700_000, 1_200_000),
        ("苏州", 1_500_000, 2_000_000),
        ("成都", 800_000, 1_200_000),
        ("武汉", 1_200_000, 1_500_000),
        ("中央国家机关", 1_200_000, 2_400_000),
    ],
)
def test_each_city_has_its_cap(book, city, single, family):
    """Of Beijing qwxb.com.cn 2018-09-14, the rest as aifincalc's page stood on 2026-10-10."""
    cap = book.on(AS_OF).city_entry("provident_fund.cap", city)
    assert cap.value == {"single": single, "family": family}


def test_shanghai_s_uplifts_reach_the_announced_most(book):
    """240 and at most 324 (x 10,000): 20 % for several children and 15 % for a green building."""
    rules = book.on(AS_OF)
    family = rules.city_entry("provident_fund.cap", "上海").value["family"]
    uplift = rules.city_entry("provident_fund.uplift", "上海市").value
    assert family * (1 + uplift["multi_child"] + uplift["green_building"]) == 3_240_000


def test_a_city_has_one_entry_a_prefix(book):
    """No two entries of a city begin alike, so that `city_entry` cannot take the wrong one."""
    local = {name: entry.city for name, entry in book.entries.items() if entry.city}
    for name, city in local.items():
        longer = [other for other in local if other.startswith(f"{name}_") and local[other] == city]
        assert longer == []
    stems = [
        (
            re.sub(
                r"_(beijing|shanghai|shenzhen|hangzhou|guangzhou|wuhan|suzhou|chengdu|central_organs)"
                r"(_yuan)?$",
                "",
                name,
            ),
            city,
        )
        for name, city in local.items()
    ]
    assert len(stems) == len(set(stems))


# --------------------------------------------------------------------------------- the book


def test_somebody_looks_again_after_the_last_value(book):
    """`review_by` lies after the last day on which a value began; an end may come later."""
    for name, entry in book.entries.items():
        begun = [dated.since for dated in entry.values if not dated.ended]
        assert entry.review_by > begun[-1], name


def test_what_nobody_read_says_so(book):
    """Grade M has a note and no page; an official text names its page, unless it is the house's."""
    for name, entry in book.entries.items():
        for dated in entry.values:
            if dated.grade == "M":
                assert dated.note, name
                assert dated.reference.url is None, name
            if dated.grade == "A":
                assert dated.reference.url or entry.authority == "house", name


def test_parked_claims_stay_out(book):
    """What one text alone claimed, against others, is no rule: none of its figures or names."""
    words = " ".join(
        f"{dated.reference.title} {dated.note}" for e in book.entries.values() for dated in e.values
    )
    assert "六部门" not in words
    assert "金规〔2025〕XX号" not in words
    assert "2026-08-21" not in words
    days = {dated.since for entry in book.entries.values() for dated in entry.values}
    assert not days & {date(2026, 7, 6), date(2026, 8, 21)}
    assert book.on(AS_OF).value("mortgage.batch_cut_2024_bp") == -30
    assert value_on(book, "2026-11-22", "mortgage.floor_first_bp") is None


def test_no_rule_was_decided_after_the_collection(book):
    """A day past 2026-11-22 is one announced before: an end, or a value that is to come."""
    later = {
        name
        for name, entry in book.entries.items()
        for dated in entry.values
        if dated.since > AS_OF and not dated.ended
    }
    assert later == {"price.microloan_multiple"}


def test_every_day_of_change_has_a_whole_view(book):
    """On each such day every value in force is a number of its unit, and knows its last day."""
    days = book.change_dates()
    assert len(days) > 60
    for day in days:
        rules = book.on(day)
        for name in book.entries:
            if not rules.is_in_force(name):
                continue
            entry = rules.entry(name)
            parts = entry.value.values() if isinstance(entry.value, dict) else [entry.value]
            assert all(part.is_finite() for part in parts)
            assert entry.until is None or entry.until >= day
            following = rules.at(entry.until + timedelta(days=1)) if entry.until else None
            assert (
                following is None
                or not following.is_in_force(name)
                or following.entry(name).since == following.as_of
            )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_period_and_case_has_words(book, language):
    """No document can meet a bare code of a rule."""
    speech = Language(language)
    for entry in book.entries.values():
        speech.label("unit", entry.unit) if "fraction" not in entry.unit else None
        speech.label("period", entry.period)
        speech.label("authority", entry.authority)
        for dated in entry.values:
            for case in dated.value if isinstance(dated.value, dict) else ():
                assert speech.label("case", case)


def test_labels_tell_entries_apart(book):
    """Two rules are never called the same, in either language."""
    for language in LANGUAGES:
        names = [getattr(entry.label, language) for entry in book.entries.values()]
        assert len(names) == len(set(names))
