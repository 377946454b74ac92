"""What contradicts itself in one contract, on validated and on raw values alike."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeGuard

from planning.dates import add_months
from planning.loans.rate_terms import FIRST_LPR_ON
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TERM_MONTHS = 480
FORTNIGHT_DAYS = 14
FORTNIGHTS_PER_YEAR = 26
FORTNIGHTLY = ("fortnightly", "accelerated_fortnightly")
MOST_DAYS = 31
WITH_GRACE = ("equal_instalment", "equal_principal")

Conflict = tuple[str, str, dict[str, Any]]
"""Field, code of what is wrong, and what its text needs."""


def contract_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """
    Fields of one contract that contradict each other.

    Works on validated and on raw values alike, so that a file's contradictions are reported
    beside its malformed fields; what is missing or malformed is passed over here.
    """
    yield from _date_conflicts(values)
    method, kind = values.get("method"), _kind(values.get("rate"))
    if kind and method and (method == "flat_fee") != (kind == "flat_fee"):
        yield "rate", "method_needs_rate", {"method": method, "kind": kind}
    if values.get("instalment_of") and values.get("product") not in (None, "card_instalment"):
        yield "instalment_of", "only_card_instalments", {"kind_field": "product"}
    principal, balance = values.get("principal"), values.get("current_balance")
    if _is_number(principal) and _is_number(balance) and balance > principal:
        yield "current_balance", "balance_above_principal", {}
    fee = values.get("upfront_fee")
    if _is_number(principal) and _is_number(fee) and fee >= principal:
        yield "upfront_fee", "fee_above_principal", {}
    if (balance is not None or values.get("days_past_due")) and values.get("reported_on") is None:
        yield "reported_on", "report_day_missing", {}
    yield from _method_conflicts(values)
    yield from _index_conflicts(values.get("rate"), values.get("drawn_on"))
    yield from _stage_conflicts(values.get("rate"), values.get("drawn_on"))
    yield from _event_conflicts(values)
    yield from _convention_conflicts(values)
    yield from _maturity_conflicts(values)


def _method_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """Fields that go with some methods only."""
    method, term = values.get("method"), values.get("term_months")
    notional, grace = values.get("notional_months"), values.get("grace")
    if method == "balloon" and notional is None:
        yield "notional_months", "balloon_needs_notional", {}
    elif method != "balloon" and method and notional is not None:
        yield "notional_months", "notional_needs_balloon", {}
    elif isinstance(notional, int) and isinstance(term, int) and notional < term:
        yield "notional_months", "notional_below_term", {"term": term}
    months = part(grace, "months")
    if grace is not None and method and method not in WITH_GRACE:
        yield "grace", "grace_method", {"allowed": ", ".join(WITH_GRACE)}
    elif isinstance(months, int) and isinstance(term, int) and months >= term:
        yield "grace", "grace_too_long", {"term": term}
    if values.get("monthly_fee") and method in ("bullet", *FORTNIGHTLY):
        yield "monthly_fee", "monthly_fee_method", {"method": method}
    if values.get("subsidy") is not None and method == "flat_fee":
        yield "subsidy", "subsidy_needs_rate", {}
    rate, late_terms = values.get("rate"), values.get("late_terms")
    has_no_rate = _kind(rate) == "flat_fee" or part(rate, "annual_rate") == 0
    if has_no_rate and part(late_terms, "penalty_uplift") is not None:
        yield "late_terms", "uplift_needs_rate", {}


def _convention_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    conventions, due_day = values.get("conventions"), values.get("due_day")
    count = part(conventions, "day_count") or "monthly"
    if part(conventions, "instalment_basis") == "actual_days" and not str(count).startswith(
        "actual"
    ):
        yield "conventions", "basis_needs_days", {}
    first_due = values.get("first_due")
    if isinstance(due_day, int) and isinstance(first_due, date) and 1 <= due_day <= MOST_DAYS:
        fits = add_months(first_due, 0, due_day)
        if fits != first_due or values.get("method") in ("bullet", *FORTNIGHTLY):
            yield "due_day", "due_day_against_first", {"first_due": first_due.isoformat()}


def _index_conflicts(rate: Any, starts_on: Any) -> Iterator[Conflict]:
    """An LPR contract, or a stage of one, from before there was an LPR."""
    index = part(rate, "index")
    is_lpr = isinstance(index, str) and index.startswith("lpr")
    if is_lpr and isinstance(starts_on, date) and starts_on <= FIRST_LPR_ON:
        yield "drawn_on", "before_index", {"first": FIRST_LPR_ON.isoformat()}


def _stage_conflicts(rate: Any, drawn_on: Any) -> Iterator[Conflict]:
    """Stages of a stepped rate cover the contract from drawdown on, each after the one before."""
    stages = [stage for stage in listed(rate, "stages") if part(stage, "starts_on")]
    days = [part(stage, "starts_on") for stage in stages]
    if not all(isinstance(day, date) for day in (*days, drawn_on)) or not stages:
        return
    if days[0] != drawn_on:
        yield "rate", "first_stage_at_drawdown", {"drawn_on": drawn_on.isoformat()}
    if any(later <= earlier for earlier, later in pairwise(days)):
        yield "rate", "stages_not_ascending", {}
    if _kind(part(stages[0], "rate")) == "converted":
        yield "rate", "converted_first", {}
    for stage, day in zip(stages, days, strict=True):
        yield from _index_conflicts(part(stage, "rate"), day)


def _event_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    drawn = values.get("drawn_on")
    for event in listed(values, "events"):
        day = part(event, "paid_on") or part(event, "starts_on")
        if isinstance(drawn, date) and isinstance(day, date) and day <= drawn:
            yield "events", "event_before_drawdown", {"drawn_on": drawn.isoformat()}
        mode = part(event, "mode")
        if mode == "target_date" and part(event, "ends_by") is None:
            yield "events", "target_missing", {"needed": "ends_by"}
        if mode == "target_instalment" and part(event, "instalment") is None:
            yield "events", "target_missing", {"needed": "instalment"}
        if values.get("method") == "flat_fee" and part(event, "kind") != "settlement":
            yield "events", "flat_fee_event", {}
        if values.get("method") == "bullet" and part(event, "kind") == "deferral":
            yield "events", "deferral_of_bullet", {}
    yield from _late_term_changes(values)


def _late_term_changes(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """Extensions and deferrals from after the contract's end."""
    first_due, term = values.get("first_due"), values.get("term_months")
    if not isinstance(first_due, date) or not _is_term(term):
        return
    ends_on = _matures_on(values.get("method"), first_due, term)
    changes = [e for e in listed(values, "events") if isinstance(part(e, "starts_on"), date)]
    for event in sorted(changes, key=lambda event: part(event, "starts_on")):
        if part(event, "starts_on") > ends_on:
            yield "events", "change_after_end", {"matures_on": ends_on.isoformat()}
            return
        months = part(event, "months") or part(event, "periods")
        ends_on = add_months(ends_on, months if _is_term(months) else 0)


def _maturity_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """A balance after the last due day, with nothing said to be past due."""
    first_due, term = values.get("first_due"), values.get("term_months")
    reported, balance = values.get("reported_on"), values.get("current_balance")
    if not (isinstance(first_due, date) and isinstance(reported, date) and _is_number(balance)):
        return
    if not _is_term(term):
        return
    matures_on = _matures_on(values.get("method"), first_due, term)
    if reported >= matures_on and balance > 0 and not values.get("days_past_due"):
        yield "current_balance", "matured_with_balance", {"matures_on": matures_on.isoformat()}


def _matures_on(method: Any, first_due: date, term: int) -> date:
    if method == "bullet":
        return first_due
    if method in FORTNIGHTLY:
        periods = -(-term * FORTNIGHTS_PER_YEAR // MONTHS_PER_YEAR)
        return first_due + timedelta(days=FORTNIGHT_DAYS * (periods - 1))
    return add_months(first_due, term - 1)


def _date_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    drawn, first_due = values.get("drawn_on"), values.get("first_due")
    term, reported = values.get("term_months"), values.get("reported_on")
    if isinstance(drawn, date) and isinstance(reported, date) and reported < drawn:
        yield "reported_on", "before_drawdown", {"drawn_on": drawn.isoformat()}
    if not (isinstance(drawn, date) and isinstance(first_due, date)):
        return
    if first_due <= drawn:
        yield "first_due", "not_after_drawdown", {"drawn_on": drawn.isoformat()}
    elif values.get("method") == "bullet" and isinstance(term, int) and 0 < term <= MAX_TERM_MONTHS:
        maturity = add_months(drawn, term)
        if first_due != maturity:
            yield "first_due", "bullet_due_at_maturity", {"matures_on": maturity.isoformat()}
    elif values.get("method") != "bullet" and first_due > add_months(drawn, 2):
        yield "first_due", "first_due_too_late", {"latest": add_months(drawn, 2).isoformat()}


def _is_term(months: Any) -> TypeGuard[int]:
    return isinstance(months, int) and 0 < months <= MAX_TERM_MONTHS


def listed(whole: Any, name: str) -> list[Any]:
    """The items of a list field; none where it is malformed."""
    items = part(whole, name)
    return list(items) if isinstance(items, (list, tuple)) else []


def part(whole: Any, name: str) -> Any:
    """A field of a record or of the mapping it is read from; None where there is none."""
    return whole.get(name) if isinstance(whole, dict) else getattr(whole, name, None)


def _kind(rate: Any) -> str | None:
    kind = part(rate, "kind")
    return kind if isinstance(kind, str) else None


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
