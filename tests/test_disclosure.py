"""The financing cost form: every item with its annual level, and the whole on named bases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.cost import all_in_cost, own_cost
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule
from planning.rules.disclosure import Charge, FinancingCostForm, financing_cost_form

DRAWN = date(2026, 8, 15)
LATE = {"penalty_uplift": Decimal("0.5"), "is_compounded": True}


def _contract(**terms):
    method, months = terms.pop("method", "equal_instalment"), terms.setdefault("term_months", 12)
    fee, annual_rate = terms.pop("fee_rate", None), terms.pop("annual_rate", "0.06")
    rate = {"kind": "fixed", "annual_rate": Decimal(annual_rate)}
    if fee is not None:
        charged = terms.pop("charged", "each_period")
        rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal(fee), "charged": charged}
    facts = {
        "id": "loan", "lender": "某银行", "product": "consumer_loan", "purpose": "装修",
        "borrowers": ("a",), "principal": 12_000, "drawn_on": DRAWN, "method": method,
        "first_due": add_months(DRAWN, months if method == "bullet" else 1), "rate": rate,
    }  # fmt: skip
    return LoanContract.model_validate({**facts, **terms})


def _schedule(prepayments=(), **terms):
    contract = _contract(**terms)
    return payment_schedule(contract, rate_steps(contract, {}), prepayments=prepayments)


def _form(schedule, **options):
    return financing_cost_form(schedule, no_other_charges=True, **options)


def _charge(kind="guarantee_fee", charged="each_period", **standard):
    return Charge.model_validate(
        {"kind": kind, "charged": charged, "collected_by": "某担保公司", **standard}
    )


def _levels(form):
    return {item.kind: item.annual_level.irr_x12 for item in form.items}


def test_plain_loan_has_one_item_and_costs_its_rate():
    """Without fees the interest is the only item, its level the contract's rate and the cost."""
    form = _form(_schedule())
    [interest] = form.items
    assert (interest.kind, interest.charged, interest.rate) == (
        "interest", "each_period", Decimal("0.06"),
    )  # fmt: skip
    assert interest.collected_by == "某银行"
    assert interest.annual_level == form.cost == all_in_cost(_schedule())
    assert form.cost.irr_x12 == pytest.approx(0.06, abs=1e-5)
    assert form.cost.ear == pytest.approx(1.005**12 - 1, abs=1e-5)
    assert form.proceeds_fen == form.principal_fen == 12_000_00
    assert form.payments == form.term_months == 12
    assert (form.first_due_on, form.last_due_on) == (date(2026, 9, 15), date(2027, 8, 15))


def test_instalment_fee_of_a_card_plan_is_shown_at_its_annual_level():
    """分期费用 of 0.6 % a month on 12,000 over 12 months stands at 13.03 %, not at 7.2 %."""
    form = _form(_schedule(method="flat_fee", fee_rate="0.006"))
    [fee] = form.items
    assert (fee.kind, fee.rate_per, fee.base) == ("instalment_fee", "period", "principal")
    assert (fee.amount_fen, fee.total_fen) == (72_00, 864_00)
    assert form.cost.irr_x12 == pytest.approx(0.130342, abs=5e-7)
    assert form.cost.ear == pytest.approx(0.138418, abs=5e-7)
    assert form.rate_kind == "flat_fee"


def test_fee_taken_with_the_first_instalment_costs_more():
    """The same fee all at once is a dearer one, and is named as such."""
    each = _form(_schedule(method="flat_fee", fee_rate="0.006"))
    first = _form(_schedule(method="flat_fee", fee_rate="0.006", charged="first_period"))
    assert first.items[0].charged == "first_period"
    assert first.items[0].total_fen == each.items[0].total_fen == first.items[0].amount_fen
    assert first.cost.irr_x12 > each.cost.irr_x12


def test_partners_fees_are_part_of_the_cost():
    """A guarantee fee of a third party is an item of its own and counts in the whole."""
    schedule = _schedule(upfront_fee=120, monthly_fee=5)
    guarantee = _charge(rate=Decimal("0.03"))
    form = _form(schedule, further=[guarantee])
    assert [item.kind for item in form.items] == [
        "interest", "drawdown_fee", "periodic_fee", "guarantee_fee",
    ]  # fmt: skip
    assert form.items[-1].collected_by == "某担保公司"
    assert (form.items[-1].amount_fen, form.items[-1].total_fen) == (30_00, 360_00)
    flow = [-(12_000_00 - 120_00), *(row.payment + 30_00 for row in schedule.rows)]
    assert form.cost.irr_x12 == pytest.approx(12 * pyxirr.irr(flow), abs=1e-12)
    assert form.proceeds_fen == 11_880_00
    # The enterprise pilot adds the items' rates up: near the whole, by another road.
    assert form.items_x12 == pytest.approx(sum(_levels(form).values()))
    assert form.items_x12 == pytest.approx(form.cost.irr_x12, abs=2e-3)


@pytest.mark.parametrize(
    ("charged", "standard", "total"),
    [
        ("at_drawdown", {"amount": 300}, 300_00),
        ("at_drawdown", {"rate": Decimal("0.02"), "rate_per": "once"}, 240_00),
        ("at_drawdown", {"rate": Decimal("0.02")}, 480_00),
        ("first_period", {"rate": Decimal("0.001"), "rate_per": "period"}, 288_00),
        ("each_period", {"amount": Decimal("9.99")}, 239_76),
        ("each_period", {"rate": Decimal("0.001"), "rate_per": "period"}, 288_00),
        ("each_period", {"rate": Decimal("0.012")}, 288_00),
    ],
)
def test_standard_of_a_charge_becomes_amounts(charged, standard, total):
    """A charge of 24 months on 12,000: once, a year or a period, of the principal lent."""
    form = _form(_schedule(term_months=24), further=[_charge(charged=charged, **standard)])
    item = form.items[-1]
    assert (item.charged, item.total_fen) == (charged, total)
    assert item.annual_level.irr_x12 > 0
    assert form.cost.irr_x12 > form.items[0].annual_level.irr_x12


def test_charge_on_the_balance_falls_with_it():
    """A yearly rate on what is still owed is an annual level of exactly that rate."""
    form = _form(
        _schedule(principal=1_200_000), further=[_charge(rate=Decimal("0.036"), base="balance")]
    )
    assert form.items[-1].amount_fen is None
    assert form.items[-1].annual_level.irr_x12 == pytest.approx(0.036, abs=1e-6)
    assert form.cost.irr_x12 == pytest.approx(0.096, abs=1e-6)


def test_capitalised_interest_counts_as_interest():
    """Interest added to the balance is no principal lent: fee and interest keep their levels."""
    grace = {"months": 6, "interest": "capitalised"}
    form = _form(_schedule(term_months=36, grace=grace, monthly_fee=10))
    levels = _levels(form)
    assert levels["interest"] == pytest.approx(0.06, abs=1e-5)
    assert 0 < levels["periodic_fee"] < form.cost.irr_x12
    assert form.items_x12 == pytest.approx(form.cost.irr_x12, abs=1e-3)
    # More than the interest added that month: beside it the flow would change sign three times.
    valuation = _charge("valuation_fee", "first_period", amount=100)
    form = _form(_schedule(term_months=36, grace=grace), further=[valuation])
    assert _levels(form)["valuation_fee"] == pytest.approx(0.0046, abs=5e-5)


def test_interest_free_loan_says_so():
    """No interest is a level of zero, not an absent one."""
    form = _form(_schedule(annual_rate="0"))
    assert form.items[0].total_fen == 0
    assert form.cost.irr_x12 == form.items[0].annual_level.ear == 0.0


def test_bullet_interest_is_charged_at_maturity():
    """一次性还本付息: the interest falls due with the principal, once."""
    form = _form(_schedule(method="bullet"))
    assert form.items[0].charged == "at_maturity"
    assert form.payments == 1


def test_subsidy_is_shown_beside_the_contract_s_cost():
    """贴息 of a point lowers what the household pays and leaves the contract's cost as it is."""
    subsidy = {"points": Decimal("0.01"), "starts_on": DRAWN}
    schedule = _schedule(subsidy=subsidy)
    form = _form(schedule)
    assert form.cost == all_in_cost(_schedule())
    assert form.cost_after_subsidy == own_cost(schedule)
    assert _form(_schedule()).cost_after_subsidy is None


def test_contingent_items_are_the_contract_s_clauses():
    """罚息, 复利, 挪用罚息 and 违约金 with their shapes; the form is then complete."""
    policy = {
        "penalty": ({"until_month": 12, "kind": "share_of_prepaid", "value": Decimal("0.01")},),
        "penalty_cap": 5_000,
    }
    form = _form(_schedule(late_terms=LATE, prepayment_policy=policy), misuse_uplift=Decimal("1.0"))
    overdue, compound, misuse, prepayment = form.contingent
    assert (overdue.uplift, overdue.annual_rate) == (Decimal("0.5"), Decimal("0.09"))
    assert (compound.is_charged, compound.annual_rate) == (True, Decimal("0.06"))
    assert misuse.annual_rate == Decimal("0.12")
    assert (prepayment.tiers[0].until_month, prepayment.cap_fen) == (12, 5_000_00)
    assert {item.collected_by for item in form.contingent} == {"某银行"}
    assert form.unstated == ()


def test_clauses_that_charge_nothing_are_said():
    """No compound interest and no prepayment penalty are statements, not gaps."""
    late = {**LATE, "is_compounded": False}
    form = _form(_schedule(late_terms=late, prepayment_policy={}))
    charged = {item.kind: item.is_charged for item in form.contingent}
    assert charged == {
        "overdue_interest": True, "compound_interest": False, "prepayment_penalty": False,
    }  # fmt: skip
    assert form.contingent[1].annual_rate is None
    assert form.unstated == ("misuse_interest",)


def test_clauses_the_contract_lacks_are_named():
    """A contract that is silent leaves the lender the lines to fill in."""
    plain = _form(_schedule())
    assert plain.contingent == ()
    assert plain.unstated == (
        "overdue_interest", "compound_interest", "misuse_interest", "prepayment_penalty",
    )  # fmt: skip
    assert _form(_schedule(method="flat_fee", fee_rate="0.006")).unstated[-1] == "remaining_fees"


def test_flat_fee_plan_has_its_own_contingent_items():
    """Its penalty rate is stated outright, an uplift has nothing to raise, fees may be waived."""
    late = {"annual_penalty_rate": Decimal("0.1825"), "is_compounded": True,
            "compound_rate": "penalty"}  # fmt: skip
    form = _form(
        _schedule(
            method="flat_fee", fee_rate="0.006", late_terms=late,
            prepayment_policy={"remaining_flat_fees": "waived"},
        ),
        misuse_uplift=Decimal("0.5"),
    )  # fmt: skip
    overdue, compound, misuse, remaining = form.contingent
    assert overdue.annual_rate == compound.annual_rate == Decimal("0.1825")
    assert misuse.annual_rate is None
    assert (remaining.kind, remaining.is_charged) == ("remaining_fees", False)


def test_no_other_charges_is_the_lender_s_statement():
    """The flag is what the lender states, true or not."""
    assert _form(_schedule()).no_other_charges
    assert not financing_cost_form(_schedule(), no_other_charges=False).no_other_charges


def test_form_is_of_the_contract_as_signed():
    """Prepayments and later events are no normal performance, and are refused by name."""
    prepaid = _schedule([Prepayment(3, 1_000_00, "lower_instalment")])
    with pytest.raises(ValueError, match="loan: a form is of the contract as signed"):
        _form(prepaid)
    deferred = {"kind": "deferral", "starts_on": date(2026, 12, 1), "periods": 2}
    with pytest.raises(ValueError, match="as signed"):
        _form(_schedule(events=(deferred,)))


@pytest.mark.parametrize(
    ("standard", "code"),
    [
        ({}, "amount_or_rate"),
        ({"amount": 1, "rate": Decimal("0.1")}, "amount_or_rate"),
        ({"rate": Decimal("0.1"), "rate_per": "once"}, "once_each_period"),
    ],
)
def test_charge_has_one_standard(standard, code):
    """An amount or a rate, and none that is charged once each period."""
    with pytest.raises(ValidationError, match=code):
        _charge(**standard)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.integers(0, 2_400),
    months=st.integers(1, 60),
    fee=st.integers(0, 500),
    monthly=st.integers(0, 50),
    method=st.sampled_from(["equal_instalment", "equal_principal", "interest_only"]),
)
def test_the_whole_is_no_less_than_any_item_and_survives_saving(rate, months, fee, monthly, method):
    """The cost of all items is at least that of each; a saved form reads back the same."""
    schedule = _schedule(
        annual_rate=Decimal(rate) / 10_000, term_months=months, upfront_fee=fee,
        monthly_fee=monthly, method=method,
    )  # fmt: skip
    form = _form(schedule, further=[_charge(charged="at_drawdown", amount=10)])
    assert all(form.cost.irr_x12 >= level - 1e-12 for level in _levels(form).values())
    total = sum(item.total_fen for item in form.items)
    paid = sum(row.payment for row in schedule.rows)
    assert total == paid - form.proceeds_fen
    assert FinancingCostForm.model_validate_json(form.model_dump_json()) == form
