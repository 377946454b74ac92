"""
Loan products (信贷产品) as a lender offers them, dated.

A product is one YAML file in ``params/products``; its terms hold from their day until the next
ones, or until they end. Everything a contract can say of rates, prepayment and late payment is
said here in the contract's own words, so that an offer is a contract and nothing less.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from planning.fields import Fraction, Money, PositiveMoney, Reference, Share, Text
from planning.loans.arrears import LateTerms
from planning.loans.conflicts import MAX_TERM_MONTHS
from planning.loans.contract import Method, ProductKind
from planning.loans.events import Grace
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rate_terms import FixedRate, FlatFee, FloatingRate
from planning.loans.uses import Channel, LenderKind, Use
from planning.parameters import Grade, Label
from planning.parameters import Reference as Citation
from planning.record import Record
from planning.rules.disclosure import Charge

Family = Literal[
    "consumer",
    "unsecured",
    "mortgage",
    "provident_fund",
    "combination",
    "pledge",
    "guaranteed",
    "business",
    "card_instalment",
    "revolving",
]
"""消费贷、信用贷、商业房贷、公积金贷、组合贷、质押贷、保证贷、经营贷、信用卡分期、循环额度."""

Part = Literal["commercial", "provident"]
DocumentKind = Literal[
    "identity",
    "household_register",
    "marriage_certificate",
    "income_proof",
    "bank_statements",
    "tax_record",
    "provident_fund_record",
    "credit_report_consent",
    "use_proof",
    "purchase_contract",
    "down_payment_receipt",
    "title_deed",
    "valuation_report",
    "collateral_consent",
    "pledge_certificate",
    "guarantor_documents",
    "business_licence",
    "business_accounts",
    "trade_contract",
    "existing_loan_contract",
    "settlement_statement",
    "lease_contract",
    "pension_record",
]
ClientType = Literal["everyone", "salaried", "self_employed", "retired", "couple", "refinancing"]


class Amounts(Record):
    """The least and the most a lender lends, 元."""

    least: Money
    most: PositiveMoney


class Terms(Record):
    """The shortest and the longest term, months; `choices` where only some are offered."""

    least: Annotated[int, Field(ge=1)]
    most: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)]
    choices: tuple[Annotated[int, Field(ge=1)], ...] = ()


class Pricing(Record):
    """One cell of the rate grid: the rate of a part up to a term and, where stated, an amount."""

    part: Part = "commercial"
    months_up_to: Annotated[int, Field(ge=1)] | None = None
    amount_up_to: Money | None = None
    first_home: bool | None = Field(default=None, description="only for first, or second, homes")
    rate: Annotated[FixedRate | FloatingRate | FlatFee, Field(discriminator="kind")]


class Collateral(Record):
    """What must secure the loan (担保物), and the most that is lent on its value."""

    kinds: tuple[str, ...] = Field(min_length=1, description="kinds of asset accepted")
    is_purchase: bool = Field(default=False, description="secured by what the loan buys")
    loan_to_value: Share


class Eligibility(Record):
    """Whom the product is for (准入条件); an absent line excludes nobody."""

    uses: tuple[Use, ...] = Field(min_length=1)
    employment: tuple[str, ...] = ()
    least_age: Annotated[int, Field(ge=18, le=100)] = 18
    most_age_at_end: Annotated[int, Field(ge=18, le=100)] | None = None
    least_monthly_income: Money | None = Field(default=None, description="元 a month, after tax")
    evidence: tuple[str, ...] = Field(default=(), description="收入证明 accepted, any of them")
    most_days_past_due: Annotated[int, Field(ge=0)] = 0
    needs_provident_fund: bool = False
    most_unsecured_lenders: Annotated[int, Field(ge=0)] | None = None
    cities: tuple[Text, ...] = ()
    replaces: tuple[ProductKind, ...] = Field(
        default=(), description="kinds of debt it may settle; empty: any"
    )
    own_loans_only: bool = Field(
        default=False, description="settles or extends debts of the same lender only (展期)"
    )


class DocumentNeed(Record):
    """A paper the lender asks for, and from whom."""

    kind: DocumentKind
    of: ClientType = "everyone"


class ProductTerms(Record):
    """The terms of a product from a day on."""

    since: date
    until: date | None = Field(default=None, description="last day on offer")
    amount: Amounts
    months: Terms
    methods: tuple[Method, ...] = Field(min_length=1, description="the first is the usual one")
    pricing: tuple[Pricing, ...] = Field(min_length=1, description="the first that fits holds")
    collateral: Collateral | None = None
    guarantee: Literal["none", "personal", "company"] = "none"
    grace: Grace | None = Field(default=None, description="宽限期, first months without principal")
    upfront_fee_rate: Fraction | None = Field(default=None, description="out of the proceeds")
    charges: tuple[Charge, ...] = ()
    subsidy: Literal["none", "consumer", "first_home"] = "none"
    eligibility: Eligibility
    prepayment_policy: PrepaymentPolicy
    late_terms: LateTerms | None = None
    misuse_uplift: Fraction | None = None
    channel: Channel = "branch"
    shows_cost_form: bool = Field(default=True, description="综合融资成本明示表 before signing")
    documents: tuple[DocumentNeed, ...] = Field(min_length=1)
    reference: Citation
    grade: Grade

    @property
    def guarantee_asked(self) -> Literal["none", "personal", "company"]:
        """What the client must bring: nothing where the lender brings a guarantor that is paid."""
        is_brought = any(charge.kind == "guarantee_fee" for charge in self.charges)
        return "none" if is_brought else self.guarantee


class Product(Record):
    """One product of one lender; `terms` in order of day."""

    schema_version: Literal[1]
    id: Reference
    label: Label
    family: Family
    kind: ProductKind = Field(description="what its contract is called among a client's debts")
    lender: Text
    lender_kind: LenderKind = "bank"
    instalment_of: Literal["bill", "cash"] | None = Field(
        default=None, description="信用卡分期类别, of card instalments"
    )
    is_revolving: bool = False
    terms: tuple[ProductTerms, ...] = Field(min_length=1)

    def on(self, day: date) -> ProductTerms | None:
        """The terms on offer on a day; None when there are none."""
        begun = [terms for terms in self.terms if terms.since <= day]
        if not begun or (begun[-1].until is not None and begun[-1].until < day):
            return None
        return begun[-1]
