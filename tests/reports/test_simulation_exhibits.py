"""The simulation as a document tells it, in both languages."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import get_args

import pytest

from planning.risk.simulation import LEAST_SHORT, Chance, Drivers, Spread
from planning.risk.variants import VariantCode
from reports.exhibits.simulation import cash_fan, chance_chart, instalment_fan, simulation_table
from reports.language import Language
from reports.markup import NOTHING
from reports.narrative import chapter
from tests.conftest import path_of, plan_of

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
SOUND = 5
PREPAYS_AND_BORROWS = 6
SHORT_ANYWAY = 3
OVERDUE = 7
WITHOUT_INDEX = 8


def example(number):
    """The plan of one example household."""
    return plan_of(path_of(number))


def with_simulation(number, **changes):
    """An example's plan whose simulation came out in another way."""
    plan = example(number)
    found = plan.simulation.model_copy(update=changes)
    return plan.model_copy(update={"simulation": found})


def falling_short(number=SOUND, paths=37):
    """A plan whose simulation falls short on some of its 2,500 paths."""
    share = paths / 2500
    chance = Chance(share=share, standard_error=(share * (1 - share) / 2500) ** 0.5)
    months = len(example(number).simulation.months)
    return with_simulation(
        number,
        shortfall=(chance,) * months,
        distress=(chance,) * months,
        short_paths=paths,
        distressed_paths=paths - 8,
        drivers=Drivers(job=0.81, rate=0.27, medical=0.35, none=0.05),
    )


def text_of(html):
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", html.markup))


def alt_of(html):
    """What a reader who cannot see the chart is told."""
    return unescape(re.search(r' alt="([^"]*)"', html.markup).group(1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_variant_has_words(language):
    """No code of a variant is without a label."""
    for code in ("as_it_is", *get_args(VariantCode)):
        assert Language(language).label("variant", code)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_counts_courses_and_says_how_sure_the_count_is(language):
    """So many of so many, with the standard error, the reasons and what is not counted."""
    plan, speech = falling_short(), Language(language)
    told = text_of(chapter(plan, "simulation", language))
    assert speech.either("2,500 种可能里有 37 种", "In 37 of 2,500 courses") in told
    assert speech.percent(plan.simulation.shortfall[-1].standard_error) in told
    assert speech.either("不是预测", "no forecast") in told
    assert speech.either("不计失业保险金", "neither unemployment benefit") in told
    assert all(share in told for share in ("81%", "27%", "35%"))
    assert speech.either("下调过 14 次", "cut 14 times") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sound_household_is_told_that_none_fell_short_and_what_that_is_worth(language):
    """No course ran out of money, which is no promise; nothing is drawn of a chance of zero."""
    plan, speech = example(SOUND), Language(language)
    assert plan.simulation.short_paths == 0
    told = text_of(chapter(plan, "simulation", language))
    assert speech.either("没有一种用尽", "In none of 2,500 courses") in told
    assert speech.either("不等于不会出事", "does not mean that nothing can go wrong") in told
    assert chance_chart(plan, language) == NOTHING


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_short_anyway_is_sent_to_its_gap_first(language):
    """Where money runs out even if nothing happens, only what could be done is shown."""
    plan, speech = example(SHORT_ANYWAY), Language(language)
    told = text_of(chapter(plan, "simulation", language))
    assert speech.either("就算一切照旧", "even if nothing happens") in told
    assert f"{plan.simulation.distressed_paths:,}" in told
    for picture in (cash_fan, instalment_fan, chance_chart):
        assert picture(plan, language) == NOTHING
    assert speech.label("variant", "put_off") in told
    assert speech.label("variant", "put_off") in text_of(simulation_table(plan, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_way_out_is_lived_and_named(language):
    """Household 7: its debt and step, the bridge taken as found, and that no room is left."""
    plan, speech = example(OVERDUE), Language(language)
    told = text_of(chapter(plan, "simulation", language))
    advised = plan.hard_cases.recommended
    assert plan.simulation.compared[0].code == "way_out"
    assert plan.simulation.compared[0].more_paths < 0
    assert speech.label("variant", "way_out") in told
    assert speech.yuan(advised.figures.bridge_yuan) in told
    assert speech.either("几乎没有余地", "hardly any room") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_to_compare_is_no_table(language):
    """A single row would say what the sentence says."""
    plan = with_simulation(SOUND, compared=())
    assert simulation_table(plan, language) == NOTHING


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_does_not_vary_is_no_range(language):
    """No span from a figure to itself, and no error of a count of none."""
    spread = Spread(p5=5.0, p25=5.0, p50=5.0, p75=5.0, p95=5.0, mean=5.0)
    plan, speech = with_simulation(SOUND, interest=spread, lowest_cash=spread), Language(language)
    told = text_of(chapter(plan, "simulation", language))
    assert speech.either("利息和费用：", "Interest and fees over") not in told
    assert speech.either("还少", "less than") not in told
    assert "± 0.00%" not in text_of(simulation_table(plan, language)).replace("\xa0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_few_short_courses_give_no_reasons_and_no_curve(language):
    """Of a handful of courses no share is told."""
    plan = with_simulation(SOUND, short_paths=LEAST_SHORT - 1, drivers=None)
    assert chance_chart(plan, language) == NOTHING
    assert Language(language).either("失去工作的占", "lost work before") not in text_of(
        chapter(plan, "simulation", language)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_tell_their_figures_to_who_cannot_see_them(language):
    """Ends of the fans and the chance stand in the alternative texts."""
    plan, speech = falling_short(), Language(language)
    found = plan.simulation
    assert speech.yuan(found.liquid.p5[-1]) in alt_of(cash_fan(plan, language))
    assert speech.yuan(found.instalment.p95[-1]) in alt_of(instalment_fan(plan, language))
    assert "1.5%" in alt_of(chance_chart(plan, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_variants_stand_beside_the_household_as_it_is(language):
    """A row each, counts, shares with their errors, and the difference with the pairs' error."""
    plan, speech = example(PREPAYS_AND_BORROWS), Language(language)
    told = text_of(simulation_table(plan, language))
    found = plan.simulation
    assert {one.code for one in found.compared} == {"prepay", "loan"}
    for one in found.compared:
        assert speech.label("variant", one.code) in told
        assert speech.percent(one.difference_error if one.difference else 0.0) in told
    assert str(found.seed) in told
    prose = text_of(chapter(plan, "simulation", language))
    assert all(f"{one.short_paths:,}" in prose for one in found.compared)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_floating_debt_no_rate_is_told(language):
    """No fan of the instalment and no line about the LPR to come."""
    plan = example(WITHOUT_INDEX)
    assert instalment_fan(plan, language) == NOTHING
    assert Language(language).either("期末十分之九的可能在", "LPR 5Y: ") not in text_of(
        chapter(plan, "simulation", language)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_simulation_there_is_no_chapter(language):
    """Before the LPR can be counted nothing is shown and nothing fails."""
    plan = example(SOUND).model_copy(update={"simulation": None})
    for exhibit in (cash_fan, instalment_fan, chance_chart, simulation_table):
        assert exhibit(plan, language) == NOTHING
    assert not text_of(chapter(plan, "simulation", language)).strip()
