"""Strategies over plain debts and contracts: the convention of the budget, and what must hold."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PenaltyTier, PrepaymentPolicy
from planning.loans.rates import rate_steps
from planning.repayment.order import (
    Avalanche,
    Contractual,
    Custom,
    SamePriority,
    Snowball,
    Threshold,
)
from planning.repayment.owed import ContractDebt, PlainDebt, largest_prepayment
from planning.repayment.purse import FixedBudget
from planning.repayment.run import repaid

AS_OF = date(2026, 11, 22)
FEN = Decimal("0.01")


def month_ends(months: int, as_of: date = AS_OF) -> list[date]:
    """Last days of the plan's month and so many after it."""
    days = [add_months(as_of.replace(day=1), number) for number in range(months + 1)]
    return [day.replace(day=monthrange(day.year, day.month)[1]) for day in days]


DAYS = month_ends(600)


@dataclass(frozen=True)
class Row:
    """A debt as a table states it, 元."""

    id: str
    balance: Decimal
    rate: Decimal
    minimum: Decimal

    @property
    def debt(self) -> PlainDebt:
        """The same on its way."""
        rates = ((AS_OF, self.rate),)
        return PlainDebt(self.id, fen(self.balance), rates, fen(self.minimum), AS_OF)


def fen(yuan: Decimal) -> int:
    """元 as 分."""
    return int(yuan * 100)


def random_rows(seed: int) -> list[Row]:
    """Two to six debts whose least payments outpace their interest; some rates are equal."""
    draw = Random(seed)
    rows = []
    for number in range(draw.randint(2, 6)):
        balance = Decimal(draw.randrange(100_000, 30_000_000)) / 100
        rate = Decimal(draw.choice([0, 36, 48, 49, 72, 120, 180, 182])) / 1000
        least = balance * rate / 12 + balance / draw.randint(20, 150)
        rows.append(Row(f"d{number}", balance, rate, least.quantize(FEN, ROUND_HALF_UP)))
    return rows


def random_extra(seed: int) -> Decimal:
    """What goes to the debts beyond the least payments."""
    return Decimal(Random(-seed).choice([0, 1, 33_333, 150_000, 800_000])) / 100


# ------------------------------------------------------ the convention, in plain Decimal beside it


RANKS = {
    "avalanche": lambda row, balance: (-row.rate, balance),
    "snowball": lambda row, balance: (balance, -row.rate),
}


def reference(rows: list[Row], extra: Decimal, order: str, ids=(), threshold=None):
    """Interest, least payments, then all that is left: balances after every month, interest."""
    budget = sum(row.minimum for row in rows) + extra
    owed = {row.id: row.balance for row in rows}
    total, history, kept = Decimal(0), [], Decimal(0)
    while any(owed.values()):
        left = budget + kept
        for row in rows:
            interest = (owed[row.id] * row.rate / 12).quantize(FEN, ROUND_HALF_UP)
            total += interest
            least = min(row.minimum, owed[row.id] + interest)
            owed[row.id] += interest - least
            left -= least
        if order == "same_priority":
            left -= in_shares(owed, left)
        for row in ranked(rows, owed, order, ids, threshold):
            part = min(left, owed[row.id])
            owed[row.id] -= part
            left -= part
        kept = left
        history.append(dict(owed))
    return history, total


def in_shares(owed: dict[str, Decimal], left: Decimal) -> Decimal:
    """To each debt its share of what is left, down to the 分; what that takes."""
    whole, spent = sum(owed.values()), Decimal(0)
    for name, balance in list(owed.items()):
        part = min((left * balance / whole).quantize(FEN, "ROUND_DOWN"), balance) if whole else 0
        owed[name] -= part
        spent += part
    return spent


def ranked(rows, owed, order, ids, threshold):
    """Debts in their turn."""
    if order == "contractual":
        return []
    if order == "threshold":
        rows = [row for row in rows if row.rate > threshold]
    rank = RANKS.get(order, RANKS["avalanche"])
    turn = sorted(rows, key=lambda row: rank(row, owed[row.id]))
    if order == "custom":
        named = [row for name in ids for row in rows if row.id == name]
        turn = [*named, *(row for row in turn if row not in named)]
    return turn


def lived(rows: list[Row], extra: Decimal, order):
    """The same by the engine."""
    purse = FixedBudget(sum(fen(row.minimum) for row in rows) + fen(extra))
    return repaid([row.debt for row in rows], purse, order, DAYS, is_budget=True)


@pytest.mark.parametrize("name", ["avalanche", "snowball", "same_priority", "threshold", "custom"])
def test_300_random_tables_agree_to_the_fen_with_a_reckoning_by_hand(name):
    """Balances of every debt and month, and all interest; the reference knows no code of ours."""
    for seed in range(300):
        rows, extra = random_rows(seed), random_extra(seed)
        ids, threshold = (rows[-1].id, rows[0].id), Decimal("0.06")
        order = {
            "avalanche": Avalanche(),
            "snowball": Snowball(),
            "same_priority": SamePriority(),
            "threshold": Threshold(threshold),
            "custom": Custom(ids),
        }[name]
        history, interest = reference(rows, extra, name, ids, threshold)
        run = lived(rows, extra, order)
        assert (run.months, run.interest) == (len(history), fen(interest)), seed
        for row in rows:
            closings = [paid.closing for paid in run.paid[row.id]][1:]
            assert closings == [fen(month[row.id]) for month in history], (seed, row.id)


def test_least_payments_alone_leave_the_budget_alone():
    """Contractual: no extra, and what a paid-off debt leaves free is not used."""
    for seed in range(60):
        rows = random_rows(seed)
        history, interest = reference(rows, Decimal(0), "contractual")
        run = lived(rows, random_extra(seed), Contractual())
        assert (run.months, run.interest, run.actions) == (len(history), fen(interest), ())


def test_avalanche_ties_go_to_the_smaller_balance_and_snowball_ties_to_the_dearer():
    """Two debts at one rate; two debts of one balance."""
    rate = Decimal("0.06")
    same_rate = [
        Row("a", Decimal(9000), rate, Decimal(100)),
        Row("b", Decimal(8000), rate, Decimal(100)),
    ]
    assert lived(same_rate, Decimal(500), Avalanche()).actions[0].debt == "b"
    dear = Row("b", Decimal(9000), Decimal("0.1"), Decimal(130))
    # After the month's payments both owe the same.
    cheap = Row("a", Decimal(9000), rate, Decimal(100))
    run = lived([cheap, dear], Decimal(500), Snowball())
    assert [run.paid[name][1].closing for name in "ab"] == [894_500, 844_500]


def test_what_the_target_cannot_take_goes_on_in_the_same_month():
    """1,000 of extra ends a debt of 500 and goes on to the next one."""
    rows = [
        Row("a", Decimal(500), Decimal("0.12"), Decimal(50)),
        Row("b", Decimal(9000), Decimal("0.06"), Decimal(100)),
    ]
    run = lived(rows, Decimal(1000), Avalanche())
    assert [(a.debt, a.amount) for a in run.actions[:2]] == [("a", 45_500), ("b", 54_500)]


# --------------------------------------------------------------------------- what must always hold


def contract(
    name: str, principal: int, months: int, method: str, rate: str, **more
) -> LoanContract:
    """A contract drawn on the day of the plan."""
    return LoanContract.model_validate(
        {
            "id": name, "lender": "-", "product": "other", "purpose": "-", "borrowers": ("a",),
            "principal": Decimal(principal), "drawn_on": more.pop("drawn_on", AS_OF),
            "first_due": add_months(more.pop("first_from", AS_OF), 1), "term_months": months,
            "method": method, "rate": {"kind": "fixed", "annual_rate": Decimal(rate)}, **more,
        }
    )  # fmt: skip


def standing(terms: LoanContract, as_of: date = AS_OF):
    """Where a contract stands."""
    return position(terms, rate_steps(terms, {}), as_of)


PENALTY = PrepaymentPolicy(
    lock_in_months=3,
    penalty=(PenaltyTier(kind="share_of_prepaid", value=Decimal("0.01"), until_month=12),),
    most_per_year=2,
)


def mixed() -> list:
    """Contracts of three methods, one with clauses, and a plain debt."""
    terms = [
        contract("home", 600_000, 120, "equal_instalment", "0.035"),
        contract("car", 90_000, 36, "equal_principal", "0.06", prepayment_policy=PENALTY),
        contract("shop", 50_000, 24, "interest_only", "0.048"),
    ]
    card = Row("card", Decimal(20_000), Decimal("0.18"), Decimal(700))
    return [*(ContractDebt(standing(one)) for one in terms), card.debt]


ORDERS = [Contractual(), Avalanche(), Snowball(), SamePriority(), Custom(("shop", "home"))]
ORDERS.append(Threshold(Decimal("0.04")))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
def test_every_month_of_every_debt_adds_up(order):
    """Opening and interest less what is paid is closing; principal repaid is all that was owed."""
    debts = mixed()
    run = repaid(debts, FixedBudget(15_000_00), order, DAYS, is_budget=True)
    assert run.clears
    for debt in debts:
        opening, repaid_principal = debt.balance, 0
        for paid in run.paid[debt.id]:
            principal = paid.scheduled - paid.interest - paid.fee + paid.prepaid
            assert opening - principal == paid.closing
            opening, repaid_principal = paid.closing, repaid_principal + principal
        assert (opening, repaid_principal) == (0, debt.balance)
        assert sum(one.total for one in run.paid[debt.id]) == debt.balance + sum(
            one.cost for one in run.paid[debt.id]
        )


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "interest_only"])
def test_contracts_left_alone_are_their_own_schedules(method):
    """The contractual run of a loan two years old is the rest of its ledger to the fen."""
    drawn_on = date(2024, 11, 30)
    terms = contract(
        "home", 500_000, 60, method, "0.041", drawn_on=drawn_on, first_from=drawn_on, due_day=30
    )
    rows = standing(terms).remaining
    run = repaid(
        [ContractDebt(standing(terms))], FixedBudget(0), Contractual(), DAYS, is_budget=True
    )
    lived_rows = [one for one in run.paid["home"] if one.scheduled]
    assert [(p.interest, p.scheduled, p.closing) for p in lived_rows] == [
        (row.interest, row.payment, row.closing) for row in rows
    ]


@pytest.mark.parametrize("order", [Avalanche(), Custom(("d1",))], ids=lambda order: order.name)
def test_more_money_is_never_later_and_never_dearer(order):
    """Constant rates, no clauses: a 分 or a thousand more a month."""
    for seed in range(80):
        rows, extra = random_rows(seed), random_extra(seed)
        less = lived(rows, extra, order)
        for more in (FEN, Decimal(1000)):
            run = lived(rows, extra + more, order)
            assert run.months <= less.months
            assert run.interest <= less.interest
            assert all(run.payoff_month(r.id) <= less.payoff_month(r.id) for r in rows)


@pytest.mark.parametrize("order", [Avalanche(), Snowball()], ids=lambda order: order.name)
def test_the_order_of_rows_does_not_matter(order):
    """Debts of different rates and balances, named from the last to the first."""
    for seed in range(60):
        rows = random_rows(seed)
        there, back = (lived(some, Decimal(900), order) for some in (rows, rows[::-1]))
        assert there.paid == {row.id: back.paid[row.id] for row in rows}


def test_a_thousandfold_of_all_money_is_a_thousandfold_of_all_interest():
    """Up to half a 分 for each debt and month that rounding moves, and what that earns."""
    for seed in range(60):
        rows, extra = random_rows(seed), random_extra(seed)
        large = [replace(r, balance=r.balance * 1000, minimum=r.minimum * 1000) for r in rows]
        small_run, run = (
            lived(s, e, Avalanche()) for s, e in ((rows, extra), (large, extra * 1000))
        )
        assert abs(run.months - small_run.months) <= 1
        assert abs(run.interest / 1000 - small_run.interest) <= len(rows) * run.months


@pytest.mark.parametrize("order", [Avalanche(), Snowball(), SamePriority()], ids=lambda o: o.name)
def test_the_budget_stays_the_same_while_anything_is_owed(order):
    """A debt that has ended leaves its least payment to the others."""
    for seed in range(60):
        rows, extra = random_rows(seed), random_extra(seed)
        run = lived(rows, extra, order)
        budget = fen(sum(row.minimum for row in rows) + extra)
        spent = [
            sum(paid[month].total for paid in run.paid.values()) for month in range(1, run.months)
        ]
        assert set(spent) <= {budget}


def test_a_lump_is_there_in_its_month():
    """5,000 in month 3 goes to the target beside what is left of the budget."""
    row = Row("a", Decimal(20_000), Decimal(0), Decimal(500))
    purse = FixedBudget(fen(row.minimum), {3: 500_000})
    run = repaid([row.debt], purse, Avalanche(), DAYS, is_budget=True)
    assert [(a.month, a.amount) for a in run.actions] == [(3, 500_000)]
    assert run.months == 30


# ------------------------------------------------------------------------- the largest prepayment


@pytest.mark.parametrize("cash", [1, 99, 100, 101, 412_511, 999_999, 1_000_000, 1_009_999])
@pytest.mark.parametrize("share", ["0.001", "0.01", "0.05", "0.5"])
def test_a_penalty_leaves_nothing_that_the_debt_could_take(cash, share):
    """No greater part and its penalty fit into the cash."""
    tier = PenaltyTier(kind="share_of_prepaid", value=Decimal(share))
    policy = PrepaymentPolicy(penalty=(tier,))
    debt = PlainDebt("a", 1_000_000, ((AS_OF, Decimal(0)),), 1, AS_OF, policy)
    debt.pay_until(DAYS[1])
    part = largest_prepayment(debt, cash)
    assert not part or part + debt.charge(part) <= cash
    if part < debt.balance:
        # One 分 more may be a 分 of penalty more: with both it no longer fits.
        assert part + 2 + debt.charge(part + 2) > cash
