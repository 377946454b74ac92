"""
The analyst's desk for stress: a household's months over any span, under cases of one's own.

A plan looks over the house's span at the house's cases. Here span, cases, chances and seed can be
varied, in the same engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from planning.household.pay import net_pay
from planning.household.revolving import with_carried_balances
from planning.market.rate_chain import rate_chain
from planning.parameters import Label, Reference, Scenario
from planning.risk.course import course, put_off
from planning.risk.hazards import hazards
from planning.risk.monte_carlo import MonteCarlo
from planning.risk.reverse import reverse_stress
from planning.risk.sensitivity import sensitivities
from planning.risk.simulation import seed_of, told
from planning.risk.stress import projection, stress_outcomes, stressed
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.household.profile import Household
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.risk.course import Course
    from planning.risk.reverse import ReverseStress
    from planning.risk.sensitivity import Sensitivity
    from planning.risk.simulation import Simulation
    from planning.risk.stress import Projection, Stressed

OWN_CASE: Final = "own_case"
MOST_YEARS: Final = 40


@dataclass(frozen=True, slots=True)
class RiskDesk:
    """
    A household on a day, compiled over a span.

    Parameters
    ----------
    household, histories, rules : as known on the day of the plan.
    base : its debts, cash-flow and balance sheet as they are.
    ahead : its months over the span.
    later : the same with sums due at maturity and arrears put off beyond it.
    """

    household: Household
    histories: Mapping[str, IndexHistory]
    rules: RulesInForce
    base: Projection
    ahead: Course
    later: Course

    def stressed(self, cases: Sequence[Scenario]) -> Stressed:
        """The household as it is and under every case, month by month."""
        return stressed(self.ahead, cases, self.histories, self.rules)

    def endurance(self) -> ReverseStress:
        """How much of each thing it takes within the span."""
        return reverse_stress(self.ahead, self.later, self.rules)

    def sensitivities(self) -> tuple[Sensitivity, ...]:
        """What a small change of each thing does by the end of the span."""
        return sensitivities(self.ahead, self.rules)

    def simulation(
        self, paths: int = 0, seed: int = 0, job_loss_multiple: float = 1.0
    ) -> Simulation | None:
        """
        The household on many paths; None before the LPR had been published often enough.

        Parameters
        ----------
        paths, seed : 0 for the house's number and the plan's own seed.
        job_loss_multiple : on the monthly chance of every earner to lose the work.

        Raises
        ------
        ValueError
            A number is negative; every one that is.
        """
        given = {"paths": paths, "seed": seed, "job_loss_multiple": job_loss_multiple}
        wrong = [f"{name}={value}" for name, value in given.items() if value < 0]
        if wrong:
            msg = f"{'; '.join(wrong)}: should not be negative"
            raise ValueError(msg)
        chain = rate_chain(self.histories, self.rules)
        if chain is None:
            return None
        risks = hazards(self.household, self.ahead, chain, self.rules)
        jobs = tuple(
            replace(job, loss_chance=min(job_loss_multiple * job.loss_chance, 1.0))
            for job in risks.jobs
        )
        runs = MonteCarlo(
            course=self.ahead,
            risks=replace(risks, jobs=jobs),
            seed=seed or seed_of(self.household.client, self.ahead.as_of),
            paths=paths or int(self.rules.value("simulation.paths")),
        )
        return told(runs, chain)

    def parts(self, cases: Sequence[Scenario], **simulated: Any) -> dict[str, Any]:
        """What a plan says of stress, over this span and under these cases, by its fields."""
        baseline, *outcomes = stress_outcomes(self.stressed(cases), self.base.sheet)
        return {
            "scenarios": tuple(cases),
            "baseline": baseline,
            "stress": tuple(outcomes),
            "reverse_stress": self.endurance(),
            "sensitivities": self.sensitivities(),
            "simulation": self.simulation(**simulated),
        }


def risk_desk(
    household: Household,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
    horizon_months: int = 0,
) -> RiskDesk:
    """
    The desk of one household, on the day the rules are of.

    Parameters
    ----------
    household, histories, rules : as the plan has them.
    horizon_months : the span; 0 for the house's.

    Raises
    ------
    ValueError
        The span is negative or beyond forty years.
    """
    most, as_of = MOST_YEARS * MONTHS_PER_YEAR, rules.as_of
    if not 0 <= horizon_months <= most:
        msg = f"horizon_months={horizon_months} should be between 1 and {most}, 0 for the house's"
        raise ValueError(msg)
    span = horizon_months or int(rules.value("house.stress_horizon_months"))
    known = {name: index.known_on(as_of) for name, index in histories.items()}
    household = with_carried_balances(household, rules)
    pay = net_pay(household, rules, as_of)
    base = projection(household, known, as_of, span, pay)
    return RiskDesk(
        household=household,
        histories=known,
        rules=rules,
        base=base,
        ahead=course(household, base, span, as_of, pay),
        later=course(household, put_off(base, span, known), span, as_of, pay),
    )


def own_case(**changes: object) -> Scenario:
    """
    A stress case of one's own, fields as in ``params/scenarios``; what is 0 or empty is left out.

    Raises
    ------
    ValueError
        Every change that is none: what it is, and what would be right.
    """
    stated = {name: _exact(value) for name, value in changes.items() if value not in (0, "", None)}
    try:
        return Scenario(
            id=OWN_CASE,
            label=Label(zh="自定情景", en="A case of one's own"),
            kind="combined",
            reference=Reference(title="JupyterLab", url=None),
            grade="M",
            **stated,  # type: ignore[arg-type]
        )
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc']))}={one['input']}: {one['msg']}"
            for one in error.errors(include_url=False)
        )
        raise ValueError(problems) from None


def _exact(value: object) -> object:
    return Decimal(str(value)) if isinstance(value, float) else value
