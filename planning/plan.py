"""
The liability plan (负债规划): one frozen object, the whole answer for one household on one day.

Everything a document prints is here; ``plan.json`` is this object. Money that is posted is 分
(``_fen``), projections are 元 (``_yuan``), rates are fractions per year.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.household.balance_sheet import BalanceSheet
from planning.household.joint import MemberDebts, member_debts
from planning.household.months import (
    CashflowMonth,
    YearAhead,
    average_ahead,
    cashflow_months,
    runs_short,
)
from planning.household.pay import net_pay, pay_years
from planning.household.pay_year import PayYear
from planning.household.profile import Household
from planning.household.provident_fund import FundLoan
from planning.household.ratios import Ratio, ratios
from planning.household.revolving import with_carried_balances
from planning.loans.cost import all_in_cost
from planning.loans.debt import Debt, debt_on, told_apart
from planning.market.quotes import Market, market
from planning.parameters import InForce, ParameterCounts, Scenario
from planning.products.policy import DebtChanges, debt_changes
from planning.record import Record, reckoned
from planning.risk.class_path import ClassPath, class_paths, first_shortfall
from planning.risk.collateral import CollateralPath, collateral
from planning.risk.contingency import Contingency, contingency
from planning.risk.course import course, put_off
from planning.risk.debt_compliance import debt_checks, whole_checks
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
from planning.rules.compliance import Check, need_checks
from planning.strategy.adjustment import Adjustment, adjustment
from planning.strategy.borrowing import capacity_of, fund_loan_for, wanted_rate
from planning.strategy.certain_yield import certainty_equivalent
from planning.strategy.footing import Footing
from planning.strategy.keep_or_prepay import KeepOrPrepay, keep_or_prepay
from planning.strategy.method_advice import MethodAdvice, method_advices
from planning.strategy.need import Capacity
from planning.strategy.refinance import RefinanceCase, refinancing
from planning.strategy.repayment import MethodComparison, PrepaymentComparison
from planning.strategy.repayment_case import RepaymentCase
from planning.strategy.selection import Selection, Situation, selection
from planning.strategy.single_loans import method_comparisons, prepayment_of
from planning.strategy.strategies import Strategies, strategies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.inputs import Inputs
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.risk.stress import Projection


class Provenance(Record):
    """What the plan was made with: enough to make it again."""

    engine_version: str
    git_commit: str
    digests: dict[str, str]
    tools: dict[str, str]


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
    index = market(histories, as_of)
    fund = fund_loan_for(household, base.positions, histories, rules, pay)
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
        *debt_checks(household, base, costs, histories, rules),
        *need_checks(household.need, chosen.use if chosen else household.need.use, rules),
        *whole_checks(household, base, rules, pay),
    )
    evidence = Evidence(
        household=household,
        baseline=base,
        as_of=as_of,
        ratios=read,
        costs=costs,
        stress=stress,
        contingency=emergency,
        missing_publications=index.missing_publications,
        horizon_months=horizon,
        rules=rules,
        checks=checks,
    )
    found = findings(evidence)
    open_ids = {p.contract.id for p in base.positions}
    together = _strategies(household, base, emergency, histories, rules)
    methods = tuple(method_comparisons(situation, chosen, together))
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
        market=index,
        debts=told_apart([debt_on(p, costs[p.contract.id]) for p in base.positions]),
        settled=tuple(c.id for c in household.liabilities if c.id not in open_ids),
        balance_sheet=base.sheet,
        pay=pay_years(household, rules, as_of, pay),
        liable=member_debts(household, base.positions),
        year_ahead=average_ahead(base.frame),
        cashflow=cashflow_months(base.frame),
        ratios=read,
        capacity=capacity_of(situation, base.frame),
        fund_loan=fund,
        selection=chosen,
        compliance=checks,
        policy_changes=debt_changes([p.contract for p in base.positions], rules),
        methods=methods,
        method_advice=method_advices(situation, base.frame, methods, chosen),
        strategies=together,
        prepayment=prepayment_of(situation, base.frame, emergency.fund.target_yuan),
        keep_or_prepay=keep_or_prepay(
            household,
            base.positions,
            emergency.fund.gap_yuan,
            rules,
            pay,
            runs_short=runs_short(base.frame),
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
            wanted_rate=wanted_rate(household.need, histories, rules.as_of),
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
