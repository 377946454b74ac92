"""The words: complete in both languages, true to the plan, and safe with any text."""

from __future__ import annotations

import ast
import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from planning.inputs import read_inputs
from planning.plan import liability_plan
from planning.risk.warning import Finding
from reports.language import Language
from reports.narrative import chapter, finding_codes, finding_text
from tests.conftest import plan_of

ROOT = Path(__file__).resolve().parents[2]
NARRATIVE = ROOT / "reports" / "narrative"
DAY = date(2026, 11, 22)
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
CHAPTERS = sorted(path.name.removesuffix(".md.j2") for path in (NARRATIVE / "zh").glob("*.j2"))
WORDS = sorted((*NARRATIVE.glob("*/*.j2"), *NARRATIVE.glob("*/*.toml")))
RATIOS = (
    "debt_service_share", "housing_service_share", "debt_to_assets", "liquidity_months",
    "savings_share", "loan_to_value",
)  # fmt: skip
FORBIDDEN = (
    "保证",
    "一定能",
    "必定",
    "肯定能",
    "零风险",
    "无风险",
    "稳赚",
    "包批",
    "秒批",
    "三分之一",
    "guarantee that",
    "guaranteed to",
    "we guarantee",
    "risk-free",
    "no risk",
    "will be approved",
    "one third",
)
HOSTILE = "    **b** [x](http://e.cn) # `c` {{ 7*7 }} <script>a()</script> |$x$ _i_ &lt;"
SHOWN = HOSTILE.strip()
SIGNED = HOSTILE.replace("http://e.cn", "e")
"""A link there is refused where the file is read."""
NUMBERS = {
    "days": 40, "payments": 2, "oldest_due_on": "2026-10-13", "class": "special_mention",
    "days_to_substandard": 51, "record_years": 5, "month": "2027-03", "lowest_yuan": -1.0,
    "horizon_months": 36, "monthly_yuan": 2.0, "share": 0.6, "limit": 0.5, "value": 0.4,
    "norm": 0.3, "net_worth_fen": -3, "due_on": "2027-03-20", "payment_fen": 4, "liquid_fen": 5,
    "irr_x12": 0.25, "cap": 0.24, "advertised": 0.07, "gap_yuan": 6.0, "target_yuan": 7.0,
    "months": 8, "scenarios": 2, "of": 8, "income_ends_on": "2029-05-31",
    "debt_ends_on": "2035-06-16", "balance_then_fen": 9, "margin_then_yuan": -10.0, "lenders": 3,
    "amount_fen": 11, "reset_on": "2027-01-01", "rate_now": 0.032, "rate_then": 0.033,
    "payment_now_fen": 12, "payment_then_fen": 13, "difference_fen": -14, "arrears_fen": 15,
    "assessed_on": "2025-09-10", "ended_on": "2026-10-31", "missing": 2,
    "first_missing_on": "2026-10-20", "due_so_far_fen": 16, "use": 0.7, "cards": 2,
    "used_fen": 17, "limit_fen": 18, "lines": 2, "alarm": 1.0, "enquiries": 7,
    "counted_on": "2026-11-01",
}  # fmt: skip
"""Every number any finding carries, so that every text of every code can be told."""


def _plan(path):
    return plan_of(path)


def _loan(**changes):
    terms = {
        "id": "loan",
        "lender": "甲银行",
        "product": "consumer_loan",
        "purpose": "家用",
        "borrowers": ["a"],
        "principal": 120000,
        "drawn_on": date(2025, 12, 5),
        "first_due": date(2026, 1, 5),
        "term_months": 36,
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": 0.036},
    }
    return {**terms, **changes}


def _card(**changes):
    rate = {"kind": "flat_fee", "fee_rate_per_month": 0.006}
    return _loan(id="card", product="card_instalment", method="flat_fee", rate=rate, **changes)


def _income(**changes):
    line = {
        "owner": "a",
        "kind": "salary",
        "net_amount": 20000,
        "frequency": "monthly",
        "stability": "fixed",
        "evidence": "payslip",
    }
    return {**line, **changes}


def _floating(index, product):
    rate = {
        "kind": "floating",
        "index": index,
        "spread_bp": 55,
        "reset_months": 12,
        "reset_anchor": "january_1",
    }
    home = {"product": product, "rate": rate, "secured_by": ["home"], "term_months": 240}
    return _loan(drawn_on=date(2020, 1, 10), first_due=date(2020, 2, 10), **home)


def _asset(kind="deposit", value=400000, tier=0, *, is_pledged=False):
    return {
        "id": kind,
        "kind": kind,
        "value": value,
        "valued_on": date(2026, 10, 31),
        "liquidity_tier": tier,
        "is_pledged": is_pledged,
    }


def _need(kind, **changes):
    need = {"kind": kind, "term": "short", "amount": 100000, "purpose": "事由", "term_months": 12}
    return {"need": {**need, **changes}}


BULLET = {"method": "bullet", "term_months": 12, "first_due": date(2026, 12, 5)}
BULLET_LOAN = _loan(**BULLET)
PAST_TERM = {"drawn_on": date(2025, 6, 5), "first_due": date(2025, 7, 5), "term_months": 15}
WISH = {"liability": "loan", "amount": 50000}
GUARANTEE = {"beneficiary": "某人", "lender": "丙", "amount": 300000, "ends_on": date(2028, 5, 31)}

SITUATIONS = {
    "nothing at all": {"income": [], "assets": []},
    "no debt, no need": {},
    "no income but a debt": {"income": [], "liabilities": [_loan()]},
    "pension only": {"income": [_income(kind="pension")], "liabilities": [_loan()]},
    "income told, not shown": {"income": [_income(evidence="self_declared")]},
    "floating mortgage": {
        "assets": [_asset(), _asset("home", 200000, 3, is_pledged=True)],
        "liabilities": [_floating("lpr_5y", "mortgage")],
    },
    "provident fund": {
        "assets": [_asset(), _asset("home", 900000, 3, is_pledged=True)],
        "liabilities": [_floating("provident_fund_first_home", "provident_fund_mortgage")],
        "provident_fund": [{"owner": "a", "balance": 50000, "monthly_deposit": 3000}],
    },
    "past due": {"liabilities": [_loan(days_past_due=20, reported_on=DAY)]},
    "past due on a card, long ago": {"liabilities": [_card(days_past_due=200, reported_on=DAY)]},
    "past due after the term": {
        "liabilities": [_loan(**PAST_TERM, days_past_due=50, reported_on=DAY)]
    },
    "already repaid": {
        "liabilities": [_loan(**{**PAST_TERM, "term_months": 6})],
        "prepayment_wish": WISH,
    },
    "asks about a last payment": {
        "liabilities": [_loan(**{**PAST_TERM, "term_months": 18})],
        "prepayment_wish": WISH,
    },
    "asks about more than is owed": {
        "liabilities": [_loan()],
        "prepayment_wish": {**WISH, "amount": 120000},
    },
    "asks about more than is at hand": {
        "assets": [_asset(value=10000)],
        "liabilities": [_loan()],
        "prepayment_wish": WISH,
    },
    "something to spare": {"liabilities": [_loan()]},
    "nothing to spare": {"assets": [_asset(value=45000)], "liabilities": [_loan()]},
    "only a card": {"liabilities": [_card()]},
    "only a bullet loan": {"liabilities": [BULLET_LOAN], "assets": [_asset(value=900000)]},
    "a debt above its means": {"income": [_income(net_amount=5000)], "liabilities": [_loan()]},
    "a debt above the cap": {"liabilities": [_loan(rate={"kind": "fixed", "annual_rate": 0.36})]},
    "a balance far off": {"liabilities": [_loan(current_balance=60000, reported_on=DAY)]},
    "a guarantee": {"guarantees_given": [GUARANTEE]},
    "retiring soon": {
        "income": [
            _income(ends_on=date(2027, 5, 31)),
            _income(kind="pension", net_amount=3000, starts_on=date(2027, 6, 1)),
        ],
        "liabilities": [_loan()],
    },
    "income unchanged under another contract": {
        "income": [
            _income(ends_on=date(2026, 6, 30)),
            _income(starts_on=date(2026, 7, 1)),
        ]
    },
    "no consent": {"consents": {"plan_document": False, "given_on": date(2026, 10, 1)}},
    "consent ended": {
        "consents": {
            "plan_document": True,
            "given_on": date(2025, 10, 1),
            "ends_on": date(2026, 10, 1),
        }
    },
    "insured": {
        "insurance": [
            {"insured": "a", "kind": "life", "sum_assured": 500000},
            {
                "insured": "a",
                "kind": "medical",
                "sum_assured": 100000,
                "ends_on": date(2026, 1, 1),
            },
        ]
    },
    "wants to consume": _need("consumption"),
    "wants a home": _need("housing", term="long", term_months=300),
    "wants a bullet loan": _need("business", method="bullet"),
    "wants an education": _need("education", method="interest_only", wanted_by=date(2027, 1, 5)),
    "wants a loan of open length": _need("consumption", term_months=None),
    "wants to refinance": {
        **_need("refinance", replaces=["loan"], term="long", term_months=24),
        "liabilities": [BULLET_LOAN],
    },
    "wants to refinance what is overdue": {
        **_need("refinance"),
        "liabilities": [_loan(days_past_due=100, reported_on=DAY)],
    },
}


def _household(name="某家庭", **changes):
    """A client file as text: one person, spending and savings, and what a situation adds."""
    household = {
        "schema_version": 1,
        "client": "test-household",
        "name": name,
        "city": "某市",
        "reported_on": date(2026, 10, 31),
        "members": [{"id": "a", "role": "borrower", "birth_year": 1985, "employment": "salaried"}],
        "need": {"kind": "none"},
        "risk_tolerance": {"level": "C2", "assessed_on": date(2026, 8, 1)},
        "income": [_income()],
        "expenses": [
            {"kind": "living", "amount": 6000, "frequency": "monthly", "is_essential": True}
        ],
        "assets": [_asset()],
        "advisor": {"name": "某经理", "institution": "示例银行"},
        "consents": {"plan_document": True, "given_on": date(2026, 10, 1)},
    }
    return {**household, **changes}


@pytest.fixture
def plan_for(tmp_path):
    """The plan of a household written to a file."""

    def plan(**changes):
        path = tmp_path / "client.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(_without_blanks(_household(**changes)), file)
        inputs = read_inputs(path, ROOT / "params", DAY)
        return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})

    return plan


def _without_blanks(data):
    if isinstance(data, dict):
        return {key: _without_blanks(value) for key, value in data.items() if value is not None}
    return [_without_blanks(item) for item in data] if isinstance(data, list) else data


def _told(plan, language):
    """Everything said about a plan."""
    pages = [chapter(plan, name, language).markup for name in CHAPTERS]
    for found in plan.findings:
        title, body = finding_text(plan, found, language)
        pages += [f"<p>{title}</p>", body.markup]
    return "\n".join(pages)


def _own_words(path):
    """A template's words without its marks."""
    return re.sub(r"\{[{%#].*?[%}#]\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def _emitted_codes():
    """Codes of findings in the source, the formed ones spelt out."""
    tree = ast.parse((ROOT / "planning" / "risk" / "warning.py").read_text(encoding="utf-8"))
    codes = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
            value = next(word.value for word in call.keywords if word.arg == "code")
            if isinstance(value, ast.Constant):
                codes.add(value.value)
            elif isinstance(value, ast.IfExp):
                codes |= {value.body.value, value.orelse.value}
            else:
                ending = value.values[-1].value
                members = RATIOS if ending == "_off_norm" else RATIOS[:2]
                codes |= {f"{member}{ending}" for member in members}
    return codes


SPEAKS = {
    "policy_changes": lambda plan: plan.policy_changes,
    "class_statement": lambda plan: plan.class_paths and not plan.hard_cases,
    "hard_cases": lambda plan: plan.hard_cases,
    "collateral": lambda plan: plan.collateral,
    "playbooks": lambda plan: plan.playbooks,
}
"""What a chapter needs to say anything; the others always speak."""


def _assert_reads_well(told):
    """No mark of a template or of Markdown is left, no value is missing, sentences end."""
    shown = unescape(re.sub(r"<[^>]*>", "", told))
    assert re.findall(r"\{\{|\{%|\*\*|\bNone\b|`|—", shown) == []
    assert re.findall(r"[，。；：、]{2}|[,;:.] ?[,;:]|\(\)|（）|  ", shown) == []
    assert re.findall(r"[;；,，、]</(?:li>\n</ul|p)>|[:：]</p>(?!\n<ul>)", told) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_household_is_told(path, language):
    """Each chapter and finding of each example renders as clean prose."""
    plan = _plan(path)
    for name in CHAPTERS:
        markup = chapter(plan, name, language).markup
        is_silent = not SPEAKS.get(name, lambda _: True)(plan)
        assert is_silent == (not markup), name
        begins = ("<p>",) if name == "class_statement" else ("<h2>", "<h3>")
        assert is_silent or markup.startswith(begins), name
    _assert_reads_well(_told(plan, language))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_is_told(situation, plan_for):
    """Whatever a household's situation, every chapter and finding renders as clean prose."""
    plan = plan_for(**SITUATIONS[situation])
    for language in ("zh", "en"):
        _assert_reads_well(_told(plan, language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_of_a_finding_has_words(language):
    """The model can emit no finding without words, and no words are left without a finding."""
    assert finding_codes(language) == _emitted_codes()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", sorted(_emitted_codes()))
def test_every_finding_can_be_told(code, language):
    """Each code has a one-line title and a body, for a debt, a ratio, a case or the household."""
    plan = _plan(EXAMPLES[6])
    subject = plan.scenarios[0].id if code == "stress_shortfall" else plan.debts[0].id
    # Only a rule of one value has a figure to print; the norms' texts name theirs by its label.
    rule = "norms.debt_ratio" if code.endswith("_off_norm") else "house.many_lenders"
    found = Finding(code=code, severity="warning", subject=subject, numbers=NUMBERS, rule=rule)
    title, body = finding_text(plan, found, language)
    assert title == title.strip()
    assert not re.findall(r"[\n*`{}]", title)
    assert body.markup.startswith("<p>")
    _assert_reads_well(f"<p>{title}</p>{body.markup}")


def test_a_norm_is_not_called_law():
    """Comfort lines are norms or the house's own; what is called a ceiling is law."""
    for path in EXAMPLES:
        plan = _plan(path)
        authority = {entry.name: entry.authority for entry in plan.parameters}
        assert authority["debt_service.all_debts_limit"] == "law"
        for found in plan.findings:
            if found.code.endswith("_off_norm"):
                assert authority[found.rule] in ("norm", "house")
                _, body = finding_text(plan, found, "zh")
                assert Language("zh").label("authority", authority[found.rule]) in body.markup
                assert "不是规定" in body.markup


def test_both_languages_have_the_same_chapters():
    """A chapter exists in Chinese and in English, and the notebook uses it."""
    english = sorted(path.name.removesuffix(".md.j2") for path in (NARRATIVE / "en").glob("*.j2"))
    assert english == CHAPTERS
    notebook = (ROOT / "notebooks" / "client_plan.ipynb").read_text(encoding="utf-8")
    assert sorted(re.findall(r'chapter\(plan, \\"(\w+)\\"', notebook)) == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_both_languages_have_the_same_sections(name):
    """A chapter has as many headings and list items to tell in one language as in the other."""
    for pattern in (r"(?m)^## ", r"(?m)^### ", r"(?m)^#### ", r"(?m)^- "):
        counts = {
            language: len(
                re.findall(
                    pattern, (NARRATIVE / language / f"{name}.md.j2").read_text(encoding="utf-8")
                )
            )
            for language in ("zh", "en")
        }
        assert counts["zh"] == counts["en"], pattern


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("overdue", [0, 20])
def test_text_of_a_client_is_data(language, overdue, plan_for):
    """Markdown, HTML and template marks in a client's own words show as they were written."""
    late = {"days_past_due": overdue, "reported_on": DAY} if overdue else {}
    plan = plan_for(
        name=HOSTILE,
        city=HOSTILE,
        **_need("refinance", purpose=HOSTILE),
        goals=[{"text": HOSTILE}],
        liabilities=[_loan(lender=HOSTILE, purpose=HOSTILE, **late)],
        guarantees_given=[{**GUARANTEE, "beneficiary": HOSTILE, "lender": HOSTILE}],
        advisor={"name": SIGNED, "institution": SIGNED},
    )
    pages = {name: chapter(plan, name, language).markup for name in CHAPTERS}
    for name in ("summary", "household", "debts", "balance_sheet"):
        assert SHOWN in unescape(pages[name]), name
    assert SIGNED.strip() in unescape(pages["appendix_provenance"])
    for found in plan.findings:
        title, body = finding_text(plan, found, language)
        pages[found.code] = body.markup
        if found.subject == "loan":
            assert HOSTILE in title
    for name, page in pages.items():
        tags = set(re.findall(r"</?(\w+)", page))
        assert tags <= {"h2", "h3", "h4", "p", "ul", "li", "strong"}, name


@pytest.mark.parametrize("path", WORDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_words_state_a_figure_of_their_own(path):
    """Numbers come from the plan: words hold none but names such as 1年期."""
    allowed = re.compile(r"1年期|5年期|^#+ .*$|^# .*$", re.MULTILINE)
    assert re.findall(r"[0-9０-９]|百分之(?!一个百分点)", allowed.sub("", _own_words(path))) == []


@pytest.mark.parametrize("path", WORDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_words_promise(path):
    """No words of ours promise approval, return or safety, and none repeat a folk rule."""
    words = path.read_text(encoding="utf-8").lower()
    assert [word for word in FORBIDDEN if word in words] == []


@pytest.mark.parametrize("path", WORDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_punctuation_is_of_the_language(path):
    """Chinese sentences have full-width punctuation and polite address, English ones ASCII."""
    own = _own_words(path)
    if path.parent.name == "zh":
        assert re.findall(r"[一-鿿][,;:!?()]|[,;:!?()][一-鿿]|\.{3}|你", own) == []
    else:
        assert re.findall(r"[　-〿＀-￯一-鿿]", own) == []
        assert "'" not in _prose(path)


def _prose(path):
    """Words that are shown: of a TOML file, its values."""
    own = _own_words(path)
    return "".join(re.findall(r'"(.*)"', own)) if path.suffix == ".toml" else own


@pytest.mark.parametrize("path", WORDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_words_compute_nothing(path):
    """A template selects, counts and tests; no arithmetic on the plan's figures."""
    marks = re.findall(r"\{[{%](.*?)[%}]\}", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for mark in marks:
        code = re.sub(r"\"[^\"]*\"|ns\.\w+ \+ \[|active\.policies \+ \[|[-+]$|^[-+]", "", mark)
        assert not re.findall(
            r"[*/+]|(?<!\[) - |(?<![\w\[])-\w|\| (sum|round|int|float)\b", code
        ), mark
