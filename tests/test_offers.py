"""Offers to the fen, and the subsidies that are granted or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy_financial as npf
import pytest
from pyxirr import irr

from planning.errors import ParameterError, TermsError
from planning.household.profile import HomePurchase
from planning.market.history import read_index_histories
from planning.products.catalogue import read_products
from planning.products.offer import Request, known_on, offer
from planning.products.subsidies import (
    granted_subsidies,
    subsidies,
    subsidy_refusals,
    window_end,
)
from planning.rule_files import read_rule_book
from planning.rules.disclosure import Charge
from planning.units import share_of

PARAMS = Path(__file__).parents[1] / "params"
AS_OF = date(2026, 11, 22)
GRANTED = date(2026, 10, 15)


@pytest.fixture(scope="module")
def products():
    """The catalogue by id."""
    return {product.id: product for product in read_products(PARAMS / "products")}


@pytest.fixture(scope="module")
def histories():
    """Every published index."""
    return read_index_histories(PARAMS / "market")


@pytest.fixture(scope="module")
def book():
    """Every rule."""
    return read_rule_book(PARAMS / "rules")


def _request(yuan, months, day=AS_OF, **more):
    return Request(yuan * 100, months, day, ("a",), "test", **more)


@pytest.fixture
def offered(products, histories):
    """Makes an offer of a product on the day of the request."""

    def make(name, request, subsidised=None):
        product = products[name]
        terms = product.on(request.starts_on)
        return offer(product, terms, request, histories, subsidised or {})

    return make


# ----------------------------------------------------------------------------- the contracts


def test_a_level_payment_is_the_annuity(offered):
    """100,000 over 36 months at 3.15 % pays what the textbook formula says."""
    made = offered("qiming-consumer-branch", _request(100_000, 36))
    expected = -npf.pmt(0.0315 / 12, 36, 100_000)
    assert made.payments[0] / 100 == pytest.approx(expected, abs=0.005)
    assert set(made.payments[:-1]) == {made.payments[0]}


def test_a_loan_without_charges_costs_its_rate(offered):
    """Nothing is paid but interest, so the cost on the simple basis is the contract rate."""
    made = offered("qiming-consumer-branch", _request(100_000, 36))
    assert made.cost.irr_x12 == pytest.approx(0.0315, abs=1e-6)
    assert made.own_cost == made.cost
    assert made.total_cost == sum(made.payments) - 10_000_000


def test_a_guarantee_fee_is_in_the_payments_and_in_the_cost(offered):
    """1.8 % a year of the balance is paid beside each instalment; the cost is the flow's rate."""
    made = offered("qiming-consumer-guaranteed", _request(100_000, 36))
    (schedule,) = made.schedules
    fees = [share_of(row.opening, Decimal("0.018") / 12) for row in schedule.rows]
    assert list(made.payments) == [
        row.payment + fee for row, fee in zip(schedule.rows, fees, strict=True)
    ]
    flow = [-10_000_000, *made.payments]
    assert made.cost.irr_x12 == pytest.approx(irr(flow) * 12, abs=1e-9)
    assert made.cost.irr_x12 == pytest.approx(0.039 + 0.018, abs=1e-4)


def test_a_valuation_fee_comes_out_of_the_proceeds(offered):
    """1,500 paid to the valuer on drawdown is received less."""
    made = offered("qiming-business-secured", _request(500_000, 36))
    assert made.proceeds == 50_000_000 - 150_000
    flow = [-made.proceeds, *made.payments]
    assert made.cost.irr_x12 == pytest.approx(irr(flow) * 12, abs=1e-9)


def test_a_flat_fee_costs_nearly_twice_its_name(offered):
    """0.36 % a month for twelve months: 8,333.33 and 360 a month, by the rate of the flow."""
    made = offered("qiming-card-instalment", _request(100_000, 12))
    by_hand = npf.irr([-100_000, *[100_000 / 12 + 360] * 12]) * 12
    assert made.cost.irr_x12 == pytest.approx(by_hand, abs=1e-5)
    assert 1.7 < made.cost.irr_x12 / (12 * 0.0036) < 2


def test_a_combination_is_the_sum_of_its_parts(offered):
    """A commercial and a provident-fund loan of the same amounts pay the same, row by row."""
    request = _request(1_000_000, 300, is_first_home=True)
    both = offered("qiming-combination", replace(request, provident=60_000_000))
    bank = offered("qiming-mortgage-first-home", replace(request, amount=40_000_000))
    fund = offered("provident-fund-home", replace(request, amount=60_000_000))
    pairs = zip(bank.payments, fund.payments, strict=True)
    assert both.payments == tuple(a + b for a, b in pairs)
    assert both.total_cost == bank.total_cost + fund.total_cost
    assert [c.product for c in both.contracts] == ["mortgage", "provident_fund_mortgage"]
    assert len({c.id for c in both.contracts}) == 2
    assert bank.cost.irr_x12 > both.cost.irr_x12 > fund.cost.irr_x12


def test_a_charge_of_two_contracts_is_charged_once(products, histories):
    """A yearly service fee of 0.6 % goes with the commercial contract and its form alone."""
    product = products["qiming-combination"]
    fee = {"kind": "service_fee", "collected_by": "b", "charged": "each_period"}
    charge = Charge.model_validate({**fee, "rate": Decimal("0.006"), "base": "principal"})
    terms = product.on(AS_OF)
    request = _request(1_000_000, 300, is_first_home=True, provident=60_000_000)
    plain = offer(product, terms, request, histories, {})
    charged = terms.model_copy(update={"charges": (charge,)})
    dearer = offer(product, charged, request, histories, {})
    pairs = zip(dearer.payments, plain.payments, strict=True)
    assert {a - b for a, b in pairs} == {share_of(40_000_000, Decimal("0.0005"))}
    assert [len(form.items) for form in dearer.forms] == [2, 1]


def test_the_fund_s_part_is_never_subsidised(products, histories, book):
    """Even where a combination names the subsidy, the fund's contract carries none."""
    product = products["qiming-combination"]
    named = product.on(GRANTED).model_copy(update={"subsidy": "first_home"})
    request = _request(1_000_000, 300, GRANTED, is_first_home=True, provident=60_000_000)
    made = offer(product, named, request, histories, subsidies(book.on(GRANTED)))
    assert [contract.subsidy is not None for contract in made.contracts] == [True, False]


def test_a_combination_without_the_fund_is_one_contract(offered):
    """Nothing from the fund leaves the commercial part alone."""
    made = offered("qiming-combination", _request(1_000_000, 300, is_first_home=True))
    assert [c.id for c in made.contracts] == ["qiming-combination"]


def test_the_fund_lends_the_whole_of_its_own_product(offered):
    """Whatever part is named, a provident-fund loan comes from the fund and no other does."""
    request = _request(500_000, 240, is_first_home=True, provident=10_000_000)
    fund = offered("provident-fund-home", request)
    bank = offered("qiming-mortgage-first-home", request)
    assert [(c.product, c.principal) for c in fund.contracts] == [
        ("provident_fund_mortgage", 50_000_000)
    ]
    assert [(c.product, c.principal) for c in bank.contracts] == [("mortgage", 50_000_000)]


def test_the_first_cell_that_fits_sets_the_rate(offered):
    """A term and an amount each at a cell's bound, and one beyond it."""
    cases = {
        (300_000, 36): "0.0315", (300_001, 36): "0.0330",
        (300_000, 37): "0.0345", (300_001, 60): "0.0345",
    }  # fmt: skip
    for (yuan, months), rate in cases.items():
        made = offered("qiming-consumer-branch", _request(yuan, months))
        assert made.schedules[0].rows[0].annual_rate == Decimal(rate)


def test_a_home_of_the_other_kind_has_no_rate(offered):
    """The first-home product has no cell for a second home."""
    with pytest.raises(TermsError) as refused:
        offered("qiming-mortgage-first-home", _request(500_000, 240, is_first_home=False))
    assert (refused.value.code, refused.value.numbers["months"]) == ("no_rate", 240)


def test_a_method_the_product_lacks_is_the_usual_one(offered):
    """Interest only is not offered on the branch's consumer loan."""
    made = offered("qiming-consumer-branch", _request(50_000, 24, method="interest_only"))
    assert made.contracts[0].method == "equal_instalment"


def test_a_bullet_is_paid_once_at_its_end(offered):
    """A pledge over half a year: principal and interest on one day."""
    made = offered("lihe-policy-loan", _request(100_000, 6))
    assert made.payments == (10_225_000,)
    assert made.schedules[0].rows[0].due_on == date(2027, 5, 22)


def test_the_index_stands_where_it_stood_on_the_day(offered):
    """On 2024-10-01 the LPR was 3.85 %; the cuts of later months are not known yet."""
    made = offered(
        "qiming-mortgage-first-home",
        _request(500_000, 240, date(2024, 10, 1), is_first_home=True),
    )
    assert {row.annual_rate for row in made.schedules[0].rows} == {Decimal("0.0340")}


def test_an_index_not_published_yet_is_not_known(histories):
    """Before the first LPR there is none to look at."""
    known = known_on(histories, date(2019, 8, 19))
    assert "lpr_5y" not in known
    assert known["benchmark_5y"].values[-1][0] == date(2015, 10, 24)


def test_no_index_on_the_day_is_an_error_and_no_rate(products, histories):
    """An offer on terms whose index has no value says so instead of taking one."""
    product = products["qiming-mortgage-first-home"]
    request = _request(500_000, 240, is_first_home=True)
    with pytest.raises(ParameterError):
        offer(product, product.terms[-1], request, {}, {})
    del histories


def test_a_contract_says_how_it_was_made(offered):
    """Use, channel, kind of lender and the cost form go into the contract."""
    (contract,) = offered("yunqi-assisted", _request(20_000, 12, use="daily")).contracts
    assert (contract.use, contract.channel, contract.lender_kind, contract.cost_form) == (
        "daily", "assisted", "consumer_finance", "missing",
    )  # fmt: skip
    (contract,) = offered("qiming-card-cash", _request(20_000, 12)).contracts
    assert (contract.instalment_of, contract.cost_form) == ("cash", "signed")


# ----------------------------------------------------------------------------- the subsidies


def _home(price=1_400_000, area=90, *, first=True):
    facts = {"price": price, "area_m2": area, "is_first_home": first}
    return HomePurchase.model_validate(facts)


@pytest.fixture
def refused(products, book):
    """The codes for which a request gets no subsidy."""

    def ask(name, request, home=None, on=None):
        product = products[name]
        terms = product.on(max(request.starts_on, date(2026, 10, 1)))
        rules = book.on(on or request.starts_on)
        return [r.code for r in subsidy_refusals(product, terms, request, home, rules)]

    return ask


def test_the_first_home_subsidy_of_a_million_pays_ten_thousand_a_year(offered, book, products):
    """
    1,000,000 at 3.05 % over 30 years: 10,000 a year, 833.33 a month, 5 years, 3,409.72 left.

    Source: aifincalc blog article 31 (2026-10-07), github.com/Zhou-Xiaoyong/aifincalc, on
    财金〔2026〕95号. It counts the principal lent; here what is owed is counted, so the first
    month agrees and later ones are less.
    """
    product, day = products["qiming-mortgage-first-home"], date(2026, 10, 15)
    rules, home = book.on(day), _home(price=1_500_000)
    request = _request(1_000_000, 360, day, is_first_home=True)
    granted = granted_subsidies(product, product.on(day), request, home, rules)
    made = offered(product.id, request, granted)
    terms = made.contracts[0].subsidy
    assert made.schedules[0].rows[0].annual_rate == Decimal("0.0305")
    assert terms.of_a_year(100_000_000, Decimal("0.0305")) == 1_000_000
    assert made.payments[0] - made.own_payments[0] == 83_333
    assert made.own_payments[0] == 340_972
    paid = [a - b for a, b in zip(made.payments, made.own_payments, strict=True)]
    assert [bool(amount) for amount in paid] == [True] * 60 + [False] * 300
    assert sum(paid) < 50_000_00
    assert paid == sorted(paid, reverse=True)
    assert made.own_cost.irr_x12 < made.cost.irr_x12


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, []),
        ({"price": 1_510_000}, ["price_above"]),
        ({"area": 121}, ["area_above"]),
        ({"day": date(2026, 9, 30)}, ["not_in_force"]),
        ({"first": False}, ["not_first_home"]),
        ({"price": 1_510_000, "area": 121, "first": False},
         ["not_first_home", "area_above", "price_above"]),
        ({"price": 1_500_000, "area": 120}, []),
    ],
)  # fmt: skip
def test_any_condition_that_fails_refuses_the_first_home_subsidy(refused, changes, wanted):
    """
    The ineligible cases of aifincalc blog article 31 (2026-10-07), and every reason at once.

    Price above 1.5 million, more than 120 square metres, granted before 2026-10-01, no first
    home; the limits themselves are eligible.
    """
    home = _home(changes.get("price", 1_400_000), changes.get("area", 90),
                 first=changes.get("first", True))  # fmt: skip
    request = _request(800_000, 300, changes.get("day", GRANTED), is_first_home=True)
    assert refused("qiming-mortgage-first-home", request, home) == wanted


def test_combination_and_replacement_loans_are_refused(products, book):
    """The commercial part of a combination and a loan that replaces another do not qualify."""
    rules, request = book.on(GRANTED), _request(800_000, 300, GRANTED, is_first_home=True)
    for name, code in (
        ("qiming-combination", "combination"),
        ("qiming-mortgage-replacement", "replacement"),
    ):
        product = products[name]
        asked = product.on(GRANTED)
        assert [r.code for r in subsidy_refusals(product, asked, request, _home(), rules)] == [
            "not_offered"
        ]
        named = asked.model_copy(update={"subsidy": "first_home"})
        found = subsidy_refusals(product, named, request, _home(), rules)
        assert [refusal.code for refusal in found] == [code]


def test_an_unknown_home_is_promised_nothing(refused):
    """Without price and area nobody can say that the conditions are met."""
    request = _request(800_000, 300, GRANTED, is_first_home=True)
    assert refused("qiming-mortgage-first-home", request) == ["home_unknown"]


def test_a_loan_drawn_after_the_window_is_refused(refused):
    """The window of first homes closes on 2027-09-30; the plan's day may lie well before."""
    for day, wanted in ((date(2027, 9, 30), []), (date(2027, 10, 1), ["drawn_outside_window"])):
        request = _request(800_000, 300, day, is_first_home=True)
        assert refused("qiming-mortgage-first-home", request, _home(), on=AS_OF) == wanted


@pytest.mark.parametrize(
    ("day", "cap"),
    [(date(2025, 10, 1), 3000), (date(2026, 3, 1), 3000), (date(2026, 9, 1), 5000)],
    ids=str,
)
def test_the_consumer_cap_is_that_of_the_day(book, day, cap):
    """
    3,000 a year of 2025-10 and 2026-03, 5,000 of 2026-09.

    Sources: 财金〔2025〕80号, the notice of 2026-01-20, 财金〔2026〕71号.
    """
    assert subsidies(book.on(day))["consumer"].yearly_cap_on(day) == cap * 100


@pytest.mark.parametrize(
    ("rate", "points"), [("0.030", "0.01"), ("0.020", "0.01"), ("0.016", "0.008")]
)
def test_the_consumer_subsidy_is_at_most_half_of_the_rate(book, rate, points):
    """One point, and never more than half of the contract rate (财金〔2025〕80号)."""
    assert subsidies(book.on(AS_OF))["consumer"].rate(Decimal(rate)) == Decimal(points)


def test_the_consumer_subsidy_ends_with_its_window(offered, book, products):
    """Drawn on 2026-11-22: interest to 2026-12-31 is subsidised, later interest is not."""
    product = products["qiming-consumer-branch"]
    request = _request(100_000, 36, use="renovation")
    granted = granted_subsidies(product, product.on(AS_OF), request, None, book.on(AS_OF))
    made = offered(product.id, request, granted)
    paid = [a - b for a, b in zip(made.payments, made.own_payments, strict=True)]
    assert made.contracts[0].subsidy.ends_on == date(2026, 12, 31)
    assert paid[0] > paid[1] > 0
    assert not any(paid[2:])


def test_purchases_of_2025_are_subsidised_up_to_fifty_thousand(book):
    """The base of one purchase was capped in 2025 and no longer from 2026 on."""
    caps = [
        subsidies(book.on(day))["consumer"].principal_cap
        for day in (date(2025, 12, 31), date(2026, 1, 1))
    ]
    assert caps == [5_000_000, None]


def test_no_subsidy_before_or_after_its_window(book):
    """Each is there on its first day, and the consumer one is gone after its last."""
    assert not subsidies(book.on(date(2025, 8, 31)))
    assert set(subsidies(book.on(date(2025, 9, 1)))) == {"consumer"}
    assert set(subsidies(book.on(date(2026, 10, 1)))) == {"consumer", "first_home"}
    assert set(subsidies(book.on(date(2027, 1, 1)))) == {"first_home"}
    assert not subsidies(book.on(date(2027, 10, 1)))


def test_a_window_is_longer_than_the_text_that_restates_it(book):
    """The consumer subsidy was prolonged on 2026-01-01 without a break."""
    rules = book.on(date(2025, 10, 1))
    assert rules.until("subsidy.consumer_points") == date(2025, 12, 31)
    assert window_end("subsidy.consumer_points", rules) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        ("car", []),
        (None, ["use_unknown"]),
        ("working_capital", ["not_consumption"]),
        ("refinance", ["not_consumption"]),
        ("securities", ["forbidden_use"]),
        ("down_payment", ["forbidden_use"]),
    ],
)
def test_only_consumption_is_subsidised(refused, use, wanted):
    """A use that is unknown, forbidden or no consumption gets no subsidy."""
    request = _request(100_000, 36, use=use)
    assert refused("qiming-consumer-branch", request) == wanted


def test_a_product_without_a_subsidy_gets_none(refused, products, book):
    """Card instalments and business loans name none."""
    request = _request(100_000, 12, use="working_capital")
    assert refused("qiming-business-unsecured", request) == ["not_offered"]
    product = products["qiming-business-unsecured"]
    assert not granted_subsidies(product, product.on(AS_OF), request, None, book.on(AS_OF))
