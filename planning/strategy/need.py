"""
What the household wants from a loan: what for, whether that is allowed, whether the term suits it.

The use (用途) is what the file says it is, else what the words of the purpose say, else what the
kind of need suggests. How much of a loan income carries at a glance is `capacity`: a projection,
the instalment that keeps debt service within a share of income turned into a principal by the
annuity formula. It is not an offer and not a limit.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy_financial as npf

from planning.household.cashflow import LUMP_METHODS, year_ahead
from planning.household.profile import HOUSING
from planning.record import Record
from planning.strategy.reason import Reason
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from planning.household.profile import Need, Use
    from planning.loans.contract import LoanContract
    from planning.parameters import RulesInForce
    from planning.units import Fen

PERSONAL_FORBIDDEN: Final = "personal_loan.forbidden_uses"
BUSINESS_FORBIDDEN: Final = (
    "personal_loan.business_forbidden_uses",
    "personal_loan.business_forbidden_investments",
)
LONGEST_HOME_LOAN: Final = "mortgage.max_term_years"
OWN_DOWN_PAYMENT: Final = "mortgage.own_down_payment"
LIFE: Final = "house.purpose_life_months"

SELF_LIQUIDATING: Final = ("working_capital",)
"""Uses that bring the money back by themselves before it falls due."""

_NOT: Final = re.compile(r"(?:不|非|并未)[^，,。;；、）)]*")
"""What the purpose says it is not for."""

_WORDS: Final[tuple[tuple[Use, str], ...]] = (
    ("down_payment", r"首付(?!款?(?:自备|自筹|已))|凑首期"),
    ("securities", r"炒股|股票|证券|期货|打新股|炒币|虚拟货币"),
    ("wealth_products", r"(?:买|投资|申购|认购|配置)[^，,。；、]{0,4}(?:理财|基金)|基金定投"),
    ("equity", r"入股|股权|参股|增资"),
    (
        "refinance",
        r"置换|展期|续贷|延长[^，,。；、]*期限|以贷还贷|(?:还|结清)[^，,。；、]*贷款",
    ),
    ("renovation", r"装修|翻新|家装"),
    ("parking", r"车位"),
    ("business_premises", r"商铺|厂房|写字楼|门面"),
    ("home_purchase", r"[买购换][^，,。；、]{0,6}(?:房|公寓|别墅)|置业"),
    ("car", r"[买购换][^，,。；、]{0,6}车|车款"),
    ("education", r"学费|留学|教育|培训|进修"),
    ("medical", r"医疗|医药|手术|治疗|看病|住院"),
    ("travel", r"旅游|旅行|出游"),
    ("wedding", r"结婚|婚礼|婚庆|彩礼"),
    ("appliances", r"家电|家具|电脑|手机"),
    ("equipment", r"设备|机器|机床"),
    ("working_capital", r"周转|备货|进货|货款|流动资金|采购"),
)
"""Words of a purpose and the use they tell; the first that is found holds."""

_SUGGESTED: Final[dict[str, Use]] = {
    "housing": "home_purchase",
    "business": "working_capital",
    "education": "education",
    "refinance": "refinance",
}


def stated_use(need: Need) -> Use:
    """
    What the money is for.

    Returns
    -------
    ``other`` where neither the file nor its words nor the kind of need tells.

    Examples
    --------
    >>> from planning.household.profile import Need
    >>> need = {"kind": "consumption", "term": "short", "amount": 100000, "purpose": "凑首付款"}
    >>> stated_use(Need.model_validate(need))
    'down_payment'
    """
    if need.use is not None:
        return need.use
    if need.kind == "refinance":
        return "refinance"
    return _use_in(need.purpose) or _SUGGESTED.get(need.kind, "other")


def forbidding_rule(use: str, rules: RulesInForce, *, is_business: bool) -> str | None:
    """
    The rule that keeps a personal or a business loan from being used so, None where none does.

    Home loans are another matter: they are for the very use the rule keeps from other loans.
    """
    for name in BUSINESS_FORBIDDEN if is_business else (PERSONAL_FORBIDDEN,):
        if rules.is_in_force(name) and _is_flagged(name, use, rules):
            return name
    # Older than either, and of any loan: a down payment is own money (首付贷).
    is_borrowed_share = use == "down_payment" and rules.is_in_force(OWN_DOWN_PAYMENT)
    return OWN_DOWN_PAYMENT if is_borrowed_share and rules.value(OWN_DOWN_PAYMENT) else None


def _is_flagged(name: str, use: str, rules: RulesInForce) -> bool:
    flags = rules.entry(name).value
    return isinstance(flags, dict) and flags.get(use, 0) == 1


def need_is_forbidden(need: Need, rules: RulesInForce) -> Reason | None:
    """Why no loan at all may serve the need; None where some kind of loan may."""
    use = stated_use(need)
    if need.kind == "housing" and use == "home_purchase":
        return None
    rule = forbidding_rule(use, rules, is_business=need.kind == "business")
    return None if rule is None else Reason(code="forbidden_use", numbers={"use": use}, rule=rule)


def words_suggest_forbidden(need: Need, rules: RulesInForce) -> Reason | None:
    """The forbidden use a purpose speaks of while the file states another; None where none."""
    spoken = _use_in(need.purpose)
    if spoken is None or need.use in (None, spoken, "home_purchase"):
        return None
    rule = forbidding_rule(spoken, rules, is_business=need.kind == "business")
    if rule is None:
        return None
    return Reason(code="words_suggest_forbidden", numbers={"use": spoken}, rule=rule)


def purpose_checks(
    need: Need,
    replaced: Sequence[LoanContract],
    rules: RulesInForce,
    payoff: Fen | None = None,
) -> tuple[Reason, ...]:
    """
    What speaks against borrowing for this use, or for so long or so short.

    Parameters
    ----------
    need : not of kind ``none``.
    replaced : contracts that end with the new loan.
    payoff : what they owe where the loan is for nothing else.

    Returns
    -------
    Codes ``forbidden_use``, ``use_unclear``, ``words_suggest_forbidden``, ``more_than_replaced``,
    ``term_beyond_law`` (of a home loan),
    ``term_longer_than_purpose``, ``short_for_long`` (money due in one sum before the thing it paid
    for has served its time: 短贷长用); nothing where all is well.
    """
    return (
        *_amount_checks(need, payoff),
        *_purpose_checks(need, replaced, rules),
        *_legal_term_checks(need, rules),
    )


def _amount_checks(need: Need, payoff: Fen | None) -> Iterator[Reason]:
    """More asked than the debts to be settled owe: the rest would be a loan for something else."""
    if payoff is not None and need.amount > payoff:
        numbers: dict[str, float | int | str] = {
            "amount_fen": need.amount, "owed_fen": payoff, "more_fen": need.amount - payoff,
        }  # fmt: skip
        yield Reason(code="more_than_replaced", numbers=numbers)


def _legal_term_checks(need: Need, rules: RulesInForce) -> Iterator[Reason]:
    """A home loan wanted for longer than any may run."""
    if need.home is None or need.term_months is None or not rules.is_in_force(LONGEST_HOME_LOAN):
        return
    most = int(rules.value(LONGEST_HOME_LOAN) * MONTHS_PER_YEAR)
    if need.term_months > most:
        numbers: dict[str, float | int | str] = {"months": need.term_months, "most_months": most}
        yield Reason(code="term_beyond_law", numbers=numbers, rule=LONGEST_HOME_LOAN)


def _purpose_checks(
    need: Need, replaced: Sequence[LoanContract], rules: RulesInForce
) -> Iterator[Reason]:
    use = stated_use(need)
    forbidden = need_is_forbidden(need, rules)
    if forbidden:
        yield forbidden
    elif use == "other":
        yield Reason(code="use_unclear")
    suggested = words_suggest_forbidden(need, rules)
    if suggested and not forbidden:
        yield suggested
    yield from _maturity_checks(need, _life_of(use, replaced), rules)


def _maturity_checks(need: Need, use: str, rules: RulesInForce) -> Iterator[Reason]:
    life = purpose_life_months(use, rules)
    if need.term_months is None or life is None:
        return
    numbers: dict[str, float | int | str] = {
        "use": use, "months": need.term_months, "life_months": life,
    }  # fmt: skip
    if need.term_months > life:
        yield Reason(code="term_longer_than_purpose", numbers=numbers, rule=LIFE)
    elif need.method in LUMP_METHODS and need.term_months < life and use not in SELF_LIQUIDATING:
        yield Reason(code="short_for_long", numbers=numbers, rule=LIFE)


def purpose_life_months(use: str, rules: RulesInForce) -> int | None:
    """How long what is bought serves, months; None where the house has not said."""
    lives = rules.entry(LIFE).value
    return int(lives[use]) if isinstance(lives, dict) and use in lives else None


def _life_of(use: str, replaced: Sequence[LoanContract]) -> str:
    """The use whose life counts: a home loan put on new terms still pays for a home."""
    is_home = use == "refinance" and any(contract.product in HOUSING for contract in replaced)
    return "home_purchase" if is_home else use


def _use_in(purpose: str | None) -> Use | None:
    said = _NOT.sub("", purpose or "")
    return next((use for use, words in _WORDS if re.search(words, said)), None)


class Capacity(Record):
    """
    What another loan would do to the household's debt service.

    `room_yuan` is the monthly instalment still free under `share_limit` once the replaced debts'
    `replaced_yuan` a month has ended, `carried_yuan` the principal it repays over the wanted
    term. `need_instalment_yuan` is the largest monthly payment of the wanted loan and
    `need_lump_yuan` what falls due in one sum at its end. `share_with_need` is None when there is
    no income.
    """

    method: str
    annual_rate: float
    months: int
    share_limit: float
    replaced_yuan: float
    room_yuan: float
    carried_yuan: float
    need_instalment_yuan: float
    need_lump_yuan: float
    share_with_need: float | None


def capacity(
    need: Need, before: pd.DataFrame, after: pd.DataFrame, share_limit: Decimal, rate: Decimal
) -> Capacity | None:
    """
    The room the household's income leaves for the loan it wants.

    Parameters
    ----------
    need : without an amount and a term there is nothing to compute.
    before : cash-flow as it stands, without the loan.
    after : the same without the debts the loan would repay.
    share_limit : debt service over income that should not be passed.
    rate : annual rate of the loan.
    """
    if need.kind == "none" or not need.amount or not need.term_months:
        return None
    income, service = _monthly(before, "income"), _monthly(after, "debt_service")
    room = max(float(share_limit) * income - service, 0.0)
    monthly_rate = float(rate) / MONTHS_PER_YEAR
    instalment, lump = _payments(need, monthly_rate, need.term_months)
    return Capacity(
        method=need.method,
        annual_rate=float(rate),
        months=need.term_months,
        share_limit=float(share_limit),
        replaced_yuan=_monthly(before, "debt_service") - service,
        room_yuan=room,
        carried_yuan=-float(npf.pv(monthly_rate, need.term_months, room)),
        need_instalment_yuan=instalment,
        need_lump_yuan=lump,
        share_with_need=(service + instalment) / income if income > 0 else None,
    )


def _monthly(frame: pd.DataFrame, column: str) -> float:
    return float(year_ahead(frame)[column].sum() / MONTHS_PER_YEAR)


def _payments(need: Need, monthly_rate: float, months: int) -> tuple[float, float]:
    """The largest monthly payment, and what falls due in one sum at the end."""
    amount = yuan(need.amount)
    interest = amount * monthly_rate
    if need.method == "equal_instalment":
        return -float(npf.pmt(monthly_rate, months, amount)), 0.0
    if need.method == "equal_principal":
        return amount / months + interest, 0.0
    if need.method == "interest_only":
        return interest, amount
    return 0.0, amount + interest * months
