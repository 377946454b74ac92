"""Who owes what, and what guarantees for others would weigh."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from planning.household.balance_sheet import balance_sheet
from planning.household.client import read_household
from planning.household.guarantees import contingent_instalment_yuan, open_guarantees
from planning.household.joint import member_debts
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.market.history import read_index_histories
from planning.rule_files import read_rule_book

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "params" / "clients"
AS_OF = date(2026, 11, 22)
HISTORIES = read_index_histories(ROOT / "params" / "market")
RULES = read_rule_book(ROOT / "params" / "rules").on(AS_OF)
GUARANTOR = "example-03-shop-owner.yaml"


def household(name, **changes):
    """An example household, with other debts or guarantees maybe."""
    return read_household(CLIENTS / name, AS_OF).model_copy(update=changes)


def standing(home):
    """Its open debts."""
    found = (position(c, rate_steps(c, HISTORIES), AS_OF) for c in home.liabilities)
    return tuple(one for one in found if one.is_open)


def test_a_joint_debt_stands_in_full_with_each_borrower():
    """The couple owes both mortgages together, and he alone the car."""
    home = household("example-01-young-couple.yaml")
    stands = standing(home)
    balances = {one.contract.id: one.balance for one in stands}
    he, she = member_debts(home, stands)
    both = balances["mortgage-commercial"] + balances["mortgage-provident-fund"]
    assert (he.member, he.sole_fen, he.joint_fen) == ("lin", balances["car-loan"], both)
    assert (she.member, she.sole_fen, she.joint_fen) == ("zhou", 0, both)
    assert he.claimable_fen == sum(balances.values())
    assert she.claimable_fen == both
    assert she.joint_debts == ("mortgage-commercial", "mortgage-provident-fund")


@pytest.mark.parametrize("path", sorted(CLIENTS.glob("example-*.yaml")), ids=lambda p: p.stem)
def test_joint_debts_count_once_in_the_household(path):
    """What is owed alone, and each joint debt once, are the debts of the balance sheet."""
    home = household(path.name)
    stands = standing(home)
    owed = member_debts(home, stands)
    joint = {reference for member in owed for reference in member.joint_debts}
    once = sum(one.balance for one in stands if one.contract.id in joint)
    sheet = balance_sheet(home, stands, AS_OF)
    assert sum(member.sole_fen for member in owed) + once == sheet.total_liabilities_fen
    assert all(m.claimable_fen == m.sole_fen + m.joint_fen for m in owed)
    assert all(m.claimable_fen <= sheet.total_liabilities_fen for m in owed)


def test_who_borrows_nothing_is_not_named():
    """A child owes nothing, and a household without debts names nobody."""
    home = household("example-01-young-couple.yaml")
    assert "daughter" not in {member.member for member in member_debts(home, standing(home))}
    assert member_debts(household("example-08-first-loan.yaml"), ()) == ()


# Guarantees


def test_net_worth_falls_by_what_may_be_called():
    """300,000 guaranteed until 2028-05-31 stand beside the sheet, not in its debts."""
    home = household(GUARANTOR)
    sheet = balance_sheet(home, standing(home), AS_OF)
    assert sheet.contingent_fen == 30_000_000
    assert sheet.net_worth_if_called_fen == sheet.net_worth_fen - 30_000_000
    free = balance_sheet(household(GUARANTOR, guarantees_given=()), standing(home), AS_OF)
    assert free.net_worth_if_called_fen == free.net_worth_fen == sheet.net_worth_fen


def test_a_guarantee_weighs_its_share_over_the_months_it_runs():
    """A fifth of 300,000 over the 78 whole months from 2021-11-22 to 2028-05-31."""
    assert RULES.value("house.guarantee_weight") * 5 == 1
    early = date(2021, 11, 22)
    weighed = contingent_instalment_yuan(household(GUARANTOR), early, RULES.at(early))
    assert weighed == pytest.approx(60_000 / 78)


def test_a_guarantee_near_its_end_weighs_no_more_than_five_years_before():
    """From 60 months before to its last day a month counts the same; the day after, nothing."""
    home = household(GUARANTOR)
    for day in (date(2023, 5, 31), AS_OF, date(2028, 5, 31)):
        assert contingent_instalment_yuan(home, day, RULES) == pytest.approx(60_000 / 60)
    assert contingent_instalment_yuan(home, date(2028, 6, 1), RULES) == 0
    assert open_guarantees(home, date(2028, 6, 1)) == ()


def test_without_a_guarantee_no_weight_is_asked_for():
    """The weight is then no parameter of the plan."""
    rules = RULES.at(AS_OF)
    home = household("example-01-young-couple.yaml")
    assert contingent_instalment_yuan(home, AS_OF, rules) == 0
    assert rules.consulted == ()
