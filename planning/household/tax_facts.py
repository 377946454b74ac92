"""
What a member's income tax and social insurance are computed from, where pay is stated before tax.

Amounts a law fixes are in the rule book; here stand the facts of one person: which special
additional deductions (专项附加扣除) are taken, by what share, and since when.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from planning.fields import Fraction, Money
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.record_file import Conflict

_PositiveMoney = Annotated[Money, Field(gt=0, json_schema_extra={"exclusiveMinimum": 0})]
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
    share: Fraction = Field(default=Decimal(1), validate_default=True, description=_SHARE)


class InfantCare(_Monthly):
    """3岁以下婴幼儿照护, from the month of birth; one entry a child."""

    kind: Literal["infant_care"]
    share: Fraction = Field(default=Decimal(1), validate_default=True, description=_SHARE)


class ElderOnlyChild(_Monthly):
    """赡养老人 of an only child (独生子女)."""

    kind: Literal["elder_only_child"]


class ElderShared(_Monthly):
    """赡养老人 shared among siblings (分摊): this member's part."""

    kind: Literal["elder_shared"]
    amount: _PositiveMoney = Field(description="本人分摊额, 元 a month")


class HousingLoanInterest(_Monthly):
    """住房贷款利息 of a first home; it runs out after the months the law gives."""

    kind: Literal["housing_loan_interest"]
    starts_on: date = Field(description="首次扣除的月份, any day of it")
    share: Fraction = Field(default=Decimal(1), validate_default=True, description=_SHARE)


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
    amount: _PositiveMoney = Field(description="个人负担的医疗费用, 元 a year")


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

    A base that is absent is the month's salary. Without `provident_fund_rate` the member's own
    contribution is half the deposit of the account in the file, and none without an account.
    """

    social_insurance_base: _PositiveMoney | None = Field(
        default=None, description="社保缴费基数, 元 a month"
    )
    provident_fund_base: _PositiveMoney | None = Field(
        default=None, description="公积金缴存基数, 元 a month"
    )
    provident_fund_rate: Fraction | None = Field(
        default=None, description="公积金个人缴存比例, the member's own side"
    )
    deductions: tuple[Deduction, ...] = Field(default=(), description="专项附加扣除")


def deduction_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """Contradictions between the deductions of a member, on raw values."""
    listed = values.get("deductions")
    claims = [c if isinstance(c, dict) else {} for c in listed] if isinstance(listed, list) else []
    for number, claim in enumerate(claims):
        first, last = _span(claim)
        if last < first:
            numbers = {"start": str(first)}
            yield ("deductions", number, "ends_on"), "ends_before_start", numbers
        for other, code in _EXCLUDED.get(str(claim.get("kind")), ()):
            if any(c.get("kind") == other and _overlap(c, claim) for c in claims):
                yield ("deductions", number, "kind"), code, {}


_EXCLUDED = {
    "housing_rent": (("housing_loan_interest", "rent_beside_interest"),),
    "elder_shared": (("elder_only_child", "elders_twice"),),
}
"""What may not be deducted in the same months as another item."""


def _span(claim: Mapping[str, Any]) -> tuple[date, date]:
    first, last = claim.get("starts_on"), claim.get("ends_on")
    return (
        first if isinstance(first, date) else date.min,
        last if isinstance(last, date) else date.max,
    )


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    (first, last), (start, end) = _span(one), _span(other)
    return max(first, start) <= min(last, end)
