"""No words of ours promise a loan, a gain or the lowest price."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.narrative.wording import promise_patterns, wording_problems

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("zh", "en")
WRITTEN = sorted(
    path
    for pattern in (
        "reports/narrative/*/*.j2",
        "reports/narrative/*/*.toml",
        "reports/delivery/letter.toml",
        "reports/language/labels.toml",
        "reports/language/problems.toml",
        "reports/exhibits/*.py",
        "reports/theme/*.py",
        "reports/theme/**/*.j2",
        "params/products/*.yaml",
        "params/rules/*.yaml",
        "params/scenarios/*.yaml",
    )
    for path in ROOT.glob(pattern)
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

PROMISES = {
    "zh": (
        "我们保证您获批", "保证一周内放款", "包下款", "资料齐全必过", "必批", "这笔一定能通过",
        "百分百放款", "秒批", "秒到账", "无条件放款", "无需审核", "免征信", "不看征信", "不查负债",
        "黑户可贷", "人人都能借", "零风险", "毫无风险", "稳赚", "保本保息", "万无一失", "绝对安全",
        "只赚不赔", "最低利率", "全网最低", "最划算的贷款", "最优惠利率", "行业第一", "内部渠道",
        "独家名额", "可以走后门", "帮您包装流水", "征信修复", "洗白征信", "名额先到先得",
        "最后机会", "赶紧申请", "错过就没有", "零成本用钱", "白拿钱", "贷款理财更划算",
        "赚取利差",
    ),
    "en": (
        "Guaranteed approval.", "We guarantee that your loan will come.", "You will be approved.",
        "Instant approval", "unconditional approval", "No credit check", "no questions asked",
        "Bad credit is fine", "a risk-free loan", "There is no risk", "You cannot lose",
        "a sure profit", "completely safe", "The lowest rates anywhere", "our best rate",
        "unbeatable", "an inside channel", "we dress up your papers",
        "We repair your credit record",
        "First come, first served", "Your last chance", "Apply now", "a limited-time offer",
        "free money", "a no-cost loan", "Borrow to invest",
    ),
}  # fmt: skip
DENIED = {
    "zh": (
        "我们不保证获批，最终由贷款机构决定。", "没有零风险的借款。", "不要相信“内部渠道”。",
        "谁也不能保证放款。", "请警惕声称无需审核的人。", "无风险利率为 2%。", "还款必过程序。",
        "担保本金以外的费用", "成本最低的一款是甲。", "不要把“征信修复”交给陌生人。",
    ),
    "en": (
        "We do not guarantee approval.", "Nobody can guarantee that a loan will be granted.",
        "No loan is risk-free.", "the risk-free rate is 2 %", "It costs least of the three.",
        "Do not trust an inside channel.", "There isn’t any guaranteed approval.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_promise_is_caught(language):
    """Each phrase is found, with its reason."""
    for phrase in PROMISES[language]:
        found = wording_problems(phrase, language)
        assert found, phrase
        assert all(problem.reason for problem in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_denied_promise_is_a_warning(language):
    """What is denied in its own clause, and terms that only look like a promise, pass."""
    for phrase in DENIED[language]:
        assert wording_problems(phrase, language) == (), phrase


def test_a_denial_ends_with_its_clause():
    """Not to promise one thing does not allow another promise in the next clause."""
    (found,) = wording_problems("我们不收手续费，\n本行保证放款。", "zh")
    assert (found.code, found.phrase, found.line) == ("approval", "保证放款", 2)
    (found,) = wording_problems("We do not charge. Guaranteed approval!", "en")
    assert (found.code, found.line) == ("approval", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pattern_is_dead(language):
    """Each pattern finds at least one of the phrases."""
    for pattern in promise_patterns(language):
        assert any(pattern.search(phrase) for phrase in PROMISES[language]), pattern.pattern


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_we_wrote_makes_a_promise(path):
    """Templates, findings, labels, exhibits, products and rules, in either language."""
    text = path.read_text(encoding="utf-8")
    found = [(p.line, p.phrase) for each in LANGUAGES for p in wording_problems(text, each)]
    assert found == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_makes_a_promise(path):
    """The prose between the cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert [p for each in LANGUAGES for p in wording_problems(prose, each)] == []
