"""
The interest subsidies (财政贴息) in force on a day, and whether a loan is eligible for one.

The first-home subsidy is of loans granted within its window and then runs its months; the
consumer subsidy ends with its window. Which principal the first-home subsidy counts from month
to month was not seen in a text: what is still owed is the smaller answer and is taken.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

from pydantic import Field

from planning.loans.subsidy import Subsidy
from planning.record import Record
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from planning.household.profile import HomePurchase
    from planning.parameters import RulesInForce
    from planning.products.offer import Request
    from planning.products.product import Product, ProductTerms

Name = Literal["consumer", "first_home"]
RefusalCode = Literal[
    "not_offered",
    "not_in_force",
    "drawn_outside_window",
    "home_unknown",
    "not_first_home",
    "area_above",
    "price_above",
    "combination",
    "replacement",
    "use_unknown",
    "forbidden_use",
    "not_consumption",
]
_POINTS: Final[Mapping[Name, str]] = {
    "consumer": "subsidy.consumer_points",
    "first_home": "subsidy.first_home_points",
}
_AREA: Final = "subsidy.first_home_most_area_m2"
_PRICE: Final = "subsidy.first_home_most_price_yuan"
_NOT_CONSUMPTION: Final = ("working_capital", "equipment", "business_premises", "refinance")


class Refusal(Record):
    """Why a loan gets no subsidy: the rule it fails and the figures on both sides."""

    code: RefusalCode
    rule: str | None = None
    numbers: dict[str, float | str] = Field(default_factory=dict)


def subsidies(rules: RulesInForce) -> Mapping[Name, Subsidy]:
    """
    Terms of the consumer and the first-home subsidy where they are in force.

    Whether a loan is eligible is `subsidy_refusals`' question.
    """
    terms = {"consumer": _consumer, "first_home": _first_home}
    return {name: terms[name](rules) for name in get_args(Name) if rules.is_in_force(_POINTS[name])}


def granted_subsidies(
    product: Product,
    terms: ProductTerms,
    request: Request,
    home: HomePurchase | None,
    rules: RulesInForce,
) -> Mapping[Name, Subsidy]:
    """The subsidies an offer of this product gets: those in force, if it is eligible."""
    if subsidy_refusals(product, terms, request, home, rules):
        return {}
    return subsidies(rules)


def subsidy_refusals(
    product: Product,
    terms: ProductTerms,
    request: Request,
    home: HomePurchase | None,
    rules: RulesInForce,
) -> tuple[Refusal, ...]:
    """
    Everything that keeps a request from the subsidy its product names.

    Parameters
    ----------
    product, terms, request : as for ``offer``.
    home : the home it buys, None where it buys none or nothing is known of it.
    rules : of the plan's day; a subsidy that is not in force on it is refused.

    Returns
    -------
    Nothing where the loan is eligible. What is not known refuses: nobody is promised money.
    """
    if terms.subsidy == "none":
        return (Refusal(code="not_offered"),)
    points = _POINTS[terms.subsidy]
    if not rules.is_in_force(points):
        return (Refusal(code="not_in_force", rule=points),)
    found = list(_window_refusals(request, points, rules))
    if terms.subsidy == "first_home":
        found += _home_refusals(request, home, rules)
        found += _kind_refusals(product, terms, rules)
    else:
        found += _use_refusals(request, rules)
    return tuple(found)


def window_end(name: str, rules: RulesInForce) -> date | None:
    """Last day a rule is in force without a break, as far as the book knows; None: no end."""
    until = rules.until(name)
    while until is not None and (later := rules.at(until + _DAY)).is_in_force(name):
        until = later.until(name)
    return until


_DAY: Final = timedelta(days=1)


def _consumer(rules: RulesInForce) -> Subsidy:
    cap = rules.entry("subsidy.consumer_yearly_cap_yuan")
    base = "subsidy.consumer_transaction_base_yuan"
    return Subsidy.model_validate(
        {
            "points": rules.value(_POINTS["consumer"]),
            "most_share_of_rate": rules.value("subsidy.consumer_most_share_of_rate"),
            "principal_cap": rules.value(base) if rules.is_in_force(base) else None,
            "yearly_caps": ({"starts_on": cap.since, "amount": rules.value(cap.name)},),
            "starts_on": rules.entry(_POINTS["consumer"]).since,
            "ends_on": window_end(_POINTS["consumer"], rules),
        }
    )


def _first_home(rules: RulesInForce) -> Subsidy:
    return Subsidy.model_validate(
        {
            "points": rules.value(_POINTS["first_home"]),
            "principal_cap": rules.value("subsidy.first_home_principal_cap_yuan"),
            "starts_on": rules.entry(_POINTS["first_home"]).since,
            "most_months": int(rules.value("subsidy.first_home_most_months")),
        }
    )


def _window_refusals(request: Request, points: str, rules: RulesInForce) -> Iterator[Refusal]:
    since, end = rules.entry(points).since, window_end(points, rules)
    drawn_on = request.starts_on
    if drawn_on < since or (end is not None and drawn_on > end):
        yield _refusal(
            "drawn_outside_window", points,
            drawn_on=str(drawn_on), since=str(since), until=str(end or ""),
        )  # fmt: skip


def _home_refusals(
    request: Request, home: HomePurchase | None, rules: RulesInForce
) -> Iterator[Refusal]:
    if home is None:
        yield Refusal(code="home_unknown")
        return
    if not home.is_first_home or request.is_first_home is False:
        yield Refusal(code="not_first_home", rule=_POINTS["first_home"])
    area, price = float(home.area_m2), home.price / FEN_PER_YUAN
    largest = float(rules.value(_AREA))
    if area > largest:
        yield _refusal("area_above", _AREA, value=area, limit=largest)
    dearest = float(rules.value(_PRICE))
    if price > dearest:
        yield _refusal("price_above", _PRICE, value=price, limit=dearest)


def _kind_refusals(product: Product, terms: ProductTerms, rules: RulesInForce) -> Iterator[Refusal]:
    """Combination loans and loans that replace another, where the rule leaves them out."""
    rule = "subsidy.first_home_excluded"
    is_replacing = set(terms.eligibility.uses) == {"refinance"}
    if product.family == "combination" and rules.value(rule, "combination"):
        yield Refusal(code="combination", rule=rule)
    if is_replacing and rules.value(rule, "replacement"):
        yield Refusal(code="replacement", rule=rule)


def _use_refusals(request: Request, rules: RulesInForce) -> Iterator[Refusal]:
    if request.use is None:
        yield Refusal(code="use_unknown")
    elif request.use in _NOT_CONSUMPTION:
        yield Refusal(code="not_consumption", rule=_POINTS["consumer"])
    elif request.use in _forbidden(rules):
        yield Refusal(code="forbidden_use", rule="personal_loan.forbidden_uses")


def _refusal(code: RefusalCode, rule: str, **numbers: float | str) -> Refusal:
    return Refusal(code=code, rule=rule, numbers=numbers)


def _forbidden(rules: RulesInForce) -> tuple[str, ...]:
    """Uses a consumer loan may not have on this day."""
    rule = "personal_loan.forbidden_uses"
    value = rules.entry(rule).value if rules.is_in_force(rule) else {}
    return tuple(use for use, flag in value.items() if flag) if isinstance(value, dict) else ()
