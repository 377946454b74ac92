"""Risks of an offer: rates moved by hand, break-even by brute force, rules that change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy_financial as npf
import pytest

from planning.household.client import read_household
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.market.history import read_index_histories
from planning.products.catalogue import read_products
from planning.products.offer import Request, offer
from planning.products.policy import _RULES_OF, changes_ahead, changes_since, debt_changes
from planning.products.risk_card import risk_card
from planning.products.subsidies import granted_subsidies
from planning.rule_files import read_rule_book, read_scenarios
from reports.language import Language

PARAMS = Path(__file__).parents[1] / "params"
CLIENTS = PARAMS / "clients"
AS_OF = date(2026, 11, 22)
MORTGAGE = Request(80_000_000, 300, AS_OF, ("a",), "test", provident=30_000_000, is_first_home=True)


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


@pytest.fixture(scope="module")
def scenarios():
    """The house's stress cases."""
    return read_scenarios(PARAMS / "scenarios" / "standard.yaml")


@pytest.fixture
def offered(products, histories):
    """Makes an offer of a product."""

    def make(name, request=MORTGAGE, subsidised=None):
        product = products[name]
        terms = product.on(request.starts_on)
        return offer(product, terms, request, histories, subsidised or {})

    return make


@pytest.fixture
def card_of(histories, scenarios, book):
    """Makes the card of an offer."""

    def make(made, fixed=(), value=None):
        return risk_card(made, fixed, histories, scenarios, book.on(AS_OF), value, value)

    return make


# ------------------------------------------------------------------------------- rate risk


def test_a_fixed_rate_has_no_rate_risk(offered, card_of):
    """No reset, no change of payment, every shock at the same cost, nothing to compare."""
    card = card_of(offered("qiming-mortgage-fixed"), [offered("qiming-mortgage-fixed")])
    assert (card.is_floating, card.resets, card.first_reset_on) == (False, 0, None)
    assert (card.payment_change_yuan, card.compared_with, card.break_even_bp) == (None, None, None)
    assert len({case.total_cost_yuan for case in card.scenarios}) == 1


def test_shocks_are_those_of_the_stress_cases_and_one_point(offered, card_of):
    """From nothing on, each once, in order; the cases of income and prices bring none."""
    card = card_of(offered("qiming-mortgage-first-home"))
    assert [case.shock_bp for case in card.scenarios] == [0, 100, 200]
    assert [case.total_cost_yuan for case in card.scenarios] == sorted(
        case.total_cost_yuan for case in card.scenarios
    )


def test_no_shock_is_the_offer_itself(offered, card_of):
    """The first scenario is what was offered, to the fen."""
    made = offered("qiming-combination")
    base = card_of(made).scenarios[0]
    assert base.total_cost_yuan == made.total_cost / 100
    assert base.highest_payment_yuan == max(made.payments) / 100
    assert base.own_cost_x12 == made.own_cost.irr_x12


def test_a_reset_re_levels_the_payment_by_the_textbook(offered, card_of):
    """Up 100 bp from the first reset after three payments: the annuity of what is owed then."""
    made = offered("qiming-mortgage-first-home")
    card = card_of(made)
    assert card.first_reset_on == date(2027, 2, 22)
    owed = made.schedules[0].rows[2].closing / 100
    risen = -npf.pmt(0.0405 / 12, 297, owed)
    assert card.payment_change_yuan == pytest.approx(risen - made.payments[3] / 100, abs=0.02)
    assert card.scenarios[1].highest_payment_yuan == pytest.approx(risen, abs=1)


def test_a_reset_on_the_day_after_drawdown_is_reached(offered, card_of):
    """Drawn on New Year's Eve, reset on New Year's Day: that reset sees the risen index."""
    request = replace(MORTGAGE, starts_on=date(2026, 12, 31), months=412)
    card = card_of(offered("qiming-mortgage-extension", request))
    assert card.first_reset_on == date(2027, 1, 1)
    by_hand = npf.pmt(0.032 / 12, 412, 800_000) - npf.pmt(0.042 / 12, 412, 800_000)
    assert card.payment_change_yuan == pytest.approx(by_hand, abs=2)


def test_resets_are_counted_over_the_whole_life(offered, card_of):
    """Every quarter of 25 years but the last day, and each New Year for the fund."""
    assert card_of(offered("qiming-mortgage-first-home")).resets == 99
    assert card_of(offered("provident-fund-home")).resets == 25


def test_a_shock_moves_the_rate_at_resets_only(offered, card_of, histories):
    """The same cost as a schedule on an index moved by hand from the day after drawdown."""
    made = offered("qiming-mortgage-first-home")
    moved = {
        name: type(history)(
            name,
            (*history.values, (date(2026, 11, 23), history.values[-1][1] + Decimal("0.02"))),
        )
        for name, history in histories.items()
    }
    (contract,) = made.contracts
    schedule = payment_schedule(contract, rate_steps(contract, moved))
    paid = sum(row.payment for row in schedule.rows)
    case = card_of(made).scenarios[2]
    assert case.shock_bp == 200
    assert case.total_cost_yuan == (paid - contract.principal) / 100
    assert schedule.rows[0].payment == made.payments[0]


# ------------------------------------------------------------------------------ break-even


@pytest.mark.parametrize("name", ["qiming-mortgage-first-home", "qiming-combination"])
def test_one_basis_point_less_is_cheaper_than_the_fixed_rate(name, offered, card_of, histories):
    """At the break-even the fixed offer costs less, one point below it does not."""
    made, rival = offered(name), offered("qiming-mortgage-fixed")
    card = card_of(made, [rival])
    assert card.compared_with == "qiming-mortgage-fixed"

    def cost(rise_bp):
        moved = {n: h.shifted(AS_OF, rise_bp) for n, h in histories.items()}
        schedules = [payment_schedule(c, rate_steps(c, moved)) for c in made.contracts]
        return sum(row.payment for s in schedules for row in s.rows) - made.request.amount

    assert cost(card.break_even_bp) > rival.total_cost
    assert cost(card.break_even_bp - 1) <= rival.total_cost


def test_the_cheapest_fixed_offer_of_the_same_loan_is_compared(offered, card_of):
    """Floating offers, other amounts and other terms are no comparison."""
    made = offered("qiming-mortgage-first-home")
    others = [
        offered("provident-fund-home"),
        offered("qiming-mortgage-fixed", replace(MORTGAGE, amount=79_000_000)),
        offered("qiming-mortgage-fixed", replace(MORTGAGE, months=240)),
    ]
    card = card_of(made, others)
    assert (card.compared_with, card.break_even_bp) == (None, None)
    second = offered("qiming-mortgage-fixed", replace(MORTGAGE, is_first_home=False))
    assert (
        card_of(made, [second]).break_even_bp
        > card_of(made, [offered("qiming-mortgage-fixed")]).break_even_bp
    )


def test_a_loan_dearer_already_breaks_even_at_nothing(offered, card_of):
    """A second home's floating rate against a fixed one that costs less today."""
    made = offered("qiming-home-secured-consumer", replace(MORTGAGE, months=60))
    rival = offered("qiming-consolidation", replace(MORTGAGE, months=60))
    cheaper = replace(rival, own_payments=tuple(p * 9 // 10 for p in rival.own_payments))
    assert card_of(made, [cheaper]).break_even_bp == 0


def test_a_rise_out_of_reach_is_none(offered, card_of):
    """A fixed rival so dear that no rise looked at makes it the better one."""
    made, rival = offered("qiming-mortgage-first-home"), offered("qiming-mortgage-fixed")
    dear = replace(rival, own_payments=tuple(p * 5 for p in rival.own_payments))
    card = card_of(made, [dear])
    assert (card.compared_with, card.break_even_bp) == ("qiming-mortgage-fixed", None)


# ------------------------------------------------------------------------ market and lump


def test_the_fall_of_the_price_brings_the_loan_to_its_limit(offered, card_of):
    """800,000 on 1,000,000 with a limit of 85 %: after the fall the value is 800,000 / 0.85."""
    card = card_of(offered("qiming-mortgage-first-home"), value=1_000_000.0)
    assert card.loan_to_value == 0.8
    assert 1_000_000 * (1 - card.price_fall_to_limit) * 0.85 == pytest.approx(800_000)


def test_a_loan_at_its_limit_bears_no_fall(offered, card_of):
    """Above the limit already the fall is nothing, never less; without a value it is unknown."""
    assert card_of(offered("qiming-mortgage-first-home"), value=800_000.0).price_fall_to_limit == 0
    card = card_of(offered("qiming-mortgage-first-home"))
    assert (card.loan_to_value, card.price_fall_to_limit) == (None, None)


def test_principal_at_the_end_in_one_sum_is_told(offered, card_of):
    """Interest only brings all of it on the last day, instalments none."""
    request = Request(20_000_000, 12, AS_OF, ("a",), "test", method="interest_only")
    late = card_of(offered("qiming-business-revolving", request))
    level = card_of(offered("qiming-mortgage-first-home"))
    assert (late.is_due_in_one_sum, late.lump_yuan) == (True, 200_000.0)
    assert (level.is_due_in_one_sum, level.lump_yuan) == (False, None)


# ----------------------------------------------------------------------------- policy risk


def test_every_rule_looked_at_is_in_the_book(book):
    """A name that no entry bears would be a risk nobody is told of."""
    for names in _RULES_OF.values():
        assert set(names) <= set(book.entries)


def test_the_first_home_subsidy_runs_out_after_its_months(offered, book, products):
    """Five years from drawdown the household pays alone; the window itself is no change."""
    from planning.household.profile import HomePurchase

    product, rules = products["qiming-mortgage-first-home"], book.on(AS_OF)
    home = HomePurchase.model_validate({"price": 1_200_000, "area_m2": 90, "is_first_home": True})
    granted = granted_subsidies(product, product.on(AS_OF), MORTGAGE, home, rules)
    (change,) = changes_ahead(offered(product.id, subsidised=granted), rules)
    assert (change.rule, change.code) == ("subsidy.first_home_most_months", "runs_out")
    assert change.on == date(2031, 11, 22)
    assert changes_ahead(offered(product.id), rules) == ()


def test_the_consumer_subsidy_ends_with_its_window(offered, book, products):
    """On 2027-01-01, the day after its last; a loan repaid before has no such risk."""
    product, rules = products["qiming-consumer-branch"], book.on(AS_OF)
    request = Request(10_000_000, 36, AS_OF, ("a",), "test", use="car")
    granted = granted_subsidies(product, product.on(AS_OF), request, None, rules)
    (change,) = changes_ahead(offered(product.id, request, granted), rules)
    assert (change.rule, change.code, change.on) == (
        "subsidy.consumer_points", "ends", date(2027, 1, 1),
    )  # fmt: skip
    assert (change.before, change.after) == (Decimal("0.01"), None)


def test_a_subsidy_that_ends_before_the_money_is_drawn_is_told(offered, book):
    """Wanted in March 2027 the loan misses the window that closes with 2026; debts get none."""
    late = Request(10_000_000, 36, date(2027, 3, 15), ("a",), "test", use="renovation")
    rules = book.on(AS_OF)
    (change,) = changes_ahead(offered("qiming-consumer-branch", late), rules)
    assert (change.rule, change.code, change.on) == (
        "subsidy.consumer_points", "ends", date(2027, 1, 1),
    )  # fmt: skip
    for use in ("refinance", None):
        assert changes_ahead(offered("qiming-consumer-branch", replace(late, use=use)), rules) == ()
    plain = offered("qiming-consumer-guaranteed", late)
    assert changes_ahead(plain, rules) == ()


def test_a_plan_knows_no_text_of_a_later_day(offered, book):
    """In May 2024 nobody knew of the repricing of November or the term limit of 2026."""
    day = date(2024, 5, 16)
    made = offered("qiming-mortgage-first-home", replace(MORTGAGE, starts_on=day))
    assert [c for c in changes_ahead(made, book.on(day)) if c.code != "review_due"] == []


def test_a_rule_past_its_review_is_told(offered, book):
    """Years later the same offer rests on values somebody should have looked up again."""
    late = book.on(date(2035, 1, 1))
    codes = {change.code for change in changes_ahead(offered("qiming-mortgage-first-home"), late)}
    assert codes == {"review_due"}


def test_the_mortgage_of_2019_has_seen_its_cuts(book):
    """
    Drawn 2019-12-06: the cut of 2023-09-25, that of 2024-10-25, repricing from 2024-11-01.

    PBoC and NFRA notice of 2023-08-31; initiative of 2024-09-29; PBoC 公告〔2024〕第11号.
    """
    household = read_household(CLIENTS / "example-01-young-couple.yaml", AS_OF)
    changes = {
        c.rule: c for c in changes_since(household.liability("mortgage-commercial"), book.on(AS_OF))
    }
    days = {name: change.on for name, change in changes.items()}
    assert days["mortgage.existing_cut_2023"] == date(2023, 9, 25)
    assert days["mortgage.batch_cut_2024_bp"] == date(2024, 10, 25)
    assert days["mortgage.repricing_months"] == date(2024, 11, 1)
    assert list(days.values()) == sorted(days.values())


def test_a_change_is_cited_by_the_text_that_brought_it(book):
    """The spread may be renegotiated by 公告〔2024〕第11号, which a text of 2026 only repeats."""
    household = read_household(CLIENTS / "example-01-young-couple.yaml", AS_OF)
    contract = household.liability("mortgage-commercial")
    changes = {c.rule: c for c in changes_since(contract, book.on(AS_OF))}
    assert "公告〔2024〕第11号" in changes["mortgage.existing_gap_bp"].reference.title
    for change in changes.values():
        assert change.reference == book.on(change.on).entry(change.rule).reference
        assert change.grade == book.on(change.on).entry(change.rule).grade


def test_a_moved_limit_on_new_loans_is_nothing_for_an_old_one(book):
    """Neither the longest term nor the price floor of new loans can be asked of a lender."""
    day = date(2026, 11, 22)
    for path in sorted(CLIENTS.glob("example-*.yaml")):
        for found in debt_changes(read_household(path, day).liabilities, book.on(day)):
            names = {change.rule for change in found.changes}
            assert not {name for name in names if "max_term" in name or "max_months" in name} - {
                "card.workout_max_months"
            }
            assert not names & {
                "personal_loan.rate_guidance", "debt_service.all_debts_limit",
                "price.licensed_lender_cap", "risk.overdue_penalty",
            }  # fmt: skip


def test_the_first_home_cut_is_not_told_of_a_loan_it_left_out(book):
    """A second home's spread moved on 2024-10-25 first; nothing on record leaves it open."""
    household = read_household(CLIENTS / "example-04-private-bank.yaml", AS_OF)
    second = next(c for c in household.liabilities if c.product == "mortgage")

    def told(contract):
        return {change.rule for change in changes_since(contract, book.on(AS_OF))}

    assert "mortgage.existing_cut_2023" not in told(second)
    assert "mortgage.batch_cut_2024_bp" in told(second)
    silent = second.rate.model_copy(update={"spread_changes": ()})
    assert "mortgage.existing_cut_2023" in told(second.model_copy(update={"rate": silent}))


def test_a_value_restated_is_no_change(book):
    """The gap of existing mortgages stands since 2024-11-01, though a text of 2026 repeats it."""
    household = read_household(CLIENTS / "example-01-young-couple.yaml", AS_OF)
    contract = household.liability("mortgage-commercial")
    changes = {c.rule: c for c in changes_since(contract, book.on(AS_OF))}
    assert book.on(AS_OF).entry("mortgage.existing_gap_bp").since == date(2026, 8, 28)
    assert changes["mortgage.existing_gap_bp"].on == date(2024, 11, 1)
    later = contract.model_copy(update={"drawn_on": date(2025, 3, 1)})
    names = {c.rule for c in changes_since(later, book.on(AS_OF))}
    assert "mortgage.existing_gap_bp" not in names
    assert "mortgage.existing_cut_2023" not in names
    assert "mortgage.extension_share" in names


def test_a_debt_of_today_has_seen_no_change(book, offered):
    """A contract drawn on the plan's day is left out, one of 2019 is in."""
    household = read_household(CLIENTS / "example-01-young-couple.yaml", AS_OF)
    old = household.liability("mortgage-commercial")
    new = offered("qiming-mortgage-first-home").contracts[0]
    (found,) = debt_changes([new, old], book.on(AS_OF))
    assert found.liability == "mortgage-commercial"


def test_every_change_has_words():
    """Codes of changes and of refusals read in both languages."""
    from typing import get_args

    from planning.products.policy import ChangeCode
    from planning.products.subsidies import RefusalCode

    for language in ("zh", "en"):
        speech = Language(language)
        assert all(speech.label("policy_change", code) for code in get_args(ChangeCode))
        assert all(speech.label("subsidy_refusal", code) for code in get_args(RefusalCode))
