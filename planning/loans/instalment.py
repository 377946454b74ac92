"""
The instalment of a contract: set, kept, lowered or shortened, from what is still owed.

What a prepayment does to the instalment and to the end stands here; when interest is counted and
rows are written is ``planning.loans.ledger``'s.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, log1p
from typing import TYPE_CHECKING

from planning.errors import TermsError
from planning.loans.accrual import as_fraction, odd_days
from planning.loans.annuity import level_payment, level_payment_by_days
from planning.units import MONTHS_PER_YEAR, Fen, rounded, yuan

if TYPE_CHECKING:
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.events import Prepayment

LEVEL = ("equal_instalment", "balloon", "fortnightly", "accelerated_fortnightly")
SHARED = ("equal_principal", "flat_fee")


class Instalment:
    """
    What is owed, by when it is to be repaid, and the instalment that follows.

    ``last_period`` clears the balance; ``amortised_by`` is the period the instalment aims at, a
    later one on a balloon loan. While ``is_open`` the instalment is set at the next period.
    ``yields`` is the interest of one equal part of a year on 1 分, numerator and denominator.
    """

    def __init__(self, contract: LoanContract) -> None:
        self.contract = contract
        self.balance = contract.principal
        self.last_period = contract.periods
        self.amortised_by = max(contract.notional_months or 0, self.last_period)
        self.level = 0
        self.share = 0
        self.rate: Decimal | None = None
        self.yields = (0, 1)
        self.is_open = True

    def fork(self) -> Instalment:
        """The same instalment, to go its own way."""
        other = Instalment.__new__(Instalment)
        other.__dict__.update(self.__dict__)
        return other

    def open_period(self, period: int, annual_rate: Decimal) -> None:
        """Begin a period: set the instalment where it is open, re-level it where the rate moved."""
        is_open, has_moved = self.is_open, annual_rate != self.rate
        self.rate, self.is_open = annual_rate, False
        if has_moved:
            rate, base = annual_rate.as_integer_ratio()
            self.yields = rate, base * self.contract.periods_per_year
        if is_open:
            self._set_share(period - 1)
        if is_open or has_moved:
            self._set_level(period - 1)
        if period == 1 and self.contract.method == "accelerated_fortnightly":
            self._accelerate()

    def restart(self, balance: Fen, after_period: int) -> None:
        """
        Go on from a balance the lender states.

        The instalment is kept where it clears that balance by the same last payment, a few 分 of
        rounding apart; else it is set anew.
        """
        self.balance = balance
        self.last_period = max(self.last_period, after_period + 1)
        self.amortised_by = max(self.amortised_by, self.last_period)
        self.is_open = self.is_open or not self._still_clears(after_period)

    def _still_clears(self, after_period: int) -> bool:
        """Whether the instalment kept ends with the same payment as before, a fen a row apart."""
        left, balance = self.amortised_by - after_period, self.balance
        if self.contract.method in SHARED:
            return 0 < balance - self.share * (left - 1) <= self.share + left
        if self.rate is None or self.contract.method not in LEVEL:
            return False
        for count in range(1, left):
            balance -= max(self.level - self._interest_of(after_period + count, balance), 0)
        last_payment = balance + self._interest_of(self.amortised_by, balance)
        return balance > 0 and last_payment <= self.level + left

    def extend(self, periods: int) -> None:
        """Move the end out; the instalment is set anew at the period that begins."""
        if self.contract.method == "bullet":
            return  # its one due day has moved
        self.last_period += periods
        self.amortised_by += periods
        self.is_open = True

    def share_due(self, covered: Fen | None) -> Fen:
        """
        Principal of a scheduled payment that is not the last.

        `covered` is the interest that the level instalment covers; None for that of a regular
        period, whatever the interest of a broken or divided one comes to.
        """
        method = self.contract.method
        if method in SHARED:
            return min(self.share, self.balance)
        if method not in LEVEL:
            return 0
        regular = self._regular_interest(self.balance) if covered is None else covered
        return max(min(self.level - regular, self.balance), 0)

    def prepay(
        self, amount: Fen, prepayment: Prepayment, after_period: int, *, has_instalment: bool
    ) -> None:
        """
        Take `amount` off the balance and follow the prepayment's mode.

        While a grace or deferral runs there is no instalment to keep: it is set on what is left
        when it comes.

        Raises
        ------
        TermsError
            The target date is before the next due day, or the target instalment too small.
        """
        self.balance -= amount
        if not self.balance or self.contract.method not in (*LEVEL, *SHARED):
            return
        mode = prepayment.mode
        if mode == "target_date":
            periods = self._periods_until(prepayment, after_period)
            if after_period + periods < self.last_period:
                self._end(after_period, periods)
        elif not has_instalment:
            return
        elif mode == "target_instalment":
            self._aim_at(prepayment, after_period)
        elif mode != "lower_instalment":
            self._end(after_period, self._periods_needed(after_period))
        if mode not in ("shorten_keep_instalment", "target_instalment"):
            self._set_share(after_period)
            self._set_level(after_period)

    def _set_share(self, after_period: int) -> None:
        remaining = max(self.amortised_by - after_period, 1)
        rounding = self.contract.conventions.instalment_rounding
        self.share = rounded(self.balance, remaining, rounding)

    def _set_level(self, after_period: int) -> None:
        if self.contract.method not in LEVEL:
            return
        assert self.rate is not None  # noqa: S101  a period has been opened before
        contract, rounding = self.contract, self.contract.conventions.instalment_rounding
        remaining = max(self.amortised_by - after_period, 1)
        if contract.conventions.instalment_basis == "actual_days":
            years = [self._years_of(after_period + n) for n in range(1, remaining + 1)]
            self.level = level_payment_by_days(self.balance, self.rate, years, rounding)
        else:
            self.level = level_payment(
                self.balance,
                self.rate,
                remaining,
                periods_per_year=contract.periods_per_year,
                rounding=rounding,
            )

    def _accelerate(self) -> None:
        """
        Pay half the monthly instalment every fortnight, and end when that has cleared it.

        From then on the loan is a level fortnightly one with that end, so that a prepayment or a
        new rate moves it like any other.
        """
        assert self.rate is not None  # noqa: S101  the first period has been opened
        rounding = self.contract.conventions.instalment_rounding
        months = self.last_period * MONTHS_PER_YEAR // self.contract.periods_per_year
        monthly = level_payment(self.balance, self.rate, months, rounding=rounding)
        self.level = rounded(monthly, 2, rounding)
        self._end(0, self._periods_needed(0))

    def _end(self, after_period: int, needed: int) -> None:
        """End after so many more periods; a balloon keeps its own end if that is earlier."""
        self.amortised_by = after_period + needed
        self.last_period = min(self.last_period, self.amortised_by)

    def _periods_until(self, prepayment: Prepayment, after_period: int) -> int:
        """Due days left up to the target date, at most those of the contract."""
        ends_by = prepayment.ends_by
        count = 0
        while (
            ends_by is not None
            and after_period + count < self.last_period
            and self.contract.due_on(after_period + count + 1, self.last_period) <= ends_by
        ):
            count += 1
        if count == 0:
            first = self.contract.due_on(after_period + 1, self.last_period)
            sentence = f"no payment falls due by {ends_by}; the next one is {first}"
            raise TermsError(
                self.contract.id, "target_date_passed", sentence, ends_by=ends_by, first=first
            )
        return count

    def _aim_at(self, prepayment: Prepayment, after_period: int) -> None:
        """Take the instalment wanted and end when it has cleared the balance."""
        contract, wanted = self.contract, prepayment.instalment or 0
        if contract.method not in LEVEL:
            sentence = f"a target instalment needs a level one, not {contract.method}"
            raise TermsError(contract.id, "target_needs_level", sentence, method=contract.method)
        needed = max(self.amortised_by - after_period, 1)
        assert self.rate is not None  # noqa: S101  a period has been opened before
        least = level_payment(
            self.balance,
            self.rate,
            needed,
            periods_per_year=contract.periods_per_year,
            rounding="up",
        )
        if wanted < least:
            sentence = f"{wanted} 分 a period does not clear it in time; {least} 分 would"
            numbers = {"wanted": yuan(wanted), "least": yuan(least)}
            raise TermsError(contract.id, "target_too_small", sentence, **numbers)
        self.level = wanted
        self._end(after_period, self._periods_needed(after_period))

    def _periods_needed(self, after_period: int) -> int:
        """Periods until the instalment kept clears the balance, at most those that remain."""
        most = max(self.amortised_by - after_period, 1)
        if self.contract.method in SHARED:
            return min(-(-self.balance // self.share), most) if self.share else most
        balance, known = self.balance, self._periods_by_formula()
        if known is not None:
            return min(known, most)
        for count in range(1, most):
            balance -= max(self.level - self._interest_of(after_period + count, balance), 0)
            if balance <= 0:
                return count
        return most

    def _periods_by_formula(self) -> int | None:
        """
        The periods a level instalment needs, where rounding cannot matter; else None.

        Half a fen a period, grown at the rate, is the most by which the rounded balance may be
        off: the answer stands when the balance is further than that from zero on both sides.
        """
        assert self.rate is not None  # noqa: S101  a period has been opened before
        rate = float(self.rate) / self.contract.periods_per_year
        balance, level = float(self.balance), float(self.level)
        if self.contract.conventions.day_count.startswith("actual") or rate <= 0:
            return None
        if level <= balance * rate + 1:
            return None
        needed = ceil(-log1p(-balance * rate / level) / log1p(rate))
        before, after = (
            balance * (1 + rate) ** count - level * ((1 + rate) ** count - 1) / rate
            for count in (needed - 1, needed)
        )
        doubt = 1 + ((1 + rate) ** needed - 1) / rate
        return needed if before > doubt and after < -doubt else None

    def _interest_of(self, period: int, balance: Fen) -> Fen:
        """Interest of a later period on a balance, at the rate in force."""
        if not self.contract.conventions.day_count.startswith("actual"):
            return self._regular_interest(balance)
        assert self.rate is not None  # noqa: S101  a period has been opened before
        exact = Fraction(self.rate) * balance * self._years_of(period)
        rounding = self.contract.conventions.interest_rounding
        return rounded(exact.numerator, exact.denominator, rounding)

    def _regular_interest(self, balance: Fen) -> Fen:
        """Interest of one equal part of a year."""
        rate, base = self.yields
        return rounded(balance * rate, base, self.contract.conventions.interest_rounding)

    def _years_of(self, period: int) -> Fraction:
        """Length of a period by its days, in years."""
        contract = self.contract
        start = contract.interest_until(period - 1) if period > 1 else contract.drawn_on
        days = odd_days(start, contract.interest_until(period), contract.conventions.day_count)
        return as_fraction(days)
