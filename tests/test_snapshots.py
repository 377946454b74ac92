"""What each example household's plan says, as tables a reviewer reads in the diff."""

from __future__ import annotations

from pathlib import Path

from reports.language import Language

SNAPSHOTS = Path(__file__).parent / "snapshots"
SAY = Language("en")
ROWS_SHOWN = 24


def test_plan_reads_as_reviewed(plan, request):
    """The figures of an example's plan are those last reviewed; `make snapshots` rewrites them."""
    path = SNAPSHOTS / f"{plan.client}.md"
    told = _told(plan)
    if request.config.getoption("--update-snapshots"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == told


def _told(plan):
    sheet, year = plan.balance_sheet, plan.year_ahead
    parts = [
        f"# {plan.client} on {plan.as_of}",
        _table(
            ("figure", "value"),
            [
                ("assets", SAY.money(sheet.total_assets_fen)),
                ("debts", SAY.money(sheet.total_liabilities_fen)),
                ("net worth", SAY.money(sheet.net_worth_fen)),
                ("ready money", SAY.money(sheet.liquid_assets_fen)),
                ("income a month", SAY.yuan(year.income_yuan)),
                ("debt service a month", SAY.yuan(year.debt_service_yuan)),
                ("left over a month", SAY.yuan(year.margin_yuan)),
            ],
        ),
        "## Debts",
        _table(
            ("debt", "balance", "rate", "next due", "next payment", "left", "irr x 12", "ear"),
            [
                (
                    debt.id,
                    SAY.fen(debt.balance_fen),
                    SAY.percent(debt.annual_rate),
                    str(debt.next_due_on),
                    SAY.fen(debt.next_payment_fen),
                    str(debt.remaining_periods),
                    SAY.percent(debt.all_in_cost.irr_x12),
                    SAY.percent(debt.all_in_cost.ear),
                )
                for debt in plan.debts
            ],
        ),
        "## Ratios",
        _table(
            ("ratio", "value", "norm", "reading"),
            [(r.code, SAY.number(r.value, 4), f"{r.green:g}", r.colour) for r in plan.ratios],
        ),
        "## Findings",
        *(f"- {f.severity}: {f.code} {f.subject}".rstrip() for f in plan.findings),
        *_choice(plan.selection),
        *_strategies(plan.strategies),
        *_advice(plan),
        "## Rules not simply kept",
        *(
            f"- {c.verdict}: {c.subject} {c.code} by {c.rule}"
            for c in plan.compliance
            if c.verdict != "kept"
        ),
        "## Stress",
        _table(
            ("case", "debt service", "margin", "lowest ready money", "runs out in month"),
            [
                (
                    case.scenario,
                    SAY.whole(case.highest_debt_service_yuan),
                    SAY.whole(case.monthly_margin_yuan),
                    SAY.whole(case.lowest_liquid_yuan),
                    str(case.months_to_shortfall),
                )
                for case in (plan.baseline, *plan.stress)
            ],
        ),
    ]
    for debt in plan.debts[:1]:
        parts += [f"## Ledger of {debt.id}, first {ROWS_SHOWN} rows", _ledger(debt)]
    return "\n\n".join(parts) + "\n"


def _choice(chosen):
    """Every product and how it fared, and the largest loan of those listed."""
    if chosen is None:
        return ["## Choice", "No need."]
    return [
        "## Choice",
        _table(
            ("product", "outcome", "own cost", "highest payment", "why"),
            [
                (
                    one.product,
                    one.outcome,
                    SAY.percent(one.figures.own_cost.irr_x12 if one.figures else None),
                    SAY.fen(one.figures.highest_payment_fen if one.figures else None),
                    ", ".join(reason.code for reason in one.reasons),
                )
                for one in sorted(chosen.candidates, key=lambda one: one.outcome != "shortlisted")
            ],
        ),
        *(f"- at most {SAY.fen(m.amount_fen)} of {m.product}: {m.binds}" for m in chosen.largest),
    ]


def _strategies(found):
    """Strategies compared, the one advised, and what is paid next."""
    if found is None:
        return ["## Strategies", "No debts."]
    return [
        "## Strategies",
        f"Advised: {found.advised}, {found.reason}; {found.certificate.status}.",
        _table(
            ("strategy", "interest and fees", "saved", "free on", "lowest cash", "above the bound"),
            [
                (
                    ", ".join((one.name, *one.also)),
                    SAY.fen(one.interest_fen + one.fees_fen),
                    SAY.fen(one.saved_fen),
                    str(one.debt_free_on),
                    f"{SAY.fen(one.lowest_cash_fen)} in {one.lowest_cash_month}",
                    SAY.fen(one.gap_fen),
                )
                for one in found.outcomes
            ],
        ),
        *(
            f"- {a.paid_on} {a.code} {a.liability} {SAY.fen(a.amount_fen)}"
            for a in found.next_actions
        ),
    ]


def _advice(plan):
    """Keep or prepay, what could replace a debt, and the way to repay that holds."""
    kept = plan.keep_or_prepay
    return [
        "## Advice",
        *(f"- {a.liability}: {a.verdict}, {a.reason}" for a in (kept.debts if kept else ())),
        *(
            f"- {case.kind} of {', '.join(case.liabilities)}: {case.verdict}, {case.reason}, "
            f"saves {SAY.fen(case.saved_fen)}"
            for case in plan.refinancing
        ),
        *(f"- way to repay {a.subject}: {a.advised}, {a.reason}" for a in plan.method_advice),
        *(f"- when {t.code} {t.subject}".rstrip() for t in plan.adjustment.triggers),
    ]


def _ledger(debt):
    return _table(
        ("period", "due", "opening", "rate", "interest", "principal", "fee", "payment", "closing"),
        [
            (
                str(row.period),
                str(row.due_on),
                SAY.fen(row.opening_fen),
                SAY.percent(row.annual_rate),
                SAY.fen(row.interest_fen),
                SAY.fen(row.principal_fen),
                SAY.fen(row.fee_fen),
                SAY.fen(row.payment_fen),
                SAY.fen(row.closing_fen),
            )
            for row in debt.ledger[:ROWS_SHOWN]
        ],
    )


def _table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
