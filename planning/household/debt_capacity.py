"""
The debt-capacity questionnaire (负债承受能力问卷) as a client has answered it.

It asks how much debt the client feels able to carry, and stands beside the statutory record of
risk tolerance, which is about investments: neither is ever worked out from the other. The codes
of the answers begin with the question they belong to, in order from the lightest answer on.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, get_args

from pydantic import Field

from planning.record import Record

Experience = Literal[
    "experience_several_loans", "experience_one_loan", "experience_small_sums", "experience_none"
]
Rise = Literal["rise_unnoticed", "rise_cut_back", "rise_from_savings", "rise_not_payable"]
WithoutPay = Literal[
    "without_pay_year", "without_pay_half_year", "without_pay_quarter", "without_pay_weeks",
    "without_pay_nothing",
]  # fmt: skip
Help = Literal["help_promised", "help_likely", "help_a_little", "help_nobody"]
Attitude = Literal[
    "attitude_counts_first", "attitude_large_things", "attitude_avoids", "attitude_worries",
    "attitude_spends_first",
]  # fmt: skip
LateBefore = Literal[
    "late_before_never", "late_before_forgot", "late_before_no_money", "late_before_still"
]
Work = Literal["work_secure", "work_fair", "work_unsure", "work_ending"]
Health = Literal["health_good", "health_minor", "health_treated", "health_unable"]
Burden = Literal["burden_none", "burden_some", "burden_heavy"]


class DebtCapacityAnswers(Record):
    """
    What the client answered, a closed list a question; a question left open is absent.

    Staff may neither fill the form in nor steer the answers: `filled_in_by` says whose they are.
    """

    answered_on: date = Field(description="填写日期")
    filled_in_by: Literal["client", "staff"] = Field(
        description="由谁填写; answers that are not the client's own are not counted"
    )
    experience: Experience | None = Field(default=None, description="借款经历")
    rise: Rise | None = Field(default=None, description="每月还款多出两成时")
    without_pay: WithoutPay | None = Field(default=None, description="没有收入能撑多久")
    help: Help | None = Field(default=None, description="急用钱时谁能帮忙")
    attitude: Attitude | None = Field(default=None, description="对借钱的态度")
    late_before: LateBefore | None = Field(default=None, description="以往逾期")
    work: Work | None = Field(default=None, description="工作是否稳定, as the client sees it")
    health: Health | None = Field(default=None, description="主要挣钱的人的健康状况")
    burden: Burden | None = Field(default=None, description="今后三年还要增加的负担")


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "experience": get_args(Experience),
    "rise": get_args(Rise),
    "without_pay": get_args(WithoutPay),
    "help": get_args(Help),
    "attitude": get_args(Attitude),
    "late_before": get_args(LateBefore),
    "work": get_args(Work),
    "health": get_args(Health),
    "burden": get_args(Burden),
}
"""The answers of each question, in the order of the form."""

QUESTIONS: Final = tuple(CHOICES)
