"""
The account of a credit card, charge by charge, and the bills it gives; exact to the fen.

A card is a list of charges, each with its posting day (记账日). Paid in full by the due day a
statement costs nothing; otherwise its charges bear interest by the day, from their posting day.
账单分期 offsets the statement in full and its share of the minimum (CMB).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from planning.errors import ModelError, TermsError
from planning.loans.card import DAY, CreditCard, Statement, Transaction
from planning.loans.movement import Movement, check_positive
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.units import Fen, share_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Kind = Literal["purchase", "cash_advance", "fee", "interest", "instalment", "instalment_fee"]
PRINCIPAL: tuple[Kind, ...] = ("purchase", "cash_advance")
BEARING: tuple[Kind, ...] = (*PRINCIPAL, "instalment")
SETTLED_IN_ORDER: dict[Kind, int] = {
    "interest": 0,
    "fee": 1,
    "instalment_fee": 1,
    "instalment": 2,
    "purchase": 3,
    "cash_advance": 3,
}
Scheduled = tuple[date, Literal["conversion", "instalment", "instalment_fee"], Fen]


def card_statements(
    card: CreditCard, transactions: Sequence[Transaction], payments: Sequence[Movement], until: date
) -> tuple[Statement, ...]:
    """
    The bills of a card, from its first transaction to the last statement day up to `until`.

    Parameters
    ----------
    card : its `instalments` fall due into the statements; one converted before the first day
        here has left the balance before.
    transactions, payments : in any order. On one day charges come first, then payments, then the
        statement; a payment on the due day is in time.

    Raises
    ------
    ValueError
        An amount that is not positive, or a conversion of more than the purchases owed.
    """
    return tuple(card_account(card, transactions, payments, until).statements)


def card_account(
    card: CreditCard, transactions: Sequence[Transaction], payments: Sequence[Movement], until: date
) -> CardAccount:
    """The account right after the last of those statements; to be asked, or led on, once."""
    check_positive((t.posted_on, t.amount) for t in transactions)
    check_positive((p.on, p.amount) for p in payments)
    begins = [t.posted_on for t in transactions] or [c.drawn_on for c in card.instalments]
    begins += [payment.on for payment in payments]
    account = CardAccount(card, min(begins, default=until))
    events = sorted(
        [(t.posted_on, 0, t) for t in transactions] + [(p.on, 1, p) for p in payments],
        key=lambda event: event[:2],
    )
    closes_on = card.statement_on(min(begins, default=until + DAY))
    while closes_on <= until:
        while events and events[0][0] <= closes_on:
            account.take(events.pop(0)[2])
        account.close(closes_on)
        closes_on = card.statement_on(closes_on + DAY)
    return account


@dataclass(slots=True)
class _Charge:
    """One debt on the card: what is left of it from which day on, and whether it bears."""

    kind: Kind
    accrues_from: date
    remaining: Fen
    bears: bool = False
    is_billed: bool = False
    balances: list[tuple[date, Fen]] = field(default_factory=list)

    def settle(self, day: date, amount: Fen) -> Fen:
        """Take what the charge needs of `amount`; the day of payment no longer bears."""
        taken = min(amount, self.remaining)
        if taken:
            self.remaining -= taken
            self.balances.append((day, self.remaining))
        return taken

    def forgive_until(self, day: date) -> None:
        """Count what was paid by `day` as never owed (未还部分计息)."""
        left = [balance for since, balance in self.balances if since <= day][-1]
        later = [(since, balance) for since, balance in self.balances if since > day]
        self.balances = [(self.balances[0][0], left), *later]

    def fen_days(self, through: date) -> int:
        """Balance times days not yet billed, up to `through`, which counts."""
        ends = [since for since, _ in self.balances[1:]] + [through + DAY]
        total = 0
        for (since, balance), end in zip(self.balances, ends, strict=True):
            days = (min(end, through + DAY) - max(since, self.accrues_from)).days
            total += balance * max(days, 0)
        self.accrues_from = max(self.accrues_from, through + DAY)
        return total


class CardAccount:
    """A card between two statements."""

    def __init__(self, card: CreditCard, begins_on: date) -> None:
        self.card = card
        self.charges: list[_Charge] = []
        self.credit = 0
        self.statements: list[Statement] = []
        self.is_paid = True
        self.overdue_since: date | None = None
        self.scheduled = list(_scheduled(card, begins_on))
        self._start_cycle()

    def _start_cycle(self) -> None:
        self.paid: list[Movement] = []
        self.converted: list[Movement] = []
        self.posted = dict.fromkeys(("purchases", "instalment_due", "fee"), 0)

    @property
    def last(self) -> Statement | None:
        """The last statement."""
        return self.statements[-1] if self.statements else None

    @property
    def is_clear(self) -> bool:
        """Nothing owed and no instalment to come."""
        return not self.scheduled and self.last is not None and self.last.closing <= 0

    def take(self, event: Transaction | Movement) -> None:
        """A charge, or a payment."""
        if isinstance(event, Transaction):
            self._advance(event.posted_on - DAY)  # what is bought on a day may be converted on it
            self.posted["fee" if event.kind == "fee" else "purchases"] += event.amount
            self._charge(event.kind, event.posted_on, event.amount)
        else:
            self._advance(event.on)
            self.paid.append(event)
            self.credit += self._settle(event.on, event.amount, self._in_order(event.on))

    def _advance(self, day: date) -> None:
        """Conversions and instalments up to `day`."""
        while self.scheduled and self.scheduled[0][0] <= day:
            on, kind, amount = self.scheduled.pop(0)
            if kind == "conversion":
                self._convert(Movement(on, amount))
            else:
                self.posted["instalment_due"] += amount
                self._charge(kind, on, amount)

    def _convert(self, conversion: Movement) -> None:
        owed = [charge for charge in self._in_order(conversion.on) if charge.kind in PRINCIPAL]
        if self._settle(conversion.on, conversion.amount, owed):
            sentence = f"{conversion.on}: more converted than the purchases owed; convert less"
            code, day = "converted_above_purchases", conversion.on.isoformat()
            raise TermsError(self.card.id, code, sentence, on=day)
        self.converted.append(conversion)

    def _charge(self, kind: Kind, day: date, amount: Fen) -> None:
        if amount <= 0:
            return
        charge = _Charge(kind, day, amount, kind == "cash_advance", balances=[(day, amount)])
        self.charges.append(charge)
        self.credit -= charge.settle(day, self.credit)

    def _in_order(self, day: date) -> list[_Charge]:
        """Charges as a payment settles them: billed ones first, then by kind, then by age."""
        limit = self.card.principal_first_after
        late = (day - self.overdue_since).days if self.overdue_since else 0
        if limit is not None and late > limit:  # 第五十七条
            return sorted(self.charges, key=lambda c: (not c.is_billed, c.kind not in BEARING))
        return sorted(self.charges, key=lambda c: (not c.is_billed, SETTLED_IN_ORDER[c.kind]))

    def _settle(self, day: date, amount: Fen, charges: Iterable[_Charge]) -> Fen:
        """What is left of `amount` after the charges it can settle."""
        for charge in charges:
            amount -= charge.settle(day, amount)
        return amount

    def close(self, closes_on: date) -> Statement:
        """The statement of a day, and with it the judgement on the one before."""
        self._advance(closes_on)
        shortfall = self._judge()
        through = closes_on if self.card.interest_through == "statement_day" else closes_on - DAY
        interest = share_of(
            sum(charge.fen_days(through) for charge in self.charges if charge.bears),
            self.card.daily_rate,
        )
        late_fee = self._late_fee(shortfall)
        self.charges = [c for c in self.charges if c.remaining or not c.is_billed]
        self._charge("interest", through + DAY, interest)
        self._charge("fee", closes_on, late_fee)
        self.posted["fee"] += late_fee
        statement = self._statement(closes_on, interest)
        self.statements.append(statement)
        self._start_cycle()
        for charge in self.charges:
            charge.is_billed = True
        return statement

    def _judge(self) -> Fen:
        """Free days kept or lost; returns what the last minimum lacked on its due day."""
        if self.last is None:
            return 0
        in_time = self.last.due_on + timedelta(days=self.card.grace_days)
        paid = sum(payment.amount for payment in self.paid if payment.on <= in_time)
        owed = self.last.closing - sum(c.amount for c in self.converted if c.on <= in_time)
        self.is_paid = owed - paid <= self.card.tolerance
        for charge in self.charges:
            if charge.is_billed and not charge.bears:
                self._end_free_days(charge, in_time)
        shortfall = 0 if self.is_paid else self._lacking(self.last, in_time)
        if shortfall and self.overdue_since is None:
            self.overdue_since = self.last.due_on
        return shortfall

    def _end_free_days(self, charge: _Charge, in_time: date) -> None:
        compounds = charge.kind == "interest" and self.card.interest_compounds
        if self.is_paid:  # a tolerated rest is a charge of the next statement
            charge.accrues_from = in_time + DAY
        elif charge.kind in BEARING or compounds:
            charge.bears = True
            if self.card.interest_on == "unpaid_part":
                charge.forgive_until(in_time)

    def _lacking(self, last: Statement, until: date) -> Fen:
        """What the last minimum lacks on a day; a conversion takes its share off it."""
        paid = sum(payment.amount for payment in self.paid if payment.on <= until)
        converted = sum(c.amount for c in self.converted if c.on <= until)
        relief = share_of(converted, self.card.minimum_share)
        return max(min(last.minimum - relief, last.closing - converted) - paid, 0)

    def _late_fee(self, shortfall: Fen) -> Fen:
        card = self.card
        if not shortfall or not card.late_fee_share:
            return 0
        fee = max(share_of(shortfall, card.late_fee_share), card.late_fee_floor)
        return fee if card.late_fee_cap is None else min(fee, card.late_fee_cap)

    def _statement(self, closes_on: date, interest: Fen) -> Statement:
        opening = self.last.closing if self.last else 0
        paid = sum(payment.amount for payment in self.paid)
        converted = sum(conversion.amount for conversion in self.converted)
        overdue = self._lacking(self.last, closes_on) if self.last and not self.is_paid else 0
        self.overdue_since = self.overdue_since if overdue else None
        closing = opening + sum(self.posted.values()) + interest - paid - converted
        residual = closing + self.credit - sum(charge.remaining for charge in self.charges)
        if residual:
            raise ModelError("charges left = closing", f"{self.card.id} {closes_on}", residual)
        return Statement(
            closes_on=closes_on,
            due_on=self.card.due_on(closes_on),
            opening=opening,
            **self.posted,
            interest=interest,
            payments=paid,
            converted=converted,
            closing=closing,
            overdue=overdue,
            minimum=self._minimum(closing, overdue),
        )

    def _minimum(self, closing: Fen, overdue: Fen) -> Fen:
        """Share of the purchases; in full the rest, the unpaid minimum and what exceeds limit."""
        principal = sum(c.remaining for c in self.charges if c.kind in PRINCIPAL)
        due = [charge for charge in self.charges if charge.kind not in PRINCIPAL]
        old = sum(charge.remaining for charge in due if charge.is_billed)
        signs = {"instalment": 1, "conversion": -1}  # before its conversion a plan owes nothing
        undue = sum(signs.get(kind, 0) * amount for _, kind, amount in self.scheduled)
        over = min(max(closing + undue - self.card.limit, 0), principal)
        asked = sum(charge.remaining for charge in due) + max(overdue - old, 0) + over
        asked += share_of(principal - over, self.card.minimum_share)
        return max(min(max(asked, self.card.minimum_floor), closing), 0)


def _scheduled(card: CreditCard, begins_on: date) -> list[Scheduled]:
    """Conversions and instalments of a card from `begins_on` on, in order of day."""
    items: list[Scheduled] = []
    for contract in card.instalments:
        items.append((contract.drawn_on, "conversion", contract.principal))
        for row in payment_schedule(contract, rate_steps(contract, {})).rows:
            items.append((row.due_on, "instalment", row.principal))
            items.append((row.due_on, "instalment_fee", row.interest + row.fee))
    return sorted((item for item in items if item[0] >= begins_on), key=lambda item: item[0])
