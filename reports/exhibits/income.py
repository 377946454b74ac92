"""Pay before and after tax, who owes what, and what the provident fund lends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, UNVERIFIED, Language
from reports.markup import NOTHING, Html, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from planning.household.pay_year import PayYear
    from planning.household.provident_fund import FundLimit, FundLoan
    from planning.plan import LiabilityPlan

SOCIAL_INSURANCE = "social_insurance."
BONUS_RULE = "tax.separate_bonus_last_year"
AGE_RULE = "provident_fund.retirement_age"
FEN_PER_YUAN = 100


def pay_table(plan: LiabilityPlan, language: str) -> Html:
    """From pay to what arrives, a column for each member and year."""
    if not plan.pay:
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns = [
        Column(f"{_role(plan, year.member, speech)} {_year(year.year, speech)}", "number")
        for year in plan.pay
    ]
    rows = [[heading, *(cell(year) for year in plan.pay)] for heading, cell in _lines(plan, speech)]
    return table(
        [say("项目（元）", "CNY"), *columns],
        [row for row in rows if any(cell != UNKNOWN for cell in row[1:])],
        caption=say("税前收入与到手收入", "From pay before tax to what arrives"),
        total_row=True,
        note=_pay_note(plan, speech),
    )


def _lines(plan: LiabilityPlan, speech: Language) -> list[tuple[str, Callable[[PayYear], str]]]:
    """What the pay table tells of a year, line by line; a dash where it has nothing to tell."""
    say = speech.either
    insurance = _worst_grade(plan, SOCIAL_INSURANCE)
    items = dict.fromkeys(kind for year in plan.pay for kind in year.deductions_fen)

    def some(amount: int) -> str:
        return speech.fen(amount) if amount else UNKNOWN

    def deducted(kind: str) -> Callable[[PayYear], str]:
        return lambda year: some(-year.deductions_fen.get(kind, 0))

    return [
        (say("工资（税前）", "Salary before tax"), lambda y: speech.fen(y.gross_salary_fen)),
        (say("奖金（税前）", "Bonus before tax"), lambda y: some(y.gross_bonus_fen)),
        (
            say("个人缴纳的社会保险", "Social insurance, own share"),
            lambda y: speech.graded(speech.fen(-y.social_insurance_fen), insurance),
        ),
        (say("个人缴存的公积金", "Provident fund, own share"), lambda y: some(-y.own_fund_fen)),
        (
            say("扣除：基本减除费用", "Deducted: basic deduction"),
            lambda y: speech.fen(-y.basic_deduction_fen),
        ),
        *(
            (
                say("扣除：", "Deducted: ") + speech.label("deduction", kind),
                deducted(kind),
            )
            for kind in items
        ),
        (say("应纳税所得额", "Taxable income"), lambda y: speech.fen(y.taxable_fen)),
        (say("全年个人所得税", "Income tax of the year"), lambda y: speech.fen(-y.tax_fen)),
        (
            say("奖金的计税方式", "How the bonus is taxed"),
            lambda y: _method(plan, y, speech),
        ),
        (
            say("换一种方式的全年个税", "Tax of the year the other way"),
            lambda y: (
                UNKNOWN if y.other_method_tax_fen is None else speech.fen(-y.other_method_tax_fen)
            ),
        ),
        (
            say("其中当年已代扣", "Of it withheld within the year"),
            lambda y: speech.fen(-y.withheld_fen) if y.settlement_fen else UNKNOWN,
        ),
        (say("汇算清缴", "Yearly settlement"), lambda y: _settlement(y, speech)),
        (say("当年到手", "Arrives within the year"), lambda y: speech.fen(y.net_fen)),
    ]


def _method(plan: LiabilityPlan, year: PayYear, speech: Language) -> str:
    if year.bonus_method is None:
        return UNKNOWN
    return speech.graded(
        speech.label("bonus_method", year.bonus_method), _worst_grade(plan, BONUS_RULE)
    )


def _settlement(year: PayYear, speech: Language) -> str:
    """What the settlement asks for or pays back; a dash where it finds nothing."""
    if not year.settlement_fen:
        return UNKNOWN
    owed = speech.fen(abs(year.settlement_fen))
    if year.settlement_fen < 0:
        return speech.either(f"可退 {owed}", f"{owed} back")
    if year.is_settlement_exempt:
        return speech.either(f"差 {owed}，免补", f"{owed} short, waived")
    return speech.either(f"应补 {owed}", f"{owed} to pay")


def _pay_note(plan: LiabilityPlan, speech: Language) -> str:
    note = speech.either(
        "应纳税所得额不含单独计税的奖金。按现行规定推算，实际以单位代扣和税务机关核定为准。",
        "A bonus taxed by itself is not in the taxable income. By the rules of today; what the "
        "employer withholds and the tax office assesses counts.",
    )
    if any(year.is_base_unbounded for year in plan.pay):
        note += speech.either(
            "当地社保缴费基数的上限未收录，社保按工资全额计算；工资高于上限的，实际到手会更多。",
            " No upper bound of the city's social-insurance base is known, so it is taken on the "
            "whole salary; where that exceeds the bound, more arrives.",
        )
    if any(year.settlement_fen for year in plan.pay):
        note += speech.either(
            "汇算清缴在次年办理，没有算进收支。",
            " The settlement falls in the year after and is not in the cash-flow.",
        )
    return note


def withholding_table(plan: LiabilityPlan, language: str) -> Html:
    """The months of the plan's year and the next: what is paid, withheld and arrives."""
    return joined(_withheld(plan, year, Language(language)) for year in plan.pay if year.months)


def _withheld(plan: LiabilityPlan, year: PayYear, speech: Language) -> Html:
    say = speech.either
    rows = [
        [
            speech.month(f"{year.year}-{month.month}"),
            speech.fen(month.salary_fen),
            speech.fen(month.bonus_fen) if month.bonus_fen else UNKNOWN,
            speech.fen(-month.contributions_fen),
            speech.fen(month.taxable_to_date_fen),
            speech.fen(-month.withheld_fen),
            speech.fen(month.net_fen),
        ]
        for month in year.months
    ]
    columns: list[Column | str] = [
        say("月份", "Month"),
        Column(say("工资（税前）", "Salary"), "number"),
        Column(say("奖金（税前）", "Bonus"), "number"),
        Column(say("社保和公积金", "Insurance and fund"), "number"),
        Column(say("累计应纳税所得额", "Taxable so far"), "number"),
        Column(say("代扣个税", "Tax withheld"), "number"),
        Column(say("到手", "Arrives"), "number"),
    ]
    who, when = _role(plan, year.member, speech), _year(year.year, speech)
    return table(
        columns,
        rows,
        caption=say(f"{who}{when}各月代扣个税", f"Tax withheld, {who}, {when}"),
        note=say(
            "单位：元。单独计税的奖金不计入累计应纳税所得额。",
            "CNY. A bonus taxed by itself is not in the taxable income so far.",
        ),
    )


def liable_table(plan: LiabilityPlan, language: str) -> Html:
    """What each borrower owes alone, with others, and could be asked for in all."""
    if not plan.liable:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            _role(plan, owed.member, speech),
            speech.fen(owed.sole_fen),
            speech.fen(owed.joint_fen),
            speech.fen(owed.claimable_fen),
        ]
        for owed in plan.liable
    ]
    columns: list[Column | str] = [
        say("借款人", "Borrower"),
        Column(say("单独借的（元）", "Alone, CNY"), "number"),
        Column(say("共同借的（元）", "With others, CNY"), "number"),
        Column(say("可被要求偿还的总额（元）", "Could be asked for in all, CNY"), "number"),
    ]
    note = say(
        "共同借款在每位借款人名下都按全额列示，几行不能相加；家庭负债合计中只算一次。",
        "A joint debt stands in full with each borrower, so the rows must not be added up; the "
        "household's total counts it once.",
    )
    is_shared = any(owed.joint_fen for owed in plan.liable)
    return table(
        columns, rows, caption=say("谁欠多少", "Who owes what"), note=note if is_shared else None
    )


def fund_loan_table(plan: LiabilityPlan, language: str) -> Html:
    """The limits of a provident-fund loan for the home wanted, and the least of them."""
    loan = plan.fund_loan
    if loan is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        *([_limit_name(limit, loan, speech), _limit(plan, limit, speech)] for limit in loan.limits),
        *(
            [speech.label("fund_limit", code), say("尚不清楚", "not known")]
            for code in loan.missing
        ),
        [say("最多可贷", "At most"), _most(loan, speech)],
    ]
    age = _worst_grade(plan, AGE_RULE)
    months = speech.graded(speech.months(loan.most_months), age)
    return table(
        [say("限制", "Limit"), Column(say("金额（元）", "CNY"), "number")],
        rows,
        caption=say(f"公积金贷款额度测算（{loan.city}）", f"Provident-fund loan, {loan.city}"),
        total_row=True,
        note=say(
            f"期限最长 {months}，按年龄和房龄推算；还款能力按 {speech.months(loan.months)}、"
            f"年利率 {speech.percent(loan.annual_rate)} 计算。以公积金中心审批为准。",
            f"The longest term is {months}, by age and by the age of the house; what the income "
            f"repays is over {speech.months(loan.months)} at {speech.percent(loan.annual_rate)}. "
            "The fund's own decision counts.",
        ),
    )


def _limit_name(limit: FundLimit, loan: FundLoan, speech: Language) -> str:
    name = speech.label("fund_limit", limit.code)
    return name + speech.either("（起决定作用）", " (binds)") if limit.code == loan.binds else name


def _limit(plan: LiabilityPlan, limit: FundLimit, speech: Language) -> str:
    amount = speech.whole(limit.amount_yuan)
    return speech.graded(amount, _worst_grade(plan, limit.rule or UNKNOWN))


def _most(loan: FundLoan, speech: Language) -> str:
    if loan.amount_yuan is None:
        return speech.either("暂不能确定", "cannot be told yet")
    return speech.whole(loan.amount_yuan)


def _worst_grade(plan: LiabilityPlan, prefix: str) -> str:
    """``M`` when an entry of that name, or beginning so, that the plan rests on is unverified."""
    grades = {entry.grade for entry in plan.parameters if entry.name.startswith(prefix)}
    return UNVERIFIED if UNVERIFIED in grades else ""


def _role(plan: LiabilityPlan, reference: str, speech: Language) -> str:
    member = next(m for m in plan.household.members if m.id == reference)
    return speech.label("role", member.role)


def _year(year: int, speech: Language) -> str:
    return speech.either(f"{year}年", str(year))
