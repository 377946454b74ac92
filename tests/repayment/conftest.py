"""Random households: debts of every kind, with clauses, and money that comes unevenly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from planning.dates import add_months
from planning.errors import TermsError
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rates import rate_steps
from planning.repayment.owed import NO_CLAUSES, ContractDebt, PlainDebt
from planning.repayment.purse import FixedBudget, FundPool, HouseholdPurse, Money

AS_OF = date(2026, 11, 22)
METHODS = (
    "equal_instalment", "equal_instalment", "equal_principal", "interest_only", "bullet",
    "flat_fee", "balloon", "fortnightly", "accelerated_fortnightly",
)  # fmt: skip
PENALTIES = {
    "share_of_prepaid": Decimal("0.02"),
    "share_of_balance": Decimal("0.01"),
    "months_of_interest": Decimal(2),
    "fixed": Decimal(500),
    "interest_to_tier_end": None,
}
MODES = (
    ("lower_instalment",),
    ("shorten_keep_instalment",),
    ("shorten_recompute",),
    ("shorten_recompute", "lower_instalment"),
    (),
)


@dataclass(frozen=True)
class Case:
    """Debts and the money that repays them."""

    debts: list
    purse: object
    days: tuple
    is_budget: bool
    monthly_yield: float
    window: range
    step: int

    @property
    def terms(self):
        """What ``repaid`` takes besides the order."""
        return {"step": self.step, "window": self.window, "is_budget": self.is_budget}


def month_ends(months):
    """Last days of the plan's month and those after it."""
    return tuple(add_months(date(2026, 11, 1), n + 1) - timedelta(days=1) for n in range(months))


def clauses(random):
    """A prepayment policy, or None."""
    if random.random() < 0.3:
        return None
    kind = random.choice([*PENALTIES, None])
    until = random.choice([12, 24, 36] + [None] * (kind != "interest_to_tier_end"))
    tiers = ({"kind": kind, "value": PENALTIES[kind], "until_month": until},) if kind else ()
    choices = {
        "penalty_minimum": [300],
        "penalty_cap": [2000],
        "most_per_year": [1, 2, 4],
        "year": ["loan_year"],
        "least_amount": [1000, 5000, 20_000],
        "multiple_of": [1000],
        "lock_in_months": [6, 12, 24],
        "notice_days": [15, 30, 60],
        "modes": MODES,
        "is_settlement_exempt": [False],
        "remaining_flat_fees": ["waived"],
    }
    chosen = {name: random.choice(of) for name, of in choices.items() if random.random() < 0.25}
    return PrepaymentPolicy.model_validate({"penalty": tiers, **chosen})


def _annual_rate(random):
    return Decimal(random.randint(0, 2000) if random.random() < 0.3 else random.randint(200, 900))


def _rate(random, method, drawn_on):
    if method == "flat_fee":
        fee = Decimal(random.randint(20, 120)) / 10_000
        charged = random.choice(["each_period", "first_period"])
        return {"kind": "flat_fee", "fee_rate_per_month": fee, "charged": charged}
    if random.random() < 0.5:
        return {"kind": "fixed", "annual_rate": _annual_rate(random) / 10_000}
    day, stages = drawn_on, []
    for _ in range(random.randint(2, 4)):
        rate = {"kind": "fixed", "annual_rate": _annual_rate(random) / 10_000}
        stages.append({"starts_on": day, "rate": rate})
        day = max(day, AS_OF) + timedelta(days=random.randint(20, 300))
    effect = random.choice(["on_reset_day", "this_period", "next_period"])
    return {"kind": "stepped", "takes_effect": effect, "stages": tuple(stages)}


def _conventions(random):
    choices = {
        "day_count": ["thirty_360", "actual_360", "actual_365"],
        "instalment_basis": ["actual_days"],
        "prepayment_order": ["before_payment"],
        "prepayment_interest": ["on_prepaid", "with_next_instalment"],
        "first_period": ["whole_month", "interest_only"],
        "interest_rounding": ["down"],
    }
    return {name: random.choice(of) for name, of in choices.items() if random.random() < 0.25}


def _events(random, method, age):
    if random.random() < 0.15 and method not in {"flat_fee", "bullet"}:
        yield {
            "kind": "deferral",
            "starts_on": add_months(AS_OF, random.randint(1, 6)),
            "periods": random.randint(1, 3),
            "interest": random.choice(["paid", "deferred", "capitalised", "waived"]),
            "extends_term": random.random() < 0.5,
        }
    if random.random() < 0.1:
        starts_on = add_months(AS_OF, random.randint(1, 6))
        yield {"kind": "extension", "starts_on": starts_on, "months": random.randint(1, 6)}
    if age > 3 and method != "flat_fee" and random.random() < 0.3:
        yield {
            "kind": "prepayment",
            "paid_on": add_months(AS_OF, -2),
            "amount": random.randint(100, 3000),
            "mode": random.choice(
                ["lower_instalment", "shorten_keep_instalment", "shorten_recompute"]
            ),
        }


def _subsidy(random):
    return {
        "points": Decimal("0.01"),
        "most_share_of_rate": random.choice([None, Decimal("0.5")]),
        "principal_cap": random.choice([None, 50_000, 20_000]),
        "yearly_caps": random.choice([(), ({"starts_on": date(2025, 1, 1), "amount": 300},)]),
        "base": random.choice(["original", "outstanding"]),
        "starts_on": date(2025, 9, 1),
        "ends_on": random.choice([None, date(2027, 8, 31)]),
    }


def contract_of(random, number, *, is_plain=False):
    """
    A contract that still runs, of any method.

    Raises
    ------
    ValidationError
        What was drawn does not go together.
    """
    method, age = random.choice(METHODS), random.choice([0, 1, 3, 14])
    drawn_on = add_months(date(2026, 11, random.randint(1, 20)), -age)
    months = random.randint(age + 2, age + 30)
    first_due = add_months(drawn_on, months if method == "bullet" else 1)
    if method.endswith("fortnightly"):
        first_due = drawn_on + timedelta(days=14)
    facts = {
        "id": f"loan-{number}",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": random.randint(5000, 400_000),
        "drawn_on": drawn_on,
        "first_due": first_due,
        "term_months": months,
        "method": method,
        "rate": _rate(random, method, drawn_on),
        "monthly_fee": random.choice([0, 0, 0, 20]),
    }
    if method == "balloon":
        facts["notional_months"] = 3 * months
    if not is_plain:
        facts["prepayment_policy"] = clauses(random)
        facts["conventions"] = _conventions(random)
        facts["events"] = tuple(_events(random, method, age))
        if random.random() < 0.2 and method != "flat_fee":
            facts["subsidy"] = _subsidy(random)
        if random.random() < 0.1 and method not in {"flat_fee", "bullet"} and age < 2:
            facts["grace"] = {"months": 1, "interest": random.choice(["paid", "deferred"])}
    return LoanContract.model_validate(facts)


def _plain_debt(random, number):
    balance = random.randint(1000, 60_000) * 100
    rates = [(AS_OF, Decimal(random.randint(0, 2400)) / 10_000)]
    if random.random() < 0.5:
        later = add_months(AS_OF, random.randint(2, 10))
        rates.append((later, Decimal(random.randint(0, 2400)) / 10_000))
    minimum = max(balance // random.randint(5, 40), 100)
    policy = clauses(random) or NO_CLAUSES
    return PlainDebt(f"card-{number}", balance, tuple(rates), minimum, AS_OF, policy)


def _debts(random):
    debts, most = [], random.randint(1, 4)
    while len(debts) < most:
        if random.random() < 0.25:
            debts.append(_plain_debt(random, len(debts)))
            continue
        try:
            contract = contract_of(random, len(debts))
            standing = position(contract, rate_steps(contract, {}), AS_OF)
        except (ValidationError, TermsError):
            continue
        if standing.remaining:
            debts.append(ContractDebt(standing))
    return debts


def _dues(debts, days):
    own = [debt.fork() for debt in debts]
    return {debt.id: tuple(debt.pay_until(day).scheduled for day in days) for debt in own}


def _months_of(debts):
    months = 9
    while True:
        own = [debt.fork() for debt in debts]
        for debt in own:
            debt.pay_until(month_ends(months)[-1])
        if not any(debt.balance for debt in own) or months > 200:
            return months
        months += 6


def _purse(random, debts, days):
    due = _dues(debts, days)
    months = len(days)
    base = sum(sum(of) for of in due.values()) // months
    pools = []
    if random.random() < 0.4:
        loans = tuple(random.sample(sorted(due), random.randint(1, len(due))))
        inflow = tuple(random.randint(0, base // 2) for _ in range(months))
        yearly = random.choice([None, 1, 6])
        pools = [FundPool(loans, inflow, yearly, random.randint(0, 3_000_000))]
    own = [pool.fork() for pool in pools]
    money = Money(
        opening=random.randint(0, 8_000_000),
        net=tuple(int(base * random.uniform(0.6, 1.9)) for _ in range(months)),
        floor=tuple(random.choice([0, 1_000_000]) for _ in range(months)),
        due=due,
        fund_paid=tuple(
            sum(pool.pays(n, sum(due[x][n] for x in pool.loans)) for pool in own)
            for n in range(months)
        ),
        calendar=tuple(day.month for day in days),
    )
    return HouseholdPurse(money, pools)


def household_of(random, *, is_budget=False):
    """A random household, its months reaching to the last contract's end."""
    debts = _debts(random)
    days = month_ends(_months_of(debts))
    months = len(days)
    if is_budget:
        due = _dues(debts, days)
        asked = sorted(sum(of[n] for of in due.values()) for n in range(months))
        monthly = int(asked[8 * months // 10] * random.uniform(1.0, 2.0))
        lumps = {random.randrange(months): random.randint(0, 5_000_000)}
        purse, monthly_yield = FixedBudget(monthly, lumps), 0.0
    else:
        purse, monthly_yield = _purse(random, debts, days), random.choice([0.0, 0.0012, 0.004])
    return Case(
        debts=debts,
        purse=purse,
        days=days,
        is_budget=is_budget,
        monthly_yield=monthly_yield,
        window=range(random.choice([0, 0, 3]), random.choice([months, max(4, months // 2)])),
        step=random.choice([1, 10_000]),
    )


@pytest.fixture(scope="session")
def household():
    """A maker of random households."""
    return household_of


@pytest.fixture(scope="session")
def random_contract():
    """A maker of random contracts."""
    return contract_of
