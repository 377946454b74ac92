"""Rate histories: what was published is read exactly, false rows are caught, gaps are named."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations_with_replacement, pairwise
from pathlib import Path
from shutil import copytree

import pytest

from planning.errors import ClientFileError, ParameterError
from planning.loans.rates import IndexHistory
from planning.market.history import (
    missing_publications,
    publication_day,
    read_index_histories,
    read_publications,
)

MARKET = Path(__file__).parents[1] / "params" / "market"


@pytest.fixture(scope="module")
def histories():
    """The histories as shipped."""
    return read_index_histories(MARKET)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the shipped files, to be spoilt."""
    return copytree(MARKET, tmp_path / "market")


def spoil(path: Path, old: str, new: str) -> None:
    """Replace the one occurrence of `old`."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def problems_of(folder: Path) -> list[tuple[str, int, str, str]]:
    """File name, line, column and code of everything wrong in a folder of histories."""
    with pytest.raises(ClientFileError) as caught:
        read_index_histories(folder)
    return [(Path(p.file).name, p.line, p.field, p.code) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("day", "one_year", "five_years"),
    [
        ("2019-08-20", "4.25", "4.85"),
        ("2020-04-19", "4.05", "4.75"),
        ("2020-04-20", "3.85", "4.65"),
        ("2021-12-20", "3.80", "4.65"),
        ("2024-02-19", "3.45", "4.20"),
        ("2024-02-20", "3.45", "3.95"),
        ("2024-10-20", "3.35", "3.85"),
        ("2024-10-21", "3.10", "3.60"),
        ("2025-05-19", "3.10", "3.60"),
        ("2025-05-20", "3.00", "3.50"),
        ("2026-09-30", "3.00", "3.50"),
    ],
)
def test_lpr_of_a_day_is_the_last_one_published(histories, day, one_year, five_years):
    """github.com/Jesselili/cn-housing-prices data/LPR.csv."""
    on = date.fromisoformat(day)
    assert histories["lpr_1y"].on(on) * 100 == Decimal(one_year)
    assert histories["lpr_5y"].on(on) * 100 == Decimal(five_years)


def test_private_lending_ceiling_of_two_days(histories):
    """Four times the 1Y LPR: 15.4 % on 2020-08-20 (tellerreport.com), 12 % on 2026-09-21."""
    lpr = histories["lpr_1y"]
    assert [4 * lpr.on(day) for day in (date(2020, 8, 20), date(2026, 9, 21))] == [
        Decimal("0.154"),
        Decimal("0.12"),
    ]


def test_lpr_changed_fourteen_times_on_known_days(histories):
    """Days on which either rate changed, as listed from the central bank's announcements."""
    one, five = histories["lpr_1y"].values, histories["lpr_5y"].values
    changes = [
        after[0][0].isoformat()
        for before, after in pairwise(zip(one, five, strict=True))
        if (before[0][1], before[1][1]) != (after[0][1], after[1][1])
    ]
    assert changes == [
        *("2019-09-20", "2019-11-20", "2020-02-20", "2020-04-20", "2021-12-20"),
        *("2022-01-20", "2022-05-20", "2022-08-22", "2023-06-20", "2023-08-21"),
        *("2024-02-20", "2024-07-22", "2024-10-21", "2025-05-20"),
    ]


@pytest.mark.parametrize(
    ("day", "first", "second"),
    [
        ("2022-09-30", "3.25", "3.575"),
        ("2022-10-01", "3.10", "3.575"),
        ("2024-05-17", "3.10", "3.575"),
        ("2024-05-18", "2.85", "3.325"),
        ("2025-05-07", "2.85", "3.325"),
        ("2025-05-08", "2.60", "3.075"),
    ],
)
def test_provident_fund_rate_of_a_day(histories, day, first, second):
    """en.people.cn 2022-10-01 and 2024-05-17; itiger.com/hans/news/1114757908."""
    on = date.fromisoformat(day)
    assert histories["provident_fund_first_home_over_5y"].on(on) * 100 == Decimal(first)
    assert histories["provident_fund_second_home_over_5y"].on(on) * 100 == Decimal(second)


def test_an_unknown_rate_is_unknown_and_not_zero(histories):
    """Before 2015-08-26 only the first-home rate over five years is known."""
    assert histories["provident_fund_first_home_over_5y"].on(date(2015, 6, 28)) == Decimal("0.035")
    for name in ("provident_fund_first_home_5y_or_less", "provident_fund_second_home_over_5y"):
        with pytest.raises(ParameterError, match="2015-08-26"):
            histories[name].on(date(2015, 8, 25))


def test_benchmark_extremes_since_2007(histories):
    """7.83 % in 2007; within a year of 2010 and 2011 up 111 bp, in late 2008 down 189 bp."""
    history = histories["benchmark_5y"]
    days = [day for day, _ in history.values]
    moves = [
        history.on(later) - history.on(earlier - timedelta(days=1))
        for earlier, later in combinations_with_replacement(days[1:], 2)
        if (later - earlier).days < 365
    ]
    assert max(rate for _, rate in history.values) == Decimal("0.0783")
    assert (max(moves), min(moves)) == (Decimal("0.0111"), Decimal("-0.0189"))


def test_every_index_a_contract_can_follow_is_there(histories):
    """Names agree with the keys, days ascend, rates are fractions."""
    assert set(histories) == {
        *("lpr_1y", "lpr_5y", "benchmark_1y", "benchmark_5y"),
        *("provident_fund_first_home_5y_or_less", "provident_fund_first_home_over_5y"),
        *("provident_fund_second_home_5y_or_less", "provident_fund_second_home_over_5y"),
    }
    for name, history in histories.items():
        days = [day for day, _ in history.values]
        assert history.name == name
        assert days == sorted(set(days))
        assert all(0 < rate < Decimal("0.1") for _, rate in history.values)


def test_every_publication_carries_its_evidence():
    """The last LPR rests on two reports, the one before on the official page."""
    publications = read_publications(MARKET)
    before, last = publications["lpr_5y"][-2:]
    assert (before.day, before.grade) == (date(2026, 8, 20), "B")
    assert "chinamoney.com.cn" in before.source
    assert (last.day, last.grade, last.annual_rate) == (date(2026, 9, 20), "C", Decimal("0.0350"))
    assert len(publications["lpr_1y"]) == 86


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2020-06-01", "2020-06-22"),  # the 20th a Saturday
        ("2021-09-01", "2021-09-22"),  # Mid-Autumn, the 20th and 21st
        ("2026-02-01", "2026-02-24"),  # Spring Festival until the 23rd
        ("2026-09-01", "2026-09-20"),  # a Sunday worked to make up for a holiday
    ],
)
def test_publication_day_moves_with_chinese_holidays(month, day):
    """The days the rates of these months really came out."""
    assert publication_day(date.fromisoformat(month)) == date.fromisoformat(day)


def test_missing_months_are_named(histories):
    """On 2026-11-22 two publications have happened that the file does not know."""
    lpr = histories["lpr_5y"]
    october, november = date(2026, 10, 20), date(2026, 11, 20)
    assert missing_publications(lpr, date(2026, 10, 19)) == ()
    assert missing_publications(lpr, october) == (october,)
    assert missing_publications(lpr, date(2026, 11, 22)) == (october, november)
    assert missing_publications(lpr, date(2020, 1, 1)) == ()
    fund = histories["provident_fund_first_home_over_5y"]
    assert missing_publications(fund, date(2026, 11, 22)) == ()


def test_a_year_boundary_is_counted_in_months():
    """From December to February two publications are due."""
    history = IndexHistory("lpr_1y", ((date(2025, 12, 22), Decimal("0.03")),))
    expected = (date(2026, 1, 20), date(2026, 2, 24))
    assert missing_publications(history, date(2026, 2, 28)) == expected


@pytest.mark.parametrize(
    ("after", "false_row", "expected"),
    [
        (
            "2019-12-20",
            "2020-01-01,3.85,4.65,C,a list",
            [("publication_day", "published_on"), ("step", "lpr_1y")],
        ),
        ("2022-12-20", "2023-01-01,3.65,4.30,C,a list", [("publication_day", "published_on")]),
    ],
)
def test_new_year_rows_of_a_careless_list_are_caught(folder, after, false_row, expected):
    """Rows of 1 January circulate in public lists; no rate was ever published on that day."""
    lines = (folder / "lpr.csv").read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(after))
    lines.insert(place + 1, false_row)
    (folder / "lpr.csv").write_text("\n".join(lines), encoding="utf-8")
    found = problems_of(folder)
    for code, column in expected:
        assert ("lpr.csv", place + 2, column, code) in found
    assert ("lpr.csv", place + 3, "published_on", "month_repeated") in found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2020-06-22,3.85", "2020-06-20,3.85", (12, "published_on", "publication_day")),
        ("2020-06-22,3.85", "2020-07-20,3.85", (13, "published_on", "not_ascending")),
        ("2020-06-22,3.85", "2020-13-22,3.85", (12, "published_on", "date_invalid")),
        ("2020-06-22,3.85", "22.06.2020,3.85", (12, "published_on", "date_invalid")),
        ("2020-06-22,3.85", "2020-06-22,3.83", (12, "lpr_1y", "off_grid")),
        ("2020-06-22,3.85", "2020-06-22,3.55", (12, "lpr_1y", "step")),
        ("2020-06-22,3.85", "2020-06-22,", (12, "lpr_1y", "rate_missing")),
        ("2020-06-22,3.85", "2020-06-22,0", (12, "lpr_1y", "rate_invalid")),
        ("2020-06-22,3.85", "2020-06-22,385", (12, "lpr_1y", "rate_invalid")),
        ("2020-06-22,3.85", "2020-06-22,3.85%", (12, "lpr_1y", "rate_invalid")),
        ("2020-06-22,3.85", "2020-06-22,3.85,1", (12, "", "cells_differ")),
        ("2019-08-20,4.25", "2019-07-22,4.25", (2, "published_on", "first_month")),
        ("published_on", "date", (1, "", "columns_differ")),
        (
            "2026-09-20,3.00,3.50,C,两家独立报道；没有看到官方网页",
            "2026-09-20,3.00,3.50,D,",
            (87, "grade", "grade_invalid"),
        ),
    ],
)
def test_each_slip_in_the_lpr_is_found_on_its_line(folder, old, new, expected):
    """One changed cell, one located problem."""
    spoil(folder / "lpr.csv", old, new)
    assert ("lpr.csv", *expected) in problems_of(folder)


@pytest.mark.parametrize(("gap", "missing"), [(("2020-06",), 1), (("2020-06", "2020-07"), 2)])
def test_missing_months_are_counted(folder, gap, missing):
    """The row after the gap says how many months are missing."""
    path = folder / "lpr.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if not row.startswith(gap)]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(ClientFileError) as caught:
        read_index_histories(folder)
    (problem,) = caught.value.problems
    assert (problem.line, problem.code, problem.numbers["missing"]) == (
        12,
        "months_missing",
        missing,
    )


def test_past_the_announced_holidays_any_day_from_the_20th_may_be_right(folder):
    """The holidays of 2027 are not known: a working Saturday then is not an error."""
    history = (folder / "lpr.csv").read_text(encoding="utf-8")
    months = ["2026-10-20", "2026-11-20", "2026-12-21", "2027-01-20", "2027-02-20"]
    rows = "".join(f"{day},3.00,3.50,M,invented\n" for day in months)
    (folder / "lpr.csv").write_text(history + rows, encoding="utf-8")
    assert len(read_index_histories(folder)["lpr_1y"].values) == 91
    spoil(folder / "lpr.csv", "2027-02-20", "2027-02-19")
    assert problems_of(folder) == [("lpr.csv", 92, "published_on", "publication_day")]


def test_all_files_report_together(folder):
    """A missing file hides nothing of the others."""
    (folder / "benchmark.csv").unlink()
    spoil(folder / "provident_fund.csv", "2025-05-08,2.10", "2025-05-08,")
    spoil(folder / "lpr.csv", "2020-06-22,3.85", "2020-06-22,3.83")
    assert problems_of(folder) == [
        ("lpr.csv", 12, "lpr_1y", "off_grid"),
        ("benchmark.csv", 0, "", "unreadable"),
        ("provident_fund.csv", 9, "first_home_5y_or_less", "rate_missing"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "columns_differ"),
        (b"published_on,lpr_1y,lpr_5y,grade,source\n", "empty"),
        ("published_on,lpr_1y,lpr_5y,grade,source\n2019-08-20,4,4,C,网".encode("gbk"), "encoding"),
        (b'published_on,lpr_1y,lpr_5y,grade,source\n2019-08-20,4,4,C,"open', "syntax"),
    ],
)
def test_files_that_are_no_tables(folder, content, code):
    """Empty, wrongly encoded and broken files are problems, not crashes."""
    (folder / "lpr.csv").write_bytes(content)
    assert [found for *_, found in problems_of(folder)] == [code]


def test_a_column_without_any_rate_is_a_problem(folder):
    """A history needs at least one value."""
    path = folder / "provident_fund.csv"
    header, *_, last = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header}\n{last.replace('2.10', '')}\n", encoding="utf-8")
    assert problems_of(folder) == [
        ("provident_fund.csv", 2, "first_home_5y_or_less", "rate_missing")
    ]
