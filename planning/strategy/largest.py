"""
How large a loan the household could carry (可贷金额), and what holds it there.

Every constraint grows harder with the loan, so the largest one is found by bisection on the
house's step. Loads between two exact schedules are read off the straight line between them; the
amount found, and the next step, are then proved on schedules of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from planning.errors import TermsError
from planning.household.profile import HOUSING
from planning.strategy.affordability import (
    Constraint,
    Limits,
    Standing,
    constraints,
    own_share_yuan,
)
from planning.strategy.choice import Binding, ConstraintCode, LargestLoan
from planning.strategy.eligibility import fund_amount, most_on_collateral_yuan
from planning.strategy.quote import Desk, Load, broken_rules, quote_checks
from planning.units import FEN_PER_YUAN, Fen, yuan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from planning.strategy.choice import Situation
    from planning.strategy.reason import Number

DOWN_PAYMENT = {True: "mortgage.min_down_payment_first", False: "mortgage.min_down_payment_second"}


def largest_loan(counter: Desk, who: Standing, lines: Limits) -> LargestLoan:
    """
    The largest loan of a product within every constraint, over the term asked.

    Parameters
    ----------
    counter : the product and the request.
    who : the household, what it gives as security taken off.

    Notes
    -----
    The more of a home's price, or of debts to be settled, is lent, the less own money it takes:
    the reserve then asks for a least amount, and every other constraint for a most.
    """
    sizing = Sizing(counter, who, lines, tuple(_caps(counter)))
    pieces = tuple(_pieces(sizing))
    steps = settled(sizing, _most_that(sizing, pieces, sizing.held) or 0)
    amount = _all_owed(sizing, steps)
    lawful = _lawful(counter, amount, lines.step)
    binds = "law" if lawful < amount else sizing.broken(_next(sizing, lawful))[0]
    least = _least(sizing, pieces, lawful)
    if least is None and lawful > 0:
        binds = "reserve"
    is_enough = least is not None and lawful >= counter.terms.amount.least
    return LargestLoan(
        product=counter.product.id,
        amount_fen=lawful if is_enough else 0,
        least_fen=least or 0,
        step_fen=lines.step,
        months=counter.request.months,
        binds=binds,
        bindings=(
            *sizing.caps,
            *_bindings(sizing, pieces),
            *_law_binding(counter, amount, lawful),
        ),
    )


@dataclass(frozen=True, slots=True)
class Sizing:
    """A product, the household and every line its loan must stay within."""

    counter: Desk
    who: Standing
    lines: Limits
    caps: tuple[Binding, ...]

    @property
    def is_shared(self) -> bool:
        """Whether what is not lent must come out of the household's own money."""
        situation = self.counter.situation
        return situation.household.need.home is not None or bool(situation.replaced)

    def standing(self, amount: Fen) -> Standing:
        """The household when that much is lent and it pays the rest itself."""
        if not self.is_shared:
            return self.who
        share = own_share_yuan(self.counter.situation, amount)
        return replace(self.who, own_share_yuan=share)

    def constraints(self, amount: Fen, load: Load) -> tuple[Constraint, ...]:
        """The constraints on the load of an amount."""
        return constraints(self.standing(amount), load, self.lines)

    def held(self, amount: Fen, load: Load) -> bool:
        """Whether every constraint that asks for a most is kept."""
        return all(one.holds for one in self.constraints(amount, load) if self._asks_for_most(one))

    def broken(self, amount: Fen) -> tuple[ConstraintCode, ...]:
        """Constraints that ask for a most and are broken, on the exact schedule, in order."""
        over = tuple(cap.code for cap in self.caps if yuan(amount) > (cap.most_yuan or 0.0))
        if amount <= 0:
            return over
        try:
            load = self.counter.load(amount)
        except TermsError:
            return over or ("product",)
        asked = (one for one in self.constraints(amount, load) if self._asks_for_most(one))
        return (*over, *(one.code for one in asked if not one.holds))

    def keeps_reserve(self, amount: Fen) -> bool:
        """Whether the reserve is left when that much is lent."""
        load = self.counter.load(amount)
        return all(one.holds for one in self.constraints(amount, load) if one.code == "reserve")

    def _asks_for_most(self, one: Constraint) -> bool:
        return not (self.is_shared and one.code == "reserve")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Amounts on the step from `least` to `most` over which the load is a straight line."""

    least: Fen
    most: Fen
    at_least: Load
    at_most: Load

    def load(self, amount: Fen) -> Load:
        """The load of an amount, up to the rounding of its instalments."""
        along = (amount - self.least) / (self.most - self.least) if self.most > self.least else 0.0
        low, high = self.at_least, self.at_most
        return Load(
            low.monthly_yuan + along * (high.monthly_yuan - low.monthly_yuan),
            low.stressed_yuan + along * (high.stressed_yuan - low.stressed_yuan),
            low.is_housing,
            low.lump_yuan + along * (high.lump_yuan - low.lump_yuan),
            low.months,
        )


def _caps(counter: Desk) -> Iterator[Binding]:
    """Constraints on the amount itself."""
    situation, terms = counter.situation, counter.terms
    if situation.payoff is not None:
        yield Binding(code="payoff", most_yuan=yuan(situation.payoff), rule=None)
    yield Binding(code="product", most_yuan=yuan(terms.amount.most), rule=None)
    if terms.collateral:
        most = most_on_collateral_yuan(situation, terms.collateral)
        ceiling = _most_on_home(situation) if counter.product.kind in HOUSING else None
        yield from _nearer(most, ceiling)
    if counter.product.family == "provident_fund":
        fund = fund_amount(situation)
        yield Binding(code="provident_fund", most_yuan=yuan(fund or 0), rule=None)


def _nearer(most: float | None, ceiling: Binding | None) -> Iterator[Binding]:
    """The lender's own share of the collateral's value, or the law's where it is lower."""
    if ceiling is not None and (most is None or (ceiling.most_yuan or 0.0) <= most):
        yield ceiling
    elif most is not None:
        yield Binding(code="loan_to_value", most_yuan=most, rule=None)


def _most_on_home(situation: Situation) -> Binding | None:
    home = situation.household.need.home
    if home is None:
        return None
    rule = DOWN_PAYMENT[home.is_first_home]
    if not situation.rules.is_in_force(rule):
        return None
    share = situation.rules.value(rule)
    most = float(Decimal(home.price) / FEN_PER_YUAN * (1 - share))
    numbers: dict[str, Number] = {"down_payment_share": float(share)}
    return Binding(code="loan_to_value", most_yuan=most, rule=rule, numbers=numbers)


def _pieces(sizing: Sizing) -> Iterator[_Piece]:
    """Stretches of amounts with one rate each, the highest amounts first."""
    counter, step = sizing.counter, sizing.lines.step
    most_yuan = min(cap.most_yuan or 0.0 for cap in sizing.caps)
    highest = _down(round(most_yuan * FEN_PER_YUAN), step)
    bends = {cell.amount_up_to for cell in counter.terms.pricing if cell.amount_up_to}
    if counter.product.family == "combination":
        bends.add(fund_amount(counter.situation) or 0)
    edges = sorted({0, highest, *(_down(bend, step) for bend in bends if bend < highest)})
    for below, most in reversed(list(pairwise(edges))):
        least = below + step
        try:
            loads = counter.load(least), counter.load(most)
        except TermsError:
            continue
        yield _Piece(least, most, *loads)


def _down(amount: Fen, step: Fen) -> Fen:
    return amount // step * step


def _most_that(
    sizing: Sizing, pieces: Sequence[_Piece], fits: Callable[[Fen, Load], bool]
) -> Fen | None:
    """The largest amount that fits; None where none does."""
    for piece in pieces:
        if fits(piece.least, piece.at_least):
            return _most_within(piece, fits, sizing.lines.step)
    return None


def _most_within(piece: _Piece, fits: Callable[[Fen, Load], bool], step: Fen) -> Fen:
    return last_that(piece.least, piece.most, step, lambda amount: fits(amount, piece.load(amount)))


def last_that(least: Fen, most: Fen, step: Fen, fits: Callable[[Fen], bool]) -> Fen:
    """
    The largest amount on the step that fits, when `least` does and fitting ends once.

    Examples
    --------
    >>> last_that(10, 100, 10, lambda amount: amount < 55)
    50
    """
    low, high = 0, (most - least) // step
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(least + middle * step) else (low, middle - 1)
    return least + low * step


def settled(sizing: Sizing, guess: Fen) -> Fen:
    """The guess, moved by the steps that the rounding of real instalments makes it move."""
    amount, step = guess, sizing.lines.step
    while amount > 0 and sizing.broken(amount):
        amount -= step
    while not sizing.broken(amount + step):
        amount += step
    return amount


def _all_owed(sizing: Sizing, amount: Fen) -> Fen:
    """What the replaced debts owe to the 分, where only the whole step keeps the loan below it."""
    following = _next(sizing, amount)
    is_all = following == sizing.counter.situation.payoff and not sizing.broken(following)
    return following if is_all else amount


def _next(sizing: Sizing, amount: Fen) -> Fen:
    """The amount after this one: a step more, or all that is owed where that comes before it."""
    owed, step = sizing.counter.situation.payoff, sizing.lines.step
    return owed if owed is not None and amount < owed < amount + step else amount + step


def _bindings(sizing: Sizing, pieces: Sequence[_Piece]) -> Iterator[Binding]:
    """The most each constraint allows by itself; None where it allows all that is lent."""
    for one in sizing.constraints(pieces[0].least, pieces[0].at_least) if pieces else ():
        if not (sizing.is_shared and one.code == "reserve"):
            most = _most_that(sizing, pieces, partial(_keeps, sizing, one.code))
            allowed = None if most == pieces[0].most else yuan(most or 0)
            yield Binding(code=one.code, most_yuan=allowed, rule=one.rule)


def _keeps(sizing: Sizing, code: ConstraintCode, amount: Fen, load: Load) -> bool:
    return all(one.holds for one in sizing.constraints(amount, load) if one.code == code)


def _lawful(counter: Desk, amount: Fen, step: Fen) -> Fen:
    """The largest amount up to `amount` whose contracts break no rule; 0 where none is."""

    def is_lawful(asked: Fen) -> bool:
        return not broken_rules(quote_checks(counter.quote(asked), counter.situation))

    if amount <= 0 or is_lawful(amount):
        return amount
    return last_that(step, amount, step, is_lawful) if is_lawful(step) else 0


def _law_binding(counter: Desk, amount: Fen, lawful: Fen) -> Iterator[Binding]:
    if lawful == amount:
        return
    broken = broken_rules(quote_checks(counter.quote(amount), counter.situation))
    yield Binding(code="law", most_yuan=yuan(lawful), rule=broken[0].rule)


def _least(sizing: Sizing, pieces: Sequence[_Piece], amount: Fen) -> Fen | None:
    """The least amount that leaves the reserve; 0 where none is asked, None where none does."""
    if not sizing.is_shared:
        return 0
    if amount <= 0 or not sizing.keeps_reserve(amount):
        return None
    lacking = _most_that(sizing, pieces, partial(_lacks, sizing))
    least = 0 if lacking is None else lacking + sizing.lines.step
    return min(max(least, _least_combined(sizing)), amount)


def _least_combined(sizing: Sizing) -> Fen:
    """A combination begins a step above what the fund lends alone; 0 of any other loan."""
    if sizing.counter.product.family != "combination":
        return 0
    step = sizing.lines.step
    return _down(fund_amount(sizing.counter.situation) or 0, step) + step


def _lacks(sizing: Sizing, amount: Fen, load: Load) -> bool:
    return not _keeps(sizing, "reserve", amount, load)
