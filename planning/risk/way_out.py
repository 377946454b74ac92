"""
One way out of a debt that cannot be paid as agreed, and how it is judged.

The verdict follows from the household's own months; the lender decides whether it comes about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, get_args

from planning.record import Record
from planning.risk.collateral_sale import Sale
from planning.risk.relief_trial import Trial, TrialFigures, trial_figures
from planning.risk.settlement import Settlement
from planning.rules.classification import Quality
from planning.strategy.income_falls import ReliefStep
from planning.strategy.relief_option import CreditCode, ReliefKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.position import Position
    from planning.risk.class_path import ClassPath
    from planning.strategy.footing import Footing

WayKind = Literal["as_agreed", ReliefKind, "together", "settlement", "sale"]
"""照合同还, a way to lighten one debt, several of them, 协商一次性结清, 出售抵押物."""

Verdict = Literal["closes", "closes_once_bridged", "needs_money", "delays", "too_little", "unknown"]
"""
Money lasts and no month loses; it does once a sum is found that own assets can bring; it does once
more is found than they bring; money lasts longer; it does not; only the lender can say.
"""

RecordCode = Literal[CreditCode, "overdue_recorded", "settled_short"]

View = Literal[
    "cured", "not_late", "before_due", "past_due", "bad", "lender_names", "write_down", "covered",
    "uncovered",
]  # fmt: skip
"""How the lender looks at a way, by what its own rules make of it."""

CLOSING: Final[tuple[Verdict, ...]] = ("closes", "closes_once_bridged")


class WayOut(Record):
    """
    One way out, tried in the household's months.

    `cost_yuan` is what it costs beside the contracts as they are: interest and fees of the whole
    life, or by how much a sale brings less than the stated value; None: only the lender can say.
    `figures` are None where the terms are not known. `quality` is the best class the debt can
    have once it is agreed, and `watched_until` the due day by which it may be normal again when
    every payment is in time; both None before there was a rule.
    """

    kind: WayKind
    liabilities: tuple[str, ...]
    verdict: Verdict
    cost_yuan: float | None
    figures: TrialFigures | None
    credit: RecordCode
    view: View
    assets: tuple[str, ...] = ()
    ask_by: date | None = None
    starts_on: date | None = None
    months: int | None = None
    payment_now_fen: int | None = None
    payment_fen: int | None = None
    ends_on: date | None = None
    quality: Quality | None = None
    watched_until: date | None = None
    steps: tuple[ReliefStep, ...] = ()
    sale: Sale | None = None
    settlement: Settlement | None = None

    @property
    def closes(self) -> bool:
        """Whether it closes the gap with what the household has."""
        return self.verdict in CLOSING


@dataclass(frozen=True, slots=True)
class Case:
    """
    A household and what every way is judged with.

    Parameters
    ----------
    paths : the class path of each debt, by its id.
    means_yuan : what own assets that are no ready money would bring.
    start : the contracts as they are, with what can wait stopped.
    """

    who: Footing
    paths: Mapping[str, ClassPath]
    means_yuan: float
    start: TrialFigures

    def figures(self, positions: Sequence[Position], begins_on: date) -> TrialFigures:
        """The household with other debts."""
        return trial_figures(self.who, Trial(positions, begins_on))

    def verdict(self, figures: TrialFigures | None, cost_yuan: float | None) -> Verdict:
        """What a way does to the gap."""
        if figures is None or cost_yuan is None:
            return "unknown"
        if figures.is_sound:
            if round(figures.bridge_yuan) <= 0:
                return "closes"
            enough = figures.bridge_yuan <= self.means_yuan
            return "closes_once_bridged" if enough else "needs_money"
        return "delays" if _lasts_longer(self.start, figures) else "too_little"


def _lasts_longer(start: TrialFigures, then: TrialFigures) -> bool:
    """Whether money lasts longer, or a smaller bridge carries as far."""
    if start.runs_out_month is None:
        return False
    if then.runs_out_month is None or then.runs_out_month > start.runs_out_month:
        return True
    never = then.horizon_months + 1
    carries = (then.lasts_months or never) >= (start.lasts_months or never)
    return carries and round(then.bridge_yuan) < round(start.bridge_yuan)


def rank(way: WayOut) -> tuple[int, float, int]:
    """Sorting key: what closes first, then the cheapest, an unknown cost last."""
    order = get_args(Verdict).index(way.verdict)
    cost = float("inf") if way.cost_yuan is None else way.cost_yuan
    return order, cost, _KINDS.index(way.kind)


_KINDS: Final[tuple[str, ...]] = (
    "as_agreed",
    *get_args(ReliefKind),
    "together",
    "settlement",
    "sale",
)
