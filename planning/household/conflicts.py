"""What may contradict itself in a household's file, beyond what one field can tell."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeGuard, get_args

from planning.household.profile import (
    PAY,
    PROPERTY,
    Need,
    NeedKind,
    account_conflicts,
    income_conflicts,
)
from planning.household.statutory import statutory_conflicts
from planning.household.tax_conflicts import deduction_conflicts
from planning.loans.conflicts import contract_conflicts
from planning.record_file import Conflict, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.parameters import RulesInForce

SHORT_TERM_MONTHS: Final = 12
"""Short-term lending (短期贷款) runs up to one year."""

MOST_DAYS_PAST_DUE: Final = 3650
PROPERTY_TIER: Final = 3
SECURED_PRODUCTS: Final = ("mortgage", "provident_fund_mortgage", "pledge_loan")

_USES_OF_HOME: Final = ("home_purchase", "down_payment", "refinance")

_STATED_DAYS: Final = (
    ("risk_tolerance", "assessed_on"),
    ("consents", "given_on"),
    ("provident_fund", "contributing_since"),
    ("assets", "valued_on"),
    ("liabilities", "drawn_on"),
    ("liabilities", "reported_on"),
    ("credit_lines", "reported_on"),
    ("credit_enquiries", "counted_on"),
)
_REFERRING: Final = (
    ("income", "owner", "members", "unknown_member"),
    ("provident_fund", "owner", "members", "unknown_member"),
    ("insurance", "insured", "members", "unknown_member"),
    ("liabilities", "borrowers", "members", "unknown_member"),
    ("liabilities", "secured_by", "assets", "unknown_asset"),
    ("prepayment_wish", "liability", "liabilities", "unknown_liability"),
    ("need", "replaces", "liabilities", "unknown_liability"),
    ("need", "collateral", "assets", "unknown_asset"),
)


def household_conflicts(
    data: Mapping[str, Any], as_of: date, rules: RulesInForce | None = None
) -> Iterator[Conflict]:
    """
    What contradicts itself across the fields of a household's file.

    Parameters
    ----------
    data : the raw values of the file, in lists and mappings, so that contradictions are reported
        beside malformed fields; what is missing or malformed is passed over here.
    as_of : day of the plan; nothing stated as a fact may lie after it.
    rules : of that day; without them what the law's numbers rule out is not looked for.
    """
    if rules is not None:
        yield from statutory_conflicts(data, rules)
    yield from _unknown_references(data)
    yield from _repetitions(data)
    yield from _future_days(data, as_of)
    yield from _passed_wishes(data)
    yield from _need_conflicts(data)
    yield from _prepayment_conflicts(data)
    yield from _flow_conflicts(data)
    yield from _pay_conflicts(data)
    yield from _account_conflicts(data)
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
                if reference in known:
                    continue
                if not known:
                    yield (*place, *below), "section_empty", {"section": target}
                    continue
                yield (*place, *below), code, {"known": ", ".join(dict.fromkeys(known))}


def _repetitions(data: Mapping[str, Any]) -> Iterator[Conflict]:
    unique = (
        ("members", "id"),
        ("assets", "id"),
        ("liabilities", "id"),
        ("credit_lines", "id"),
        ("provident_fund", "owner"),
    )
    for section, name in unique:
        references = [item.get(name) for item in _items(data, section)]
        for number, first in _repeated(references):
            yield (section, number, name), "duplicate_id", {"first": f"{section}[{first}]"}
    lists = (("liabilities", ("borrowers", "secured_by")), ("need", ("collateral", "replaces")))
    for section, names in lists:
        for place, item in _placed(data, section):
            for name in names:
                named = _references(item, name)
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
    for place, need in _placed(data, "need"):
        for below, home in _placed(need, "home"):
            built = home.get("built_in")
            if isinstance(built, int) and built > as_of.year:
                yield (*place, *below, "built_in"), "after_as_of", numbers


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
            if need.get(name) not in (None, 0, "none"):
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
    yield from _home_conflicts(need)


def _home_conflicts(need: Mapping[str, Any]) -> Iterator[Conflict]:
    home = need.get("home")
    if not isinstance(home, dict):
        return
    if need.get("kind") != "housing":
        yield ("need", "home"), "home_without_housing", {"kind": need["kind"]}
    amount, price = need.get("amount"), home.get("price")
    if _is_number(amount) and _is_number(price) and amount > price:
        yield ("need", "amount"), "loan_above_price", {"price": str(price)}
    if need.get("use") not in (None, *_USES_OF_HOME):
        yield ("need", "use"), "use_beside_home", {}
    if home.get("built_in") is not None and not home.get("is_second_hand"):
        yield ("need", "home", "built_in"), "built_in_of_new_home", {}


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


def _pay_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Amounts before and after tax, and the deductions they are taxed with."""
    stated: dict[Any, str] = {}
    for place, line in _placed(data, "income"):
        for name, code, numbers in income_conflicts(line):
            yield (*place, name), code, numbers
        if line.get("kind") not in PAY or not isinstance(line.get("owner"), str):
            continue
        # One's tax is on all one's pay: part of it after tax would leave the rest unknown.
        name = "net_amount" if line.get("gross_amount") is None else "gross_amount"
        if stated.setdefault(line["owner"], name) != name:
            yield (*place, name), "pay_partly_gross", {"owner": line["owner"]}
    yield from deduction_conflicts(_items(data, "members"))


def _account_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """How the accounts repay home loans; those of one household do it alike."""
    first: tuple[Any, Any] | None = None
    for place, account in _placed(data, "provident_fund"):
        for name, code, numbers in account_conflicts(account):
            yield (*place, name), code, numbers
        mode = account.get("offset")
        if mode not in ("monthly", "yearly"):
            continue
        terms = mode, account.get("offset_month") if mode == "yearly" else None
        first = first or terms
        if terms != first:
            yield (*place, "offset"), "offsets_differ", {"first": str(first[0])}


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
