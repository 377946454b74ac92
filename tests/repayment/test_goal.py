"""Goals of a budget: free in so many months, and how much a month to be free by then."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from random import Random

import pytest

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PenaltyTier, PrepaymentPolicy
from planning.loans.rates import rate_steps
from planning.repayment.goal import (
    Budget,
    beyond_budget,
    budget_purse,
    contractual_due,
    free_in,
    is_free,
    least_extra,
    repaid_within,
)
from planning.repayment.optimum import optimum
from planning.repayment.order import Avalanche, Contractual, SamePriority, Snowball, Threshold
from planning.repayment.owed import ContractDebt, PlainDebt
from planning.repayment.purse import FixedBudget, SavingBudget

AS_OF = date(2026, 11, 22)
FEN = Decimal("0.01")


def month_ends(months: int) -> list[date]:
    """Last days of the plan's month and so many after it."""
    days = [add_months(AS_OF.replace(day=1), number) for number in range(months + 1)]
    return [day.replace(day=monthrange(day.year, day.month)[1]) for day in days]


DAYS = month_ends(600)


def plain(name: str, balance: int, rate: str, minimum: int, policy=None) -> PlainDebt:
    """A plain debt, 分."""
    clauses = {} if policy is None else {"policy": policy}
    return PlainDebt(name, balance, ((AS_OF, Decimal(rate)),), minimum, AS_OF, **clauses)


def contract(name: str, principal: int, months: int, method: str, policy=None) -> ContractDebt:
    """A contract at 4.8 % drawn on the day of the plan, 元."""
    terms = LoanContract.model_validate(
        {
            "id": name, "lender": "-", "product": "other", "purpose": "-", "borrowers": ("a",),
            "principal": Decimal(principal), "drawn_on": AS_OF, "first_due": add_months(AS_OF, 1),
            "term_months": months, "method": method, "prepayment_policy": policy,
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.048")},
        }
    )  # fmt: skip
    return ContractDebt(position(terms, rate_steps(terms, {}), AS_OF))


def first_payments(debts) -> int:
    """What all debts ask in the first month, 分."""
    return sum(debt.fork().pay_until(DAYS[1]).scheduled for debt in debts)


def random_debts(seed: int) -> list[PlainDebt]:
    """One to five plain debts; the least payments may be nothing."""
    draw = Random(seed)
    debts = []
    for number in range(draw.randint(1, 5)):
        balance, rate = draw.randrange(10_000, 20_000_000), draw.randrange(0, 200) / 1000
        minimum = round(balance * (rate / 12 + draw.choice([-0.001, 0, 0.005, 0.02])))
        debts.append(plain(f"d{number}", balance, str(rate), max(minimum, 0)))
    return debts


def assert_inverse(debts, order, by_month: int, unit: int = 1) -> int | None:
    """The least extra does, and one unit less does not; it is told back."""
    base = first_payments(debts)
    extra = least_extra(debts, base, order, DAYS, by_month, unit)
    if extra is None:
        return None
    assert extra >= 0
    assert extra % unit == 0
    assert free_in(debts, base, extra, order, DAYS) <= by_month
    if extra:
        sooner = free_in(debts, base, extra - unit, order, DAYS)
        assert sooner is None or sooner > by_month
    return extra


@pytest.mark.parametrize("order", [Avalanche(), Snowball(), SamePriority()], ids=lambda o: o.name)
def test_the_two_goals_invert_each_other(order):
    """Random plain debts and months: enough with the answer, too little with a 分 less."""
    for seed in range(15):
        assert assert_inverse(random_debts(seed), order, Random(seed).randint(1, 120)) is not None


def test_they_invert_each_other_month_by_month():
    """The months that budgets take are the months whose least extra is no more than the budget."""
    debts = random_debts(7)
    base = first_payments(debts)
    for extra in (2_000_00, 5_000_00, 20_000_00):
        months = free_in(debts, base, extra, Avalanche(), DAYS)
        assert least_extra(debts, base, Avalanche(), DAYS, months) <= extra
        assert least_extra(debts, base, Avalanche(), DAYS, months - 1) > extra


CLAUSES = PrepaymentPolicy(
    lock_in_months=4,
    penalty=(PenaltyTier(kind="share_of_prepaid", value=Decimal("0.02"), until_month=18),),
    least_amount=Decimal(10_000),
    multiple_of=Decimal(10_000),
    most_per_year=1,
)


@pytest.mark.parametrize("by_month", [6, 13, 24, 36, 59])
@pytest.mark.parametrize("unit", [1, 10_000])
def test_contracts_with_clauses_have_their_least_extra_too(by_month, unit):
    """Lock-in, penalty, lots and one date a year: the answer holds, and a unit less does not."""
    debts = [
        contract("home", 200_000, 60, "equal_instalment", CLAUSES),
        contract("car", 80_000, 48, "equal_principal"),
        plain("card", 20_000_00, "0.18", 600_00),
    ]
    assert assert_inverse(debts, Avalanche(), by_month, unit) is not None


def test_a_debt_without_interest_takes_its_share_a_month():
    """12,000 in 12 months is 1,000 a month; in 7 it is 1,714.29, rounded up."""
    debt = plain("friend", 12_000_00, "0", 0)
    found = [least_extra([debt], 0, Avalanche(), DAYS, months) for months in (12, 7)]
    assert found == [1_000_00, 1_714_29]


def test_one_debt_takes_its_level_instalment():
    """10,000 at 12 % in a year: 888.49 a month by the annuity, 888.48 leaves something."""
    debt = plain("card", 10_000_00, "0.12", 300_00)
    extra = least_extra([debt], 300_00, Avalanche(), DAYS, 12)
    factor = Decimal("1.01") ** 12
    level = (Decimal(10_000) * Decimal("0.01") * factor / (factor - 1)).quantize(FEN, ROUND_CEILING)
    assert Decimal(extra + 300_00) / 100 == level == Decimal("888.49")
    assert [_left_after_a_year(payment) > 0 for payment in (level, level - FEN)] == [False, True]


def _left_after_a_year(payment: Decimal) -> Decimal:
    """What is left of 10,000 at 12 % after twelve payments."""
    left = Decimal(10_000)
    for _ in range(12):
        left += (left / 100).quantize(FEN, ROUND_HALF_UP) - payment
    return left


def test_no_extra_where_the_contracts_end_in_time():
    """Nothing more is needed by the month the least payments end everything."""
    debt = plain("a", 1_000_00, "0", 100_00)
    assert least_extra([debt], 100_00, Avalanche(), DAYS, 10) == 0
    assert least_extra([debt], 100_00, Avalanche(), DAYS, 9) > 0


def test_lumps_count():
    """With 6,000 in month 2 the other 6,000 take 500 a month."""
    debt = plain("a", 12_000_00, "0", 0)
    assert least_extra([debt], 0, Avalanche(), DAYS, 12, lumps={2: 6_000_00}) == 500_00
    assert free_in([debt], 0, 500_00, Avalanche(), DAYS, lumps={2: 6_000_00}) == 12


def test_no_amount_ends_what_may_not_be_prepaid():
    """Locked beyond the month; left alone by its order."""
    locked = plain("a", 10_000_00, "0.05", 100_00, PrepaymentPolicy(lock_in_months=12))
    assert least_extra([locked], 100_00, Avalanche(), DAYS, 11) is None
    assert least_extra([locked], 100_00, Avalanche(), DAYS, 12) is not None
    free = plain("a", 10_000_00, "0.05", 100_00)
    assert least_extra([free], 100_00, Contractual(), DAYS, 12) is None
    assert least_extra([free], 100_00, Threshold(Decimal("0.06")), DAYS, 12) is None


def test_a_budget_must_hold_the_principal_due_in_one_sum():
    """Interest alone for two years, then 50,000: no extra is not enough, however long it lasts."""
    debts = [contract("shop", 50_000, 24, "interest_only")]
    base = first_payments(debts)
    budget = Budget(base)
    run = repaid_within(debts, budget, Avalanche(), DAYS)
    assert (run.months, beyond_budget(run, budget)) == (24, {24: 50_000_00})
    assert not is_free(run, budget)
    assert free_in(debts, base, 0, Avalanche(), DAYS) is None
    assert assert_inverse(debts, Avalanche(), 24) > 1_900_00


def test_the_last_instalment_may_hold_what_rounding_left():
    """A million over 360 months ends within its own payments, though the last is 3.07 larger."""
    debts = [contract("home", 1_000_000, 360, "equal_instalment")]
    budget = Budget(first_payments(debts))
    run = repaid_within(debts, budget, Avalanche(), DAYS)
    assert beyond_budget(run, budget) == {360: 3_07}
    assert is_free(run, budget)
    assert free_in(debts, budget.base, 0, Avalanche(), DAYS) == 360


def test_never_is_no_number():
    """A least payment below the interest, and nothing more, ends in no month."""
    debt = plain("card", 10_000_00, "0.18", 100_00)
    assert free_in([debt], 100_00, 0, Avalanche(), DAYS) is None


# ------------------------------------------------------------------------- saved for what is due


def bullet_and_card() -> list:
    """100,000 of interest alone, due in a year, beside a card at 18 % and a home loan."""
    return [
        contract("shop", 100_000, 12, "interest_only"),
        contract("home", 500_000, 240, "equal_instalment"),
        plain("card", 20_000_00, "0.18", 600_00),
    ]


@pytest.mark.parametrize(
    "order", [Avalanche(), Snowball(), SamePriority(), Contractual()], ids=lambda o: o.name
)
@pytest.mark.parametrize("extra", [9_000_00, 12_000_00, 40_000_00, 150_000_00])
def test_no_order_takes_other_money_where_saving_is_enough(order, extra):
    """A year of 9,000 beside the payments holds the 100,000 due then: nothing is lacking."""
    debts = bullet_and_card()
    budget = Budget(first_payments(debts), extra)
    run = repaid_within(debts, budget, order, DAYS)
    assert beyond_budget(run, budget) == {}
    assert is_free(run, budget)


def test_saving_ends_with_what_is_saved_for():
    """After the month of the 100,000 every month's money is spent in that month again."""
    debts = bullet_and_card()
    run = repaid_within(debts, Budget(first_payments(debts), 9_000_00), Avalanche(), DAYS)
    assert run.clears
    assert set(run.cash[12:-1]) == {0}


def test_what_no_saving_reaches_is_told_and_no_more_is_taken():
    """3,000 a month off 100,000 due in a year: what is missing then, reckoned by hand."""
    debt = contract("shop", 100_000, 12, "interest_only")
    budget = Budget(first_payments([debt]), 3_000_00)
    owed = Decimal(100_000)
    for _ in range(11):
        owed -= Decimal(3_400) - (owed * Decimal("0.004")).quantize(FEN, ROUND_HALF_UP)
    due = owed + (owed * Decimal("0.004")).quantize(FEN, ROUND_HALF_UP)
    run = repaid_within([debt], budget, Avalanche(), DAYS)
    assert beyond_budget(run, budget) == {12: int((due - 3_400) * 100)}
    assert (run.months, run.cash[-1], is_free(run, budget)) == (12, 0, False)


def test_what_came_from_outside_is_not_given_back():
    """After the month that lacked, the whole budget goes to the debts that are left."""
    debts = bullet_and_card()
    budget = Budget(first_payments(debts), 3_000_00)
    run = repaid_within(debts, budget, Avalanche(), DAYS)
    assert list(beyond_budget(run, budget)) == [12]
    spent = [sum(debt[n].total for debt in run.paid.values()) for n in range(13, run.months)]
    assert set(spent) == {budget.monthly}


def test_where_no_month_asks_for_more_the_purse_only_carries_on():
    """A budget that holds the principal in its month is spent month by month, as without it."""
    debts = bullet_and_card()
    due = contractual_due(debts, DAYS)
    base = first_payments(debts)
    assert isinstance(budget_purse(Budget(base, 120_000_00), due), FixedBudget)
    lump = Budget(base, 1_000_00, {12: 100_000_00})
    assert isinstance(budget_purse(lump, due), FixedBudget)
    assert isinstance(budget_purse(Budget(base, 9_000_00), due), SavingBudget)


@pytest.mark.parametrize("extra", [8_500_00, 12_345_67, 30_000_00])
def test_with_principal_due_in_one_sum_the_goals_still_invert_each_other(extra):
    """The least extra by the month that an extra ends everything in is no more than that extra."""
    debts = bullet_and_card()
    base = first_payments(debts)
    months = free_in(debts, base, extra, Avalanche(), DAYS)
    assert least_extra(debts, base, Avalanche(), DAYS, months) <= extra
    assert assert_inverse(debts, Avalanche(), 120) < 8_400_00


def test_payments_of_the_plan_s_own_month_are_none_of_the_budget_s():
    """A loan that asks for something before the first full month: nothing is lacking in month 0."""
    terms = LoanContract.model_validate(
        {
            "id": "old", "lender": "-", "product": "other", "purpose": "-", "borrowers": ("a",),
            "principal": Decimal(50_000), "drawn_on": date(2026, 5, 25),
            "first_due": date(2026, 6, 25), "term_months": 24, "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.048")},
        }
    )  # fmt: skip
    debt = ContractDebt(position(terms, rate_steps(terms, {}), AS_OF))
    due = contractual_due([debt], DAYS)["old"]
    budget = Budget(due[1], 500_00)
    run = repaid_within([debt], budget, Avalanche(), DAYS)
    assert due[0] > 0
    assert beyond_budget(run, budget) == {}
    assert is_free(run, budget)


def test_the_best_plan_needs_no_other_money_where_saving_is_enough():
    """A plan that takes the principal from nowhere is none; the best is lived from the budget."""
    debts = bullet_and_card()
    budget = Budget(first_payments(debts), 12_000_00)
    purse = budget_purse(budget, contractual_due(debts, DAYS))
    runs = [repaid_within(debts, budget, order, DAYS) for order in (Avalanche(), SamePriority())]
    last = max(run.months for run in runs)
    best = optimum(debts, purse, DAYS[: last + 25], is_budget=True, rivals=runs, limit_s=5.0)
    assert beyond_budget(best.run, budget) == {}
    assert best.run.total <= min(run.total for run in runs)
    # The principal is no free money of the bound: it is near what plans cost.
    assert best.certificate.gap_fen < 100_00
