"""
The liability plan (负债规划): one frozen object, the whole answer for one household on one day.

Everything a document prints is here; ``plan.json`` is this object. Money that is posted is 分
(``_fen``), projections are 元 (``_yuan``), rates are fractions per year.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from planning.household.balance_sheet import BalanceSheet
from planning.household.cashflow import (
    cashflow,
    liquid_assets,
    property_fee_yuan,
    year_ahead,
)
from planning.household.guarantees import contingent_instalment_yuan
from planning.household.joint import MemberDebts, member_debts
from planning.household.pay import PayYear, net_pay, pay_years
from planning.household.profile import HOUSING, Household, Need
from planning.household.provident_fund import BORROWING, FundLoan, fund_loan
from planning.household.ratios import Ratio, ratios
from planning.household.recognition import recognised_income
from planning.household.revolving import BALANCES, with_carried_balances
from planning.loans.cost import all_in_cost
from planning.loans.debt import Debt, debt_on, told_apart
from planning.market.history import missing_publications
from planning.parameters import InForce, ParameterCounts, Scenario
from planning.products.policy import DebtChanges, debt_changes
from planning.record import Record, reckoned
from planning.risk.class_path import ClassPath, class_paths, first_shortfall
from planning.risk.collateral import CollateralPath, collateral
from planning.risk.contingency import Contingency, contingency
from planning.risk.course import course, put_off
from planning.risk.early_warning import EarlyWarning, Outlook, early_warning
from planning.risk.evidence import Evidence
from planning.risk.hard_cases import HardCases, hard_cases
from planning.risk.playbook import Ground, Playbook, playbooks
from planning.risk.reverse import ReverseStress, reverse_stress
from planning.risk.review import Pressing, Review, reviews
from planning.risk.risk_profile import RiskProfile, risk_profile
from planning.risk.sensitivity import Sensitivity, sensitivities
from planning.risk.simulation import Simulation, simulation
from planning.risk.stress import StressOutcome, projection, stress_outcomes, stressed
from planning.risk.variants import Trouble, variants
from planning.risk.warning import Finding, findings
from planning.rules.compliance import (
    Case,
    Check,
    Load,
    contract_checks,
    household_checks,
    need_checks,
)
from planning.strategy.adjustment import Adjustment, adjustment
from planning.strategy.footing import Footing
from planning.strategy.keep_or_prepay import (
    KeepOrPrepay,
    certainty_equivalent,
    keep_or_prepay,
)
from planning.strategy.method_advice import MethodAdvice, method_advices
from planning.strategy.need import Capacity, capacity
from planning.strategy.refinance import RefinanceCase, refinancing
from planning.strategy.repayment import (
    AMORTISING,
    MethodComparison,
    PrepaymentComparison,
    method_comparison,
    prepayment_comparison,
)
from planning.strategy.selection import Selection, Situation, selection
from planning.strategy.strategies import RepaymentCase, Strategies, strategies
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from planning.household.pay import NetPay
    from planning.inputs import Inputs
    from planning.loans.cost import AllInCost
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.risk.stress import Projection

SCHEMA_VERSION = 1
LONG_TENOR_MONTHS = 60
"""LPR is quoted for one year and for five years and over."""


class Provenance(Record):
    """What the plan was made with: enough to make it again."""

    engine_version: str
    git_commit: str
    digests: dict[str, str]
    tools: dict[str, str]


class IndexPoint(Record):
    """A published value of the index, fraction per year."""

    published_on: date
    lpr_1y: float
    lpr_5y: float


class Market(Record):
    """The index as last known and where it came from; None before the LPR of today began."""

    latest: IndexPoint | None
    history: tuple[IndexPoint, ...]
    missing_publications: tuple[date, ...]
    missing_count: int = reckoned(lambda market: len(market["missing_publications"]))


class CashflowMonth(Record):
    """
    One month of the household's money, 元.

    Debt service counts instalments whoever pays them; `fund_paid_yuan` is what the provident
    fund pays of them, so that `net_yuan` is cash.
    """

    month: str
    income_yuan: float
    essential_expense_yuan: float
    other_expense_yuan: float
    debt_service_yuan: float
    lump_principal_yuan: float
    arrears_yuan: float
    fund_paid_yuan: float
    net_yuan: float
    liquid_assets_yuan: float


class YearAhead(Record):
    """Monthly averages over the twelve full months ahead, 元; margin is what is left in cash."""

    income_yuan: float
    essential_expense_yuan: float
    other_expense_yuan: float
    debt_service_yuan: float
    fund_paid_yuan: float
    margin_yuan: float


class LiabilityPlan(Record):
    """One household's plan on one day."""

    schema_version: Literal[1] = 1
    client: str
    as_of: date
    household: Household
    market: Market
    debts: tuple[Debt, ...]
    settled: tuple[str, ...]
    balance_sheet: BalanceSheet
    pay: tuple[PayYear, ...]
    liable: tuple[MemberDebts, ...]
    year_ahead: YearAhead
    cashflow: tuple[CashflowMonth, ...]
    ratios: tuple[Ratio, ...]
    capacity: Capacity | None
    fund_loan: FundLoan | None
    selection: Selection | None
    compliance: tuple[Check, ...]
    policy_changes: tuple[DebtChanges, ...]
    methods: tuple[MethodComparison, ...]
    method_advice: tuple[MethodAdvice, ...]
    strategies: Strategies | None
    prepayment: PrepaymentComparison | None
    keep_or_prepay: KeepOrPrepay | None
    refinancing: tuple[RefinanceCase, ...]
    adjustment: Adjustment
    scenarios: tuple[Scenario, ...]
    baseline: StressOutcome
    stress: tuple[StressOutcome, ...]
    simulation: Simulation | None
    reverse_stress: ReverseStress
    sensitivities: tuple[Sensitivity, ...]
    contingency: Contingency
    class_paths: tuple[ClassPath, ...]
    hard_cases: HardCases | None
    collateral: tuple[CollateralPath, ...]
    playbooks: tuple[Playbook, ...]
    risk_profile: RiskProfile
    findings: tuple[Finding, ...]
    early_warning: EarlyWarning
    reviews: tuple[Review, ...]
    parameters: tuple[InForce, ...]
    parameter_counts: ParameterCounts = reckoned(
        lambda plan: ParameterCounts.of(plan["parameters"])
    )
    provenance: Provenance

    def debt(self, reference: str) -> Debt:
        """The debt with that id."""
        return next(debt for debt in self.debts if debt.id == reference)


def liability_plan(
    inputs: Inputs,
    as_of: date,
    *,
    engine_version: str,
    git_commit: str,
    tools: Mapping[str, str],
) -> LiabilityPlan:
    """
    The plan of one household on one day.

    Parameters
    ----------
    inputs : from ``read_inputs`` for the same day.
    as_of : day of the plan; payments due on it count as made.
    engine_version, git_commit, tools : recorded in the plan, never used.

    Raises
    ------
    ParameterError
        A number is needed on a day for which none is known.
    ModelError
        An identity of the model does not hold.
    """
    rules = inputs.book.on(as_of)
    household = with_carried_balances(inputs.household.unaddressed(), rules)
    histories = {name: index.known_on(as_of) for name, index in inputs.histories.items()}
    horizon = int(rules.value("house.stress_horizon_months"))
    pay = net_pay(household, rules, as_of)
    base = projection(household, histories, as_of, horizon, pay=pay)
    ahead = course(household, base, horizon, as_of, pay)
    test = stressed(ahead, inputs.scenarios, histories, rules)
    baseline, *stress = stress_outcomes(test, base.sheet)
    read = ratios(household, base.sheet, base.frame, rules)
    emergency = contingency(household, base.sheet, base.frame, ahead, rules, pay)
    costs = {p.contract.id: all_in_cost(p.original) for p in base.positions}
    missing = missing_publications(histories["lpr_5y"], as_of)
    fund = _fund_loan(household, base, histories, rules, pay)
    situation = Situation(
        household=household,
        positions=base.positions,
        as_of=as_of,
        products=inputs.products,
        histories=histories,
        scenarios=inputs.scenarios,
        fund=fund,
        rules=rules,
        pay=pay,
    )
    chosen = selection(situation)
    checks = (
        *_contract_checks(household, base, costs, histories, rules),
        *need_checks(household.need, chosen.use if chosen else household.need.use, rules),
        *_household_checks(household, base, rules, pay),
    )
    evidence = Evidence(
        household, base, as_of, read, costs, stress, emergency, missing, horizon, rules, checks
    )
    found = findings(evidence)
    open_ids = {p.contract.id for p in base.positions}
    together = _strategies(household, base, emergency, histories, rules)
    methods = tuple(_method_comparisons(situation, chosen, together))
    classes = class_paths(base.positions, first_shortfall(as_of, baseline, stress), rules)
    who = _footing(situation, base, emergency, together, chosen)
    change = adjustment(who)
    cases = hard_cases(who, base.sheet, classes, change.if_income_falls)
    trouble = None if cases is None else Trouble(who, base, change.if_income_falls, cases)
    books = playbooks(
        Ground(household, base.positions, base.frame, emergency, change, rules, cases)
    )
    return LiabilityPlan(
        client=household.client,
        as_of=as_of,
        household=household,
        market=_market(histories, as_of, missing),
        debts=told_apart([debt_on(p, costs[p.contract.id]) for p in base.positions]),
        settled=tuple(c.id for c in household.liabilities if c.id not in open_ids),
        balance_sheet=base.sheet,
        pay=pay_years(household, rules, as_of, pay),
        liable=member_debts(household, base.positions),
        year_ahead=_year_ahead(base.frame),
        cashflow=_cashflow_months(base.frame),
        ratios=read,
        capacity=_capacity(household, base, histories, as_of, rules, pay),
        fund_loan=fund,
        selection=chosen,
        compliance=checks,
        policy_changes=debt_changes([p.contract for p in base.positions], rules),
        methods=methods,
        method_advice=method_advices(situation, base.frame, methods, chosen),
        strategies=together,
        prepayment=_prepayment(household, base, emergency, rules),
        keep_or_prepay=keep_or_prepay(
            household,
            base.positions,
            emergency.fund.gap_yuan,
            rules,
            pay,
            runs_short=_runs_short(base),
            advice=together,
        ),
        refinancing=refinancing(situation, together),
        adjustment=change,
        scenarios=inputs.scenarios,
        baseline=baseline,
        stress=tuple(stress),
        simulation=simulation(situation, base, variants(situation, together, chosen, trouble)),
        reverse_stress=reverse_stress(
            ahead, course(household, put_off(base, horizon, histories), horizon, as_of, pay), rules
        ),
        sensitivities=sensitivities(ahead, rules),
        contingency=emergency,
        class_paths=classes,
        hard_cases=cases,
        collateral=collateral(test, base.sheet, rules),
        playbooks=books,
        risk_profile=risk_profile(household, base, emergency.fund, rules, horizon, pay),
        findings=found,
        early_warning=early_warning(
            evidence,
            found,
            Outlook(inputs.scenarios, histories, pay, is_loan_advised=_is_loan_advised(chosen)),
            inputs.last,
        ),
        reviews=reviews(
            household,
            base.positions,
            as_of,
            rules,
            Pressing(cases, change.if_income_falls, classes, books),
        ),
        parameters=rules.consulted,
        provenance=Provenance(
            engine_version=engine_version,
            git_commit=git_commit,
            digests=dict(inputs.digests),
            tools=dict(tools),
        ),
    )


def _is_loan_advised(chosen: Selection | None) -> bool:
    """Whether the plan names a product for the money that is wanted."""
    return chosen is not None and bool(chosen.shortlist)


def _market(histories: Mapping[str, IndexHistory], as_of: date, missing: Sequence[date]) -> Market:
    long = dict(histories["lpr_5y"].values)
    points = [
        IndexPoint(published_on=day, lpr_1y=float(short), lpr_5y=float(long[day]))
        for day, short in histories["lpr_1y"].values
        if day <= as_of
    ]
    latest = points[-1] if points else None
    return Market(latest=latest, history=tuple(points), missing_publications=tuple(missing))


def _cashflow_months(frame: pd.DataFrame) -> tuple[CashflowMonth, ...]:
    columns = [name.removesuffix("_yuan") for name in CashflowMonth.model_fields if name != "month"]
    return tuple(
        CashflowMonth(
            month=str(month),
            **{f"{name}_yuan": round(float(row[name]), 2) for name in columns},
        )
        for month, row in frame.iterrows()
    )


def _year_ahead(frame: pd.DataFrame) -> YearAhead:
    year = frame.iloc[1 : MONTHS_PER_YEAR + 1]
    means = {
        name: float(year[name].sum() / MONTHS_PER_YEAR)
        for name in ("income", "essential_expense", "other_expense", "debt_service")
    }
    fund_paid = float(year["fund_paid"].sum() / MONTHS_PER_YEAR)
    return YearAhead(
        **{f"{name}_yuan": value for name, value in means.items()},
        fund_paid_yuan=fund_paid,
        margin_yuan=2 * means["income"] - sum(means.values()) + fund_paid,
    )


def _fund_loan(
    household: Household,
    base: Projection,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
    pay: NetPay,
) -> FundLoan | None:
    """What the provident fund would lend, by the borrowers' income and the debts they keep."""
    if household.need.home is None:
        return None
    kept = [p for p in base.positions if p.contract.id not in household.need.replaces]
    after = cashflow(household, kept, rules.as_of, pay=pay)
    owners = {member.id for member in household.members if member.role in BORROWING}
    income = recognised_income(household, rules.as_of, rules, pay, owners)
    return fund_loan(
        household,
        other_debts_yuan=_year_ahead(after).debt_service_yuan,
        income_yuan=income.total_yuan,
        as_of=rules.as_of,
        rules=rules,
        histories=histories,
    )


def _wanted_rate(need: Need, histories: Mapping[str, IndexHistory], as_of: date) -> Decimal | None:
    """The rate a wanted loan is computed with: the quote in hand, else the LPR of its term."""
    if need.quoted_annual_rate is not None:
        return need.quoted_annual_rate
    months = need.term_months or MONTHS_PER_YEAR
    index = histories["lpr_5y" if months > LONG_TENOR_MONTHS else "lpr_1y"]
    return index.on(as_of) if index.is_known_on(as_of) else None


def _capacity(
    household: Household,
    base: Projection,
    histories: Mapping[str, IndexHistory],
    as_of: date,
    rules: RulesInForce,
    pay: NetPay,
) -> Capacity | None:
    need = household.need
    rate = _wanted_rate(need, histories, as_of)
    if rate is None:
        return None
    kept = [p for p in base.positions if p.contract.id not in need.replaces]
    after = cashflow(household, kept, as_of, pay=pay) if need.replaces else base.frame
    norm = rules.band("norms.debt_service_share")
    return capacity(need, base.frame, after, norm.green, rate)


def _contract_checks(
    household: Household,
    base: Projection,
    costs: Mapping[str, AllInCost],
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> tuple[Check, ...]:
    """Every open debt before the rules of the day it was made."""
    return tuple(
        check
        for p in base.positions
        if p.contract.product not in BALANCES
        for check in contract_checks(
            Case(p.contract, costs[p.contract.id], is_new=False), household, histories, rules
        )
    )


def _household_checks(
    household: Household, base: Projection, rules: RulesInForce, pay: NetPay
) -> tuple[Check, ...]:
    """The rules of the household as a whole; the ceilings where there is a home loan to pay."""
    past_due = [(p.contract, p.days_past_due) for p in base.positions]
    has_home_loan = any(p.contract.product in HOUSING for p in base.positions)
    load = _load(household, base, rules, pay) if has_home_loan else None
    return household_checks(household, past_due, load, None, rules)


def _load(household: Household, base: Projection, rules: RulesInForce, pay: NetPay) -> Load:
    """What the debts claim of recognised income, property fee and guarantees among it."""
    year = year_ahead(base.frame)
    fee = property_fee_yuan(household)
    housing, service = (
        float(year[name].sum()) / MONTHS_PER_YEAR for name in ("housing_service", "debt_service")
    )
    guaranteed = contingent_instalment_yuan(household, rules.as_of, rules)
    recognised = recognised_income(household, rules.as_of, rules, pay).recognised_yuan
    return Load(housing + fee, service + fee + guaranteed, recognised)


def _method_comparisons(
    situation: Situation, chosen: Selection | None, together: Strategies | None
) -> Iterator[MethodComparison]:
    """The loan wanted, as the first product lends it, and the largest debt left to its contract."""
    need, as_of = situation.household.need, situation.as_of
    rate = _wanted_rate(need, situation.histories, as_of)
    if chosen and chosen.shortlist and (first := chosen.candidate(chosen.shortlist[0]).figures):
        offered = Decimal(repr(first.annual_rate))
        yield method_comparison("need", first.amount_fen, offered, first.months, as_of)
    elif need.kind != "none" and need.amount and need.term_months and rate is not None:
        yield method_comparison("need", situation.amount, rate, need.term_months, as_of)
    lasting = [p for p in situation.positions if _is_left_as_it_is(p, need, together)]
    if lasting:
        largest = max(lasting, key=lambda p: p.balance)
        yield method_comparison(
            largest.contract.id,
            largest.remaining[0].opening,
            largest.rate_today.annual_rate,
            len(largest.remaining),
            as_of,
        )


def _is_left_as_it_is(debt: Position, need: Need, together: Strategies | None) -> bool:
    """Whether a debt's method may be asked about: no end, no prepayment and no relief is ahead."""
    if debt.contract.method not in AMORTISING or not debt.remaining or together is None:
        return False
    if together.reason in ("arrears_first", "cash_short"):
        return False
    ended = need.replaces if need.kind != "none" else ()
    return debt.contract.id not in {*ended, *(action.liability for action in together.actions)}


def _strategies(
    household: Household,
    base: Projection,
    emergency: Contingency,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> Strategies | None:
    """Every way to repay the debts together, compared."""
    kept = certainty_equivalent(household, rules, rules.as_of)
    return strategies(
        RepaymentCase(
            household=household,
            positions=base.positions,
            frame=base.frame,
            emergency_yuan=emergency.fund.target_yuan,
            monthly_need_yuan=emergency.fund.monthly_need_yuan,
            annual_yield=kept.annual_yield if kept else None,
            wanted_rate=_wanted_rate(household.need, histories, rules.as_of),
            rules=rules,
        )
    )


def _footing(
    situation: Situation,
    base: Projection,
    emergency: Contingency,
    together: Strategies | None,
    chosen: Selection | None,
) -> Footing:
    """What the adjustments stand on."""
    return Footing(
        household=situation.household,
        positions=base.positions,
        frame=base.frame,
        as_of=situation.as_of,
        rules=situation.rules,
        histories=situation.histories,
        products=situation.products,
        fund_months=emergency.fund.months,
        fund_target_yuan=emergency.fund.target_yuan,
        pay=situation.pay,
        advice=together,
        chosen=chosen,
    )


def _prepayment(
    household: Household, base: Projection, emergency: Contingency, rules: RulesInForce
) -> PrepaymentComparison | None:
    """
    The prepayment the household asks about, else what it could spare after its emergency fund.

    None when there is no debt to prepay, something is overdue, nothing can be spared, a month
    costs more than it brings, ready money runs out some day, or the household wants new money.
    """
    if any(p.unpaid for p in base.positions):
        return None
    wish = household.prepayment_wish
    able = {
        p.contract.id: p
        for p in base.positions
        if p.contract.method in (*AMORTISING, "interest_only") and len(p.remaining) > 1
    }
    if wish:
        return (
            prepayment_comparison(able[wish.liability], wish.amount)
            if wish.liability in able
            else None
        )
    step = int(rules.value("house.prepayment_step_yuan"))
    spare = int((liquid_assets(household) - emergency.fund.target_yuan) // step) * step
    wants_money = household.need.kind not in ("none", "refinance")
    if spare <= 0 or not able or wants_money or _runs_short(base):
        return None
    dearest = max(able.values(), key=lambda p: (p.rate_today.annual_rate, p.balance))
    return prepayment_comparison(dearest, spare * FEN_PER_YUAN)


def _runs_short(base: Projection) -> bool:
    """Whether ready money runs out some day, or a month costs more than it brings."""
    is_spent = bool((base.frame["liquid_assets"] < 0).any())
    return is_spent or round(_year_ahead(base.frame).margin_yuan) < 0
