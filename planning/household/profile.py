"""
A household as its file states it.

Money is 元 in the file and integer 分 here; rates are fractions. Income is stated after tax and
social insurance (到手), or pay before them (税前).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from planning.fields import (
    LINE,
    Area,
    Contact,
    DayOfMonth,
    Fraction,
    Growth,
    Money,
    PositiveMoney,
    Reference,
    SignedText,
    Text,
    nobodys,
)
from planning.household.debt_capacity import DebtCapacityAnswers
from planning.household.mailbox import Mailbox
from planning.household.tax_facts import TaxFacts
from planning.identifiers import may_name_somebody
from planning.loans import uses
from planning.loans.conflicts import MAX_TERM_MONTHS
from planning.loans.contract import LoanContract
from planning.loans.offset import offset_conflicts
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.loans.conflicts import Conflict
    from planning.units import Fen

PAY: Final = ("salary", "bonus")
"""Kinds of income an employer withholds tax from; only they may be stated before tax."""

PROPERTY: Final = ("home", "investment_property", "shop")
"""Kinds of asset whose value a fall of property prices takes."""

HOUSING: Final = ("mortgage", "provident_fund_mortgage")
"""Kinds of contract that are home loans."""

LAST_MONTH: Final = 12
"""A yearly amount that names no month is paid in December."""

_DEVICE_NAMES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


def _opaque(reference: str) -> str:
    if _DEVICE_NAMES.fullmatch(reference):
        raise PydanticCustomError("reserved_name", "a name that is no device of Windows")
    if may_name_somebody(reference):
        raise PydanticCustomError("personal_number", "a reference that identifies nobody")
    return reference


ClientReference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$"), AfterValidator(_opaque)
]
"""Opaque: it names files and folders, so it must say nothing about the person."""

DisplayName = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=LINE), AfterValidator(nobodys)
]

MonthOfYear = Annotated[int, Field(ge=1, le=12)]
Frequency = Literal["monthly", "yearly"]
NeedKind = Literal["consumption", "housing", "business", "education", "refinance", "none"]
Use = uses.Use
"""What borrowed money is spent on (用途类别); rules forbid some of it, products serve some."""


class Member(Record):
    """One person of the household (家庭成员)."""

    id: Reference = Field(description="name other lines refer to the member by")
    role: Literal["borrower", "co_borrower", "spouse", "child", "parent", "other"] = Field(
        description="家庭角色"
    )
    birth_year: Annotated[int, Field(ge=1900, le=2100)] = Field(description="出生年份")
    employment: Literal[
        "salaried",
        "civil_servant",
        "business_owner",
        "self_employed",
        "freelance",
        "retired",
        "student",
        "none",
    ] = Field(description="就业类型")
    sector: Text | None = Field(default=None, description="所属行业")
    is_dependant: bool = Field(default=False, description="是否需家庭供养")
    sex: Literal["male", "female"] | None = Field(
        default=None, description="性别, for the statutory retirement age"
    )
    tax: TaxFacts | None = Field(
        default=None, description="个税与社保信息, for pay stated before tax"
    )


class HomePurchase(Record):
    """The home a loan is to buy (拟购住房)."""

    price: PositiveMoney = Field(description="总价, 元")
    area_m2: Area = Field(description="建筑面积, 平方米")
    is_first_home: bool = Field(description="是否首套, as the lender counts it")
    is_second_hand: bool = Field(default=False, description="是否二手房")
    built_in: Annotated[int, Field(ge=1900, le=2100)] | None = Field(
        default=None, description="建成年份, for a second-hand home"
    )


class Need(Record):
    """
    What the household wants from its liabilities (负债需求).

    With a kind other than ``none``, `term`, `amount` and `purpose` must be there; with ``none``
    nothing else may be. Without a `use` the kind of need and the words of the purpose tell it.
    """

    kind: NeedKind = Field(description="需求类型")
    term: Literal["short", "long"] | None = Field(
        default=None, description="短期 (up to 12 months) or 中长期"
    )
    amount: Money = Field(default=0, description="所需金额, 元")
    purpose: Text | None = Field(default=None, description="用途")
    use: Use | None = Field(default=None, description="用途类别")
    home: HomePurchase | None = Field(default=None, description="拟购住房")
    collateral: tuple[Reference, ...] = Field(
        default=(), description="可提供的担保物, ids of assets offered as security"
    )
    guarantee: Literal["none", "personal", "company"] = Field(
        default="none", description="可提供的保证"
    )
    wanted_by: date | None = Field(default=None, description="希望到位日期")
    term_months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)] | None = Field(
        default=None, description="拟借期限, months"
    )
    method: Literal["equal_instalment", "equal_principal", "interest_only", "bullet"] = Field(
        default="equal_instalment", description="拟采用的还款方式"
    )
    quoted_annual_rate: Fraction | None = Field(
        default=None, description="已获报价, a lender's quote in hand, fraction per year"
    )
    replaces: tuple[Reference, ...] = Field(
        default=(),
        description="随之结清的贷款, ids of liabilities that end with the new loan",
    )


class PrepaymentWish(Record):
    """A prepayment the household is thinking about (提前还款意向)."""

    liability: Reference = Field(description="id of the liability")
    amount: PositiveMoney = Field(description="拟提前归还本金, 元")


class RiskTolerance(Record):
    """The statutory risk-tolerance record (风险承受能力评估), C1 to C5."""

    level: Literal["C1", "C2", "C3", "C4", "C5"] = Field(description="C1 谨慎 to C5 进取")
    assessed_on: date = Field(description="评估日期")


class Goal(Record):
    """Something the household wants to have done by a day (目标)."""

    text: Text = Field(description="目标内容")
    amount: Money = Field(default=0, description="所需金额, 元; 0 when it is not about money")
    wanted_by: date | None = Field(default=None, description="期望完成日期")
    kind: Literal["saving", "reserve", "debt"] = Field(
        default="saving",
        description="目标性质: 专款储蓄, 备用金 (the emergency fund is part of it), or 还债",
    )


class Income(Record):
    """
    One stream of income, after tax and social insurance (到手收入) or, of pay, before (税前).

    Exactly one of `net_amount` and `gross_amount` is there.
    """

    owner: Reference = Field(description="id of the member who earns it")
    kind: Literal[
        "salary", "bonus", "freelance", "business", "rent", "pension", "investment", "other"
    ] = Field(description="收入类型")
    net_amount: PositiveMoney | None = Field(
        default=None, description="到手金额, 元 each time it is paid"
    )
    gross_amount: PositiveMoney | None = Field(
        default=None, description="税前金额, 元 each time it is paid; salary and bonus only"
    )
    employer: Text | None = Field(
        default=None, description="任职单位, who withholds the tax of pay before tax"
    )
    frequency: Frequency = Field(description="按月 or 按年")
    paid_in_month: MonthOfYear | None = Field(
        default=None, description="到账月份, month a yearly amount arrives; 12 if absent"
    )
    stability: Literal["fixed", "variable", "seasonal"] = Field(description="稳定性")
    annual_growth: Growth = Field(
        default=0, validate_default=True, description="预计年增长率, fraction per year"
    )
    starts_on: date | None = Field(default=None, description="开始日期; absent: already running")
    ends_on: date | None = Field(default=None, description="结束日期; absent: no end in sight")
    evidence: Literal[
        "payslip", "bank_statement", "tax_record", "contract", "business_records", "self_declared"
    ] = Field(description="收入证明")

    @property
    def stated_amount(self) -> Fen:
        """The amount as the file has it, before tax or after."""
        return self.net_amount or self.gross_amount or 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in income_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


def income_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """How an income states its amount, on validated and raw values alike."""
    net, gross = values.get("net_amount"), values.get("gross_amount")
    if net is None and gross is None:
        yield "net_amount", "amount_missing", {}
    if net is not None and gross is not None:
        yield "gross_amount", "net_and_gross", {}
    if gross is not None and values.get("kind") not in PAY:
        yield "gross_amount", "gross_of_other", {"kind": values.get("kind")}
    if gross is None and values.get("employer") is not None:
        yield "employer", "employer_unused", {}


class Expense(Record):
    """One line of spending that is not debt service (支出)."""

    kind: Literal[
        "living",
        "rent",
        "property_fee",
        "education",
        "medical",
        "insurance",
        "transport",
        "elder_support",
        "leisure",
        "other",
    ] = Field(description="支出类型")
    amount: PositiveMoney = Field(description="金额, 元 each time it is paid")
    frequency: Frequency = Field(description="按月 or 按年")
    paid_in_month: MonthOfYear | None = Field(
        default=None, description="支付月份, month a yearly amount is paid; 12 if absent"
    )
    is_essential: bool = Field(description="是否必要支出, cannot be cut in an emergency")
    annual_growth: Growth = Field(
        default=0, validate_default=True, description="预计年增长率, fraction per year"
    )
    starts_on: date | None = Field(default=None, description="开始日期; absent: already running")
    ends_on: date | None = Field(default=None, description="结束日期; absent: no end in sight")


def is_paid_in(line: Income | Expense, month: date) -> bool:
    """Whether a line is paid in a month; the months it begins and ends in count in full."""
    day = (month.year, month.month)
    first, last = line.starts_on, line.ends_on
    begun = first is None or (first.year, first.month) <= day
    running = last is None or (last.year, last.month) >= day
    in_turn = line.frequency == "monthly" or month.month == (line.paid_in_month or LAST_MONTH)
    return begun and running and in_turn


class Asset(Record):
    """Something the household owns (资产); a provident-fund account has a section of its own."""

    id: Reference = Field(description="name contracts refer to the asset by")
    kind: Literal[
        "cash",
        "deposit",
        "money_fund",
        "wealth_product",
        "fund",
        "stock",
        "insurance_cash_value",
        "home",
        "investment_property",
        "shop",
        "car",
        "business_equity",
        "receivable",
        "other",
    ] = Field(description="资产类型")
    value: Money = Field(description="市值, 元")
    valued_on: date = Field(description="估值日期")
    liquidity_tier: Annotated[int, Field(ge=0, le=3)] = Field(
        description="流动性层级: 0 at once, 1 within days, 2 within months, 3 only by a sale"
    )
    is_pledged: bool = Field(
        default=False, description="是否已抵押或质押; such an asset is no reserve"
    )


class ProvidentFund(Record):
    """
    A member's housing provident fund account (住房公积金).

    With an `offset` (冲还贷) it repays the home loans its owner has borrowed.
    """

    owner: Reference = Field(description="id of the member")
    balance: Money = Field(description="账户余额, 元")
    monthly_deposit: Money = Field(description="月缴存额, 元 a month, both sides together")
    contributing_since: date | None = Field(default=None, description="缴存起始日期")
    offset: Literal["none", "monthly", "yearly"] = Field(
        default="none", description="冲还贷: 不冲, 月冲 or 年冲"
    )
    offset_month: MonthOfYear | None = Field(default=None, description="年冲月份, for yearly")
    deposit_day: DayOfMonth = Field(default=15, description="汇缴入账日")
    annual_rate: Fraction = Field(
        default=Decimal(0), validate_default=True, description="账户存款年利率; absent: none"
    )
    kept_minimum: Money = Field(default=0, description="账户保留额, 元 never withdrawn")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in account_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


def account_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """A month goes with a yearly offset, and only with it; on validated and raw values alike."""
    mode, month = values.get("offset", "none"), values.get("offset_month")
    for name, code, numbers in offset_conflicts({"mode": mode, "month": month}):
        fields = {"mode_field": "offset", "month_field": "offset_month"}
        yield f"offset_{name}", code, numbers | fields


class Insurance(Record):
    """A policy that pays when something happens (保障)."""

    insured: Reference = Field(description="被保险人, id of the member")
    kind: Literal["life", "critical_illness", "medical", "accident", "disability", "property"] = (
        Field(description="险种")
    )
    sum_assured: Money = Field(description="保额, 元")
    ends_on: date | None = Field(default=None, description="保障到期日; absent: for life")


class CreditLine(Record):
    """
    A revolving line (循环额度) the household may draw: a credit card or a standing credit.

    What is drawn and not repaid in full each month is a debt: a plan counts it beside the
    liabilities (``planning.household.revolving``).
    """

    id: Reference = Field(description="name of the line")
    lender: Text = Field(description="发卡或授信机构")
    kind: Literal["card", "cash_line"] = Field(description="信用卡 or 循环授信额度")
    limit: PositiveMoney = Field(description="授信额度, 元")
    used: Money = Field(default=0, description="已用额度, 元 on `reported_on`")
    repays: Literal["in_full", "minimum", "part"] = Field(
        default="in_full", description="还款习惯: 全额, 最低还款额, or 介于两者之间"
    )
    annual_rate: Fraction | None = Field(
        default=None, description="透支或支用年利率, fraction per year; absent: unknown"
    )
    reported_on: date = Field(description="额度与用额日期")


class CreditEnquiries(Record):
    """How often lenders, not the client, have asked for the credit report of late (征信查询)."""

    number: Annotated[int, Field(ge=0, le=200)] = Field(
        description="近三个月贷款审批、信用卡审批等查询次数"
    )
    counted_on: date = Field(description="征信报告日期")


class GuaranteeGiven(Record):
    """A guarantee for somebody else's debt: a contingent liability (对外担保, 或有负债)."""

    beneficiary: Text = Field(description="被担保人")
    lender: Text = Field(description="债权人")
    amount: PositiveMoney = Field(description="担保金额, 元")
    ends_on: date = Field(description="担保到期日")


class Advisor(Record):
    """Who signs the plan (客户经理)."""

    name: SignedText = Field(description="姓名")
    institution: SignedText = Field(description="所属机构")
    contact: Contact | None = Field(default=None, description="联系方式")


class Consents(Record):
    """What the household has agreed to, and until when (授权)."""

    plan_document: bool = Field(description="同意编制负债规划书")
    email: bool = Field(default=False, description="同意以电子邮件发送")
    given_on: date = Field(description="授权日期")
    ends_on: date | None = Field(default=None, description="授权到期日")


class Delivery(Record):
    """Where documents are sent (送达方式)."""

    email: Mailbox = Field(repr=False, description="电子邮箱, one address")


class Household(Record):
    """
    One household's file (客户档案).

    `reported_on` is the day its figures were true unless a line says otherwise.
    """

    schema_version: Literal[1] = Field(description="version of this format")
    client: ClientReference = Field(
        description="客户编号, opaque: lower-case letters, digits, hyphens"
    )
    name: DisplayName = Field(description="称呼, how the plan addresses the household")
    city: Text = Field(description="常住城市")
    reported_on: date = Field(description="信息采集日期")
    members: tuple[Member, ...] = Field(min_length=1, description="家庭成员")
    need: Need = Field(description="负债需求")
    risk_tolerance: RiskTolerance = Field(description="风险承受能力")
    debt_capacity: DebtCapacityAnswers | None = Field(default=None, description="负债承受能力问卷")
    goals: tuple[Goal, ...] = Field(default=(), description="目标")
    prepayment_wish: PrepaymentWish | None = Field(default=None, description="提前还款意向")
    income: tuple[Income, ...] = Field(default=(), description="收入")
    expenses: tuple[Expense, ...] = Field(min_length=1, description="支出, without debt service")
    assets: tuple[Asset, ...] = Field(default=(), description="资产")
    provident_fund: tuple[ProvidentFund, ...] = Field(default=(), description="住房公积金账户")
    insurance: tuple[Insurance, ...] = Field(default=(), description="保障")
    liabilities: tuple[LoanContract, ...] = Field(default=(), description="负债, one a contract")
    credit_lines: tuple[CreditLine, ...] = Field(
        default=(), description="循环额度, cards among them"
    )
    credit_enquiries: CreditEnquiries | None = Field(
        default=None, description="征信查询; absent: unknown"
    )
    guarantees_given: tuple[GuaranteeGiven, ...] = Field(default=(), description="对外担保")
    advisor: Advisor = Field(description="客户经理")
    consents: Consents = Field(description="授权")
    delivery: Delivery | None = Field(
        default=None, exclude=True, repr=False, description="送达方式, in no plan or document"
    )

    def unaddressed(self) -> Self:
        """The household without the address documents are sent to, as its plan holds it."""
        return self.model_copy(update={"delivery": None})

    def liability(self, reference: str) -> LoanContract:
        """The liability with that id."""
        return next(contract for contract in self.liabilities if contract.id == reference)
