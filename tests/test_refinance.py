"""Refinance and consolidate: debts kept against what could replace them, over one horizon."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest

from planning.dates import add_months
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.inputs import read_parameters
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.strategy import keep_or_prepay, refinance_case
from planning.strategy.changed_debt import after_offset
from planning.strategy.refinance import refinancing
from planning.strategy.refinance_cost import fund_prepayments
from planning.strategy.selection import Situation
from reports.exhibits.refinancing import keep_table, refinancing_table
from reports.language import Language

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
CENT = Decimal("0.01")


@cache
def parameters():
    """Rules, indexes and products, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_household(path, TODAY)


def with_rule(name, **changed):
    """The rule book with one entry's last value, or its day of review, changed."""
    book = parameters().book
    entry = book.entries[name]
    if "value" in changed:
        last = entry.values[-1].model_copy(update={"value": changed.pop("value")})
        changed["values"] = (*entry.values[:-1], last)
    entries = {**book.entries, name: entry.model_copy(update=changed)}
    return book.model_copy(update={"entries": entries})


def situation(household, *, as_of=TODAY, book=None):
    """What the cases are made from."""
    given = parameters()
    rules = (book or given.book).on(as_of)
    histories = {name: index.known_on(as_of) for name, index in given.histories.items()}
    found = [position(c, rate_steps(c, histories), as_of) for c in household.liabilities]
    return Situation(
        household=household,
        positions=tuple(p for p in found if p.is_open),
        as_of=as_of,
        products=given.products,
        histories=histories,
        scenarios=given.scenarios,
        fund=None,
        rules=rules,
        pay=net_pay(household, rules, as_of),
    )


def cases(household, **given):
    """Every case of a household."""
    return refinancing(situation(household, **given))


def of_kind(found, kind, *liabilities):
    """The only case of a kind, of those debts where they are named."""
    (case,) = (
        c for c in found if c.kind == kind and (not liabilities or c.liabilities == liabilities)
    )
    return case


def owing(number, *contracts, **changed):
    """An example household that owes these contracts and wants nothing."""
    household = example(number)
    nothing = type(household.need).model_validate({"kind": "none"})
    return household.model_copy(
        update={"need": nothing, "liabilities": contracts or household.liabilities, **changed}
    )


def loan(name, annual_rate, *, principal=60_000, months=36, age_months=12, **terms):
    """A level consumer loan of the first member's, drawn so many months before 15 November."""
    drawn_on = add_months(date(2026, 11, 15), -age_months)
    return LoanContract.model_validate(
        {
            "id": name, "lender": "启明银行", "product": "consumer_loan", "purpose": "测试",
            "borrowers": ("lin",), "principal": Decimal(principal), "drawn_on": drawn_on,
            "first_due": add_months(drawn_on, 1), "term_months": months,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal(annual_rate)}, **terms,
        }
    )  # fmt: skip


def mortgage(spread_bp=-30, *, rate=None, principal=1_000_000, age_months=56, months=360, **terms):
    """A million lent on a home, floating from the start of the year, or fixed at `rate`."""
    floating = {
        "kind": "floating", "index": "lpr_5y", "spread_bp": spread_bp, "reset_months": 12,
        "reset_anchor": "january_1",
    }  # fmt: skip
    fixed = {"kind": "fixed", "annual_rate": Decimal(rate or 0)}
    given = {
        "product": "mortgage", "borrowers": ("xu",), "secured_by": ("home",),
        "rate": fixed if rate else floating, **terms,
    }  # fmt: skip
    return loan(
        "mortgage", "0.05", principal=principal, months=months, age_months=age_months, **given
    )


def level(owed, rate, months):
    """Payments of a level loan in plain Decimal yuan: each month rounded, the last clears it."""
    owed, monthly = Decimal(owed), Decimal(rate) / 12
    growth = (1 + monthly) ** months
    payment = (owed * monthly * growth / (growth - 1)).quantize(CENT, ROUND_HALF_UP)
    paid = []
    for month in range(1, months + 1):
        interest = (owed * monthly).quantize(CENT, ROUND_HALF_UP)
        due = owed + interest if month == months else payment
        owed += interest - due
        paid.append(due)
    return paid


def fen(yuan):
    """元 in Decimal as 分."""
    return int(yuan * 100)


# ------------------------------------------------------------------------------ other loans


def test_a_dear_car_loan_is_worth_replacing_by_the_sum_of_two_schedules():
    """The first household's 4.35 % against 3.60 % over the 27 months left, in plain Decimal."""
    case = of_kind(cases(example(1)), "replacement", "car-loan")
    base = next(p for p in situation(example(1)).positions if p.contract.id == "car-loan")
    now = sum(Decimal(row.payment) / 100 for row in base.remaining)
    owed = Decimal(base.remaining[0].closing) / 100
    then = Decimal(base.remaining[0].payment) / 100 + sum(level(owed, "0.036", 27))
    assert (case.verdict, case.reason) == ("worth_it", "cheaper")
    assert case.product == "qiming-consolidation"
    assert (case.cost_now_fen, case.cost_then_fen) == (fen(now), fen(then))
    assert case.saved_fen == fen(now - then)
    assert (case.months_longer, case.fees_fen, case.penalty_fen) == (0, 0, 0)
    assert case.horizon_on == base.remaining[-1].due_on


def test_several_dear_debts_become_one_and_a_cheap_one_is_left_alone():
    """9 % and 12 % go into 3.6 %; 2 % stays where it is."""
    debts = (loan("nine", "0.09"), loan("twelve", "0.12"), loan("two", "0.02"))
    case = of_kind(cases(owing(1, *debts)), "consolidation")
    assert case.liabilities == ("nine", "twelve")
    assert case.verdict == "worth_it"
    assert case.old_rate == pytest.approx(0.105, abs=1e-3)
    kept = [level(60_000, rate, 36)[12:] for rate in ("0.09", "0.12")]
    owed = sum(_owed(60_000, rate, 13) for rate in ("0.09", "0.12"))
    then = sum(paid[0] for paid in kept) + sum(level(owed, "0.036", 23))
    assert case.cost_now_fen == fen(sum(sum(paid) for paid in kept))
    assert case.cost_then_fen == fen(then)


def _owed(principal, rate, months):
    """What a level loan over 36 months owes after some of them, plain Decimal."""
    owed, paid = Decimal(principal), level(principal, rate, 36)
    for due in paid[:months]:
        owed += (owed * Decimal(rate) / 12).quantize(CENT, ROUND_HALF_UP) - due
    return owed


def test_a_debt_cheaper_than_every_product_is_told_to_be_kept():
    """The only product is dearer: keep it, with the figures that say so."""
    case = of_kind(cases(owing(1, loan("two", "0.02"))), "replacement")
    assert (case.verdict, case.reason) == ("not_worth_it", "dearer")
    assert case.saved_fen < 0
    assert case.break_even_on is None


def test_a_saving_below_the_house_line_is_too_little():
    """A few hundred yuan do not make up for the errands."""
    case = of_kind(cases(owing(1, loan("small", "0.045", principal=20_000))), "replacement")
    assert (case.verdict, case.reason) == ("not_worth_it", "too_little")
    assert 0 < case.saved_fen < 50_000


def advised(settled_on):
    """Advice on all debts that ends every one of them on a day."""
    return SimpleNamespace(settles_on=lambda _: settled_on)


def test_a_debt_that_is_soon_settled_as_advised_needs_no_change():
    """
    0.6 points less on what is owed for three months is far below 500 yuan; for years it is not.

    The most a lower rate can spare is the difference on all that is owed until that day.
    """
    stage = situation(owing(1, *example(1).liabilities))
    plain = of_kind(refinancing(stage), "replacement", "car-loan")
    assert (plain.verdict, plain.settled_on) == ("worth_it", None)
    soon = date(2027, 2, 22)
    case = of_kind(refinancing(stage, advised(soon)), "replacement", "car-loan")
    assert (case.verdict, case.reason) == ("not_needed", "settled_as_advised")
    assert (case.settled_on, case.saved_fen) == (soon, plain.saved_fen)
    points = Decimal(str(plain.old_rate)) - Decimal(str(plain.new_rate))
    assert points * plain.amount_fen * 3 / 12 - plain.changing_fen < 500 * 100
    assert points * plain.amount_fen * 25 / 12 - plain.changing_fen > 500 * 100
    late = of_kind(refinancing(stage, advised(date(2028, 12, 22))), "replacement", "car-loan")
    assert late == plain
    assert of_kind(refinancing(stage, advised(None)), "replacement", "car-loan") == plain


def test_what_is_not_worth_it_stays_so_whatever_is_advised():
    """Only a change that would be worth it, or might be, can be not needed."""
    stage = situation(owing(1, *example(1).liabilities))
    for before, after in zip(
        refinancing(stage), refinancing(stage, advised(date(2026, 12, 1))), strict=True
    ):
        if before.verdict in ("not_worth_it", "not_eligible"):
            assert after == before


def test_a_longer_loan_is_compared_to_its_later_end_and_at_the_same_payment_a_month():
    """Nine months left against twelve at least: dearer in all, cheaper if the payment is kept."""
    debt = loan("short", "0.06", principal=400_000, months=36, age_months=27)
    case = of_kind(cases(owing(1, debt)), "replacement")
    assert case.months_longer > 0
    assert case.horizon_on > debt.matures_on
    assert case.outlay_saved_fen > case.saved_fen
    # At the old payment a month the gain is 2.4 points on the falling balance of eight months.
    owed, gain = Decimal(_left(debt)) / 100, Decimal(0)
    for _ in range(8):
        gain += owed * Decimal("0.024") / 12
        owed -= Decimal(_left(debt)) / 100 / 8
    assert case.outlay_saved_fen / 100 == pytest.approx(float(gain), rel=0.05)


def _left(debt):
    """What is owed after the next instalment."""
    return position(debt, rate_steps(debt, {}), TODAY).remaining[0].closing


def test_the_penalty_of_the_old_loan_is_paid_once():
    """Two per cent of what is prepaid, on the day, and in the cost of changing."""
    policy = {"penalty": ({"kind": "share_of_prepaid", "value": Decimal("0.02")},)}
    dear = loan("nine", "0.09", prepayment_policy=policy)
    case, free = (
        of_kind(cases(owing(1, debt)), "replacement") for debt in (dear, loan("nine", "0.09"))
    )
    assert case.penalty_fen == round(case.amount_fen * 0.02)
    assert case.saved_fen == free.saved_fen - case.penalty_fen
    assert free.break_even_on == free.changes_on < case.break_even_on <= case.horizon_on


def test_break_even_is_the_month_the_interest_spared_has_paid_for_the_change():
    """A penalty of 900 yuan against the interest of two plain schedules, month by month."""
    policy = {"penalty": ({"kind": "fixed", "value": Decimal(900)},)}
    case = of_kind(cases(owing(1, loan("nine", "0.09", prepayment_policy=policy))), "replacement")
    old = new = _owed(60_000, "0.09", 13)
    spared, months = Decimal(-900), 0
    payments = zip(level(60_000, "0.09", 36)[13:], level(old, "0.036", 23), strict=True)
    for before, after in payments:
        interest = [
            (owed * Decimal(rate) / 12).quantize(CENT, ROUND_HALF_UP)
            for owed, rate in ((old, "0.09"), (new, "0.036"))
        ]
        old, new = old + interest[0] - before, new + interest[1] - after
        spared, months = spared + interest[0] - interest[1], months + 1
        if spared >= 0:
            break
    assert case.break_even_on == add_months(case.changes_on, months)


def test_a_locked_loan_is_replaced_only_after_the_lock():
    """The change waits for the day; a lock to the end forbids it."""
    waits = loan("nine", "0.09", prepayment_policy={"lock_in_months": 18})
    assert of_kind(cases(owing(1, waits)), "replacement").changes_on == date(2027, 5, 15)
    locked = loan("nine", "0.09", prepayment_policy={"lock_in_months": 36})
    case = of_kind(cases(owing(1, locked)), "replacement")
    assert (case.verdict, case.reason) == ("not_eligible", "locked_in")


def test_a_fee_plan_that_does_not_say_what_settling_costs_is_unknown():
    """Told as if the fees to come were waived, apart from debts that are clear."""
    fee = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}
    plan = loan("plan", "0", product="card_instalment", method="flat_fee", rate=fee)
    found = cases(owing(1, plan, loan("nine", "0.09")))
    case = of_kind(found, "replacement", "plan")
    assert (case.verdict, case.reason) == ("unknown", "fees_not_stated")
    assert of_kind(found, "replacement", "nine").verdict == "worth_it"


def test_what_the_need_replaces_is_left_to_the_choice_of_a_product():
    """The second household's four debts and the home to be sold of the sixth are not repeated."""
    for number in (2, 6):
        replaced = set(example(number).need.replaces)
        named = {name for case in cases(example(number)) for name in case.liabilities}
        assert replaced
        assert named.isdisjoint(replaced)


def test_a_household_in_arrears_is_told_to_make_them_good_first():
    """Nothing is priced while a payment is overdue."""
    found = cases(example(7))
    assert found
    assert {(case.verdict, case.reason) for case in found} == {("not_eligible", "overdue")}


def test_a_home_that_secures_another_loan_too_is_no_security_for_a_new_one():
    """A dear part of a combination cannot be replaced while the fund's part keeps the home."""
    fund = next(c for c in example(1).liabilities if c.product == "provident_fund_mortgage")
    dear = mortgage(100, borrowers=("lin",))
    case = of_kind(cases(owing(1, dear, fund)), "replacement")
    assert (case.verdict, case.reason) == ("not_eligible", "security_not_taken")
    assert case.saved_fen > 0
    alone = of_kind(cases(owing(1, dear)), "replacement")
    assert (alone.verdict, alone.reason) == ("worth_it", "cheaper")


def test_a_product_that_is_dearer_is_told_so_whoever_could_have_it():
    """The first household's 3.20 % against 3.36 %: the price alone answers."""
    case = of_kind(cases(example(1)), "replacement", "mortgage-commercial")
    assert (case.verdict, case.reason) == ("not_worth_it", "dearer")
    assert (case.old_rate, case.new_rate) == (0.032, 0.0336)


def test_a_lender_that_refuses_is_quoted_with_its_reasons():
    """An income nobody can show keeps a cheaper loan out of reach."""
    household = owing(1, loan("nine", "0.09"))
    income = tuple(
        line.model_copy(update={"evidence": "self_declared"}) for line in household.income
    )
    case = of_kind(cases(household.model_copy(update={"income": income})), "replacement")
    assert (case.verdict, case.reason) == ("not_eligible", "refused")
    assert "evidence" in {reason.code for reason in case.against}


def test_a_subsidy_that_ends_with_the_old_loan_is_lost_and_told():
    """What the state would have paid after the change is in the cost of changing."""
    subsidy = {"points": Decimal("0.01"), "starts_on": date(2020, 1, 1)}
    debt = loan("nine", "0.09", subsidy=subsidy)
    case = of_kind(cases(owing(1, debt)), "replacement")
    rows = situation(owing(1, debt)).positions[0].remaining
    assert case.lost_fen == sum(row.subsidy for row in rows[1:])
    plain = of_kind(cases(owing(1, loan("nine", "0.09"))), "replacement")
    assert case.saved_fen == plain.saved_fen - case.lost_fen


# ------------------------------------------------------------------------------ the fund's loan


def test_commercial_to_provident_fund_saves_the_difference_of_two_schedules():
    """
    In Hangzhou the fund takes over all: 3.2 % against 2.6 % over 24 years, by Decimal.

    A borrower born in 1990 who retires at 55 may owe until five years later, 2050. The
    month is lighter all the same.
    """
    case = of_kind(cases(owing(6, mortgage(principal=800_000))), "provident_fund")
    base = situation(owing(6, mortgage(principal=800_000))).positions[0]
    owed = Decimal(base.remaining[0].closing) / 100
    first = Decimal(base.remaining[0].payment) / 100
    months = case.numbers["months"]
    assert months <= len(base.remaining) - 1
    assert (case.verdict, case.reason) == ("worth_it", "cheaper")
    assert (case.new_rate, case.amount_fen) == (0.026, fen(owed))
    assert case.cost_then_fen == fen(first + sum(level(owed, "0.026", months)))
    assert case.cost_now_fen == sum(row.payment for row in base.remaining)
    # The fund takes prepayments twice a year at most, so equal payments cannot be compared.
    assert case.new_payment_fen < case.old_payment_fen
    assert case.outlay_saved_fen is None


def test_the_fund_lends_no_more_than_its_formula_and_the_rest_stays():
    """Twenty times small balances: part of the loan moves, the rest is repaid as before."""
    accounts = tuple(
        account.model_copy(update={"balance": 1_000_000}) for account in example(6).provident_fund
    )
    household = owing(6, mortgage(), provident_fund=accounts)
    case = of_kind(cases(household), "provident_fund")
    assert case.amount_fen == 2 * 10_000 * 20 * 100
    assert case.numbers["owed_fen"] > case.amount_fen
    whole = of_kind(cases(owing(6, mortgage())), "provident_fund")
    assert 0 < case.saved_fen < whole.saved_fen


def test_where_the_citys_rules_are_not_known_the_fund_has_to_be_asked():
    """Unknown, with what would be saved if it took over everything."""
    case = of_kind(cases(owing(6, mortgage(), city="南京")), "provident_fund")
    assert (case.verdict, case.reason) == ("unknown", "fund_not_known")
    assert case.numbers["city"] == "南京"
    assert case.saved_fen > 0


def test_a_term_cut_short_by_age_that_no_month_can_carry_is_no_offer():
    """Near retirement the fund has two years left, at three times the payment."""
    case = of_kind(cases(example(5)), "provident_fund")
    assert (case.verdict, case.reason) == ("not_worth_it", "month_too_heavy")
    assert case.numbers["months"] == 24
    assert case.new_payment_fen > 3 * case.old_payment_fen


def test_a_shorter_loan_is_compared_with_prepaying_the_old_one_as_fast():
    """Most of what two years at 2.1 % save, the same payments would save at 3.2 % as well."""
    case = of_kind(cases(example(5)), "provident_fund")
    owed = kept = Decimal(case.amount_fen) / 100
    part, then, now = owed / 24, Decimal(0), Decimal(0)
    for month in range(24):
        due = part + (owed - part * month) * Decimal("0.021") / 12
        kept += kept * Decimal("0.032") / 12 - due
        then, now = then + due, now + due
    now += kept
    assert case.outlay_saved_fen / 100 == pytest.approx(float(now - then), rel=0.03)
    assert 0 < case.outlay_saved_fen < case.saved_fen / 5


def offsetting(*contracts, **account):
    """The sixth household, whose fund prepays its home loan each January."""
    (own, *_) = example(6).provident_fund
    yearly = own.model_copy(update={"offset": "yearly", "offset_month": 1, **account})
    return owing(6, *contracts, provident_fund=(yearly,))


def fund_takes(household, debt):
    """What the fund prepays of the contract as it is, by day."""
    return fund_prepayments(after_offset(debt, household, [debt]))


def prepaid_level(owed, rate, months, first_on, brought):
    """Interest of a level loan in plain Decimal, the instalment anew after each sum brought."""
    owed, monthly, interest_paid = Decimal(owed), Decimal(rate) / 12, Decimal(0)
    payment = None
    for left in range(months, 0, -1):
        growth = (1 + monthly) ** left
        payment = payment or (owed * monthly * growth / (growth - 1)).quantize(CENT, ROUND_HALF_UP)
        interest = (owed * monthly).quantize(CENT, ROUND_HALF_UP)
        interest_paid += interest
        owed -= owed if left == 1 else payment - interest
        if first_on in brought and owed > 0:
            owed, payment = max(owed - brought[first_on], Decimal(0)), None
        first_on = add_months(first_on, 1)
        if owed <= 0:
            return interest_paid
    return interest_paid


def test_a_yearly_offset_prepays_the_old_loan_and_the_new_one_alike():
    """Both interests in plain Decimal: a quarter of what two loans without the fund would tell."""
    debt = mortgage(rate="0.035", principal=900_000)
    household = offsetting(debt, balance=15_000_000, monthly_deposit=576_000)
    case = of_kind(cases(household), "provident_fund")
    (debt,) = situation(household).positions
    takes = fund_takes(household, debt)
    days = sorted(takes)
    assert all(day.month == 1 for day in days)
    usual = takes[days[-2]]
    # The fund goes on where the new loan lasts longer.
    further = {add_months(days[-1], 12 * n): usual for n in range(15)}
    brought = {day: Decimal(amount) / 100 for day, amount in {**takes, **further}.items()}
    first = debt.remaining[0]
    owed, on = Decimal(first.closing) / 100, add_months(first.due_on, 1)
    kept = {day: Decimal(amount) / 100 for day, amount in takes.items()}
    now = prepaid_level(owed, "0.035", len(debt.remaining) - 1, on, kept)
    then = prepaid_level(owed, "0.026", case.numbers["months"], on, brought)
    assert case.saved_fen == pytest.approx(fen(now - then), abs=200)
    assert case.horizon_on <= add_months(days[-1], 12)
    assert case.outlay_saved_fen is None
    alone = of_kind(cases(owing(6, debt.contract)), "provident_fund")
    assert 0 < case.saved_fen < alone.saved_fen / 3
    # The month tells instalments, as the loan without an offset has them.
    assert case.old_payment_fen == alone.old_payment_fen


def test_where_the_fund_takes_over_a_part_the_rest_is_prepaid_after_it():
    """Nine hundred thousand is its most here: the rest ends soon after, not with its contract."""
    owed = mortgage(rate="0.035", principal=1_300_000)
    household = offsetting(owed, balance=15_000_000, monthly_deposit=576_000)
    case = of_kind(cases(household), "provident_fund")
    (debt,) = situation(household).positions
    assert case.amount_fen == 90_000_000 < case.numbers["owed_fen"]
    # Nine tenths of a point is spared on no more than the part moved, while the loan lasts.
    rows = after_offset(debt, household, [debt]).remaining
    interest = sum(row.interest for row in rows if row.due_on > case.changes_on)
    most = interest * Decimal("0.9") / Decimal("3.5")
    assert most / 2 < case.saved_fen < most


@pytest.mark.parametrize(
    ("months", "changes_on"), [(58, date(2027, 1, 15)), (59, date(2027, 2, 15))]
)
def test_what_the_fund_prepays_before_a_change_need_not_be_lent(months, changes_on):
    """Locked until that day or a month after it, the sum of January is gone from what moves."""
    policy = {"lock_in_months": months}
    locked = mortgage(rate="0.035", prepayment_policy=policy)
    household = offsetting(locked, balance=15_000_000)
    case = of_kind(cases(household), "provident_fund")
    (debt,) = situation(household).positions
    january = fund_takes(household, debt)[date(2027, 1, 15)]
    without = of_kind(cases(owing(6, locked)), "provident_fund")
    assert case.changes_on == without.changes_on == changes_on
    assert january > 0
    less = without.numbers["owed_fen"] - case.numbers["owed_fen"]
    # A smaller loan repays a little less principal until the change.
    assert less == pytest.approx(january, rel=0.005)


def test_a_lower_spread_beside_a_yearly_offset_spares_the_interest_the_fund_leaves():
    """The fund repays early what the spread is charged on, so less of it is spared."""
    day = date(2026, 9, 22)
    household = offsetting(mortgage(80, age_months=56), balance=15_000_000, monthly_deposit=576_000)
    case = of_kind(cases(household, as_of=day), "renegotiation")
    alone = of_kind(cases(owing(6, mortgage(80, age_months=56)), as_of=day), "renegotiation")
    assert (case.old_rate, case.new_rate) == (alone.old_rate, alone.new_rate)
    assert case.old_payment_fen == alone.old_payment_fen
    assert 0 < case.saved_fen < alone.saved_fen / 2
    assert case.horizon_on < alone.horizon_on


def test_a_second_fund_loan_beside_a_running_one_is_not_to_be_had():
    """The first household's fund loan is still running."""
    case = of_kind(cases(example(1)), "provident_fund")
    assert (case.verdict, case.reason) == ("not_eligible", "fund_loan_running")


def test_without_an_account_the_fund_is_not_mentioned():
    """The third household has none."""
    assert "provident_fund" not in {case.kind for case in cases(example(3))}


# ------------------------------------------------------------------------------ the spread


def test_a_spread_above_the_line_may_be_brought_down_to_it():
    """
    Average 3.06 %, LPR 3.50 %: the line is -44 + 30 = -14 bp, 3.36 % (银发〔2026〕171号).

    From the next due day on the loan at +50 bp pays 3.36 % instead of 4.00 %.
    """
    debt = mortgage(50)
    case = of_kind(cases(owing(6, debt), as_of=date(2026, 9, 22)), "renegotiation")
    base = situation(owing(6, debt), as_of=date(2026, 9, 22)).positions[0]
    owed = Decimal(base.remaining[0].closing) / 100
    assert (case.verdict, case.reason) == ("worth_it", "spread_above_line")
    assert case.numbers["line_bp"] == -14
    assert (case.old_rate, case.new_rate) == (0.04, 0.0336)
    expected = sum(level(owed, "0.0336", len(base.remaining) - 1))
    assert case.cost_then_fen - base.remaining[0].payment == pytest.approx(fen(expected), abs=600)
    assert case.break_even_on == case.changes_on


def test_a_spread_within_the_line_gives_no_right():
    """-30 bp lies below -14 bp."""
    case = of_kind(cases(owing(6, mortgage(-30)), as_of=date(2026, 9, 22)), "renegotiation")
    assert (case.verdict, case.reason) == ("not_eligible", "spread_within_line")
    assert case.saved_fen is None


def test_after_its_quarter_the_average_is_not_known_and_the_number_to_ask_for_is_told():
    """
    In November the figure of the third quarter is due and not here.

    A borrower at -30 bp may ask once the average is below 3.50 - 0.30 - 0.30 = 2.90 %.
    """
    case = of_kind(cases(owing(6, mortgage(-30))), "renegotiation")
    assert (case.verdict, case.reason) == ("unknown", "average_not_known")
    assert case.numbers["ask_below"] == pytest.approx(0.029)
    above = of_kind(cases(owing(6, mortgage(50))), "renegotiation")
    assert above.verdict == "unknown"
    assert above.numbers["ask_below"] == pytest.approx(0.037)
    assert above.saved_fen > 0


def test_a_quarter_nobody_recorded_leaves_no_line():
    """In June 2025 the last average is not on file."""
    case = of_kind(cases(owing(6, mortgage(50)), as_of=date(2025, 6, 10)), "renegotiation")
    assert case.verdict == "unknown"
    assert "line_bp" not in case.numbers
    assert case.saved_fen is None


def test_a_fixed_rate_has_no_spread_to_ask_about():
    """The right is for floating loans."""
    case = of_kind(cases(owing(6, mortgage(rate="0.045"))), "renegotiation")
    assert (case.verdict, case.reason) == ("not_eligible", "rate_is_fixed")


def test_before_the_right_began_it_is_not_spoken_of():
    """On 2024-10-01 nobody could ask."""
    found = cases(owing(6, mortgage(50)), as_of=date(2024, 10, 1))
    assert "renegotiation" not in {case.kind for case in found}


# ------------------------------------------------------------------------------ every case


@pytest.mark.parametrize("number", range(1, 9))
def test_figures_of_every_case_agree_with_each_other(number):
    """What is saved is the difference of the costs; a break-even day lies within the horizon."""
    for case in cases(example(number)):
        assert case.kind in get_args(refinance_case.Kind)
        if case.saved_fen is not None:
            assert case.saved_fen == case.cost_now_fen - case.cost_then_fen
            assert case.break_even_on is None or (TODAY < case.break_even_on <= case.horizon_on)
            assert (case.break_even_on is None) == (case.saved_fen < 0)


def test_the_line_of_what_is_worth_the_trouble_is_the_houses():
    """A house that asks for more finds the same saving too little."""
    book = with_rule("yields.worth_changing_yuan", value=Decimal(1000))
    case = of_kind(cases(example(1), book=book), "replacement", "car-loan")
    assert (case.verdict, case.reason) == ("not_worth_it", "too_little")


def test_the_plan_carries_the_cases(plan):
    """The plan's cases are about its own debts."""
    names = {debt.id for debt in plan.debts}
    assert all(set(case.liabilities) <= names for case in plan.refinancing)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_words(language):
    """Kinds, verdicts and reasons of both questions are said in both languages."""
    speech = Language(language)
    codes = {
        "refinance_kind": refinance_case.Kind,
        "refinance_verdict": refinance_case.Verdict,
        "refinance_reason": refinance_case.ReasonCode,
        "keep_verdict": keep_or_prepay.Verdict,
        "keep_reason": keep_or_prepay.ReasonCode,
    }
    for group, named in codes.items():
        assert all(speech.label(group, code) for code in get_args(named))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_verdict_is_told_with_its_figures(plan, language):
    """Tables of both questions fill every placeholder, and none is left open."""
    shown = str(keep_table(plan, language)) + str(refinancing_table(plan, language))
    assert "{" not in shown
    waits = all(case.reason == "overdue" for case in plan.refinancing)
    assert (str(refinancing_table(plan, language)) == "") == waits
