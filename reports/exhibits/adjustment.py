"""Which way to repay holds, the lines that call for a change, and the ways to lighten a debt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import Language
from reports.markup import NOTHING, Html, joined

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.strategy.method_advice import MethodAdvice
    from planning.strategy.relief_option import ReliefOption
    from planning.strategy.triggers import Trigger

ACTIONS: Final = {
    "arrears_first": ("还清逾期", "make good what is overdue"),
    "due_first": ("留着还到期的钱", "keep it for what falls due"),
    "gap_first": ("留着补以后的缺口", "keep it for the gap ahead"),
    "cut_spending": ("停下可调整的支出", "cut what can wait"),
    "ask_lender": ("与贷款机构谈减轻还款", "ask the lenders for relief"),
    "fill_fund": ("补足备用金", "fill the emergency fund"),
    "lower_instalment": ("把月供降下来", "bring the instalment down"),
    "prepay": ("考虑提前还款", "think of a prepayment"),
    "as_advised": ("照“全部负债怎么还”提前还", "prepay as advised for all debts"),
    "keep": ("不用调整", "nothing to change"),
}


def method_margin_tables(plan: LiabilityPlan, language: str) -> Html:
    """For each loan compared: how every method stands in its worst month."""
    return joined(_method_table(plan, advice, language) for advice in plan.method_advice)


def trigger_table(plan: LiabilityPlan, language: str) -> Html:
    """Every line, where the household stands, and what to do."""
    speech = Language(language)
    say = speech.either
    rows = [
        [*_line(plan, trigger, speech), _actions(trigger, speech)]
        for trigger in plan.adjustment.triggers
    ]
    if not rows:
        return NOTHING
    columns: list[Column | str] = [
        say("看什么", "What to watch"),
        say("到这条线就调整", "The line"),
        say("现在", "Now"),
        say("怎么做", "What to do"),
    ]
    return table(columns, rows, caption=say("需要调整的触发线", "Lines that call for a change"))


def relief_table(plan: LiabilityPlan, language: str) -> Html:
    """
    The ways to lighten the debts that matter, by relief for a yuan of cost.

    Left out beside the table of ways out, which has them with what they do to the household.
    """
    options = plan.adjustment.if_income_falls.options
    if not options or plan.hard_cases is not None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    is_offset = any(one.offset == "yearly" for one in plan.household.provident_fund)
    columns: list[Column | str] = [
        say("办法", "Way"),
        Column(say("那一期原应还（元）", "Due that day, CNY"), "number"),
        Column(say("改为（元）", "Then, CNY"), "number"),
        Column(say("少还（元）", "Paid less, CNY"), "number"),
        Column(say("总共多付（元）", "More in all, CNY"), "number"),
        say("还清日", "Paid off"),
        say("信用记录", "Credit record"),
    ]
    return table(
        columns,
        [_relief_row(plan, option, speech) for option in options],
        caption=say("减轻还款的办法", "Ways to lighten the debts"),
        note=say(
            "按每多付 1 元换来的减轻排序。“少还”是暂停期内（最长一年）或改动后一年内少还的钱；"
            "“总共多付”是到还清为止多付的利息和费用（合同写明的违约金也算在内），负数是少付。"
            "利率按现行计，办不办得成由贷款机构决定；横线是要贷款机构给出条件才能算的。"
            + ("公积金每年冲还的本金，按照常冲还算。" if is_offset else ""),
            "In order of the relief for each yuan of cost. “Paid less” is within the pause, a year "
            "at most, or the year after the change; “more in all” is interest and fees until paid "
            "off, a penalty in the contract among them, negative where it saves. At today's rates, "
            "and for the lender to decide; a dash needs the lender's terms."
            + (" The fund's yearly offset is taken to go on." if is_offset else ""),
        ),
    )  # fmt: skip


def _method_table(plan: LiabilityPlan, advice: MethodAdvice, language: str) -> Html:
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.label("method", one.method),
            speech.month(one.worst_month),
            speech.whole(one.worst_margin_yuan),
            speech.whole(one.lowest_liquid_yuan),
            speech.whole(one.floor_yuan),
            say("撑得住", "holds") if one.holds else say("撑不住", "does not hold"),
        ]
        for one in advice.margins
    ]
    columns: list[Column | str] = [
        say("还款方式", "Method"),
        say("最紧的月份", "Worst month"),
        Column(say("当月结余（元）", "Left of it, CNY"), "number"),
        Column(say("手头最低（元）", "Cash at its lowest, CNY"), "number"),
        Column(say("应留底线（元）", "Cash to keep, CNY"), "number"),
        say("结论", "Verdict"),
    ]
    span = speech.months(advice.looked_at_months)
    name = _subject(plan, advice.subject, speech)
    return table(
        columns,
        rows,
        caption=say(f"{name}：今后{span}里撑不撑得住", f"{name}: whether {span} hold"),
    )


def _subject(plan: LiabilityPlan, subject: str, speech: Language) -> str:
    if subject == "need":
        return speech.either("拟办理的贷款", "The loan you want")
    return debt_name(plan.debt(subject), speech)


def _actions(trigger: Trigger, speech: Language) -> str:
    words = [speech.either(*ACTIONS[code]) for code in trigger.actions]
    first = speech.either("先", "first ") if len(words) > 1 else ""
    return first + speech.either("，再", ", then ").join(words)


def _line(plan: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    """What is watched, the line, and where the household stands."""
    return LINES[trigger.code](plan, trigger, speech)


def _income_falls_below(_: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    mark = say("（已低于此线）", " (below it already)") if trigger.is_met else ""
    return [
        say("平均每月到手收入", "Income of an average month"),
        say("低于 ", "below ") + speech.yuan(_number(n, "line_yuan")),
        speech.yuan(_number(n, "income_yuan")) + mark,
    ]


def _reserve_income(_: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    line, months = speech.yuan(_number(n, "line_yuan")), speech.months(_number(n, "months"))
    mark = say("（已低于此线）", " (below it already)") if trigger.is_met else ""
    income, held = (speech.yuan(_number(n, name)) for name in ("income_yuan", "liquid_yuan"))
    return [
        say(f"手头的钱够不够撑{months}", f"Whether cash lasts {months}"),
        say(f"平均每月收入低于 {line}", f"income of a month below {line}"),
        say(f"收入 {income}{mark}，手头 {held}", f"income of {income}{mark}, cash of {held}"),
    ]


def _cash_below(_: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    mark = say("（还没有备足）", " (not full yet)") if trigger.is_met else ""
    return [
        say("可动用资金", "Ready money"),
        say("低于 ", "below ") + speech.yuan(_number(n, "line_yuan")),
        speech.yuan(_number(n, "liquid_yuan")) + mark,
    ]


def _rate(_: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    index = speech.label("index", str(n["index"]))
    now = f"{index} {speech.percent(_number(n, 'index_rate'))}"
    if trigger.code == "rate_bearable":
        bound = speech.basis_points(_number(n, "bound_bp"))
        left, month = speech.yuan(_number(n, "margin_yuan")), speech.month(str(n["from_month"]))
        line = say(
            f"{bound}时，{month}起的一年平均每月仍余 {left}，没有到线",
            f"at {bound} an average month of the year from {month} still leaves {left}: "
            "no line found",
        )
        return [say("利率", "Interest rates"), line, now]
    rate = speech.percent(_number(n, "line_rate"))
    return [say("利率", "Interest rates"), say(f"{index}涨到 {rate}", f"{index} at {rate}"), now]


def _income_ends(plan: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    margin = _number(n, "margin_yuan")
    service, carries = speech.yuan(_number(n, "service_yuan")), _number(n, "carries_yuan")
    after = say("此后每月还款 ", "then ") + service
    if margin < 0:
        most = speech.yuan(max(carries, 0.0))
        after += say(f"，只承担得起 {most}", f" a month to pay and {most} to pay it with")
    else:
        left = speech.yuan(margin)
        after += say(f"，每月还余 {left}", f" a month to pay, {left} left")
    return [_owner(plan, trigger, speech), say("到 ", "ends ") + speech.day(trigger.on), after]


def _income_rises_to(_: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    step, months = speech.yuan(_number(n, "step_yuan")), speech.months(_number(n, "months"))
    line = speech.yuan(_number(n, "line_yuan"))
    mark = say("（已经达到）", " (reached already)") if trigger.is_met else ""
    return [
        say(f"{months}能不能再攒出 {step}", f"Whether {step} more can be saved in {months}"),
        say(f"平均每月收入到 {line}", f"an average month brings {line}"),
        speech.yuan(_number(n, "income_yuan")) + mark,
    ]


def _windfall(plan: LiabilityPlan, trigger: Trigger, speech: Language) -> list[str]:
    say, n = speech.either, trigger.numbers
    to_due, to_fund = _number(n, "to_due_yuan"), _number(n, "to_fund_yuan")
    to_debt, to_gap = _number(n, "to_debt_yuan"), float(n.get("to_gap_yuan", 0))
    due, fund, debt, gap = (speech.yuan(one) for one in (to_due, to_fund, to_debt, to_gap))
    parts = [say(f"{due}留着还到期的钱", f"{due} for what falls due")] if to_due else []
    parts += [say(f"{fund}补备用金", f"{fund} to the fund")] if to_fund else []
    parts += [say(f"最多 {debt}可还贷", f"at most {debt} may repay debt")] if to_debt else []
    if to_gap:
        short = speech.month(str(n["short_month"]))
        parts.append(
            say(f"{gap}留着，{short}手头的钱会用完", f"keep {gap}: cash runs out in {short}")
        )
    split = say("，", ", ").join(parts) or say("先留着", "keep it")
    month = speech.month(f"{trigger.on:%Y-%m}" if trigger.on else "")
    return [
        _owner(plan, trigger, speech),
        say(f"{month}到账 ", f"{month}: ") + speech.yuan(_number(n, "amount_yuan")),
        split,
    ]


LINES: Final = {
    "income_falls_below": _income_falls_below,
    "reserve_income": _reserve_income,
    "cash_below": _cash_below,
    "rate_rises_to": _rate,
    "rate_bearable": _rate,
    "income_ends": _income_ends,
    "income_rises_to": _income_rises_to,
    "windfall": _windfall,
}


def _owner(plan: LiabilityPlan, trigger: Trigger, speech: Language) -> str:
    """Whose income, and of what kind; several that end on one day are one line."""
    roles = {member.id: speech.label("role", member.role) for member in plan.household.members}
    named = [(roles[one.owner], speech.label("income", one.kind)) for one in trigger.incomes]
    zh = "、".join(f"{owner}的{kind}" for owner, kind in named)
    return speech.either(zh, ", ".join(f"{kind} of the {owner.lower()}" for owner, kind in named))


def _relief_row(plan: LiabilityPlan, option: ReliefOption, speech: Language) -> list[str]:
    say = speech.either
    name = debt_name(plan.debt(option.liability), speech)
    way = speech.label("relief", option.kind)
    size = speech.money(option.prepaid_fen) if option.prepaid_fen else ""
    size = speech.months(option.months) if option.months else size
    span = say(f"（{size}）", f" ({size})") if size else ""
    return [
        say(f"{name}：{way}{span}", f"{name}: {way}{span}"),
        speech.fen(option.payment_now_fen),
        speech.fen(option.payment_fen),
        speech.fen(option.relief_fen),
        speech.fen(option.extra_cost_fen),
        speech.date(option.ends_on),
        speech.label("credit_effect", option.credit.code),
    ]


def _number(numbers: dict[str, float | int | str], name: str) -> float:
    return float(numbers[name])
