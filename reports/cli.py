"""
The ``planner`` command.

Exit codes: 0 all done, 1 something on the machine is missing or a client failed, 2 the input was
wrong and nothing was built. Heavy libraries are imported where they are used, so that help
and checks start at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from reports.delivery import commands as delivery_commands
from reports.delivery import mail_commands
from reports.loans import commands as loan_commands
from reports.options import (
    BUILT,
    IN_CLONE,
    AsOf,
    Commands,
    Files,
    LanguageOption,
    Out,
    Params,
    day_of,
    opaquely_named,
    say,
    today,
)
from reports.rules import questionnaire
from reports.run import commands as plan_commands

app = typer.Typer(
    name="planner",
    cls=Commands,
    help="Liability plans 负债规划: check client files, build plans, examine the machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def check(
    files: Files,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Report every problem of client files and rules at once, and the rules due for review."""
    from planning.household.client import check_households, notes_on
    from reports.language.problems import problem_lines
    from reports.rules.command import reviewed_rules

    opaque = opaquely_named(files, language)
    day = day_of(as_of or today(), language)
    book, notes = reviewed_rules(params, day, language)
    households, problems = check_households(opaque, day, book)
    for line in problem_lines(problems, language):
        typer.echo(line)
    if book is not None:
        notes += problem_lines(notes_on(households, day, book), language)
    for line in notes:
        typer.echo(line, err=True)
    if problems:
        say(language, f"共 {len(problems)} 处问题", f"{len(problems)} problems in all")
    if book is None:
        say(
            language,
            f"{params} 中的规则或利率有误，规划书无法编制",
            f"the rules or rates in {params} have problems: no plan can be built",
        )
    if problems or book is None or len(opaque) < len(files):
        raise typer.Exit(2)
    say(language, f"{len(files)} 个文件均无问题", f"{len(files)} files, no problem")


Json = Annotated[bool, typer.Option("--json", help="for programs")]


def _text(name: str, text: str) -> typer.models.OptionInfo:
    return typer.Option(f"--{name}", metavar="VALUE", help=text)


@app.command()
def loan(
    file: Annotated[
        Path | None, typer.Argument(metavar="[CONTRACT.yaml]", help="a contract file, or options")
    ] = None,
    method: Annotated[str, _text("method", "equal_instalment, equal_principal, ...")] = "",
    principal: Annotated[str, _text("principal", "元")] = "",
    annual_rate: Annotated[str, _text("annual-rate", "a fraction, 0.049")] = "",
    months: Annotated[str, _text("months", "term")] = "",
    drawn_on: Annotated[str, _text("drawn-on", "放款日; the --as-of day if absent")] = "",
    first_due: Annotated[str, _text("first-due", "首次还款日; a month later if absent")] = "",
    fee_upfront: Annotated[str, _text("fee-upfront", "元 out of the proceeds")] = "",
    fee_monthly: Annotated[str, _text("fee-monthly", "元 beside each instalment")] = "",
    fee_rate_per_month: Annotated[str, _text("fee-rate-per-month", "of a flat fee")] = "",
    fee_charged: Annotated[str, _text("fee-charged", "each_period or first_period")] = "",
    notional_months: Annotated[str, _text("notional-months", "of a balloon loan")] = "",
    grace_months: Annotated[str, _text("grace-months", "first months without principal")] = "",
    grace_interest: Annotated[
        str, _text("grace-interest", "paid, deferred, capitalised or waived")
    ] = "",
    rate_change: Annotated[
        list[str] | None, _text("rate-change", "PERIOD:RATE, repeatable")
    ] = None,
    prepay: Annotated[
        list[str] | None, _text("prepay", "PERIOD:AMOUNT:MODE or DAY:AMOUNT:MODE, repeatable")
    ] = None,
    convention: Annotated[
        list[str] | None, _text("convention", "NAME=VALUE, such as day_count=actual_360")
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="the full ledger")] = False,
    form: Annotated[
        bool, typer.Option("--form", help="the financing cost form, 综合融资成本明示表")
    ] = False,
    as_json: Json = False,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Compute one loan to the fen: instalments, interest, what it really costs, prepayments."""
    from planning.errors import PlanningError
    from reports.loans.loan_command import LoanQuestion, show_form, show_loan

    options = {
        "method": method, "principal": principal, "annual_rate": annual_rate, "months": months,
        "drawn_on": drawn_on, "first_due": first_due, "fee_upfront": fee_upfront,
        "fee_monthly": fee_monthly, "fee_rate_per_month": fee_rate_per_month,
        "fee_charged": fee_charged, "notional_months": notional_months,
        "grace_months": grace_months, "grace_interest": grace_interest,
    }  # fmt: skip
    lists = {
        "rate_change": rate_change or [], "prepay": prepay or [], "convention": convention or [],
    }  # fmt: skip
    try:
        asked = LoanQuestion(file, options, lists, params, day_of(as_of or today(), language))
        if form:
            show_form(asked, language, as_json=as_json, say=typer.echo)
        else:
            show_loan(asked, language, as_json=as_json, rows=rows, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)


@app.command()
def card(
    file: Annotated[Path, typer.Argument(metavar="CARD.yaml", help="a card file")],
    until: Annotated[
        str,
        typer.Option("--until", metavar="DAY", help="last statement; all in the file if absent"),
    ] = "",
    budget: Annotated[str, _text("budget", "元 a month paid on what is left")] = "",
    as_json: Json = False,
    language: LanguageOption = "zh",
) -> None:
    """Compute a credit card's statements to the fen, and what its debt costs from there."""
    from planning.errors import PlanningError
    from reports.loans.card_command import CardQuestion, show_card

    try:
        asked = CardQuestion(file, day_of(until, language) if until else None, budget)
        show_card(asked, language, as_json=as_json, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)


@app.command()
def line(
    file: Annotated[Path, typer.Argument(metavar="LINE.yaml", help="a line file")],
    as_json: Json = False,
    language: LanguageOption = "zh",
) -> None:
    """Compute the ledger of a credit line that is drawn and repaid at will."""
    from planning.errors import PlanningError
    from reports.loans.line_command import show_line

    try:
        show_line(file, language, as_json=as_json, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)


@app.command()
def arrears(
    contract: Annotated[
        Path, typer.Argument(metavar="CONTRACT.yaml", help="a contract file with late_terms")
    ],
    receipts: Annotated[
        Path, typer.Argument(metavar="RECEIPTS.csv", help="columns received_on, amount")
    ],
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="DAY", help="last day; today if absent")
    ] = "",
    as_json: Json = False,
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Compute what a contract in arrears owes, day by day, from what was really received."""
    from planning.errors import PlanningError
    from reports.loans.arrears_command import ArrearsQuestion, show_arrears

    try:
        asked = ArrearsQuestion(contract, receipts, day_of(as_of or today(), language), params)
        show_arrears(asked, language, as_json=as_json, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)


@app.command()
def reconcile(
    contract: Annotated[
        Path, typer.Argument(metavar="CONTRACT.yaml", help="a contract file, as far as known")
    ],
    statement: Annotated[
        Path,
        typer.Argument(
            metavar="STATEMENT.csv", help="due_on and any of payment, interest, principal, balance"
        ),
    ],
    as_json: Json = False,
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Find the conventions that reproduce a bank's statement to the fen, or where it departs."""
    from planning.errors import PlanningError
    from reports.loans.reconcile_command import StatementQuestion, show_reconciliation

    try:
        asked = StatementQuestion(contract, statement, params)
        is_exact = show_reconciliation(asked, language, as_json=as_json, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)
    raise typer.Exit(0 if is_exact else 1)


@app.command()
def offset(
    file: Annotated[Path, typer.Argument(metavar="OFFSET.yaml", help="an offset file")],
    rows: Annotated[bool, typer.Option("--rows", help="every payment, not years")] = False,
    as_json: Json = False,
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Compute loans repaid out of the housing provident fund, beside repaying them in cash."""
    from planning.errors import PlanningError
    from reports.loans.offset_command import show_offset

    try:
        show_offset(file, params, language, as_json=as_json, rows=rows, say=typer.echo)
    except (PlanningError, ValueError) as error:
        _refuse(error, language)


@app.command()
def rules(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="an entry, a topic, or how names begin")
    ] = "",
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="today if absent")] = "",
    as_json: Json = False,
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Show the rules and rates of a day: value, reference, grade; of one, its whole history."""
    from planning.errors import PlanningError
    from reports.rules.command import RulesQuestion, show_rules

    try:
        asked = RulesQuestion(name, day_of(on or today(), language), params)
        show_rules(asked, language, as_json=as_json, say=typer.echo)
    except PlanningError as error:
        _refuse(error, language)


@app.command()
def products(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="product files (YAML); the catalogue if absent"),
    ] = None,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="today if absent")] = "",
    as_json: Json = False,
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
) -> None:
    """Show what lenders offer on a day: range, rate, and what an example really costs."""
    from planning.errors import PlanningError
    from reports.products.command import ProductsQuestion, show_products

    try:
        asked = ProductsQuestion(files or (), day_of(on or today(), language), params)
        show_products(asked, language, as_json=as_json, say=typer.echo)
    except PlanningError as error:
        _refuse(error, language)


@app.command()
def strategy(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="a row a debt: id, balance, annual_rate, minimum; .csv, .xlsx, .jsonl, .parquet",
        ),
    ],
    extra: Annotated[str, _text("extra", "元 a month beyond the first least payments")] = "",
    order: Annotated[
        str,
        _text(
            "order",
            "avalanche, snowball, same_priority, contractual, threshold, custom or optimum",
        ),
    ] = "avalanche",
    ids: Annotated[str, _text("ids", "of a custom order: a,b,c, then the rest by rate")] = "",
    threshold: Annotated[str, _text("threshold", "repay only what is dearer, such as 0.04")] = "",
    lump: Annotated[
        list[str] | None, _text("lump", "MONTH=AMOUNT, money besides, repeatable")
    ] = None,
    by: Annotated[
        str, _text("by", "months or a day: the least extra a month to be free by then")
    ] = "",
    compare: Annotated[bool, typer.Option("--compare", help="all orders side by side")] = False,
    rows: Annotated[
        Path | None, typer.Option("--rows", metavar="FILE", help="every debt and month, a table")
    ] = None,
    as_json: Json = False,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
) -> None:
    """Repay a table of debts together: what first, free when, at what cost, how near the best."""
    from planning.errors import PlanningError
    from reports.strategy.asked import Options
    from reports.strategy.command import StrategyQuestion, show_strategy

    options = Options(extra, order, ids, threshold, tuple(lump or ()), by, compare)
    try:
        asked = StrategyQuestion(file, options, rows, day_of(as_of or today(), language))
        show_strategy(asked, language, as_json=as_json, say=typer.echo)
    except PlanningError as error:
        _refuse(error, language)


def _refuse(error: Exception, language: str) -> NoReturn:
    """Every problem of an input, or the one sentence of a model that cannot go on; exit code 2."""
    from planning.errors import ClientFileError, Problem, TermsError
    from reports.language.problems import problem_lines

    if isinstance(error, ClientFileError):
        lines = problem_lines(error.problems, language)
    elif isinstance(error, TermsError):
        problem = Problem(error.contract, 0, "", error.code, numbers=error.numbers)
        lines = problem_lines([problem], language)
    else:
        lines = [str(error)]
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(2) from error


@app.command()
def doctor(
    language: LanguageOption = "zh",
    fix: Annotated[
        bool, typer.Option("--fix", help="install a missing font where allowed")
    ] = False,
    deep: Annotated[bool, typer.Option("--deep", help="also start the Jupyter kernel")] = False,
    out: Out = BUILT,
) -> None:
    """Examine fonts, converters, kernel and disk; a line and a cure per finding."""
    from reports.doctor import run

    raise typer.Exit(run(language, fix=fix, deep=deep, out=out, say=typer.echo))


@app.command()
def schema(
    check_only: Annotated[
        bool, typer.Option("--check", help="only say whether the files are current")
    ] = False,
) -> None:
    """Generate the JSON Schemas in params/schema from the models."""
    from reports.schema import stale, write

    if not check_only:
        write(IN_CLONE / "schema")
        return
    for name in (old := stale(IN_CLONE / "schema")):
        typer.echo(f"{name} is not what the models say; run make schema")
    raise typer.Exit(1 if old else 0)


plan_commands.register(app)
delivery_commands.register(app)
mail_commands.register(app)
loan_commands.register(app)
questionnaire.register(app)
