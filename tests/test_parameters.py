"""Dated parameters: the value of the day, where it comes from, and every slip located."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.errors import ClientFileError, ParameterError
from planning.parameters import Band, RuleBook, RuleEntry, Scenario
from planning.rule_files import read_rule_book, read_scenarios

PARAMS = Path(__file__).parents[1] / "params"
AS_OF = date(2026, 11, 22)

ENTRY = """\
limit:
  label: {zh: 上限, en: Limit}
  unit: fraction
  period: month
  authority: law
  review_by: 2027-01-01
  values:
    - since: 2020-01-01
      value: 0.50
      reference: {title: An act, url: null}
      grade: B
    - since: 2024-01-01
      ended: true
      reference: {title: Its repeal, url: "https://example.org/repeal"}
      grade: A
"""

CASE = """\
storm:
  label: {zh: 风暴, en: Storm}
  kind: combined
  rate_shock_bp: 100
  income_fall: 0.20
  months_without_pay: 3
  price_fall: 0
  reference: {title: House, url: null}
  grade: M
"""


@pytest.fixture(scope="module")
def book() -> RuleBook:
    """The rules as shipped."""
    return read_rule_book(PARAMS / "rules")


def problems_of(folder: Path) -> list[tuple[str, int, str, str]]:
    """File name, line, field and code of everything wrong in a folder of rules."""
    with pytest.raises(ClientFileError) as caught:
        read_rule_book(folder)
    return [(Path(p.file).name, p.line, p.field, p.code) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("day", "first", "second"),
    [
        ("2023-09-01", "0.20", "0.30"),
        ("2024-05-16", "0.20", "0.30"),
        ("2024-05-17", "0.15", "0.25"),
        ("2024-09-23", "0.15", "0.25"),
        ("2024-09-29", "0.15", "0.15"),
        ("2026-11-22", "0.15", "0.15"),
    ],
)
def test_lowest_down_payment_follows_the_notices(book, day, first, second):
    """PBoC notices of 2024-05-17 (pbc.gov.cn/en/.../5356378) and 2024-09-24."""
    rules = book.on(date.fromisoformat(day))
    assert rules.value("mortgage.min_down_payment_first") == Decimal(first)
    assert rules.value("mortgage.min_down_payment_second") == Decimal(second)


@pytest.mark.parametrize(
    ("day", "housing", "all_debts"),
    [
        ("2004-09-02", "0.50", "0.55"),
        ("2026-08-27", "0.50", "0.55"),
        ("2026-08-28", "0.50", "0.60"),
    ],
)
def test_debt_service_ceilings_change_on_their_day(book, day, housing, all_debts):
    """银监发〔2004〕57号 第三十六条; 个人住房贷款管理办法（试行）第十条, from 2026-08-28."""
    rules = book.on(date.fromisoformat(day))
    assert rules.value("debt_service.housing_limit") == Decimal(housing)
    assert rules.value("debt_service.all_debts_limit") == Decimal(all_debts)
    since = date(2026, 8, 28) if day == "2026-08-28" else date(2004, 9, 2)
    assert {entry.since for entry in rules.consulted} == {since}


@pytest.mark.parametrize(("day", "years"), [("2026-08-27", 30), ("2026-08-28", 40)])
def test_longest_mortgage_grows_on_its_day(book, day, years):
    """银发〔2026〕171号 第二十条 (finance.sina.com.cn, 2026-08-28)."""
    assert book.on(date.fromisoformat(day)).value("mortgage.max_term_years") == years


def test_renegotiation_line_of_the_second_quarter_of_2026(book):
    """3.06 % less 3.50 % plus 30 bp is a spread of -14 bp (aifincalc article23, 2026-09-18)."""
    rules = book.on(date(2026, 9, 18))
    gap = rules.value("mortgage.existing_gap_bp") / 10_000
    line = rules.value("mortgage.new_average_rate") - Decimal("0.0350") + gap
    assert line == Decimal("-0.0014")


def test_classes_of_loans_and_cards_differ(book):
    """令2023年第1号: 90, 270, 360 days; 信用卡业务监督管理办法 第九十二条: 90, 120, 180."""
    rules = book.on(AS_OF)
    classes = ("special_mention", "substandard", "doubtful", "loss")
    loans = [rules.value("risk.loan_class_days", name) for name in classes]
    cards = [rules.value("risk.card_class_days", name) for name in classes]
    assert loans == [0, 90, 270, 360]
    assert cards == [0, 90, 120, 180]


def test_card_overdraft_cap_ended_with_2020(book):
    """银发〔2016〕111号: 0.05 % a day until 2020-12-31; none from 2021-01-01."""
    name = "price.card_overdraft_cap"
    assert book.on(date(2020, 12, 31)).value(name) == Decimal("0.0005")
    after = book.on(date(2021, 1, 1))
    assert not after.is_in_force(name)
    with pytest.raises(ParameterError, match="not in force since 2021-01-01"):
        after.value(name)
    assert after.consulted == ()


def test_every_change_date_gives_values_with_evidence_or_says_why_not(book):
    """On and before each day on which any rule changes, every entry answers for itself."""
    for change in book.change_dates():
        for day in (change - timedelta(days=1), change):
            rules = book.on(day)
            for name in book.entries:
                if rules.is_in_force(name):
                    entry = rules.entry(name)
                    assert entry.since <= day
                    assert entry.reference.title
                else:
                    with pytest.raises(ParameterError):
                        rules.entry(name)


def test_every_change_date_changes_something(book):
    """A change date is one on which the view differs from the day before."""
    for change in book.change_dates():
        before, after = book.on(change - timedelta(days=1)), book.on(change)
        assert any(
            before.is_in_force(name) != after.is_in_force(name)
            or (after.is_in_force(name) and after.entry(name).since == change)
            for name in book.entries
        )


def test_all_rules_but_ended_and_coming_ones_stand_today(book):
    """What a plan of 2026-11-22 cannot ask for is over, or has a day of its own to come."""
    rules = book.on(AS_OF)
    missing = {name for name in book.entries if not rules.is_in_force(name)}
    assert missing == {
        "credit.repair_2025",
        "mortgage.conversion_window",
        "mortgage.floor_first_bp",
        "mortgage.floor_first_local",
        "mortgage.floor_second_bp",
        "presets.hkma_stress_bp",
        "presets.hkma_stressed_dsr",
        "presets.us_qm_dti",
        "price.card_overdraft_cap",
        "price.card_overdraft_floor_multiple",
        "price.microloan_multiple",
        "subsidy.consumer_small_cap_yuan",
        "subsidy.consumer_transaction_base_yuan",
    }


def test_a_view_of_another_day_has_a_list_of_its_own(book):
    """The day of a contract is asked without touching what the plan consulted."""
    rules = book.on(AS_OF)
    before = rules.at(date(2024, 10, 1))
    assert before.value("mortgage.max_term_years") == 30
    assert (before.as_of, rules.as_of) == (date(2024, 10, 1), AS_OF)
    assert [entry.name for entry in before.consulted] == ["mortgage.max_term_years"]
    assert rules.consulted == ()


@pytest.mark.parametrize(
    ("day", "last"), [("2026-07-31", "2026-07-31"), ("2026-08-01", "2026-12-31")]
)
def test_a_value_lasts_to_the_day_before_the_next(book, day, last):
    """Until 2026-07-31 3,000 a year, then 5,000 to the end of the window."""
    rules = book.on(date.fromisoformat(day))
    assert rules.until("subsidy.consumer_yearly_cap_yuan") == date.fromisoformat(last)
    assert rules.entry("subsidy.consumer_yearly_cap_yuan").until == date.fromisoformat(last)


def test_a_value_nothing_follows_has_no_last_day(book):
    """What is not announced is not known."""
    assert book.on(AS_OF).until("mortgage.max_term_years") is None


@pytest.mark.parametrize("city", ["杭州", "杭州市"])
def test_a_city_is_found_by_either_name(book, city):
    """900,000 and 1,800,000, twenty balances, and the base of 2026 (aifincalc, 2026-10-10)."""
    rules = book.on(AS_OF)
    cap = rules.city_entry("provident_fund.cap", city)
    assert (cap.name, cap.city) == ("provident_fund.cap_hangzhou", "杭州")
    assert cap.value == {"single": 900_000, "family": 1_800_000}
    assert rules.city_entry("provident_fund.multiple", city).value == 20
    assert rules.city_entry("social_insurance.fund_base", city).value["highest"] == 42_151
    assert {entry.name for entry in rules.consulted} == {
        "provident_fund.cap_hangzhou",
        "provident_fund.multiple_hangzhou",
        "social_insurance.fund_base_hangzhou",
    }


def test_a_city_without_a_rule_of_the_day_has_none(book):
    """Neither an unknown city, nor one whose figure is younger, nor another's is taken."""
    assert book.on(AS_OF).city_entry("provident_fund.cap", "拉萨市") is None
    assert book.on(AS_OF).city_entry("provident_fund.cap", "") is None
    assert book.on(AS_OF).city_entry("provident_fund.multiple", "北京") is None
    early = book.on(date(2026, 1, 1))
    assert early.city_entry("provident_fund.cap", "杭州") is None
    assert early.consulted == ()


def test_rules_due_for_review_are_named_in_order_of_it(book):
    """On the review day itself nothing is due; the day after, ended measures are due as well."""
    assert book.review_due(date(2026, 10, 31)) == ()
    assert book.review_due(AS_OF) == ("mortgage.new_average_rate",)
    due = book.review_due(date(2027, 1, 1))
    assert {"mortgage.new_average_rate", "subsidy.consumer_points"} <= set(due)
    assert [book.entries[name].review_by for name in due] == sorted(
        book.entries[name].review_by for name in due
    )


def test_unknown_names_and_early_days_are_errors_that_help(book):
    """A slip of the pen names the likely entry; an early day names the first value."""
    rules = book.on(date(2004, 9, 1))
    with pytest.raises(ParameterError, match=r"did you mean debt_service\.housing_limit"):
        rules.value("debt_service.housing_limits")
    with pytest.raises(ParameterError, match=r"no such entry$"):
        rules.is_in_force("zzz")
    with pytest.raises(ParameterError, match="first value is of 2004-09-02") as caught:
        rules.value("debt_service.housing_limit")
    assert caught.value.name == "debt_service.housing_limit"
    assert caught.value.on == date(2004, 9, 1)


def test_a_value_by_case_wants_its_case(book):
    """Neither a missing, nor a superfluous, nor an unknown case passes for a number."""
    rules = book.on(AS_OF)
    assert rules.value("norms.emergency_fund_months", "seasonal") == 6
    for name, key in [
        ("norms.emergency_fund_months", None),
        ("norms.emergency_fund_months", "steady"),
        ("debt_service.housing_limit", "fixed"),
    ]:
        with pytest.raises(ParameterError):
            rules.value(name, key)


def test_the_view_remembers_exactly_what_was_asked(book):
    """`consulted` lists each entry once, by name, with its evidence; others stay out."""
    rules = book.on(AS_OF)
    rules.value("price.licensed_lender_cap")
    rules.band("norms.debt_ratio")
    rules.value("price.licensed_lender_cap")
    rules.is_in_force("price.internet_assisted_cap")
    first, second = rules.consulted
    assert (first.name, second.name) == ("norms.debt_ratio", "price.licensed_lender_cap")
    assert second.grade == "M"
    assert second.label.zh == "金融机构贷款综合成本司法保护上限"
    assert not book.on(AS_OF).consulted


def test_review_falls_due_the_day_after_its_date(book):
    """The quarterly average is to be looked up again after 2026-10-31."""
    name = "mortgage.new_average_rate"
    assert not book.on(date(2026, 10, 31)).entry(name).is_review_due
    assert book.on(date(2026, 11, 1)).entry(name).is_review_due


def test_history_lists_every_value(book):
    """The ceiling on all debts has had two values, as written in the file."""
    values = book.history("debt_service.all_debts_limit")
    assert [str(dated.value) for dated in values] == ["0.55", "0.60"]
    with pytest.raises(KeyError):
        book.history("debt_service.none")


@pytest.mark.parametrize(
    ("name", "figure", "colour"),
    [
        ("norms.debt_service_share", "0.35", "green"),
        ("norms.debt_service_share", "0.3501", "amber"),
        ("norms.debt_service_share", "0.41", "red"),
        ("norms.solvency", "0.60", "green"),
        ("norms.solvency", "0.50", "amber"),
        ("norms.solvency", "0.49", "red"),
        ("norms.liquidity_months", "3", "green"),
        ("norms.liquidity_months", "0", "amber"),
    ],
)
def test_bands_colour_a_figure(book, name, figure, colour):
    """A bound belongs to its better side; without an alarming line nothing is red."""
    band = book.on(AS_OF).band(name)
    assert band.colour(Decimal(figure)) == colour
    assert band.colour(float(figure)) == colour


def test_debt_ratio_and_solvency_say_the_same(book):
    """Net worth and debt are parts of one whole, so their bounds are complements."""
    rules = book.on(AS_OF)
    debt, worth = rules.band("norms.debt_ratio"), rules.band("norms.solvency")
    assert (debt.green + worth.green, debt.amber + worth.amber) == (1, 1)


def test_what_is_no_norm_has_no_band(book):
    """A legal ceiling is not read as a band."""
    rules = book.on(AS_OF)
    for name in ("debt_service.housing_limit", "risk.loan_class_days"):
        with pytest.raises(ParameterError, match="no bands"):
            rules.band(name)


@given(st.floats(0, 2), st.floats(0, 2))
def test_a_worse_figure_never_has_a_better_colour(one, other):
    """Colours are monotone in the figure."""
    order = ["green", "amber", "red"]
    band = Band(green=Decimal("0.35"), amber=Decimal("0.40"), better="lower")
    low, high = sorted((one, other))
    assert order.index(band.colour(low)) <= order.index(band.colour(high))


def test_unverified_entries_say_so(book):
    """General knowledge carries grade M and a note that nothing was read."""
    unverified = [
        dated for entry in book.entries.values() for dated in entry.values if dated.grade == "M"
    ]
    assert unverified
    assert all(dated.note and dated.reference.url is None for dated in unverified)


def test_a_sound_file_is_read_as_written(tmp_path):
    """Digits stay; an ended measure has no value."""
    (tmp_path / "topic.yaml").write_text(ENTRY, encoding="utf-8")
    first, last = read_rule_book(tmp_path).history("topic.limit")
    assert str(first.value) == "0.50"
    assert (last.value, last.ended) == (None, True)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("unit: fraction", "unit: percent", (3, "limit.unit", "literal_error")),
        ("period: month", "perod: month", (1, "limit.period", "missing")),
        ("value: 0.50", "value: 50", (9, "limit.values[0].value", "out_of_range")),
        ("value: 0.50", "value: '0.50'", (9, "limit.values[0].value", "number")),
        ("value: 0.50", "value: {}", (9, "limit.values[0].value", "number")),
        ("value: 0.50", "value: true", (9, "limit.values[0].value", "number")),
        ("value: 0.50", "value: null", (9, "limit.values[0].value", "value_or_ended")),
        ("ended: true", "value: {a: 1}", (13, "limit.values[1].value", "keys_differ")),
        ("ended: true", "ended: 1", (13, "limit.values[1].ended", "bool_type")),
        ("2024-01-01", "2020-01-01", (12, "limit.values[1].since", "dates_not_ascending")),
        ("2024-01-01", "2024-02-30", (12, "limit.values[1].since", "date_invalid")),
        ("value: 0.50", "ended: true", (9, "limit.values[0].ended", "ended_first")),
        ("grade: B", "grade: M", (8, "limit.values[0].note", "note_missing")),
        ("grade: B", "grade: A", (10, "limit.values[0].reference.url", "url_missing")),
        ("grade: B", "grade: D", (11, "limit.values[0].grade", "literal_error")),
        ("https:", "ftp:", (14, "limit.values[1].reference.url", "string_pattern_mismatch")),
        ("value: 0.50", "value: {green: 0.5}", (9, "limit.values[0].value", "band_invalid")),
        ("unit: fraction", "unit: month", (9, "limit.values[0].value", "not_whole")),
        ("value: 0.50", "value: 2", (9, "limit.values[0].value", "out_of_range")),
        (
            "ended: true",
            "ended: true\n      unknown: true",
            (12, "limit.values[1].value", "value_or_ended"),
        ),
        ("limit:", "Limit:", (1, "Limit", "name_invalid")),
        ("zh: 上限", "zh: ''", (2, "limit.label.zh", "string_too_short")),
    ],
)
def test_each_slip_is_found_on_its_line(tmp_path, old, new, expected):
    """One changed word, one located problem."""
    (tmp_path / "topic.yaml").write_text(ENTRY.replace(old, new, 1), encoding="utf-8")
    found = problems_of(tmp_path)
    assert ("topic.yaml", *expected) in found
    assert len({field for _, _, field, _ in found}) == len(found)


def test_slips_of_one_entry_are_told_at_once(tmp_path):
    """A wrong unit, with the choices there are, hides neither the order nor a value too many."""
    text = ENTRY.replace("unit: fraction", "unit: furlong").replace("2024-01-01", "2020-01-01")
    text = text.replace("ended: true", "ended: true\n      value: 0.4")
    (tmp_path / "topic.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ClientFileError) as error:
        read_rule_book(tmp_path)
    assert {p.code for p in error.value.problems} == {
        "literal_error", "dates_not_ascending", "value_or_ended",
    }  # fmt: skip
    unit = next(p for p in error.value.problems if p.code == "literal_error")
    assert "month, multiple" in unit.numbers["allowed"]


def test_a_gap_is_no_value_and_no_end(tmp_path):
    """What nobody here has read is not in force, and asking says that it is not known."""
    (tmp_path / "topic.yaml").write_text(ENTRY.replace("ended", "unknown"), encoding="utf-8")
    rules = read_rule_book(tmp_path).on(AS_OF)
    assert not rules.is_in_force("topic.limit")
    with pytest.raises(ParameterError, match="not known here"):
        rules.value("topic.limit")
    assert (
        rules.first_day("topic.limit") == read_rule_book(tmp_path).history("topic.limit")[0].since
    )


def test_a_band_has_its_bounds_in_order(tmp_path):
    """For a figure that should be low, green lies below amber."""
    swapped = ENTRY.replace("  values:", "  better: lower\n  values:", 1)
    for bounds, is_sound in (("0.4, amber: 0.5", True), ("0.5, amber: 0.4", False)):
        text = swapped.replace("value: 0.50", f"value: {{green: {bounds}}}", 1)
        (tmp_path / "topic.yaml").write_text(text.split("    - since: 2024")[0], encoding="utf-8")
        if is_sound:
            assert read_rule_book(tmp_path).on(AS_OF).band("topic.limit").amber == Decimal("0.5")
        else:
            expected = ("topic.yaml", 10, "limit.values[0].value", "band_invalid")
            assert problems_of(tmp_path) == [expected]


@pytest.mark.parametrize(("value", "is_sound"), [("0", True), ("1", True), ("2", False)])
def test_a_flag_is_one_or_nothing(tmp_path, value, is_sound):
    """A duty holds or does not; two is a slip."""
    text = ENTRY.replace("unit: fraction", "unit: flag").replace("value: 0.50", f"value: {value}")
    (tmp_path / "topic.yaml").write_text(text, encoding="utf-8")
    if is_sound:
        assert read_rule_book(tmp_path).on(date(2021, 1, 1)).value("topic.limit") == int(value)
    else:
        assert problems_of(tmp_path) == [("topic.yaml", 9, "limit.values[0].value", "not_a_flag")]


def test_all_files_report_together(tmp_path):
    """A syntax error in one file hides nothing of the others."""
    (tmp_path / "a.yaml").write_text("a: 'open", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("- a list", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(ENTRY.replace("0.50", "7", 1) + "more: 1\n", encoding="utf-8")
    assert problems_of(tmp_path) == [
        ("a.yaml", 1, "", "syntax"),
        ("b.yaml", 1, "", "not_a_mapping"),
        ("c.yaml", 9, "limit.values[0].value", "out_of_range"),
        ("c.yaml", 16, "more", "model_type"),
    ]


def test_a_folder_without_rules_is_a_problem(tmp_path):
    """An empty folder is not an empty rule book."""
    assert problems_of(tmp_path) == [(tmp_path.name, 0, "", "no_files")]


def test_the_schema_of_an_entry_can_be_written():
    """Editors complete and check rule files from it."""
    schema = RuleEntry.model_json_schema()
    assert "fraction_per_year" in schema["properties"]["unit"]["enum"]


def test_a_sound_scenario_is_read_with_its_key(tmp_path):
    """The key is the id, the digits stay."""
    path = tmp_path / "cases.yaml"
    path.write_text(CASE, encoding="utf-8")
    (case,) = read_scenarios(path)
    assert isinstance(case, Scenario)
    assert (case.id, str(case.income_fall)) == ("storm", "0.20")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("income_fall: 0.20", "income_fall: 20", (5, "storm.income_fall", "not_a_share")),
        ("price_fall: 0", "price_fall: -0.1", (7, "storm.price_fall", "not_a_share")),
        ("shock_bp: 100", "shock_bp: 1.5", (4, "storm.rate_shock_bp", "int_type")),
        ("shock_bp: 100", "shock_bp: 9999", (4, "storm.rate_shock_bp", "less_than_equal")),
        ("grade: M", "id: rain\n  grade: M", (9, "storm.id", "extra_forbidden")),
        ("price_fall: 0", "lpr_5y_to: 0.049", (7, "storm.lpr_5y_to", "two_rate_moves")),
        (
            "price_fall: 0",
            "extra_expense_months: 6",
            (7, "storm.extra_expense_months", "nothing_to_last"),
        ),
        (
            "income_fall: 0.20",
            "income_fall_months: 6",
            (5, "storm.income_fall_months", "nothing_to_last"),
        ),
        (CASE, "storm: 1", (1, "storm", "model_type")),
        (CASE, "- storm", (1, "", "not_a_mapping")),
    ],
)
def test_slips_in_scenarios_are_located(tmp_path, old, new, expected):
    """Scenario files are checked as rule files are."""
    path = tmp_path / "cases.yaml"
    path.write_text(CASE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ClientFileError) as caught:
        read_scenarios(path)
    assert expected in [(p.line, p.field, p.code) for p in caught.value.problems]


def test_reading_parameters_stays_light():
    """Commands that start within half a second import this module without the heavy libraries."""
    heavy = ["pandas", "numpy", "highspy", "chinese_calendar", "papermill", "nbformat"]
    program = (
        "import sys, planning.parameters, planning.market.history;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
