"""What stands behind secured debts: cut values, loan to value by year, the shortfall date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from planning.dates import add_months
from planning.household.balance_sheet import AssetLine, BalanceSheet, Security
from planning.household.pay import net_pay
from planning.risk.collateral import collateral, collateral_paths, kept_after_cut, still_owed
from planning.risk.course import course
from planning.risk.stress import projection, stressed
from tests.conftest import AS_OF, EXAMPLES, inputs_of

MONTHS = tuple(add_months(date(2026, 11, 1), number) for number in range(37))


@dataclass(frozen=True)
class Cuts:
    """Rules with cuts of one's own."""

    home: str = "0.10"
    movable: str = "0.20"
    yearly: str = "0.15"

    def value(self, name):
        """The rule of that name."""
        known = {
            "house.property_valuation_haircut": self.home,
            "hard_cases.movable_haircut": self.movable,
            "hard_cases.movable_yearly_fall": self.yearly,
        }
        return Decimal(known[name])


def sheet(kind="home", value=1_000_000, balance=800_000):
    """One asset behind one loan, 元."""
    line = AssetLine(
        id="thing", kind=kind, value_fen=value * 100, liquidity_tier=3, is_pledged=True
    )
    security = Security(
        assets=("thing",), value_fen=value * 100, balance_fen=balance * 100,
        liabilities=("loan",), loan_to_value=balance / value if value else None,
    )  # fmt: skip
    return BalanceSheet(
        assets=(line,), liabilities=(), securities=(security,), total_assets_fen=value * 100,
        liquid_assets_fen=0, total_liabilities_fen=balance * 100, net_worth_fen=0,
        contingent_fen=0, net_worth_if_called_fen=0,
    )  # fmt: skip


def path(owed, kept, rules=None, **asset):
    """The collateral's path with these balances and prices, one row a case."""
    owed, kept = (np.atleast_2d(np.asarray(rows, float)) for rows in (owed, kept))
    names = ("baseline", "falls", "falls_more")[: len(owed)]
    (found,) = collateral_paths(
        sheet(**asset), MONTHS, names, {"loan": owed}, kept, rules or Cuts()
    )
    return found


FLAT = [1.0] * 37
OWED = [800_000.0] * 37


def test_the_cut_value_stands_against_the_debt():
    """1,000,000 less a tenth is 900,000: 800,000 is eight ninths of it, a ninth may be lost."""
    found = path(OWED, FLAT)
    assert found.cut_value_yuan == 900_000
    assert found.loan_to_value == pytest.approx(8 / 9)
    assert found.fall_to_shortfall == pytest.approx(1 / 9)
    assert found.baseline.shortfall_month is None
    assert found.baseline.worst_gap_yuan == 0


def test_prices_just_above_the_debt_hold_and_just_below_do_not():
    """At a fall to eight ninths the debt is just covered; a 元 less and it falls short."""
    just = 800_000 / 900_000
    assert path(OWED, [just] * 37).baseline.shortfall_month is None
    short = path(OWED, [(800_000 - 1) / 900_000] * 37).baseline
    assert short.shortfall_month == "2026-11"
    assert short.worst_gap_yuan == pytest.approx(1)


def test_the_shortfall_date_is_the_first_month_that_falls_short():
    """Prices fall a hundredth a month: 900,000 x (1 - 0.01 k) < 800,000 first at k = 12."""
    kept = [1 - 0.01 * number for number in range(37)]
    found = path(OWED, kept).baseline
    assert found.shortfall_month == "2027-11"
    assert found.worst_gap_yuan == pytest.approx(800_000 - 900_000 * 0.64)
    assert [year.month for year in found.years] == ["2026-11", "2027-11", "2028-11", "2029-11"]
    assert found.years[1].loan_to_value == pytest.approx(800_000 / (900_000 * 0.88))


def test_a_bigger_cut_never_makes_the_shortfall_later():
    """Over cuts from nothing to a half the first short month only comes nearer."""
    kept = [1 - 0.005 * number for number in range(37)]
    seen = [
        path(OWED, kept, Cuts(home=str(Decimal(cut) / 100))).baseline.shortfall_month or "9999"
        for cut in range(0, 51, 5)
    ]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] != seen[-1]


def test_a_deeper_fall_never_makes_the_shortfall_later_or_smaller():
    """Two falls beside the baseline: month and gap only get worse."""
    owed = [[800_000 - 2_000 * n for n in range(37)]] * 3
    found = path(owed, [FLAT, [0.85] * 37, [0.7] * 37])
    months = [case.shortfall_month or "9999" for case in found.cases]
    gaps = [case.worst_gap_yuan for case in found.cases]
    assert months == sorted(months, reverse=True)
    assert gaps == sorted(gaps)


def test_a_car_wears_out_and_follows_no_house_prices():
    """100,000 less a fifth, then 15 % a year: 80,000, 68,000, 57,800; prices of homes are moot."""
    found = path([50_000.0] * 37, [0.5] * 37, kind="car", value=100_000, balance=50_000)
    values = [year.value_yuan for year in found.baseline.years]
    assert values == pytest.approx([80_000, 68_000, 57_800, 49_130])
    assert found.fall_to_shortfall is None
    assert found.baseline.shortfall_month is not None


def test_a_policy_is_taken_at_its_value():
    """A cash value is neither cut nor worn."""
    assert kept_after_cut("insurance_cash_value", Cuts()) == 1
    found = path([0.0] * 37, FLAT, kind="insurance_cash_value", value=100, balance=0)
    assert {year.value_yuan for year in found.baseline.years} == {100}


def test_what_is_worth_nothing_has_no_share():
    """An asset of no value: the share is unknown, never 0, and the debt is uncovered at once."""
    found = path(OWED, FLAT, value=0)
    assert found.loan_to_value is None
    assert found.baseline.years[0].loan_to_value is None
    assert found.baseline.shortfall_month == "2026-11"


def test_principal_that_nobody_can_repay_stays_owed():
    """It ends in month 2: with money it is repaid, without it the last balance stands."""
    balances = np.array([[9.0, 8.0, 0.0, 0.0], [9.0, 8.0, 0.0, 0.0], [9.0, 8.0, 7.0, 6.0]])
    liquid = np.array([[5.0, 5.0, 1.0, 1.0], [5.0, 5.0, -3.0, -3.0], [5.0, -1.0, -1.0, -1.0]])
    found = still_owed(balances, liquid)
    assert found.tolist() == [[9, 8, 0, 0], [9, 8, 8, 8], [9, 8, 7, 6]]
    assert balances[1].tolist() == [9, 8, 0, 0]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_security_of_an_example_has_a_path(example):
    """An example's paths follow its balance sheet, baseline first, balances by the ledger."""
    inputs = inputs_of(example)
    rules = inputs.book.on(AS_OF)
    pay = net_pay(inputs.household, rules, AS_OF)
    base = projection(inputs.household, inputs.histories, AS_OF, 36, pay)
    life = course(inputs.household, base, 36, AS_OF, pay)
    test = stressed(life, inputs.scenarios, inputs.histories, rules)
    found = collateral(test, base.sheet, rules)
    assert [one.assets for one in found] == [each.assets for each in base.sheet.securities]
    falls = [case.id for case in inputs.scenarios if case.price_fall]
    for one in found:
        assert [case.scenario for case in one.cases] == ["baseline", *falls]
        owed = [owed_at_month_end(base, name) for name in one.liabilities]
        assert one.baseline.years[0].balance_yuan * 100 == pytest.approx(sum(owed))


def owed_at_month_end(base, name):
    """The ledger's balance at the end of the plan's own month, 分, arrears paid."""
    (debt,) = (one for one in base.positions if one.contract.id == name)
    later = [row for row in debt.remaining if row.due_on >= date(2026, 12, 1)]
    return later[0].opening if later else 0
