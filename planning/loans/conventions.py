"""
What banks settle differently: rounding, day count, broken periods, working days, order on a day.

Each is a field with the project's default; none is guessed from a lender's name. A statement can
be searched for the ones that reproduce it: ``planning.loans.reconcile``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from planning.record import Record
from planning.units import Rounding

DayCount = Literal["monthly", "thirty_360", "actual_360", "actual_365"]
WorkingDayShift = Literal["none", "following", "modified_following", "preceding"]


class Conventions(Record):
    """
    How one contract counts, rounds and orders.

    The defaults are those of the project: a whole month is a twelfth of a year, odd days are
    actual days over 360 (first day in, last day out), every amount is rounded half-up once, a
    prepayment settles the interest of the whole balance to its day.
    """

    day_count: DayCount = Field(
        default="monthly",
        description="计息基准; monthly: annual/12 a month, odd days actual/360",
    )
    interest_rounding: Rounding = Field(default="half_up", description="利息取整到分")
    instalment_rounding: Rounding = Field(default="half_up", description="月供取整到分")
    instalment_basis: Literal["monthly", "actual_days"] = Field(
        default="monthly",
        description="a level instalment that clears at annual/12, or by the days of day_count",
    )
    first_period: Literal["by_days", "whole_month", "interest_only"] = Field(
        default="by_days",
        description="a broken first period: interest by days beside a regular principal share, "
        "counted as a month, or interest alone",
    )
    last_period: Literal["on_due_day", "on_maturity"] = Field(
        default="on_due_day",
        description="the last payment falls on the due day, or on the drawdown day's anniversary",
    )
    working_day: WorkingDayShift = Field(
        default="none", description="where a due day goes that is not a working day"
    )
    interest_follows_shift: bool = Field(
        default=False, description="a shifted due day also moves the end of the interest period"
    )
    prepayment_order: Literal["after_payment", "before_payment"] = Field(
        default="after_payment", description="on a due day, beside the scheduled payment"
    )
    prepayment_interest: Literal["on_balance", "on_prepaid", "with_next_instalment"] = Field(
        default="on_balance",
        description="interest settled with a prepayment between due days: accrued on the whole "
        "balance, on the amount prepaid, or none until the next instalment",
    )


STANDARD = Conventions()
