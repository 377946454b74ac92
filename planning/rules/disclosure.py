"""
The financing cost form (综合融资成本明示表) a lender shows before a personal loan is signed.

Every interest and fee item with its way of charging, its standard turned into an annual level
and its collecting party; the annual cost when all is paid as agreed; what a default would add;
whether anything else is charged. Values only: the words of the printed form are chosen where it
is printed.

References
----------
个人贷款业务明示综合融资成本规定, 金规〔2026〕2号 (NFRA and PBoC), in force 2026-08-01: the fields.
PBoC 公告〔2021〕第3号: cost on the principal in use, simple or compounded. The annex's own formula
has not been seen; the bases printed are named instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction as Exact
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.fields import Fraction, Money, Text
from planning.loans.contract import Method
from planning.loans.cost import AllInCost, cost_of_payments
from planning.loans.prepayment_policy import PenaltyTier
from planning.loans.rate_terms import FlatFee
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, Fen, round_half_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.schedule import Schedule

FeeKind = Literal[
    "instalment_fee",
    "drawdown_fee",
    "periodic_fee",
    "guarantee_fee",
    "insurance_premium",
    "service_fee",
    "valuation_fee",
    "other_fee",
]
"""分期费用, 放款时收取的费用, 按期费用, 增信服务费, 保费, 服务费, 评估费, 其他."""

ItemKind = Literal["interest"] | FeeKind
ChargedAt = Literal["each_period", "first_period", "at_drawdown", "at_maturity"]
"""收取方式."""

RatePer = Literal["year", "period", "once"]
RateBase = Literal["principal", "balance"]

ContingentKind = Literal[
    "overdue_interest",
    "compound_interest",
    "misuse_interest",
    "prepayment_penalty",
    "remaining_fees",
]
"""逾期罚息, 复利, 挪用罚息, 提前还款违约金, 提前结清时的剩余手续费."""


class Charge(Record):
    """
    A charge of the loan that its contract with the lender does not carry, 元 in a file.

    Exactly one of `amount` and `rate` is stated. A yearly rate charged each period is charged by
    equal parts of a year; charged once it is charged for the whole term.
    """

    kind: FeeKind
    collected_by: Text = Field(description="收取主体")
    charged: Literal["each_period", "first_period", "at_drawdown"]
    amount: Money | None = Field(default=None, description="元 each time")
    rate: Fraction | None = Field(default=None, description="收取标准 as a fraction of `base`")
    rate_per: RatePer = "year"
    base: RateBase = Field(
        default="principal", description="the principal lent, or what is still owed"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.amount is None) == (self.rate is None):
            context = {"field": "amount", "code": "amount_or_rate"}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        if self.charged == "each_period" and self.rate is not None and self.rate_per == "once":
            context = {"field": "rate_per", "code": "once_each_period"}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


class CostItem(Record):
    """
    An interest or fee item of the form; money in 分.

    `rate` is the standard where it is one, with what it is `per` and of what `base`;
    `amount_fen` is one charge where every one is the same; `total_fen` is all of them;
    `annual_level` is what the loan would cost a year if this were its only item.
    """

    kind: ItemKind
    charged: ChargedAt
    collected_by: str
    rate: Decimal | None
    rate_per: RatePer | None
    base: RateBase | None
    amount_fen: Fen | None
    total_fen: Fen
    annual_level: AllInCost


class ContingentItem(Record):
    """
    What may be charged on top when the borrower does not keep to the contract; money in 分.

    `uplift` and `annual_rate` are those of a penalty rate, at the contract rate of drawdown (None
    where there is no rate to raise: the clause is then incomplete);
    `tiers`, `minimum_fen` and `cap_fen` those of a prepayment penalty. `is_charged` is False
    where the contract says that nothing is.
    """

    kind: ContingentKind
    collected_by: str
    is_charged: bool = True
    uplift: Decimal | None = None
    annual_rate: Decimal | None = None
    tiers: tuple[PenaltyTier, ...] = ()
    minimum_fen: Fen | None = None
    cap_fen: Fen | None = None


class FinancingCostForm(Record):
    """
    The values of one 综合融资成本明示表; money in 分, rates as fractions per year.

    `cost` is the 正常履约年化综合融资成本 on both bases; `items_x12` the sum of the items' simple
    annual levels, as the enterprise pilot of 2024 adds them up. `cost_after_subsidy` is None
    without a subsidy. `is_extension` says that nothing is paid out: the contract gives an old debt
    more time. `unstated` are contingent items the contract says nothing about: the form
    is not complete before the lender does. `no_other_charges` is the lender's own statement.
    """

    contract: str
    lender: str
    principal_fen: Fen
    proceeds_fen: Fen
    method: Method
    rate_kind: Literal["fixed", "floating", "stepped", "flat_fee"]
    term_months: Annotated[int, Field(ge=1)]
    payments: Annotated[int, Field(ge=1)]
    drawn_on: date
    first_due_on: date
    last_due_on: date
    items: tuple[CostItem, ...]
    cost: AllInCost
    cost_after_subsidy: AllInCost | None
    items_x12: float
    contingent: tuple[ContingentItem, ...]
    unstated: tuple[ContingentKind, ...]
    no_other_charges: bool
    is_extension: bool = False


def financing_cost_form(
    schedule: Schedule,
    *,
    no_other_charges: bool,
    further: Sequence[Charge] = (),
    misuse_uplift: Decimal | None = None,
    is_extension: bool = False,
) -> FinancingCostForm:
    """
    The form of a contract as it is signed.

    Parameters
    ----------
    schedule : from drawdown, paid as agreed: without prepayments and later events.
    no_other_charges : the lender states that nothing else is charged.
    further : what others charge for the loan (增信服务费 and the like), or the lender outside
        the contract.
    misuse_uplift : 挪用罚息上浮比例 of the contract, a fraction; None when it says nothing.
    is_extension : new terms for an old debt (展期), no new money.

    Raises
    ------
    ValueError
        The schedule holds a prepayment or another later event, or is a restarted one.
    """
    _check_as_signed(schedule)
    contract, rows = schedule.contract, schedule.rows
    charges = [*_own_charges(schedule), *(_further_charge(schedule, one) for one in further)]
    items = tuple(_item(schedule, charge) for charge in charges)
    contingent = tuple(_contingent(schedule, misuse_uplift))
    stated = {item.kind for item in contingent}
    proceeds = contract.principal - sum(charge.at_drawdown for charge in charges)
    paid = _payments(schedule, charges[len(charges) - len(further) :])
    own = [amount - row.subsidy for amount, row in zip(paid, rows, strict=True)]
    return FinancingCostForm(
        contract=contract.id,
        lender=contract.lender,
        principal_fen=contract.principal,
        proceeds_fen=proceeds,
        method=contract.method,
        rate_kind=contract.rate.kind,
        term_months=contract.term_months,
        payments=sum(amount > 0 for amount in paid),
        drawn_on=contract.drawn_on,
        first_due_on=rows[0].due_on,
        last_due_on=rows[-1].due_on,
        items=items,
        cost=cost_of_payments(schedule, paid, proceeds),
        cost_after_subsidy=cost_of_payments(schedule, own, proceeds) if own != paid else None,
        items_x12=sum(item.annual_level.irr_x12 for item in items),
        contingent=contingent,
        unstated=tuple(kind for kind in _expected(contract) if kind not in stated),
        no_other_charges=no_other_charges,
        is_extension=is_extension,
    )


def charged_payments(schedule: Schedule, further: Sequence[Charge] = ()) -> tuple[Fen, ...]:
    """
    What is paid on each row of a contract as it is signed, further charges among it; 分.

    Parameters
    ----------
    schedule, further : as for ``financing_cost_form``.
    """
    return tuple(_payments(schedule, [_further_charge(schedule, one) for one in further]))


def _check_as_signed(schedule: Schedule) -> None:
    contract = schedule.contract
    if contract.events or any(row.prepayment for row in schedule.rows):
        raise ValueError(
            f"{contract.id}: a form is of the contract as signed; give a schedule without "
            "prepayments, extensions and deferrals"
        )


# ------------------------------------------------------------------------------ what is charged


@dataclass(frozen=True, slots=True)
class _Charged:
    """One item, and what of it falls on drawdown and on each row, 分."""

    kind: ItemKind
    charged: ChargedAt
    collected_by: str
    on_rows: Sequence[Fen]
    at_drawdown: Fen = 0
    rate: Decimal | None = None
    rate_per: RatePer | None = None
    base: RateBase | None = None

    @property
    def each(self) -> Fen | None:
        """One charge, where every one is the same."""
        amounts = {amount for amount in (self.at_drawdown, *self.on_rows) if amount}
        return amounts.pop() if len(amounts) == 1 and self.kind != "interest" else None


def _own_charges(schedule: Schedule) -> Iterator[_Charged]:
    """What the contract with the lender carries."""
    contract, rows = schedule.contract, schedule.rows
    lender, rate = contract.lender, contract.rate
    fees = [row.fee - contract.monthly_fee for row in rows]
    if isinstance(rate, FlatFee):
        yield _Charged(
            "instalment_fee", rate.charged, lender, fees,
            rate=rate.fee_rate_per_month, rate_per="period", base="principal",
        )  # fmt: skip
    else:
        yield _Charged(
            "interest", "at_maturity" if contract.method == "bullet" else "each_period", lender,
            [row.interest for row in rows],
            rate=rows[0].annual_rate, rate_per="year", base="balance",
        )  # fmt: skip
    if contract.upfront_fee:
        nothing = [0] * len(rows)
        yield _Charged("drawdown_fee", "at_drawdown", lender, nothing, contract.upfront_fee)
    if contract.monthly_fee:
        each = [contract.monthly_fee] * len(rows)
        yield _Charged("periodic_fee", "each_period", lender, each)


def _further_charge(schedule: Schedule, charge: Charge) -> _Charged:
    """A charge outside the contract, on the rows of its schedule."""
    rows, at_drawdown = schedule.rows, 0
    on_rows = [0] * len(rows)
    if charge.charged == "each_period":
        on_rows = [_amount(schedule.contract, charge, row.opening) for row in rows]
    elif charge.charged == "first_period":
        on_rows[0] = _amount(schedule.contract, charge, rows[0].opening)
    else:
        at_drawdown = _amount(schedule.contract, charge, schedule.contract.principal)
    return _Charged(
        charge.kind, charge.charged, charge.collected_by, on_rows, at_drawdown, charge.rate,
        None if charge.rate is None else charge.rate_per,
        None if charge.rate is None else charge.base,
    )  # fmt: skip


def _amount(contract: LoanContract, charge: Charge, balance: Fen) -> Fen:
    """One charge, half-up to the 分 from its exact amount."""
    if charge.rate is None:
        return charge.amount or 0
    times = Exact(1)
    if charge.charged == "each_period" and charge.rate_per == "year":
        times = Exact(1, contract.periods_per_year)
    elif charge.charged != "each_period" and charge.rate_per == "year":
        times = Exact(contract.term_months, MONTHS_PER_YEAR)
    elif charge.charged != "each_period" and charge.rate_per == "period":
        times = Exact(contract.periods)
    base = contract.principal if charge.base == "principal" else balance
    exact = base * Exact(charge.rate) * times
    return round_half_up(exact.numerator, exact.denominator)


def _payments(schedule: Schedule, further: Sequence[_Charged]) -> list[Fen]:
    """Everything paid on each row."""
    return [
        row.payment + sum(charge.on_rows[place] for charge in further)
        for place, row in enumerate(schedule.rows)
    ]


def _item(schedule: Schedule, charge: _Charged) -> CostItem:
    contract = schedule.contract
    alone = [
        part + amount
        for part, amount in zip(_principal_parts(schedule, charge), charge.on_rows, strict=True)
    ]
    return CostItem(
        kind=charge.kind,
        charged=charge.charged,
        collected_by=charge.collected_by,
        rate=charge.rate,
        rate_per=charge.rate_per,
        base=charge.base,
        amount_fen=charge.each,
        total_fen=charge.at_drawdown + sum(charge.on_rows),
        annual_level=cost_of_payments(schedule, alone, contract.principal - charge.at_drawdown),
    )


def _principal_parts(schedule: Schedule, charge: _Charged) -> list[float]:
    """
    Principal repaid on each row, beside which a charge is an item of its own.

    Interest that was added to the balance is repaid as principal: it counts with the interest,
    and beside a fee what was lent is repaid in the same proportions.
    """
    parts = [float(row.principal) for row in schedule.rows]
    if charge.kind == "interest" or min(parts) >= 0:
        return parts
    repaid = [max(part, 0.0) for part in parts]
    return [part * schedule.contract.principal / sum(repaid) for part in repaid]


# ------------------------------------------------------------------------------ contingent items


def _expected(contract: LoanContract) -> tuple[ContingentKind, ...]:
    """The contingent items every form has a line for."""
    last: ContingentKind = "prepayment_penalty"
    if contract.method == "flat_fee":
        last = "remaining_fees"
    return "overdue_interest", "compound_interest", "misuse_interest", last


def _contingent(schedule: Schedule, misuse_uplift: Decimal | None) -> Iterator[ContingentItem]:
    contract, contract_rate = schedule.contract, schedule.rows[0].annual_rate
    yield from _late_items(contract, contract_rate)
    if misuse_uplift is not None:
        yield ContingentItem(
            kind="misuse_interest",
            collected_by=contract.lender,
            uplift=misuse_uplift,
            annual_rate=_raised(contract_rate, misuse_uplift),
        )
    policy = contract.prepayment_policy
    if policy is None:
        return
    if contract.method == "flat_fee":
        yield ContingentItem(
            kind="remaining_fees",
            collected_by=contract.lender,
            is_charged=policy.remaining_flat_fees == "charged",
        )
    if contract.method != "flat_fee" or policy.penalty:
        yield ContingentItem(
            kind="prepayment_penalty",
            collected_by=contract.lender,
            is_charged=bool(policy.penalty),
            tiers=policy.penalty,
            minimum_fen=policy.penalty_minimum,
            cap_fen=policy.penalty_cap,
        )


def _late_items(contract: LoanContract, contract_rate: Decimal) -> Iterator[ContingentItem]:
    """Penalty interest and interest on unpaid interest, at the contract rate of drawdown."""
    terms = contract.late_terms
    if terms is None:
        return
    penalty_rate = terms.annual_penalty_rate
    if penalty_rate is None:
        penalty_rate = _raised(contract_rate, terms.penalty_uplift or Decimal(0))
    yield ContingentItem(
        kind="overdue_interest",
        collected_by=contract.lender,
        uplift=terms.penalty_uplift,
        annual_rate=penalty_rate,
    )
    compound_rate = penalty_rate if terms.compound_rate == "penalty" else contract_rate
    yield ContingentItem(
        kind="compound_interest",
        collected_by=contract.lender,
        is_charged=terms.is_compounded,
        annual_rate=compound_rate if terms.is_compounded else None,
    )


def _raised(contract_rate: Decimal, uplift: Decimal) -> Decimal | None:
    """A penalty rate; None where there is no contract rate to raise, as in a flat-fee plan."""
    return contract_rate * (1 + uplift) if contract_rate else None
