"""
What a contract says of its rate: fixed, floating on an index, stepped, or a flat fee.

``planning.loans.rates`` turns these terms and the published index into the rate of every day.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from planning.fields import Fraction, Multiple, SpreadBp
from planning.record import Record

FIRST_LPR_ON = date(2019, 8, 20)
"""First publication of the reformed LPR (PBoC 公告〔2019〕第15号)."""

CONVERSION_REFERENCE_ON = date(2019, 12, 20)
"""The LPR a converted contract's spread is counted from (PBoC 公告〔2019〕第30号)."""

Index = Literal[
    "lpr_1y",
    "lpr_5y",
    "provident_fund_first_home",
    "provident_fund_second_home",
    "benchmark_1y",
    "benchmark_5y",
]
TakesEffect = Literal["on_reset_day", "this_period", "next_period"]
ResetMonths = Literal[3, 6, 12]
ResetAnchor = Literal["january_1", "anniversary"]


class FixedRate(Record):
    """The same nominal annual rate until maturity."""

    kind: Literal["fixed"]
    annual_rate: Fraction = Field(description="名义年利率, nominal annual rate")


class SpreadChange(Record):
    """A new spread from a day on, such as the 2024-10-25 cut of existing mortgages."""

    starts_on: date
    spread_bp: SpreadBp
    event: Literal["spread_change", "batch_cut_2023", "batch_cut_2024", "negotiated"] = Field(
        default="spread_change",
        description="存量房贷 2023 年、2024 年批量调整，或协商调整",
    )


class FloatingRate(Record):
    """An index plus a spread, taken anew at each reset date."""

    kind: Literal["floating"]
    index: Index
    spread_bp: SpreadBp = Field(description="加点, basis points over the index")
    reset_months: ResetMonths = Field(description="重定价周期, months between resets")
    reset_anchor: ResetAnchor = Field(
        description="resets counted from 1 January or from the drawdown day"
    )
    observation_days_before: Annotated[int, Field(ge=0, le=31)] = Field(
        default=1, description="days before the reset on which the index is read"
    )
    takes_effect: TakesEffect = Field(
        default="on_reset_day",
        description="a reset between due dates splits the interest by days, counts for its whole "
        "period, or waits for the next one",
    )
    multiplier: Multiple = Field(
        default=Decimal(1), description="浮动倍数 on the index, 0.85 for a benchmark less 15 %"
    )
    floor: Fraction = Field(default=Decimal(0), description="利率下限, lowest nominal annual rate")
    spread_changes: tuple[SpreadChange, ...] = ()


class ConvertedRate(Record):
    """
    A benchmark rate converted in 2020: the rate in force kept, and split into LPR and spread.

    The spread is the rate in force less the LPR of December 2019, for good. The first reset
    after the conversion takes the LPR of its day.
    """

    kind: Literal["converted"]
    to: Literal["lpr_1y", "lpr_5y", "fixed"] = Field(description="转换为 LPR 加点或固定利率")
    reset_months: ResetMonths = 12
    reset_anchor: ResetAnchor = "january_1"
    observation_days_before: Annotated[int, Field(ge=0, le=31)] = 1
    reference_on: date = Field(
        default=CONVERSION_REFERENCE_ON, description="day of the LPR the spread is counted from"
    )
    spread_changes: tuple[SpreadChange, ...] = ()


class RateStage(Record):
    """The rate terms from a day on, until the next stage."""

    starts_on: date
    rate: Annotated[FixedRate | FloatingRate | ConvertedRate, Field(discriminator="kind")]


class SteppedRate(Record):
    """Rates that follow each other: step rates, fixed then floating, the conversion of 2020."""

    kind: Literal["stepped"]
    takes_effect: TakesEffect = "on_reset_day"
    stages: tuple[RateStage, ...] = Field(min_length=1, description="the first from drawdown on")


class FlatFee(Record):
    """A fee on the original principal every period (等本等息); its true rate is far higher."""

    kind: Literal["flat_fee"]
    fee_rate_per_month: Fraction = Field(description="每期费率 on the original principal")
    charged: Literal["each_period", "first_period"] = Field(
        default="each_period", description="手续费分期收取，或首期一次收取"
    )


Rate = Annotated[FixedRate | FloatingRate | SteppedRate | FlatFee, Field(discriminator="kind")]
