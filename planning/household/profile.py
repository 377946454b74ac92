"""
A household as its file states it, and what may contradict itself in such a file.

Money is 元 in the file and integer 分 here; rates are fractions. Every amount of income is after
tax and social insurance (到手).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeGuard, get_args

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from planning.fields import Fraction, Growth, Money, Reference, Text
from planning.loans.contract import MAX_TERM_MONTHS, LoanContract, contract_conflicts
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHORT_TERM_MONTHS: Final = 12
"""Short-term lending (短期贷款) runs up to one year."""

MOST_DAYS_PAST_DUE: Final = 3650
PROPERTY: Final = ("home", "investment_property", "shop")
PROPERTY_TIER: Final = 3
SECURED_PRODUCTS: Final = ("mortgage", "provident_fund_mortgage", "pledge_loan")

_DEVICE_NAMES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_PERSONAL_NUMBERS = re.compile(r"[0-9]{15,}|(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
"""Identity and card numbers; mobile numbers."""


def _opaque(reference: str) -> str:
    if _DEVICE_NAMES.fullmatch(reference):
        raise PydanticCustomError("reserved_name", "a name that is no device of Windows")
    if _PERSONAL_NUMBERS.search(reference):
        raise PydanticCustomError("personal_number", "a reference that identifies nobody")
    return reference


ClientReference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$"), AfterValidator(_opaque)
]
"""Opaque: it names files and folders, so it must say nothing about the person."""

DisplayName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+$",
    ),
]
"""One line in any script, without control characters or changes of writing direction."""

PositiveMoney = Annotated[Money, Field(gt=0, json_schema_extra={"exclusiveMinimum": 0})]
MonthOfYear = Annotated[int, Field(ge=1, le=12)]
Frequency = Literal["monthly", "yearly"]
NeedKind = Literal["consumption", "housing", "business", "education", "refinance", "none"]


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


class Need(Record):
    """
    What the household wants from its liabilities (负债需求).

    With a kind other than ``none``, `term`, `amount` and `purpose` must be there; with ``none``
    nothing else may be.
    """

    kind: NeedKind = Field(description="需求类型")
    term: Literal["short", "long"] | None = Field(
        default=None, description="短期 (up to 12 months) or 中长期"
    )
    amount: Money = Field(default=0, description="所需金额, 元")
    purpose: Text | None = Field(default=None, description="用途")
    wanted_by: date | None = Field(default=None, description="希望到位日期")
    term_months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)] | None = Field(
        default=None, description="拟借期限, months"
    )
    quoted_annual_rate: Fraction | None = Field(
        default=None, description="已获报价, a lender's quote in hand, fraction per year"
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


class Income(Record):
    """One stream of income, after tax and social insurance (到手收入)."""

    owner: Reference = Field(description="id of the member who earns it")
    kind: Literal[
        "salary", "bonus", "freelance", "business", "rent", "pension", "investment", "other"
    ] = Field(description="收入类型")
    net_amount: PositiveMoney = Field(description="到手金额, 元 each time it is paid")
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
    """A member's housing provident fund account (住房公积金)."""

    owner: Reference = Field(description="id of the member")
    balance: Money = Field(description="账户余额, 元")
    monthly_deposit: Money = Field(description="月缴存额, 元 a month, both sides together")


class Insurance(Record):
    """A policy that pays when something happens (保障)."""

    insured: Reference = Field(description="被保险人, id of the member")
    kind: Literal["life", "critical_illness", "medical", "accident", "disability", "property"] = (
        Field(description="险种")
    )
    sum_assured: Money = Field(description="保额, 元")
    ends_on: date | None = Field(default=None, description="保障到期日; absent: for life")


class GuaranteeGiven(Record):
    """A guarantee for somebody else's debt: a contingent liability (对外担保, 或有负债)."""

    beneficiary: Text = Field(description="被担保人")
    lender: Text = Field(description="债权人")
    amount: PositiveMoney = Field(description="担保金额, 元")
    ends_on: date = Field(description="担保到期日")


class Advisor(Record):
    """Who signs the plan (客户经理)."""

    name: Text = Field(description="姓名")
    institution: Text = Field(description="所属机构")
    contact: Text | None = Field(default=None, description="联系方式")


class Consents(Record):
    """What the household has agreed to, and until when (授权)."""

    plan_document: bool = Field(description="同意编制负债规划书")
    email: bool = Field(default=False, description="同意以电子邮件发送")
    given_on: date = Field(description="授权日期")
    ends_on: date | None = Field(default=None, description="授权到期日")


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
    goals: tuple[Goal, ...] = Field(default=(), description="目标")
    prepayment_wish: PrepaymentWish | None = Field(default=None, description="提前还款意向")
    income: tuple[Income, ...] = Field(default=(), description="收入, after tax")
    expenses: tuple[Expense, ...] = Field(min_length=1, description="支出, without debt service")
    assets: tuple[Asset, ...] = Field(default=(), description="资产")
    provident_fund: tuple[ProvidentFund, ...] = Field(default=(), description="住房公积金账户")
    insurance: tuple[Insurance, ...] = Field(default=(), description="保障")
    liabilities: tuple[LoanContract, ...] = Field(default=(), description="负债, one a contract")
    guarantees_given: tuple[GuaranteeGiven, ...] = Field(default=(), description="对外担保")
    advisor: Advisor = Field(description="客户经理")
    consents: Consents = Field(description="授权")

    def asset(self, reference: str) -> Asset:
        """The asset with that id."""
        return next(asset for asset in self.assets if asset.id == reference)

    def liability(self, reference: str) -> LoanContract:
        """The liability with that id."""
        return next(contract for contract in self.liabilities if contract.id == reference)


Place = tuple[str | int, ...]
Conflict = tuple[Place, str, dict[str, Any]]
"""Where a contradiction is, its code, and what its text needs."""

_STATED_DAYS: Final = (
    ("risk_tolerance", "assessed_on"),
    ("consents", "given_on"),
    ("assets", "valued_on"),
    ("liabilities", "drawn_on"),
    ("liabilities", "reported_on"),
)
_REFERRING: Final = (
    ("income", "owner", "members", "unknown_member"),
    ("provident_fund", "owner", "members", "unknown_member"),
    ("insurance", "insured", "members", "unknown_member"),
    ("liabilities", "borrowers", "members", "unknown_member"),
    ("liabilities", "secured_by", "assets", "unknown_asset"),
    ("prepayment_wish", "liability", "liabilities", "unknown_liability"),
)


def household_conflicts(data: Mapping[str, Any], as_of: date) -> Iterator[Conflict]:
    """
    What contradicts itself across the fields of a household's file.

    Parameters
    ----------
    data : the raw values of the file, in lists and mappings, so that contradictions are reported
        beside malformed fields; what is missing or malformed is passed over here.
    as_of : day of the plan; nothing stated as a fact may lie after it.
    """
    yield from _unknown_references(data)
    yield from _repetitions(data)
    yield from _future_days(data, as_of)
    yield from _passed_wishes(data)
    yield from _need_conflicts(data)
    yield from _prepayment_conflicts(data)
    yield from _flow_conflicts(data)
    yield from _asset_conflicts(data)
    for place, liability in _placed(data, "liabilities"):
        for below, code, numbers in _liability_conflicts(liability):
            yield (*place, *below), code, numbers


def _unknown_references(data: Mapping[str, Any]) -> Iterator[Conflict]:
    for section, name, target, code in _REFERRING:
        known = _ids(data, target)
        if known is None:
            continue
        for place, item in _placed(data, section):
            for below, reference in _references(item, name):
                if reference not in known:
                    yield (*place, *below), code, {"known": ", ".join(dict.fromkeys(known))}


def _repetitions(data: Mapping[str, Any]) -> Iterator[Conflict]:
    unique = (
        ("members", "id"),
        ("assets", "id"),
        ("liabilities", "id"),
        ("provident_fund", "owner"),
    )
    for section, name in unique:
        references = [item.get(name) for item in _items(data, section)]
        for number, first in _repeated(references):
            yield (section, number, name), "duplicate_id", {"first": f"{section}[{first}]"}
    for place, liability in _placed(data, "liabilities"):
        for name in ("borrowers", "secured_by"):
            named = _references(liability, name)
            for number, _ in _repeated([reference for _, reference in named]):
                yield (*place, *named[number][0]), "named_twice", {}


def _repeated(references: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Position of each text that has occurred before, and of its first occurrence."""
    for position, reference in enumerate(references):
        first = references.index(reference)
        if isinstance(reference, str) and first < position:
            yield position, first


def _future_days(data: Mapping[str, Any], as_of: date) -> Iterator[Conflict]:
    numbers = {"as_of": as_of.isoformat()}
    stated = (
        ((*place, name), item.get(name))
        for section, name in _STATED_DAYS
        for place, item in _placed(data, section)
    )
    for place, day in ((("reported_on",), data.get("reported_on")), *stated):
        if _is_before(as_of, day):
            yield place, "after_as_of", numbers
    for place, member in _placed(data, "members"):
        born = member.get("birth_year")
        if isinstance(born, int) and born > as_of.year:
            yield (*place, "birth_year"), "after_as_of", numbers


def _passed_wishes(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Days wished for that had passed when the household stated them."""
    reported = data.get("reported_on")
    for section in ("need", "goals"):
        for place, wish in _placed(data, section):
            if _is_before(wish.get("wanted_by"), reported):
                yield (*place, "wanted_by"), "wished_in_past", {"reported_on": str(reported)}


def _need_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    need = data.get("need")
    if not isinstance(need, dict) or need.get("kind") not in get_args(NeedKind):
        return
    kind = need["kind"]
    if kind == "none":
        for name in Need.model_fields.keys() - {"kind"}:
            if need.get(name) not in (None, 0):
                yield ("need", name), "need_is_none", {}
        return
    for name in ("term", "amount", "purpose"):
        if need.get(name) in (None, 0):
            yield ("need", name), "needed_with_need", {"kind": kind}
    term, months = need.get("term"), need.get("term_months")
    is_short = isinstance(months, int) and months <= SHORT_TERM_MONTHS
    if isinstance(months, int) and term == ("long" if is_short else "short"):
        yield ("need", "term"), "term_against_months", {"months": months}
    if kind == "refinance" and not data.get("liabilities"):
        yield ("need", "kind"), "nothing_to_refinance", {}


def _prepayment_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    for _, wish in _placed(data, "prepayment_wish"):
        named = (c for c in _items(data, "liabilities") if c.get("id") == wish.get("liability"))
        wished = next(named, {})
        if wished.get("method") in ("flat_fee", "bullet"):
            yield ("prepayment_wish", "liability"), "no_partial_prepayment", {}
        amount, principal = wish.get("amount"), wished.get("principal")
        if _is_number(amount) and _is_number(principal) and amount > principal:
            numbers = {"principal": str(principal)}
            yield ("prepayment_wish", "amount"), "wish_above_principal", numbers


def _flow_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    for section, start in (
        ("income", "starts_on"),
        ("expenses", "starts_on"),
        ("consents", "given_on"),
    ):
        for place, line in _placed(data, section):
            if _is_before(line.get("ends_on"), line.get(start)):
                yield (*place, "ends_on"), "ends_before_start", {"start": str(line[start])}
            if line.get("frequency") == "monthly" and line.get("paid_in_month") is not None:
                yield (*place, "paid_in_month"), "only_with_yearly", {}


def _asset_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Property counted as cash, and collateral that would be taken for a reserve."""
    secured = {
        asset: str(liability.get("id"))
        for liability in _items(data, "liabilities")
        for _, asset in _references(liability, "secured_by")
    }
    for place, asset in _placed(data, "assets"):
        tier, reference = asset.get("liquidity_tier"), asset.get("id")
        if asset.get("kind") in PROPERTY and isinstance(tier, int) and tier < PROPERTY_TIER:
            yield (*place, "liquidity_tier"), "tier_of_property", {"tier": PROPERTY_TIER}
        is_reserve = asset.get("is_pledged") in (None, False)
        if is_reserve and isinstance(reference, str) and reference in secured:
            numbers = {"liability": secured[reference]}
            yield (*place, "is_pledged"), "pledge_not_marked", numbers


def _liability_conflicts(liability: Mapping[str, Any]) -> Iterator[Conflict]:
    for name, code, numbers in contract_conflicts(liability):
        yield (name,), code, numbers
    if liability.get("product") in SECURED_PRODUCTS and not liability.get("secured_by"):
        yield ("secured_by",), "collateral_missing", {"product": liability["product"]}
    first_due, overdue_from = liability.get("first_due"), _overdue_from(liability)
    if _is_before(overdue_from, first_due):
        yield ("days_past_due",), "overdue_before_due", {"first_due": str(first_due)}
    before = liability.get("drawn_on")
    for place, change in _placed(liability.get("rate"), "spread_changes"):
        day = change.get("starts_on")
        if isinstance(before, date) and isinstance(day, date) and day <= before:
            yield ("rate", *place, "starts_on"), "days_not_ascending", {"before": str(before)}
        before = day


def _overdue_from(liability: Mapping[str, Any]) -> date | None:
    reported, days = liability.get("reported_on"), liability.get("days_past_due")
    if not isinstance(reported, date) or not isinstance(days, int):
        return None
    return reported - timedelta(days=days) if 0 < days <= MOST_DAYS_PAST_DUE else None


def _ids(data: Mapping[str, Any], section: str) -> list[str] | None:
    """The ids of a section in its order; None when one of them cannot be known."""
    ids = [item.get("id") for item in _items(data, section)]
    is_readable = isinstance(data.get(section, []), list) and (ids or section != "members")
    texts = [reference for reference in ids if isinstance(reference, str)]
    return texts if is_readable and len(texts) == len(ids) else None


def _placed(data: Any, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The mappings of a section, or the one mapping it is, each with its place."""
    if isinstance(data, dict) and isinstance(data.get(section), dict):
        yield (section,), data[section]
    for number, item in enumerate(_items(data, section)):
        yield (section, number), item


def _items(data: Any, section: str) -> list[dict[str, Any]]:
    """The mappings of a list, empty ones in place of what is malformed."""
    value = data.get(section) if isinstance(data, dict) else None
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else {} for item in value]


def _references(item: Mapping[str, Any], name: str) -> list[tuple[Place, str]]:
    """The reference a field holds, or those of its list, each with its place."""
    value = item.get(name)
    if isinstance(value, str):
        return [((name,), value)]
    listed = enumerate(value) if isinstance(value, list) else ()
    return [((name, number), text) for number, text in listed if isinstance(text, str)]


def _is_before(first: Any, second: Any) -> bool:
    return isinstance(first, date) and isinstance(second, date) and first < second


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
