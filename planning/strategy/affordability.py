"""
Whether the household can carry a loan (负担能力): where it stands, and what a loan asks of it.

Each constraint is a pair of amounts, a month or at once: what is used and what is allowed. It
grows harder with the loan.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.cashflow import (
    LAST_LIQUID_TIER,
    LUMP_METHODS,
    cashflow,
    liquid_assets,
    property_fee_yuan,
    year_ahead,
)
from planning.household.guarantees import contingent_instalment_yuan
from planning.household.pay import net_pay
from planning.household.recognition import recognised_income
from planning.loans.position import position
from planning.loans.rates import follows_index, rate_steps
from planning.strategy.choice import ConstraintCode, owed_on
from planning.strategy.eligibility import (
    collateral_of,
    lending_value_yuan,
)
from planning.strategy.need import SELF_LIQUIDATING, stated_use
from planning.strategy.quote import STRESS, Load
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, Fen, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import pandas as pd

    from planning.household.profile import Asset
    from planning.household.recognition import RecognisedIncome
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.products.product import ProductTerms
    from planning.strategy.choice import Situation

ALL_DEBTS = "debt_service.all_debts_limit"
HOUSING_LIMIT = "debt_service.housing_limit"
RESERVE = "house.reserve_months_after_loan"
STEP = "house.loan_step_yuan"
SOON_MONEY = ("cash", "deposit", "money_fund", "wealth_product", "fund", "stock")
"""Assets that become money within months without selling a thing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    The household without the debts the need replaces; 元 a month over the year ahead.

    Parameters
    ----------
    recognised_yuan : income as a lender counts it; `income_yuan` as it comes in.
    stressed_service_yuan : debt service once every index has risen by the house's stress.
    fund_paid_yuan : what of the service the provident fund pays (冲还贷); lenders count it all the
        same, the household's own month does not.
    housing_yuan : home loans; the property fee (物业费) is counted beside it.
    guarantees_yuan : the part of guaranteed debts that is counted.
    lump_yuan : principal of debts that go on, due in one sum within the year ahead.
    liquid_yuan : ready money today; `soon_yuan` what becomes money within months and pays an own
        share first.
    own_share_yuan : what the need costs beyond the loan; negative where money is freed.
    claims_yuan : deposits and the like given as security, which repay the loan when it ends.
    is_repaid_by_use : the use brings the money back by itself, as a trader's stock does.
    """

    income_yuan: float
    recognised_yuan: float
    essential_yuan: float
    spending_yuan: float
    service_yuan: float
    stressed_service_yuan: float
    fund_paid_yuan: float
    housing_yuan: float
    property_fee_yuan: float
    guarantees_yuan: float
    lump_yuan: float
    liquid_yuan: float
    soon_yuan: float
    own_share_yuan: float
    claims_yuan: float
    is_repaid_by_use: bool

    @property
    def ready_yuan(self) -> float:
        """Ready money left once the own share is paid, 元."""
        share = self.own_share_yuan
        return self.liquid_yuan - (share if share < 0 else max(share - self.soon_yuan, 0.0))


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The lines a loan must stay within; a legal ceiling is None where there is none yet.

    `slack_yuan` is by how much the household is beyond a line already, and may stay so with a
    loan that only puts old debts on new terms.
    """

    all_debts: float | None
    housing: float | None
    reserve_months: int
    step: Fen
    slack_yuan: Mapping[ConstraintCode, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Constraint:
    """Used against allowed, 元; `slack_yuan` is what may be used beyond it all the same."""

    code: ConstraintCode
    used_yuan: float
    allowed_yuan: float
    rule: str | None
    slack_yuan: float = 0.0

    @property
    def excess_yuan(self) -> float:
        """What is used beyond the line, 元; 0 within it."""
        return max(self.used_yuan - self.allowed_yuan, 0.0)

    @property
    def holds(self) -> bool:
        """Whether it is kept; a bound belongs to the kept side."""
        return self.used_yuan <= self.allowed_yuan + self.slack_yuan


def limits(rules: RulesInForce) -> Limits:
    """The lines in force."""
    return Limits(
        all_debts=_share(ALL_DEBTS, rules),
        housing=_share(HOUSING_LIMIT, rules),
        reserve_months=int(rules.value(RESERVE)),
        step=int(rules.value(STEP)) * FEN_PER_YUAN,
    )


def _share(name: str, rules: RulesInForce) -> float | None:
    return float(rules.value(name)) if rules.is_in_force(name) else None


def income_of(situation: Situation) -> RecognisedIncome:
    """Income as a lender counts it."""
    household, rules, as_of = situation.household, situation.rules, situation.as_of
    pay = situation.pay or net_pay(household, rules, as_of)
    return recognised_income(household, as_of, rules, pay=pay)


def standing(situation: Situation) -> Standing:
    """Where the household stands before the new loan, the replaced debts gone."""
    household, rules, as_of = situation.household, situation.rules, situation.as_of
    pay = situation.pay or net_pay(household, rules, as_of)
    frame = cashflow(household, situation.kept, as_of, pay=pay)
    recognised = max(income_of(situation).recognised_yuan, 0.0)
    essential, other = _mean(frame, "essential_expense"), _mean(frame, "other_expense")
    service = _mean(frame, "debt_service")
    return Standing(
        income_yuan=_mean(frame, "income"),
        recognised_yuan=recognised,
        essential_yuan=essential,
        spending_yuan=essential + other,
        service_yuan=service,
        stressed_service_yuan=service + _rise_yuan(situation),
        fund_paid_yuan=_mean(frame, "fund_paid"),
        housing_yuan=_mean(frame, "housing_service"),
        property_fee_yuan=property_fee_yuan(household),
        guarantees_yuan=contingent_instalment_yuan(household, as_of, rules),
        lump_yuan=float(year_ahead(frame)["lump_principal"].sum()),
        liquid_yuan=liquid_assets(household),
        soon_yuan=soon_yuan(situation),
        own_share_yuan=own_share_yuan(situation, situation.amount),
        claims_yuan=0.0,
        is_repaid_by_use=stated_use(household.need) in SELF_LIQUIDATING,
    )


def securing(who: Standing, situation: Situation, terms: ProductTerms) -> Standing:
    """The household once it has given what a product wants as security, and its own share."""
    asked = terms.collateral
    given = collateral_of(situation, asked.kinds) if asked and not asked.is_purchase else ()
    ready = sum(a.value for a in given if a.liquidity_tier <= LAST_LIQUID_TIER)
    claims = sum(a.value for a in given if a.kind in SOON_MONEY)
    return replace(
        who,
        liquid_yuan=who.liquid_yuan - yuan(ready),
        claims_yuan=yuan(claims),
        own_share_yuan=own_share_yuan(situation, situation.amount_of(terms)),
    )


def relieved(lines: Limits, as_is: Standing, then: Standing, *, is_extension: bool) -> Limits:
    """
    The lines for a loan that only puts old debts on new terms: no worse than keeping them.

    Parameters
    ----------
    as_is : the household with every debt it has; principal of them that falls due within the
        year is as good as spent.
    then : the household without the debts that are replaced.
    is_extension : the same lender changes its own contract: nothing is granted anew, so the
        ceilings on granting are read in the same way. Otherwise they hold as they stand.
    """
    due = as_is.lump_yuan - then.lump_yuan
    kept = replace(as_is, liquid_yuan=as_is.liquid_yuan - due)
    today = constraints(kept, Load(0.0, 0.0, is_housing=True), lines)
    slack = {
        one.code: one.excess_yuan
        for one in today
        if is_extension or one.code not in ("all_debts_limit", "housing_limit")
    }
    return replace(lines, slack_yuan=slack)


def constraints(who: Standing, load: Load, lines: Limits) -> tuple[Constraint, ...]:
    """
    Every constraint on what a loan claims of a month, in the order they are named.

    Notes
    -----
    The ceiling on all debts is a rule of housing loans; this house reads every loan by it.
    """
    return tuple(
        replace(one, slack_yuan=lines.slack_yuan.get(one.code, 0.0))
        for one in _constraints(who, load, lines)
    )


def _constraints(who: Standing, load: Load, lines: Limits) -> Iterator[Constraint]:
    beside = who.property_fee_yuan + who.guarantees_yuan
    if lines.all_debts is not None:
        allowed = lines.all_debts * who.recognised_yuan
        used = who.service_yuan + load.monthly_yuan + beside
        yield Constraint("all_debts_limit", used, allowed, ALL_DEBTS)
    if lines.housing is not None and load.is_housing:
        used = who.housing_yuan + load.monthly_yuan + who.property_fee_yuan
        yield Constraint("housing_limit", used, lines.housing * who.recognised_yuan, HOUSING_LIMIT)
    if lines.all_debts is not None:
        allowed = lines.all_debts * who.recognised_yuan
        used = who.stressed_service_yuan + load.stressed_yuan + beside
        yield Constraint("stressed", used, allowed, STRESS)
    paid = who.service_yuan - who.fund_paid_yuan + load.monthly_yuan
    outgoings = who.spending_yuan + paid
    yield Constraint("margin", outgoings, who.income_yuan, None)
    needed = who.essential_yuan + paid
    yield Constraint("reserve", lines.reserve_months * needed, who.ready_yuan, RESERVE)
    if who.lump_yuan:
        year = max(margin_yuan(who, load), 0.0) * MONTHS_PER_YEAR
        yield Constraint("earlier_lump", who.lump_yuan, who.ready_yuan + year, None)
    if load.lump_yuan and not who.is_repaid_by_use:
        saved = max(margin_yuan(who, load), 0.0) * load.months
        yield Constraint("lump", load.lump_yuan, who.ready_yuan + saved + who.claims_yuan, None)


def lender_view_yuan(who: Standing, load: Load) -> tuple[float, float]:
    """Housing payments, and all payments, as the ceilings count them; 元 a month."""
    housing = who.housing_yuan + who.property_fee_yuan
    housing += load.monthly_yuan if load.is_housing else 0.0
    all_debts = who.service_yuan + load.monthly_yuan + who.property_fee_yuan + who.guarantees_yuan
    return housing, all_debts


def shares(who: Standing, load: Load) -> tuple[float | None, float | None]:
    """All debts over recognised income, as offered and after the stress; None without income."""
    if who.recognised_yuan <= 0:
        return None, None
    beside = who.property_fee_yuan + who.guarantees_yuan
    return (
        (who.service_yuan + load.monthly_yuan + beside) / who.recognised_yuan,
        (who.stressed_service_yuan + load.stressed_yuan + beside) / who.recognised_yuan,
    )


def margin_yuan(who: Standing, load: Load) -> float:
    """What a month leaves with the loan, 元."""
    paid = who.service_yuan - who.fund_paid_yuan + load.monthly_yuan
    return who.income_yuan - who.spending_yuan - paid


# ----------------------------------------------------------------------------- the household


def own_share_yuan(situation: Situation, amount: Fen) -> float:
    """
    What the need costs the household beyond a loan of that amount, 元.

    A home: its price less the loan, less what the sale of the one behind a replaced loan leaves,
    valued as a lender would. Debts put together: what they owe beyond the loan.
    """
    home = situation.household.need.home
    if home is None:
        return max(yuan(owed_on(situation.replaced, situation.starts_on) - amount), 0.0)
    return yuan(home.price - amount) - freed_yuan(situation, situation.starts_on)


def freed_yuan(situation: Situation, day: date) -> float:
    """What the sale of the homes behind the replaced debts leaves on a day, 元; 0 without."""
    if not situation.replaced:
        return 0.0
    owed = yuan(owed_on(situation.replaced, day))
    return lending_value_yuan(sold_homes(situation), situation.rules) - owed


def sold_homes(situation: Situation) -> tuple[Asset, ...]:
    """What secured the debts that a new home replaces, and is sold for it."""
    sold = {asset for p in situation.replaced for asset in p.contract.secured_by}
    return tuple(asset for asset in situation.household.assets if asset.id in sold)


def soon_yuan(situation: Situation) -> float:
    """Money within months that pays an own share before ready money does, 元."""
    bound = {asset for p in situation.positions for asset in p.contract.secured_by}
    return yuan(
        sum(
            a.value
            for a in situation.household.assets
            if a.liquidity_tier > LAST_LIQUID_TIER
            and a.kind in SOON_MONEY
            and not a.is_pledged
            and a.id not in bound
        )
    )


def _mean(frame: pd.DataFrame, column: str) -> float:
    return float(year_ahead(frame)[column].sum() / MONTHS_PER_YEAR)


def _rise_yuan(situation: Situation) -> float:
    """What the kept debts would claim more of a month after the stress, 元."""
    shock = int(situation.rules.value(STRESS))
    shocked = {n: h.shifted(situation.as_of, shock) for n, h in situation.histories.items()}
    return sum(_one_rise_yuan(p, shocked) for p in situation.kept if follows_index(p.contract))


def _one_rise_yuan(debt: Position, shocked: Mapping[str, IndexHistory]) -> float:
    """The debt's service of the year ahead, raised as its dearest month would be."""
    moved = position(debt.contract, rate_steps(debt.contract, shocked), debt.as_of)
    before, after = (max(_instalments(p), default=0) for p in (debt, moved))
    year_on = add_months(debt.as_of, MONTHS_PER_YEAR)
    due = [row.due_on for row in debt.remaining if row.due_on <= year_on]
    year = yuan(sum(_instalments(debt)[: len(due)])) / MONTHS_PER_YEAR
    return year * max(after / before - 1.0, 0.0) if before else 0.0


def _instalments(debt: Position) -> list[Fen]:
    """Payments to come without a sum that falls due at the end."""
    payments = [row.own_payment for row in debt.remaining]
    if payments and debt.contract.method in LUMP_METHODS:
        payments[-1] -= debt.remaining[-1].principal
    return payments


def as_it_is(situation: Situation) -> Situation:
    """The same household with every debt going on."""
    need = situation.household.need.model_copy(update={"replaces": ()})
    return replace(situation, household=situation.household.model_copy(update={"need": need}))
