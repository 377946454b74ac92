"""
The ``planner`` command.

Exit codes: 0 all done, 1 some client failed or something on the machine is missing, 2 the input
was wrong and nothing was built. Heavy libraries are imported where they are used, so that help
and checks start at once.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from reports.loans import commands
from reports.rules import questionnaire

if TYPE_CHECKING:
    from reports.run.batch import Result

ROOT = Path(__file__).resolve().parents[1]

app = typer.Typer(
    name="planner",
    help="Liability plans 负债规划: check client files, build plans, examine the machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _day(text: str, language: str) -> date:
    """A day of the calendar; where it is none, the command ends and says why."""
    from planning.record_file import FIRST_DAY, LAST_DAY

    try:
        day = date.fromisoformat(text)
    except ValueError:
        _refuse_day("date_invalid" if _DAY.fullmatch(text) else "date_type", text, language)
    if not FIRST_DAY <= day <= LAST_DAY:
        bounds = {"first": str(FIRST_DAY), "last": str(LAST_DAY)}
        _refuse_day("day_outside_calendar", text, language, **bounds)
    return day


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _refuse_day(code: str, text: str, language: str, **numbers: str) -> NoReturn:
    from planning.errors import Problem
    from reports.language.problems import problem_lines

    for line in problem_lines([Problem("planner", 0, "", code, text, numbers)], language):
        typer.echo(line, err=True)
    raise typer.Exit(2)


def _today() -> str:
    return date.today().isoformat()  # noqa: DTZ011  a plan's day is the office's own calendar day


def _language(text: str) -> str:
    if text not in ("zh", "en"):
        raise typer.BadParameter("zh or en")
    return text


Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="client files (YAML)")]
AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DAY", help="day of the plan; today if absent")
]
LanguageOption = Annotated[
    str,
    typer.Option("--language", metavar="zh|en", callback=_language, help="of words and documents"),
]
Params = Annotated[Path, typer.Option("--params", help="folder of dated parameters")]
Out = Annotated[Path, typer.Option("--out", help="folder that plans are built into")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="seconds a client may take")]

Last = Annotated[
    Path | None,
    typer.Option("--last", metavar="PLAN.JSON", help="the client's plan before, for trends"),
]
LastRun = Annotated[
    Path | None,
    typer.Option("--last-run", metavar="FOLDER", help="plans of an earlier day, out/<date>"),
]

IN_CLONE = ROOT / "params"
BUILT = Path("out")


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

    day = _day(as_of or _today(), language)
    book, notes = reviewed_rules(params, day, language)
    households, problems = check_households(files, day, book)
    for line in problem_lines(problems, language):
        typer.echo(line)
    if book is not None:
        notes += problem_lines(notes_on(households, day, book), language)
    for line in notes:
        typer.echo(line, err=True)
    if problems:
        _say(language, f"共 {len(problems)} 处问题", f"{len(problems)} problems in all")
    if book is None:
        _say(
            language,
            f"{params} 中的规则或利率有误，规划书无法编制",
            f"the rules or rates in {params} have problems: no plan can be built",
        )
    if problems or book is None:
        raise typer.Exit(2)
    _say(language, f"{len(files)} 个文件均无问题", f"{len(files)} files, no problem")


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="one client file (YAML)")],
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Out = BUILT,
    timeout: Timeout = 300,
    last: Last = None,
) -> None:
    """Build one client's plan: notebook, HTML, PDF, JSON and XLSX."""
    _build([file], as_of, language, params, out, 1, timeout, last_plan=last)


@app.command()
def batch(
    files: Files,
    as_of: AsOf = "",
    language: LanguageOption = "zh",
    params: Params = IN_CLONE,
    out: Out = BUILT,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="clients at a time; a core each if absent")
    ] = None,
    timeout: Timeout = 300,
    last_run: LastRun = None,
) -> None:
    """Build the plans of many clients and their index."""
    if last_run is not None and not last_run.is_dir():
        _say_error(
            language,
            f"没有文件夹 {last_run}；请写上某一天的规划书所在的文件夹，如 out/2026-08-22",
            f"there is no folder {last_run}; name that of a day's plans, such as out/2026-08-22",
        )
        raise typer.Exit(2)
    count = jobs or os.cpu_count() or 1
    _build(files, as_of, language, params, out, count, timeout, last_run=last_run)


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
        asked = LoanQuestion(file, options, lists, params, _day(as_of or _today(), language))
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
        asked = CardQuestion(file, _day(until, language) if until else None, budget)
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
        asked = ArrearsQuestion(contract, receipts, _day(as_of or _today(), language), params)
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
        asked = RulesQuestion(name, _day(on or _today(), language), params)
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
        asked = ProductsQuestion(files or (), _day(on or _today(), language), params)
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
        asked = StrategyQuestion(file, options, rows, _day(as_of or _today(), language))
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


def _build(
    files: list[Path],
    as_of: str,
    language: str,
    params: Path,
    out: Path,
    jobs: int,
    timeout: float,
    *,
    last_plan: Path | None = None,
    last_run: Path | None = None,
) -> None:
    from planning.errors import ClientFileError
    from reports.language.problems import problem_lines
    from reports.run.batch import Batch, run

    day = _day(as_of or _today(), language)
    wanted = Batch(
        tuple(files), params, day, language, out, jobs, timeout,
        last_plan=last_plan, last_run=last_run,
    )  # fmt: skip
    try:
        results = run(wanted, lambda result: _tell(result, language))
    except ClientFileError as error:
        for line in problem_lines(error.problems, language):
            typer.echo(line, err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        _say(
            language,
            f"已中断；此前完成的在 {wanted.run_folder}，再次运行可补齐其余",
            f"interrupted; what was complete is in {wanted.run_folder}, run again for the rest",
        )
        raise typer.Exit(130) from None
    except OSError as error:
        _say(
            language,
            f"无法写入 {wanted.run_folder}：{error.strerror}。请换一个文件夹（--out）或检查权限。",
            f"{wanted.run_folder} cannot be written: {error.strerror}. Choose another folder with "
            "--out, or check its permissions.",
        )
        raise typer.Exit(2) from error
    failed = [result for result in results if result.failure]
    if all(r.failure is not None and r.failure.state == "bad_input" for r in results):
        _say(
            language,
            "没有可编制的客户，未写入任何文件",
            "no client could be planned; nothing was written",
        )
        raise typer.Exit(2)
    index = wanted.run_folder / "index.html"
    done = len(results) - len(failed)
    _say(
        language,
        f"完成 {done} 份，未完成 {len(failed)} 份：{index}",
        f"{done} complete, {len(failed)} not: {index}",
    )
    raise typer.Exit(1 if failed else 0)


def _tell(result: Result, language: str) -> None:
    if result.failure is None:
        _say(
            language,
            f"完成  {result.client}  {result.seconds:.1f} 秒",
            f"done  {result.client}  {result.seconds:.1f} s",
        )
        return
    from reports.language import Language

    state = Language(language).label("state", result.failure.state)
    typer.echo(f"{state}  {result.client}")
    for line in result.failure.reason:
        typer.echo(f"    {line}")


def _say_error(language: str, chinese: str, english: str) -> None:
    typer.echo(chinese if language == "zh" else english, err=True)


def _say(language: str, chinese: str, english: str) -> None:
    typer.echo(chinese if language == "zh" else english)


commands.register(app)
questionnaire.register(app)
