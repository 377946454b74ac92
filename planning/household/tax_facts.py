"""
What a member's income tax and social insurance are computed from, where pay is stated before tax.

Amounts a law fixes are in the rule book; here stand the facts of one person: which special
additional deductions (专项附加扣除) are taken, by what share, and since when.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from planning.fields import Fraction, Money, PositiveMoney, Share
from planning.record import Record

_Year = Annotated[int, Field(ge=2019, le=2100)]
_SHARE = "扣除比例 of this member: 1, or 0.5 where a couple shares it"
_STARTS = "开始扣除的月份, any day of it; absent: all along"
_ENDS = "最后扣除的月份, any day of it; absent: no end in sight"


class _Monthly(Record):
    """A deduction of every month it runs; the months of both days count in full."""

    starts_on: date | None = Field(default=None, description=_STARTS)
    ends_on: date | None = Field(default=None, description=_ENDS)


class ChildEducation(_Monthly):
    """子女教育, for a child from three years on; one entry a child."""

    kind: Literal["child_education"]
    share: Share = Field(default=Decimal(1), validate_default=True, description=_SHARE)


class InfantCare(_Monthly):
    """3岁以下婴幼儿照护, from the month of birth; one entry a child."""

    kind: Literal["infant_care"]
    share: Share = Field(default=Decimal(1), validate_default=True, description=_SHARE)


class ElderOnlyChild(_Monthly):
    """赡养老人 of an only child (独生子女)."""

    kind: Literal["elder_only_child"]


class ElderShared(_Monthly):
    """赡养老人 shared among siblings (分摊): this member's part."""

    kind: Literal["elder_shared"]
    amount: PositiveMoney = Field(description="本人分摊额, 元 a month")


class HousingLoanInterest(_Monthly):
    """住房贷款利息 of a first home; it runs out after the months the law gives."""

    kind: Literal["housing_loan_interest"]
    starts_on: date = Field(description="首次扣除的月份, any day of it")
    share: Share = Field(default=Decimal(1), validate_default=True, description=_SHARE)


class HousingRent(_Monthly):
    """住房租金, by the size of the city; never beside home loan interest."""

    kind: Literal["housing_rent"]
    city_size: Literal["large", "middle", "small"] = Field(
        description="直辖市、省会等 large, 市辖区户籍人口超过100万 middle, 其余 small"
    )


class ContinuingEducation(_Monthly):
    """学历继续教育, for one degree."""

    kind: Literal["continuing_education"]
    starts_on: date = Field(description="入学月份, any day of it")


class Certificate(Record):
    """职业资格继续教育: a certificate of the year, claimed with the yearly settlement."""

    kind: Literal["certificate"]
    year: _Year = Field(description="取得证书的年度")


class Medical(Record):
    """大病医疗: what was borne within the insurance catalogue, claimed with the settlement."""

    kind: Literal["medical"]
    year: _Year = Field(description="费用发生的年度")
    amount: PositiveMoney = Field(description="个人负担的医疗费用, 元 a year")


Deduction = Annotated[
    ChildEducation
    | InfantCare
    | ElderOnlyChild
    | ElderShared
    | HousingLoanInterest
    | HousingRent
    | ContinuingEducation
    | Certificate
    | Medical,
    Field(discriminator="kind"),
]


class TaxFacts(Record):
    """
    A member's facts of tax and social insurance (个税与社保信息).

    A base that is absent is the month's salary, or none of one who has retired. Without
    `provident_fund_rate` the member's own contribution is half the deposit of the account in the
    file, and none without an account.
    """

    social_insurance_base: Money | None = Field(
        default=None, description="社保缴费基数, 元 a month; 0: not insured as an employee"
    )
    provident_fund_base: PositiveMoney | None = Field(
        default=None, description="公积金缴存基数, 元 a month"
    )
    provident_fund_rate: Fraction | None = Field(
        default=None, description="公积金个人缴存比例, the member's own side"
    )
    deductions: tuple[Deduction, ...] = Field(default=(), description="专项附加扣除")
