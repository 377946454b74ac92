"""``planner products``, and the exhibits that show the risks of products and debts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from planning.market.history import read_index_histories
from planning.parameters import Label
from planning.products.catalogue import product_schema, read_products
from planning.products.offer import Request, offer
from planning.products.policy import debt_changes
from planning.products.risk_card import risk_card
from planning.products.subsidies import granted_subsidies
from planning.rule_files import read_rule_book, read_scenarios
from reports.cli import app
from reports.exhibits.risk_cards import (
    changes_table,
    policy_table,
    rate_scenario_table,
    risk_card_table,
)
from reports.markup import NOTHING
from reports.narrative import chapter
from tests.conftest import plan_of

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "params"
FOLDER = PARAMS / "products"
DAY = "2026-11-22"
AS_OF = date(2026, 11, 22)
SHOWN = ("qiming-mortgage-first-home", "qiming-mortgage-fixed")


def _run(*words, on=DAY):
    return CliRunner().invoke(app, ["products", *words, "--on", on])


def _json(*words, on=DAY):
    run = _run(*words, "--json", on=on)
    assert run.exit_code == 0, run.output
    return {one["id"]: one for one in json.loads(run.stdout)}


# ----------------------------------------------------------------------------- the command


def test_every_product_has_its_line():
    """A line a product, whether on offer on the day or not, and the note below."""
    run = _run()
    assert run.exit_code == 0
    ids = [line.split()[0] for line in run.stdout.splitlines()[1:-1]]
    assert ids == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert run.stdout.splitlines()[-1].startswith("示例：")


def test_the_example_costs_what_the_form_says():
    """The first home's 800,000 over 30 years at 3.50 - 0.45 %; the card's plan at twice its fee."""
    found = _json()
    home = found["qiming-mortgage-first-home"]["example"]
    assert (home["amount"], home["months"], home["first_payment"]) == (800_000.0, 360, 3394.44)
    assert home["irr_x12"] == pytest.approx(0.0305, abs=1e-6)
    assert found["qiming-card-cash"]["example"]["irr_x12"] > 0.24


def test_a_product_stands_as_it_did_on_the_day():
    """Withdrawn, not yet offered, and on the older terms."""
    now, then, first = _json(), _json(on="2024-10-01"), _json(on="2019-09-01")
    assert now["qiming-consumer-promotion"]["state"] == "withdrawn"
    assert then["qiming-mortgage-extension"]["state"] == "not_yet"
    assert then["qiming-mortgage-extension"]["example"] is None
    assert then["qiming-mortgage-first-home"]["terms"]["since"] == "2024-05-20"
    rate = first["qiming-mortgage-first-home"]["terms"]["pricing"][0]["rate"]
    assert (rate["index"], rate["multiplier"]) == ("benchmark_5y", "1.10")


def test_english_and_chinese_name_the_same_products():
    """The same lines in either language, each in its own words."""
    chinese, english = (_run("--language", language).stdout for language in ("zh", "en"))
    assert "已停售" in chinese
    assert "withdrawn" in english
    assert not re.search("[一-鿿]", english)
    assert len(chinese.splitlines()) == len(english.splitlines())


def test_unverified_terms_are_marked():
    """Invented terms are grade M and say so on every line that has any."""
    lines = [line for line in _run().stdout.splitlines()[1:-1] if "已停售" not in line]
    assert all(line.endswith("〔未核实〕") for line in lines)


def test_given_files_are_checked_and_shown(tmp_path):
    """A sound file is shown alone; with a wrong one beside it nothing is."""
    sound = FOLDER / "qiming-car.yaml"
    wrong = tmp_path / "wrong.yaml"
    text = sound.read_text("utf-8").replace("least: 20000", "least: 9000000", 1)
    wrong.write_text(text.replace("id: qiming-car", "id: wrong"), "utf-8")
    assert len(_run(str(sound)).stdout.splitlines()) == 3
    run = _run(str(sound), str(wrong))
    assert (run.exit_code, run.stdout) == (2, "")
    assert [line.split("  ")[1] for line in run.stderr.splitlines()] == ["terms[0].amount.least"]


def test_a_file_that_is_not_there_is_refused():
    """Its problem is told; exit code 2."""
    run = _run("no-such-product.yaml")
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.startswith("no-such-product.yaml")


def test_a_day_that_is_none_is_refused():
    """A day is written in full."""
    assert _run(on="yesterday").exit_code == 2


def test_the_schema_is_current():
    """The file editors are given is the one the model makes."""
    written = json.loads((PARAMS / "schema" / "product.schema.json").read_text("utf-8"))
    assert written == product_schema()


def test_the_command_starts_without_heavy_libraries():
    """Neither the notebook engine nor tables of data are loaded for a list."""
    code = (
        "import sys; from typer.testing import CliRunner; from reports.cli import app; "
        "CliRunner().invoke(app, ['products']); "
        "print([n for n in ('papermill', 'pandas', 'matplotlib') if n in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


# ---------------------------------------------------------------------------- the exhibits


@pytest.fixture(scope="module")
def cards():
    """Cards of a floating and a fixed mortgage on the same amount, and one of a pledge."""
    products = {product.id: product for product in read_products(FOLDER)}
    histories = read_index_histories(PARAMS / "market")
    rules = read_rule_book(PARAMS / "rules").on(AS_OF)
    cases = read_scenarios(PARAMS / "scenarios" / "standard.yaml")
    home = Request(80_000_000, 300, AS_OF, ("a",), "test", is_first_home=True)
    renovation = Request(10_000_000, 36, AS_OF, ("a",), "test", use="renovation")
    asked = [*((name, home) for name in SHOWN), ("qiming-renovation", renovation)]
    offers = []
    for name, request in asked:
        terms = products[name].on(AS_OF)
        granted = granted_subsidies(products[name], terms, request, None, rules)
        offers.append(offer(products[name], terms, request, histories, granted))
    return [
        risk_card(made, offers, histories, cases, rules, *[1_000_000.0 if n < 2 else None] * 2)
        for n, made in enumerate(offers)
    ]


@pytest.fixture(scope="module")
def shown(cards):
    """A household's plan with these cards on its shortlist and the changes of its debts."""
    plan = plan_of(PARAMS / "clients" / "example-01-young-couple.yaml")
    rules = read_rule_book(PARAMS / "rules").on(AS_OF)
    labels = {product.id: product.label for product in read_products(FOLDER)}
    candidates = [SimpleNamespace(product=c.product, label=labels[c.product]) for c in cards]
    facts = {name: getattr(plan, name) for name in type(plan).model_fields}
    facts["selection"] = SimpleNamespace(
        risk_cards=cards, candidates=candidates, shortlist=(), starts_on=AS_OF
    )
    facts["policy_changes"] = debt_changes(plan.household.liabilities, rules)
    return SimpleNamespace(**facts, debt=plan.debt)


def _cells(html):
    """The texts of every row of a table."""
    rows = re.findall(r"<tr>(.*?)</tr>", str(html), re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]


def _by_name(html):
    return {row[0]: row[1:] for row in _cells(html)}


def test_risks_stand_side_by_side(shown, cards):
    """A column a product; a fixed rate has dashes where there is nothing to reset."""
    table = _by_name(risk_card_table(shown, "zh"))
    assert [name.endswith("〔未核实〕") for name in table["风险"]] == [True] * 3
    assert table["利率方式"] == ["浮动", "固定", "固定"]
    assert table["首次重定价日"] == ["2027-02-22", "—", "—"]
    assert table["贷款占担保物价值"] == ["80.0%", "80.0%", "—"]
    rise = cards[0].break_even_bp
    assert table["与固定利率相比的划算界限"][0].startswith(f"+{rise}个基点（启明银行住房贷款")
    assert "到期一次归还的本金" not in table


def test_a_fixed_rate_has_one_scenario(shown):
    """Three lines of the floating loan, dearer with every rise, and one of each fixed one."""
    rows = _cells(rate_scenario_table(shown, "en"))[1:]
    assert [row[1] for row in rows] == [
        "unchanged", "+100 bp", "+200 bp", "fixed rate, no effect", "fixed rate, no effect",
    ]  # fmt: skip
    costs = [int(row[3].replace(",", "")) for row in rows[:3]]
    assert costs == sorted(costs)


def test_the_end_of_a_subsidy_is_a_policy_risk(shown):
    """The renovation loan's subsidy ends on 2027-01-01; the mortgages have none here."""
    (row,) = _cells(policy_table(shown, "zh"))[1:]
    assert row[2:4] == ["到期终止", "2027-01-01"]


def test_debts_show_what_has_changed(shown):
    """The couple's mortgage of 2019: cuts and shorter resets, each with its day; no new limits."""
    rows = _cells(changes_table(shown, "zh"))[1:]
    assert ["最短 1年", "最短 3个月", "2024-11-01"] in [row[2:5] for row in rows]
    assert ["30年", "40年", "2026-08-28"] not in [row[2:5] for row in rows]
    assert ["无此规定", "适用", "2023-09-25"] in [row[2:5] for row in rows]
    assert all(len(row) == 6 for row in rows)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_to_show_is_nothing(shown, language):
    """No selection, no cards and no change leave no empty tables."""
    bare = SimpleNamespace(**{**vars(shown), "selection": None, "policy_changes": ()})
    for exhibit in (risk_card_table, rate_scenario_table, policy_table, changes_table):
        assert exhibit(bare, language) == NOTHING


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_keep_to_their_language(shown, language):
    """English tables have Chinese in names of lenders and of texts only."""
    for exhibit in (risk_card_table, rate_scenario_table):
        text = str(exhibit(shown, language))
        assert bool(re.search("[一-鿿]", text)) == (language == "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_chapter_tells_the_risks_there_are(shown, language):
    """Rate, market and policy risk of these cards; no word of a sum due at the end."""
    text = chapter(shown, "product_risk", language).markup
    told = ("利率风险", "市场风险", "政策风险") if language == "zh" else (
        "Rate risk", "Market risk", "Policy risk",
    )  # fmt: skip
    assert all(word in text for word in told)
    assert ("到期风险" if language == "zh" else "Risk at the end") not in text
    assert "<h3>" in chapter(shown, "policy_changes", language).markup


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_chapter_says_when_there_is_nothing_to_compare(shown, language):
    """Without a shortlist one sentence says so."""
    bare = SimpleNamespace(**{**vars(shown), "selection": None, "policy_changes": ()})
    text = chapter(bare, "product_risk", language).markup
    assert text.count("<p>") == 1
    assert chapter(bare, "policy_changes", language).markup == ""


def test_a_hostile_name_stays_text(shown, cards):
    """A product's label is data: its markup shows as written."""
    hostile = SimpleNamespace(
        product=cards[0].product, label=Label(zh="<script>x</script>", en="<b>x</b>")
    )
    changed = SimpleNamespace(
        **{**vars(shown), "selection": SimpleNamespace(risk_cards=cards, candidates=[hostile])}
    )
    assert "<script>" not in str(risk_card_table(changed, "zh"))
