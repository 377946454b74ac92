"""YAML files are read strictly, with positions, and nothing in them makes the reader fail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.yaml_tree import MOST_BYTES, Tree, read_tree, tree_of

SAMPLE = """\
client: "007"   # quoted: text
reported_on: 2026-02-28
rate: 0.0490
months: 360
smokes: no
pays: true
gone:
debts:
  - kind: mortgage
    lender: 甲银行
  - kind: card
"""


def codes(tree: Tree) -> list[tuple[int, str, str]]:
    """Line, field and code of every problem."""
    return [(problem.line, problem.field, problem.code) for problem in tree.problems]


def test_values_are_read_as_written():
    """Decimals keep their digits, dates are dates, quoted digits and ``no`` are text."""
    tree = tree_of(SAMPLE, "sample.yaml")
    assert tree.problems == ()
    assert tree.data == {
        "client": "007",
        "reported_on": date(2026, 2, 28),
        "rate": Decimal("0.0490"),
        "months": 360,
        "smokes": "no",
        "pays": True,
        "gone": None,
        "debts": [{"kind": "mortgage", "lender": "甲银行"}, {"kind": "card"}],
    }
    assert str(tree.data["rate"]) == "0.0490"


def test_lines_are_those_an_editor_shows():
    """A key, an item and a missing field are found where the reader of the file looks."""
    tree = tree_of(SAMPLE, "sample.yaml")
    assert tree.line(("rate",)) == 3
    assert tree.line(("debts", 0)) == 9
    assert tree.line(("debts", 0, "lender")) == 10
    assert tree.line(("debts", 1, "lender")) == 11
    assert tree.line(("no such key",)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, "a", "duplicate_key")),
        ("a:\n  - b: 1\n    b: 2\n", (3, "a[0].b", "duplicate_key")),
        ("a: &x 1\n", (1, "a", "anchor")),
        ("a: 1\nb: *x\n", (2, "b", "anchor")),
        ("a: !!python/object:os.system x\n", (1, "a", "tag")),
        ("a:\n- 2026-02-30\n", (2, "a[0]", "date_invalid")),
        ("a: 2026-2-3\n", (1, "a", "date_invalid")),
        ("a: .nan\n", (1, "a", "not_finite")),
        ("a: -.inf\n", (1, "a", "not_finite")),
        ("a: 1e999999999\n", (1, "a", "number_too_long")),
        ("a: " + "9" * 5000 + "\n", (1, "a", "number_too_long")),
        ("a: 1\n---\nb: 2\n", (2, "", "several_documents")),
        ("a: 1\n? [b]\n: 2\n", (2, "", "key_not_text")),
        ("a: 1\n\tb: 2\n", (2, "", "syntax")),
        ("a: 1\nb: 'open\n", (3, "", "syntax")),
        ("a: 1\nb: x\x07\n", (2, "", "syntax")),
        ("", (0, "", "empty")),
        ("# only a remark\n", (0, "", "empty")),
    ],
)
def test_each_trick_is_one_located_problem(text, expected):
    """Whatever would be misread is refused, at its line."""
    assert codes(tree_of(text, "trick.yaml")) == [expected]


def test_problems_of_one_file_come_together():
    """One bad value does not hide the next."""
    tree = tree_of("a: 2026-02-30\nb: .nan\nb: 1\n", "three.yaml")
    assert [code for _, _, code in codes(tree)] == ["date_invalid", "not_finite", "duplicate_key"]
    assert tree.data["a"] == "2026-02-30"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_a_problem_and_not_a_crash(opening):
    """A file nested a hundred thousand deep is refused quickly."""
    tree = tree_of(opening * 100_000, "deep.yaml")
    assert tree.data is None
    assert tree.problems[0].code in {"too_deep", "key_not_text"}


def test_files_that_cannot_be_read(tmp_path):
    """Absent, too long and wrongly encoded files are problems as well."""
    assert codes(read_tree(tmp_path / "absent.yaml")) == [(0, "", "unreadable")]
    assert codes(read_tree(tmp_path)) == [(0, "", "unreadable")]
    path = tmp_path / "client.yaml"
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    assert codes(read_tree(path)) == [(0, "", "too_long")]
    path.write_bytes("a: 1\nname: 张\n".encode("gbk"))
    assert codes(read_tree(path)) == [(2, "", "encoding")]
    path.write_bytes("name: 张\r\n".encode("utf-8-sig"))
    assert read_tree(path).data == {"name": "张"}


yaml_like = st.lists(
    st.sampled_from([*"abc012.-+:,?!&*#|>%@`'\"[]{} \n\t~", "\r\n", "---", "...", ": ", "- ", "💰"])
)


@given(st.one_of(st.text(), yaml_like.map("".join)))
def test_no_text_makes_the_reader_raise(text):
    """Every file is data or problems."""
    tree = tree_of(text, "any.yaml")
    assert tree.problems or tree.data is not None
    assert all(problem.line >= 0 and str(problem) for problem in tree.problems)
