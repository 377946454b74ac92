"""
What the financial-condition grade is read from: five figures of a household and their bounds.

Income that is steady and income that is documented against what must be paid, debt service and
what is left against income, ready money against the emergency fund. Each reaches up to four steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from planning.household.cashflow import year_ahead
from planning.household.recognition import monthly_income
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.parameters import RulesInForce
    from planning.risk.contingency import EmergencyFund
    from planning.risk.stress import Projection

Part = Literal["income_stability", "repayment", "liquidity"]
Code = Literal["steady_cover", "shown_cover", "service_share", "margin_share", "fund_cover"]
Better = Literal["higher", "lower"]

PARTS: Final[dict[Part, tuple[Code, ...]]] = {
    "income_stability": ("steady_cover", "shown_cover"),
    "repayment": ("service_share", "margin_share"),
    "liquidity": ("fund_cover",),
}
STEPS: Final = ("first_step", "second_step", "third_step", "fourth_step")
CEILING: Final = "debt_service.all_debts_limit"
SERVICE_NORM: Final = "norms.debt_service_share"
LIGHT: Final = "risk_profile.light_debt_service_share"
MARGIN_NORM: Final = "norms.savings_rate"
MARGIN: Final = "risk_profile.bounds_margin_share"
SHARE_DIGITS: Final = 3
COVER_DIGITS: Final = 2
"""Measures are read at the precision they are printed at, as ratios are."""


class Measure(Record):
    """
    One figure of the household against its four bounds, from the easiest to the best.

    `value` is `amount_yuan` over `of_yuan`, None where there is nothing to divide by; `bounds`
    are of the value, None for a step that no rule of the day bounds, `bound_rules` the entries they
    stand in. `steps` are those reached.
    """

    code: Code
    part: Part
    amount_yuan: float
    of_yuan: float
    value: float | None
    better: Better
    bounds: tuple[float | None, ...]
    bound_rules: tuple[str, ...]
    steps: int
    points: int
    most_points: int


@dataclass(frozen=True, slots=True)
class Scale:
    """
    How one measure is read: its bounds from the easiest on, and the points of a step.

    `names` are the rules the bounds stand in, `digits` the decimals a figure is read to.
    """

    bounds: tuple[float | None, ...]
    names: tuple[str, ...]
    better: Better
    digits: int
    step_points: int


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """
    What the measures are worked out from, 元: months of the year ahead on average.

    `must_pay_yuan` is essential spending and instalments; `steady_yuan` the income stated as
    fixed, `shown_yuan` that with evidence; `left_yuan` what remains in cash after everything.
    """

    income_yuan: float
    steady_yuan: float
    shown_yuan: float
    must_pay_yuan: float
    debt_service_yuan: float
    other_spending_yuan: float
    left_yuan: float
    fund_held_yuan: float
    fund_target_yuan: float
    past_due_yuan: float
    shortfall_yuan: float


def condition_figures(
    household: Household,
    base: Projection,
    fund: EmergencyFund,
    as_of: date,
    horizon_months: int,
    pay: NetPay | None = None,
) -> ConditionFigures:
    """
    The figures of a household on the day of its baseline.

    Parameters
    ----------
    base : without any shock; principal due at maturity is left to the maturity warning, as in
        the ratios.
    as_of : day of the plan.
    horizon_months : span in which cash must not run out.
    pay : needed where income is stated before tax.
    """
    year = year_ahead(base.frame)
    mean = {str(name): float(year[name].sum()) / MONTHS_PER_YEAR for name in year}
    must_pay = mean["essential_expense"] + mean["debt_service"]
    arriving = [(line, monthly_income(line, as_of, pay)) for line in household.income]
    lowest = float(base.frame["liquid_assets"].iloc[: horizon_months + 1].min())
    return ConditionFigures(
        income_yuan=mean["income"],
        steady_yuan=sum(amount for line, amount in arriving if line.stability == "fixed"),
        shown_yuan=sum(amount for line, amount in arriving if line.evidence != "self_declared"),
        must_pay_yuan=must_pay,
        debt_service_yuan=mean["debt_service"],
        other_spending_yuan=mean["other_expense"],
        left_yuan=mean["income"] - must_pay - mean["other_expense"] + mean["fund_paid"],
        fund_held_yuan=fund.held_yuan,
        fund_target_yuan=fund.target_yuan,
        past_due_yuan=yuan(sum(position.arrears for position in base.positions)),
        shortfall_yuan=max(-lowest, 0.0),
    )


def condition_scale(rules: RulesInForce) -> dict[Code, Scale]:
    """How every measure is read on the day of the rules."""
    return {
        "steady_cover": _cover_scale("steady_cover", rules),
        "shown_cover": _cover_scale("shown_cover", rules),
        "service_share": _service_scale(rules),
        "margin_share": _margin_scale(rules),
        "fund_cover": _cover_scale("fund_cover", rules),
    }


def _cover_scale(code: Code, rules: RulesInForce) -> Scale:
    name = f"risk_profile.bounds_{code}"
    bounds = tuple(float(rules.value(name, step)) for step in STEPS)
    return Scale(bounds, (name,) * len(STEPS), "higher", COVER_DIGITS, _step_points(code, rules))


def _service_scale(rules: RulesInForce) -> Scale:
    """The legal ceiling where there is one, the norm's two lines, and what is light."""
    norm = rules.band(SERVICE_NORM)
    ceiling = float(rules.value(CEILING)) if rules.is_in_force(CEILING) else None
    bounds = (ceiling, _known(norm.amber), float(norm.green), float(rules.value(LIGHT)))
    names = (CEILING, SERVICE_NORM, SERVICE_NORM, LIGHT)
    return Scale(bounds, names, "lower", SHARE_DIGITS, _step_points("service_share", rules))


def _margin_scale(rules: RulesInForce) -> Scale:
    """To break even, the norm's alarm line, a line between, and the norm."""
    norm = rules.band(MARGIN_NORM)
    first, third = (float(rules.value(MARGIN, step)) for step in ("first_step", "third_step"))
    bounds = (first, _known(norm.amber), third, float(norm.green))
    names = (MARGIN, MARGIN_NORM, MARGIN, MARGIN_NORM)
    return Scale(bounds, names, "higher", SHARE_DIGITS, _step_points("margin_share", rules))


def _step_points(code: Code, rules: RulesInForce) -> int:
    return int(rules.value("risk_profile.step_points", code))


def _known(bound: Decimal | None) -> float | None:
    return None if bound is None else float(bound)


def amounts(f: ConditionFigures) -> dict[Code, tuple[float, float]]:
    """What each measure divides by what."""
    return {
        "steady_cover": (f.steady_yuan, f.must_pay_yuan),
        "shown_cover": (f.shown_yuan, f.must_pay_yuan),
        "service_share": (f.debt_service_yuan, f.income_yuan),
        "margin_share": (f.left_yuan, f.income_yuan),
        "fund_cover": (f.fund_held_yuan, f.fund_target_yuan),
    }


def condition_measures(f: ConditionFigures, scale: Mapping[Code, Scale]) -> tuple[Measure, ...]:
    """Every measure of a household with the steps it reaches."""
    return tuple(
        _measure(code, amount, of, scale[code]) for code, (amount, of) in amounts(f).items()
    )


def _measure(code: Code, amount: float, of: float, scale: Scale) -> Measure:
    value = amount / of if of > 0 else None
    steps = _steps(amount, value, scale)
    return Measure(
        code=code,
        part=next(part for part, codes in PARTS.items() if code in codes),
        amount_yuan=amount,
        of_yuan=of,
        value=value,
        better=scale.better,
        bounds=scale.bounds,
        bound_rules=scale.names,
        steps=steps,
        points=steps * scale.step_points,
        most_points=len(STEPS) * scale.step_points,
    )


def _steps(amount: float, value: float | None, scale: Scale) -> int:
    """The best step whose bound a figure reaches; a bound belongs to its better side."""
    sign = 1 if scale.better == "higher" else -1
    if value is None:
        return len(STEPS) if sign * amount >= 0 else 0
    read = round(value, scale.digits)
    bounds = enumerate(scale.bounds, start=1)
    reached = (n for n, bound in bounds if bound is not None and sign * (read - bound) >= 0)
    return max(reached, default=0)


def points_of(measures: Iterable[Measure]) -> int:
    """Points of several measures together."""
    return sum(measure.points for measure in measures)
