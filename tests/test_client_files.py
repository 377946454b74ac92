"""Client files are read completely: what is sound is kept as written, what is not is located."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from planning.errors import ClientFileError, Problem
from planning.household import client
from planning.household.client import (
    check_household,
    check_households,
    client_schema,
    read_household,
)
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.market.history import read_index_histories
from planning.yaml_tree import Tree, read_tree
from reports.language.problems import known_codes, problem_lines

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
MALFORMED = sorted((ROOT / "tests" / "malformed").glob("*.yaml"))
SCHEMA_FILE = ROOT / "params" / "schema" / "client.schema.json"
SCHEMA_LINE = "# yaml-language-server: $schema=../schema/client.schema.json"
AS_OF = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
PLAIN = EXAMPLES[-1]


def by_stem(path: Path) -> str:
    """How a file is called in the list of tests."""
    return path.stem


def edited(folder: Path, old: str, new: str, name: str = "edited.yaml") -> Path:
    """A copy of the plainest example with one place changed."""
    text = PLAIN.read_text("utf-8")
    assert text.count(old) == 1
    copied = folder / name
    copied.write_text(text.replace(old, new), "utf-8")
    return copied


def located(problems: tuple[Problem, ...]) -> list[tuple[str, int, str, str]]:
    """File, line, field and code of every problem."""
    return [(p.file, p.line, p.field, p.code) for p in problems]


def announced(path: Path) -> list[tuple[str, int, str, str]]:
    """The problems a malformed file announces in its margin: ``# ! field code``."""
    expected = []
    for number, line in enumerate(path.read_bytes().decode("latin-1").split("\n"), start=1):
        margin = re.search(r"#((?: ! \S+ \S+)+)$", line)
        for field, code in re.findall(r"! (\S+) (\S+)", margin.group(1) if margin else ""):
            expected.append((str(path), number, field.removeprefix("-"), code))
    return expected


# Examples


@pytest.mark.parametrize("path", EXAMPLES, ids=by_stem)
def test_an_example_has_no_problem(path):
    """Every fictional household can be planned, and its reference names its file."""
    household, problems = check_household(path, AS_OF)
    assert problem_lines(problems, "zh") == []
    assert household.client == path.stem
    assert path.read_text("utf-8").startswith(SCHEMA_LINE + "\n")


def test_the_examples_are_the_eight_of_the_sources():
    """Eight households hold the common methods and indices, arrears, a guarantee and no debt."""
    households, problems = check_households(EXAMPLES, AS_OF)
    contracts = [c for household in households.values() for c in household.liabilities]
    indices = {c.rate.index for c in contracts if c.rate.kind == "floating"}
    assert (len(households), problems) == (8, ())
    assert {c.method for c in contracts} >= {
        "equal_instalment", "equal_principal", "interest_only", "bullet", "flat_fee"
    }  # fmt: skip
    assert indices >= {"lpr_1y", "lpr_5y", "provident_fund_first_home"}
    assert any(household.guarantees_given for household in households.values())
    assert any(household.prepayment_wish for household in households.values())
    assert any(not household.liabilities for household in households.values())


def test_the_examples_stand_where_their_lenders_say():
    """Reported balances are those of the contract's own ledger, to a yuan."""
    histories = read_index_histories(ROOT / "params" / "market")
    differences = []
    for path in EXAMPLES:
        for contract in read_household(path, AS_OF).liabilities:
            stand = position(contract, rate_steps(contract, histories), AS_OF)
            differences += [stand.balance_difference] if contract.current_balance else []
    assert sorted(differences) == [0, 0, 7]


def test_the_household_in_arrears_is_forty_days_past_due():
    """Its oldest unpaid instalment fell due on 2026-10-13, and two are unpaid."""
    histories = read_index_histories(ROOT / "params" / "market")
    household = read_household(ROOT / "params/clients/example-07-income-down.yaml", AS_OF)
    mortgage = household.liability("mortgage")
    stand = position(mortgage, rate_steps(mortgage, histories), AS_OF)
    assert stand.days_past_due == 40
    assert [row.due_on for row in stand.unpaid] == [date(2026, 10, 13), date(2026, 11, 13)]


@pytest.mark.parametrize("path", EXAMPLES, ids=by_stem)
def test_home_loans_of_the_examples_had_terms_of_their_day(path):
    """Spreads of 2019-10 to 2022-05 are not below the LPR, and stand at -30 bp since 2024."""
    for contract in read_household(path, AS_OF).liabilities:
        if contract.product == "mortgage":
            assert date(2019, 10, 8) <= contract.drawn_on < date(2022, 5, 15)
            assert contract.rate.spread_bp >= 0
            assert contract.rate.reset_months == 12
            assert contract.term_months <= 360
            last = contract.rate.spread_changes[-1]
            assert (last.starts_on, last.spread_bp) == (date(2024, 10, 25), -30)


def test_risk_records_of_the_examples_have_aged():
    """One is older than six months, another older than twelve."""
    ages = sorted(
        (AS_OF - read_household(p, AS_OF).risk_tolerance.assessed_on).days for p in EXAMPLES
    )
    assert ages[-1] > 365
    assert 183 < ages[-2] <= 365
    assert ages[-3] <= 183


# Malformed files


def test_malformed_files_give_one_report_with_every_error_located():
    """Twelve files, each malformed in its own way: nothing missed, nothing invented."""
    households, problems = check_households(MALFORMED, AS_OF)
    expected = [entry for path in MALFORMED for entry in announced(path)]
    assert (len(MALFORMED), households) == (12, {})
    assert {Path(file) for file, *_ in expected} == set(MALFORMED)
    assert sorted(located(problems)) == sorted(expected)


@pytest.mark.parametrize("path", MALFORMED, ids=by_stem)
def test_a_malformed_file_is_an_error_with_all_its_problems(path):
    """Reading one raises an error that carries them in order of line; it knows no other file."""
    expected = [entry for entry in announced(path) if entry[-1] != "duplicate_client"]
    with pytest.raises(ClientFileError) as caught:
        read_household(path, AS_OF)
    assert sorted(located(caught.value.problems)) == sorted(expected)
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(lines)


def test_two_sound_files_may_not_share_a_reference(tmp_path):
    """The first keeps it; the second is told which file has it, at its own line."""
    first = edited(tmp_path, "罗女士", "罗女士", "first.yaml")
    second = edited(tmp_path, "罗女士", "赵女士", "second.yaml")
    again = tmp_path / "x" / ".." / first.name
    (tmp_path / "x").mkdir()
    households, problems = check_households([first, second, first, again], AS_OF)
    line = first.read_text("utf-8").split("\n").index("client: example-08-first-loan") + 1
    assert list(households) == [first]
    assert located(problems) == [(str(second), line, "client", "duplicate_client")]
    assert problems[0].numbers == {"other": str(first)}


@pytest.mark.parametrize(
    "name",
    [
        "罗\u200b女士",
        "罗\u00ad女士",
        "罗\u200e女士",
        "罗\u2060女士",
        "\ufeff罗女士",
        "Luo\ufe0f",
        "罗\u3164",
    ],
)
def test_signs_that_nobody_sees_are_refused_in_a_line(tmp_path, name):
    """They would keep a name from being known for the same name."""
    _, problems = check_households([edited(tmp_path, "罗女士", name)], AS_OF)
    assert {(one.field, one.code) for one in problems} == {("name", "string_pattern_mismatch")}


@pytest.mark.parametrize("name", ["葛\U000e0100女士", "辻\ufe00女士", "𠮷\U000e0101女士", "José"])
def test_the_form_of_an_ideograph_may_be_chosen(tmp_path, name):
    """A variation selector (异体字选择符) after an ideograph is part of how a name is written."""
    assert check_households([edited(tmp_path, "罗女士", name)], AS_OF)[1] == ()


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    """It does not keep the other files from being read."""
    households, problems = check_households([tmp_path / "none.yaml", PLAIN], AS_OF)
    assert list(households) == [PLAIN]
    assert located(problems) == [(str(tmp_path / "none.yaml"), 0, "", "unreadable")]


@pytest.mark.parametrize(
    ("old", "new", "field", "code"),
    [
        ("kind: consumption", "kind: refinance", "need.kind", "nothing_to_refinance"),
        ("kind: consumption\n  term: long", "kind: none", "need.amount", "need_is_none"),
        ("term: long", "term: short", "need.term", "term_against_months"),
        ("  amount: 120000\n", "", "need.amount", "needed_with_need"),
        ("wanted_by: 2027-03-15", "wanted_by: 2026-10-01", "need.wanted_by", "wished_in_past"),
        ("paid_in_month: 4", "frequency: monthly", "expenses[5].frequency", "duplicate_key"),
        ("stability: variable", "stability: ", "income[1].stability", "no_value"),
        ("level: C2", "level: C6", "risk_tolerance.level", "literal_error"),
        ("birth_year: 1998", "birth_year: 2027", "members[0].birth_year", "after_as_of"),
        ("ends_on: 2027-10-31", "ends_on: 2026-01-31", "consents.ends_on", "ends_before_start"),
        ("use: renovation", "replaces: [q]", "need.replaces[0]", "section_empty"),
        ("use: renovation", "replaces: [q, q]", "need.replaces[1]", "named_twice"),
    ],
)
def test_contradictions_are_found_where_they_stand(tmp_path, old, new, field, code):
    """A need, a flow or a day that contradicts another field is a problem of that field."""
    path = edited(tmp_path, old, new)
    _, problems = check_household(path, AS_OF)
    assert (field, code) in [(problem.field, problem.code) for problem in problems]


def test_what_lies_after_the_plans_day_is_a_problem_of_that_day_only():
    """The same file is sound on its own day and has future facts on an earlier one."""
    assert check_household(PLAIN, AS_OF)[1] == ()
    _, problems = check_household(PLAIN, date(2026, 10, 30))
    assert {problem.code for problem in problems} == {"after_as_of"}
    assert problems[0].field == "reported_on"


HOME = """need:
  kind: housing
  term: long
  amount: 120000
  purpose: 购房
  use: {use}
  home: {{price: 900000, area_m2: 80, is_first_home: true, is_second_hand: true, built_in: {year}}}
"""


@pytest.mark.parametrize(
    ("use", "year", "found"),
    [
        ("home_purchase", 2026, []),
        ("home_purchase", 2077, [("need.home.built_in", "after_as_of")]),
        ("renovation", 2010, [("need.use", "use_beside_home")]),
    ],
)
def test_a_home_to_buy_stands_on_the_plans_day(tmp_path, use, year, found):
    """Built after it, or bought to be renovated, it is a slip of the file."""
    text = PLAIN.read_text("utf-8")
    before, _, rest = text.partition("need:\n")
    path = tmp_path / "home.yaml"
    path.write_text(
        before + HOME.format(use=use, year=year) + rest[rest.index("\nrisk_tolerance") :], "utf-8"
    )
    assert [(p.field, p.code) for p in check_household(path, AS_OF)[1]] == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_offset_is_told_in_the_names_of_its_own_file(tmp_path, language):
    """A client file has offset and offset_month, not mode and month."""
    path = edited(tmp_path, "monthly_deposit: 2640", "monthly_deposit: 2640\n    offset_month: 7")
    (line,) = problem_lines(check_household(path, AS_OF)[1], language)
    assert "offset" in line.partition("->")[2]
    assert not re.search(r"\b(mode|month)\b", line.partition("->")[2])


# Names, references, numbers of persons


@pytest.mark.parametrize(
    "name",
    ['<script>alert(1)</script>#read("/etc/passwd")', "镕堃𬭎", "O'Neill & 陈 {{ x }} $1 \\\\"],
)
def test_a_hostile_or_rare_name_is_data(tmp_path, name):
    """It is kept as written, whatever a browser or a typesetter might make of it."""
    quoted = "'" + name.replace("'", "''") + "'"
    household, problems = check_household(edited(tmp_path, "罗女士（示例）", quoted), AS_OF)
    assert problems == ()
    assert household.name == name


def test_a_reference_keeps_its_leading_zeros_in_quotes_only(tmp_path):
    """Unquoted it is a number that has lost them, which is said."""
    quoted = edited(tmp_path, "client: example-08-first-loan", 'client: "000123"', "quoted.yaml")
    bare = edited(tmp_path, "client: example-08-first-loan", "client: 000123", "bare.yaml")
    assert read_household(quoted, AS_OF).client == "000123"
    _, problems = check_household(bare, AS_OF)
    assert [(p.field, p.code) for p in problems] == [("client", "string_type")]
    assert "000123" in problem_lines(problems, "zh")[0]
    assert "000123" in problem_lines(problems, "en")[0]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("110101199001011234", "personal_number"),
        ("vip-13912345678", "personal_number"),
        ("com1", "reserved_name"),
        ("con", "reserved_name"),
        ("../escape", "string_pattern_mismatch"),
        ("张三", "string_pattern_mismatch"),
        ("a", "string_pattern_mismatch"),
        ("a" * 41, "string_pattern_mismatch"),
    ],
)
def test_a_reference_names_folders_and_nobody(tmp_path, reference, code):
    """Identity and telephone numbers, device names, paths and Chinese are refused."""
    path = edited(tmp_path, "client: example-08-first-loan", f'client: "{reference}"')
    _, problems = check_household(path, AS_OF)
    assert [(p.field, p.code) for p in problems] == [("client", code)]


def test_long_numbers_are_masked_and_nothing_moves_the_cursor(tmp_path):
    """An identity number keeps its ends; escapes in values and keys are shown, not sent."""
    strange = r'"\e[31m\u202e110101199001011234"'
    path = edited(tmp_path, "city: 厦门", f"city: [{strange}]\n{strange}: {strange}")
    _, problems = check_household(path, AS_OF)
    unknown = next(p for p in problems if p.code == "extra_forbidden")
    assert unknown.found == r"\u001b[31m\u202e110*************34"
    for language in LANGUAGES:
        for line in problem_lines(problems, language):
            assert line.isprintable()
            assert "1011990" not in line


# Words


def codes_in_source() -> set[str]:
    """The problem codes the readers write down: constants where a code belongs."""
    code_position = {
        "problem": 1, "Problem": 3, "_note": 2, "_stop": 2, "_unread": 2, "PydanticCustomError": 0,
    }  # fmt: skip
    found = set()
    # What is asked of the rules is yielded in pairs too, and is no problem of a file.
    readers = (p for p in (ROOT / "planning").rglob("*.py") if p.parent.name != "rules")
    for path in readers:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            candidates = []
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                candidates = node.args[code_position.get(name, len(node.args)) :][:1]
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                candidates = node.value.elts[1:2]
            found |= {
                c.value
                for c in candidates
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            }
    return found - {"contract_conflict"}


def codes_of_wrong_values() -> set[str]:
    """The codes that arise when each value of a file is replaced by each of many wrong ones."""
    wrong = [
        None, True, "x", "", "A B", "a" * 300, "\x07", 1, -1, Decimal("1.5"), Decimal("-0.001"),
        10**12, 10**20, date(2026, 1, 1), date(9999, 12, 31), [], {}, [1], {"kind": "fixed"},
        {"a": 1}, "\ud800",
    ]  # fmt: skip
    tree = read_tree(ROOT / "params/clients/example-07-income-down.yaml")
    sections = {
        name: value[:1] if isinstance(value, list) else value for name, value in tree.data.items()
    }
    codes = set()
    for place in places(sections):
        for value in wrong:
            data = copy.deepcopy(sections)
            holder = data
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = value
            _, problems = client._checked(Tree("x.yaml", data), AS_OF)
            codes |= {problem.code for problem in problems}
    return codes


def places(value: object, place: tuple = ()) -> list[tuple]:
    """Every place of a tree of values but its root."""
    steps = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    below = [places(value[step], (*place, step)) for step in steps]
    return [*([place] if place else []), *(found for branch in below for found in branch)]


def test_every_code_has_words():
    """Those in the source and those of pydantic that a wrong value can provoke."""
    written, provoked = codes_in_source(), codes_of_wrong_values()
    assert {"syntax", "rate_as_percent", "need_is_none", "after_as_of"} <= written
    assert {"int_type", "tuple_type", "literal_error", "unknown_member"} <= provoked
    assert (written | provoked) - known_codes() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_say_what_was_found_and_what_would_be_right(language):
    """One printable line a problem, in the language asked for, without the parser's own terms."""
    _, problems = check_households(MALFORMED, AS_OF)
    for problem, line in zip(problems, problem_lines(problems, language), strict=True):
        place, _, sentence = line.partition("  ")
        assert place == f"{problem.file}:{problem.line}"
        assert re.fullmatch(r"(\S+  )?\S.* -> \S.*", sentence)
        assert not re.search(r"[{}]|Decimal|pydantic|dict|tuple|None", sentence)
        assert bool(re.search("[一-鿿]", sentence.replace(problem.found, ""))) == (language == "zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(known_codes()))
def test_words_bear_a_problem_without_numbers(code, language):
    """Every code reads as a sentence even where a number it might name is not there."""
    (line,) = problem_lines([Problem("a.yaml", 3, "city", code)], language)
    assert line.startswith("a.yaml:3  city  ")
    assert "{" not in line


def test_a_suggestion_is_made_where_there_is_one(tmp_path):
    """A misspelt field and a percentage come with what was probably meant."""
    path = edited(tmp_path, "quoted_annual_rate: 0.0345", "quoted_anual_rate: 0.0345\n  xyz: 1")
    _, problems = check_household(path, AS_OF)
    close, far = problem_lines(problems, "en")
    assert close.endswith("did you mean quoted_annual_rate?")
    assert "did you mean" not in far
    percent = check_household(edited(tmp_path, "0.0345\n", "3.45\n"), AS_OF)[1]
    assert problem_lines(percent, "zh")[0].endswith("是否应为 0.0345？")


def test_a_code_without_words_is_still_readable():
    """It shows the value, the code and where to look."""
    problem = Problem("a.yaml", 0, "", "quite_new", "x")
    assert problem_lines([problem], "en") == [
        "a.yaml  'x' is not as it should be (quite_new) -> check it against docs/client-file.md"
    ]
    assert "quite_new" in problem_lines([problem], "zh")[0]


# Schema and docs


def test_the_schema_of_the_models_is_the_one_in_params():
    """``planner schema`` would change nothing."""
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == client_schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=by_stem)
def test_the_schema_accepts_the_examples(path):
    """An editor marks nothing in a sound file."""
    Draft202012Validator.check_schema(client_schema())
    assert (
        list(Draft202012Validator(client_schema()).iter_errors(as_json(read_tree(path).data))) == []
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\ncity:", "\ntown:"),
        ("level: C2", "level: C9"),
        ("amount: 120000", "amount: '120000'"),
        ("quoted_annual_rate: 0.0345", "quoted_annual_rate: 3.45"),
        ("birth_year: 1998", "birth_year: 98"),
        ("liabilities: []", "liabilities: [{}]"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(tmp_path, old, new):
    """What one field alone shows is marked while it is typed."""
    path = edited(tmp_path, old, new)
    assert list(Draft202012Validator(client_schema()).iter_errors(as_json(read_tree(path).data)))
    assert check_household(path, AS_OF)[1]


def as_json(value: object) -> object:
    """Values of a YAML file as JSON has them: days as text, decimals as numbers."""
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def test_the_docs_name_every_field_and_choice():
    """``docs/client-file.md`` has each field and each value one may choose."""
    schema = client_schema()
    text = (ROOT / "docs" / "client-file.md").read_text("utf-8")
    fields, choices = set(), set()
    for record in (schema, *schema["$defs"].values()):
        for name, field in record["properties"].items():
            fields.add(name)
            for variant in (field, *field.get("anyOf", ())):
                choices |= {str(choice) for choice in variant.get("enum", ())}
    assert {word for word in fields | choices if f"`{word}`" not in text} == set()


def test_the_household_of_the_docs_can_be_planned(tmp_path):
    """The annotated file of ``docs/client-file.md`` is complete and sound."""
    text = (ROOT / "docs" / "client-file.md").read_text("utf-8")
    path = tmp_path / "trial.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1], "utf-8")
    assert check_household(path, AS_OF)[1] == ()


# Robustness

TOKENS = (
    "", " ", "\n", "\t", ":", ": ", "- ", "#", "'", '"', "[", "]", "{", "}", "&a ", "*a", "!!str ",
    "|", ">", "%", "@", "---\n", "...\n", "<<: *a", "null", "true", "yes", "-1", "0.5", "4.9%",
    "1e400", "1e-400", ".nan", "0001-01-01", "9999-12-31", "2026-02-30", "2026-11-22T10:00:00",
    "99999999999999999999", "000123", "none", "[[[[", "{a: {b: 1}}", "\x07", "\u202e", "\ufeff",
    "\u2028", "汉", "𬭎", '"\\ud800"', '"\\x00"', "? ", "fixed", "flat_fee", "bullet",
)  # fmt: skip


@st.composite
def mangled(draw):
    """An example's text after a few random edits."""
    text = draw(st.sampled_from(EXAMPLES)).read_text("utf-8")
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        if draw(st.booleans()):
            # After a colon, where values stand.
            start = text.find(": ", start) + 2
            end = text.find("\n", start)
        else:
            end = start + draw(st.integers(0, 30))
        insert = draw(st.sampled_from(TOKENS) | st.text(max_size=6))
        text = text[:start] + insert + text[max(start, end) :]
    return text


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A file to write mangled texts to."""
    return tmp_path_factory.mktemp("mangled") / "client.yaml"


@settings(max_examples=200, deadline=None)
@given(text=mangled())
def test_no_text_makes_the_reader_fail(scratch, text):
    """Mangled files give a household or located problems with words, never an exception."""
    scratch.write_bytes(text.encode("utf-8", "surrogatepass"))
    household, problems = check_household(scratch, AS_OF)
    assert (household is None) == bool(problems)
    last = len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)) + 1
    assert all(0 <= problem.line <= last for problem in problems)
    assert {problem.code for problem in problems} <= known_codes()
    for language in LANGUAGES:
        assert all(line.isprintable() for line in problem_lines(problems, language))


def test_reading_a_client_file_imports_nothing_heavy():
    """``planner check`` starts within half a second."""
    program = (
        "import sys, planning.household.client, reports.language.problems; print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "pandas", "highspy", "matplotlib", "nbformat", "papermill", "jsonschema"}
    assert heavy & set(run.stdout.split()) == set()
