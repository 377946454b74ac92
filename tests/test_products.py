"""The product catalogue: what it holds on a day, and every slip of a product file located."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from planning.errors import ClientFileError
from planning.household.client import read_household
from planning.household.profile import Asset, Income, Member
from planning.market.history import read_index_histories
from planning.products.catalogue import check_products, product_schema, read_products
from planning.products.offer import Request, offer
from planning.products.product import Family
from planning.rule_files import read_rule_book
from planning.rules.compliance import Case, contract_checks, is_lawful
from planning.yaml_tree import read_tree
from reports.language import Language
from reports.language.problems import known_codes, problem_lines

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "params" / "products"
FILES = sorted(FOLDER.glob("*.yaml"))
CLIENT = ROOT / "params" / "clients" / "example-01-young-couple.yaml"
AS_OF = date(2026, 11, 22)

PRODUCT = """\
schema_version: 1
id: plain
label: {zh: 普通贷款, en: Plain loan}
family: consumer
kind: consumer_loan
lender: 启明银行
terms:
  - since: 2025-01-01
    amount: {least: 1000, most: 100000}
    months: {least: 6, most: 36}
    methods: [equal_instalment]
    pricing:
      - months_up_to: 12
        rate: {kind: fixed, annual_rate: 0.03}
      - rate: {kind: fixed, annual_rate: 0.04}
    collateral: {kinds: [car], loan_to_value: 0.8}
    eligibility:
      uses: [car]
      employment: [salaried]
      evidence: [payslip]
    prepayment_policy: {notice_days: 5}
    late_terms: {penalty_uplift: 0.5, is_compounded: true}
    documents: [{kind: identity}]
    reference: {title: 示例产品，条款为虚构, url: null}
    grade: M
"""

FUND_CELL = "      - part: provident\n        rate: {kind: fixed, annual_rate: 0.02}\n"
CHARGE = "{kind: service_fee, collected_by: 甲, charged: each_period, amount: 1, rate: 0.01}"


def _again(year):
    """The rest of a file with its terms a second time, since another year."""
    return "    grade: M\n" + PRODUCT[PRODUCT.index("  - since") :].replace("2025", year)


SLIPS = {
    "terms that follow nothing": (
        "    grade: M\n",
        _again("2024"),
        ("terms[1].since", "dates_not_ascending"),
    ),
    "terms that last into the next": (
        "    grade: M\n",
        "    until: 2026-01-01\n" + _again("2026"),
        ("terms[0].until", "terms_overlap"),
    ),
    "an end before the start": (
        "    amount:",
        "    until: 2024-12-31\n    amount:",
        ("terms[0].until", "ends_before_start"),
    ),
    "a least amount above the most": (
        "least: 1000,",
        "least: 100001,",
        ("terms[0].amount.least", "least_above_most"),
    ),
    "a shortest term above the longest": (
        "least: 6,",
        "least: 37,",
        ("terms[0].months.least", "least_above_most"),
    ),
    "a choice outside the range": (
        "most: 36}",
        "most: 36, choices: [12, 48]}",
        ("terms[0].months.choices[1]", "choice_outside"),
    ),
    "a choice twice": (
        "most: 36}",
        "most: 36, choices: [12, 24, 12]}",
        ("terms[0].months.choices[2]", "named_twice"),
    ),
    "a term no contract has": (
        "most: 36",
        "most: 999",
        ("terms[0].months.most", "less_than_equal"),
    ),
    "nothing to lend": (
        "{least: 1000, most: 100000}",
        "{least: 0, most: 0}",
        ("terms[0].amount.most", "greater_than"),
    ),
    "a home's subsidy of a consumer loan": (
        "    grade: M\n",
        "    grade: M\n    subsidy: first_home\n",
        ("terms[0].subsidy", "subsidy_of_home_loans"),
    ),
    "an asset no client has": (
        "[car], loan",
        "[carr], loan",
        ("terms[0].collateral.kinds[0]", "literal_error"),
    ),
    "a way to work no client has": (
        "[salaried]",
        "[employee]",
        ("terms[0].eligibility.employment[0]", "literal_error"),
    ),
    "an evidence no client has": (
        "[payslip]",
        "[promise]",
        ("terms[0].eligibility.evidence[0]", "literal_error"),
    ),
    "a grid that ends before the range": (
        "      - rate: {kind",
        "      - months_up_to: 24\n        rate: {kind",
        ("terms[0].pricing", "grid_gap"),
    ),
    "a grid that leaves large amounts out": (
        "      - rate: {kind",
        "      - amount_up_to: 50000\n        rate: {kind",
        ("terms[0].pricing", "grid_gap"),
    ),
    "a flat fee beside instalments": (
        "rate: {kind: fixed, annual_rate: 0.04}",
        "rate: {kind: flat_fee, fee_rate_per_month: 0.004}",
        ("terms[0].pricing[1].rate", "method_needs_rate"),
    ),
    "a rate beside a flat method": (
        "methods: [equal_instalment]",
        "methods: [flat_fee]",
        ("terms[0].pricing[0].rate", "method_needs_rate"),
    ),
    "a balloon": (
        "methods: [equal_instalment]",
        "methods: [balloon]",
        ("terms[0].methods[0]", "balloon_product"),
    ),
    "a grace as long as the shortest term": (
        "    methods: [equal_instalment]",
        "    grace: {months: 480}\n    methods: [equal_instalment]",
        ("terms[0].grace.months", "grace_too_long"),
    ),
    "a combination with one part": (
        "family: consumer",
        "family: combination",
        ("terms[0].pricing", "part_without_rate"),
    ),
    "a fund's part of a consumer loan": (
        "      - months_up_to",
        f"{FUND_CELL}      - months_up_to",
        ("terms[0].pricing", "part_unwanted"),
    ),
    "card instalments of a car loan": (
        "lender: 启明银行\n",
        "lender: 启明银行\ninstalment_of: bill\n",
        ("instalment_of", "only_card_instalments"),
    ),
    "a charge with amount and rate": (
        "    collateral:",
        f"    charges: [{CHARGE}]\n    collateral:",
        ("terms[0].charges[0].amount", "amount_or_rate"),
    ),
    "an unknown field": (
        "    grade: M",
        "    grade: M\n    colour: red",
        ("terms[0].colour", "extra_forbidden"),
    ),
}


@pytest.fixture(scope="module")
def products():
    """The catalogue by id."""
    return {product.id: product for product in read_products(FOLDER)}


@pytest.fixture(scope="module")
def histories():
    """Every published index."""
    return read_index_histories(ROOT / "params" / "market")


@pytest.fixture(scope="module")
def book():
    """Every rule."""
    return read_rule_book(ROOT / "params" / "rules")


def _written(tmp_path, text, name="plain.yaml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def _problems(tmp_path, text):
    found, problems = check_products([_written(tmp_path, text)])
    assert (not found) == bool(problems)
    return [(problem.field, problem.code) for problem in problems]


def _changed(old, new):
    assert PRODUCT.count(old) == 1, old
    return PRODUCT.replace(old, new)


# ------------------------------------------------------------------------------ the reader


def test_a_sound_file_is_a_product(tmp_path):
    """What stands in the file stands in the product, money in 分."""
    (product,) = check_products([_written(tmp_path, PRODUCT)])[0].values()
    terms = product.terms[0]
    assert (product.id, terms.amount.most, terms.months.choices) == ("plain", 10_000_000, ())
    assert [cell.rate.annual_rate for cell in terms.pricing] == [Decimal("0.03"), Decimal("0.04")]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_where_it_stands(tmp_path, slip):
    """Each contradiction is told at its field, and what is sound is not."""
    old, new, wanted = SLIPS[slip]
    assert wanted in _problems(tmp_path, _changed(old, new))
    assert _problems(tmp_path, PRODUCT) == []


def test_a_cell_that_never_holds_is_found(tmp_path):
    """A second cell for what the first already covers."""
    text = _changed("      - months_up_to: 12\n        rate", "      - rate")
    assert _problems(tmp_path, text) == [("terms[0].pricing[1]", "cell_hidden")]


def test_an_lpr_product_from_before_the_lpr_is_found(tmp_path):
    """The reformed LPR was first published on 2019-08-20."""
    floating = "{kind: floating, index: lpr_1y, spread_bp: 0, reset_months: 12, "
    floating += "reset_anchor: january_1}"
    text = _changed("{kind: fixed, annual_rate: 0.04}", floating)
    assert _problems(tmp_path, text) == []
    early = text.replace("2025-01-01", "2019-08-20")
    assert _problems(tmp_path, early) == [("terms[0].pricing[1].rate.index", "before_index")]


def test_what_a_flat_fee_cannot_have_is_found(tmp_path):
    """No penalty as an uplift of a rate that is not there, and no subsidy of it."""
    text = PRODUCT.replace("[equal_instalment]", "[flat_fee]").replace(
        "{kind: fixed, annual_rate", "{kind: flat_fee, fee_rate_per_month"
    )
    text = text.replace("    eligibility:", "    subsidy: consumer\n    eligibility:")
    assert _problems(tmp_path, text) == [
        ("terms[0].subsidy", "subsidy_needs_rate"),
        ("terms[0].late_terms", "uplift_needs_rate"),
    ]


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    """Two slips of one file, one of another, and an id used twice."""
    first = _written(
        tmp_path, PRODUCT.replace("0.04}", "4}").replace("grade: M", "grade: Z"), "a.yaml"
    )
    second = _written(tmp_path, PRODUCT.replace("[payslip]", "[promise]"), "b.yaml")
    found, problems = check_products([first, second])
    told = [(Path(problem.file).name, problem.code) for problem in problems]
    assert found == {}
    assert told == [
        ("a.yaml", "rate_as_percent"), ("a.yaml", "literal_error"),
        ("b.yaml", "duplicate_product"), ("b.yaml", "literal_error"),
    ]  # fmt: skip
    with pytest.raises(ClientFileError) as refused:
        read_products(tmp_path)
    assert len(refused.value.problems) == len(problems)


def test_an_empty_folder_is_no_catalogue(tmp_path):
    """A catalogue without products is a mistake of the folder, not a market without lenders."""
    with pytest.raises(ClientFileError) as refused:
        read_products(tmp_path)
    assert [problem.code for problem in refused.value.problems] == ["no_files"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_slip_has_words(tmp_path, language):
    """A slip reads as a sentence with the numbers it names filled in."""
    for old, new, _ in SLIPS.values():
        _, problems = check_products([_written(tmp_path, _changed(old, new))])
        assert {problem.code for problem in problems} <= known_codes()
        for line in problem_lines(problems, language):
            assert " -> " in line
            assert "{" not in line


# --------------------------------------------------------------------------- the catalogue


def test_the_catalogue_has_every_kind_of_product(products):
    """At least fourteen products, and one at least of each family."""
    assert len(products) >= 14
    assert {product.family for product in products.values()} == set(get_args(Family))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_named_after_its_product_and_fits_the_schema(path, products):
    """The id names the file, editors are told the schema, and the schema takes the file."""
    assert path.stem in products
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=../schema/product.")
    data = read_tree(path).data
    jsonschema.validate(_plain(data), product_schema())


def test_every_product_says_that_it_is_invented(products):
    """Terms are general knowledge at best: grade M, and a title that says so."""
    for product in products.values():
        for terms in product.terms:
            assert (terms.grade, terms.reference.url) == ("M", None)
            assert "虚构" in terms.reference.title


@pytest.mark.parametrize("day", [date(2019, 9, 1), date(2024, 10, 1), AS_OF], ids=str)
def test_the_basic_kinds_are_on_offer_on_every_day(day, products):
    """A consumer loan, a home loan, the provident fund's, a business loan and a pledge."""
    offered = {p.family for p in products.values() if p.on(day)}
    assert offered >= {"consumer", "mortgage", "provident_fund", "business", "pledge"}


def test_terms_hold_from_their_day_until_the_next(products):
    """The day before a change has the old terms, the day itself the new ones."""
    for product in products.values():
        assert product.on(product.terms[0].since - timedelta(days=1)) is None
        for earlier, later in zip(product.terms, product.terms[1:], strict=False):
            before = product.on(later.since - timedelta(days=1))
            assert before == (earlier if earlier.until is None else None)
            assert product.on(later.since) == later


def test_a_withdrawn_product_is_offered_to_its_last_day_and_no_longer(products):
    """The promotion below 3 % ended with the guidance of 2025-04-01."""
    product = products["qiming-consumer-promotion"]
    assert product.on(date(2025, 3, 31)) is not None
    assert product.on(date(2025, 4, 1)) is None


def test_every_term_set_makes_an_offer_at_every_corner_of_its_range(products, histories):
    """No product breaks a contract's own consistency, at either end of amount, term and method."""
    for product in products.values():
        for terms in product.terms:
            for request in _corners(terms):
                made = offer(product, terms, request, histories, {})
                assert sum(s.contract.principal for s in made.schedules) == request.amount
                assert all(s.rows[-1].closing == 0 for s in made.schedules)


def _corners(terms):
    homes = {cell.first_home for cell in terms.pricing} - {None} or {None}
    months = terms.months.choices or (terms.months.least, terms.months.most)
    for method in terms.methods:
        for amount, term in zip(
            (terms.amount.least, terms.amount.most), (months[0], months[-1]), strict=True
        ):
            for home in homes:
                yield Request(
                    amount=amount,
                    months=term,
                    starts_on=terms.since,
                    borrowers=("a",),
                    purpose="test",
                    method=method,
                    provident=amount // 3,
                    is_first_home=home,
                )


def test_products_speak_the_words_of_client_files(products):
    """Kinds of asset, employment and evidence are those a household's file may state."""
    assets, works, proofs = (
        set(get_args(record.model_fields[field].annotation))
        for record, field in ((Asset, "kind"), (Member, "employment"), (Income, "evidence"))
    )
    for product in products.values():
        for terms in product.terms:
            assert set(terms.eligibility.employment) <= works
            assert set(terms.eligibility.evidence) <= proofs
            assert set(terms.collateral.kinds if terms.collateral else ()) <= assets


def test_the_traps_are_set(products, histories):
    """A plan dearer than 24 %, and a loan that shows no cost form, are there to be caught."""
    cash, assisted = products["qiming-card-cash"], products["yunqi-assisted"]
    request = Request(2_000_000, 12, AS_OF, ("a",), "test")
    dear = offer(cash, cash.on(AS_OF), request, histories, {})
    hidden = offer(assisted, assisted.on(AS_OF), request, histories, {})
    assert dear.cost.irr_x12 > 0.24 > hidden.cost.irr_x12
    assert [assisted.on(day).shows_cost_form for day in (date(2026, 7, 31), AS_OF)] == [True, False]
    others = [p.on(AS_OF) for name, p in products.items() if name != assisted.id]
    assert all(terms.shows_cost_form for terms in others if terms)


def test_no_product_but_the_traps_breaks_a_rule(products, histories, book):
    """At its shortest term and for its first use, every other product is lawful on the day."""
    household = read_household(CLIENT, AS_OF)
    unlawful = {
        product.id
        for product, terms in ((p, p.on(AS_OF)) for p in products.values())
        if terms and not is_lawful(_checks(product, terms, household, histories, book.on(AS_OF)))
    }
    assert unlawful == {"qiming-card-cash", "yunqi-assisted"}


def _checks(product, terms, household, histories, rules):
    """Every check of the contracts of the largest loan."""
    request = Request(
        amount=terms.amount.most,
        months=terms.months.least,
        starts_on=AS_OF,
        borrowers=(household.members[0].id,),
        purpose="test",
        use=terms.eligibility.uses[0],
        is_first_home=any(cell.first_home is not False for cell in terms.pricing),
    )
    made = offer(product, terms, request, histories, {})
    cases = [Case(contract, made.cost, is_new=True) for contract in made.contracts]
    return [c for case in cases for c in contract_checks(case, household, histories, rules)]


def test_a_guarantor_the_lender_brings_is_not_asked_of_the_client(products):
    """A guarantee company that is paid a fee, and one's own guarantor, are different things."""
    brought = products["qiming-consumer-guaranteed"].on(AS_OF)
    asked = products["qiming-business-guaranteed"].on(AS_OF)
    assert (brought.guarantee, brought.guarantee_asked) == ("company", "none")
    assert (asked.guarantee, asked.guarantee_asked) == ("personal", "personal")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_families_and_channels_have_words(products, language):
    """No product shows a bare code."""
    speech = Language(language)
    for product in products.values():
        assert speech.label("family", product.family)
        assert {speech.label("channel", terms.channel) for terms in product.terms}


def _plain(value):
    """Values as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
