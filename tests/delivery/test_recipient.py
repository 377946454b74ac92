"""A client file names one mailbox or none, and the plan knows nothing of it."""

from __future__ import annotations

import re

import pytest

from planning.household.client import check_household, read_household
from planning.household.mailbox import wire_address
from planning.household.profile import Household
from planning.plan import LiabilityPlan
from reports.delivery.recipient import Recipient, recipient_of
from reports.language.problems import problem_lines
from tests.conftest import AS_OF, path_of, plan_of

ADDRESS = "luo@example.com"
REFUSED = {
    "mailbox_several": [
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com b@example.com",
        "a@example.com，b@example.com",
        "a@example.com\\r\\nBcc: b@example.org",
        "a@example.com\\n",
        "a@b@example.com",
        "a@example.com,",
        "luo min@example.com",
        "a@example.com\\u2028b",
    ],
    "mailbox_display_name": ["罗女士 <luo@example.com>", "<luo@example.com>"],
    "mailbox_form": ["luo", "@example.com", "luo@", "luo@exam\\u200bple.com", "luo\\0@example.com"],
    "mailbox_local": [
        "罗@example.com",
        ".luo@example.com",
        "luo.@example.com",
        "l..o@example.com",
        "luo%evil.cn@example.com",
        "evil.cn!luo@example.com",
    ],
    "mailbox_domain": [
        "luo@localhost",
        "luo@[192.0.2.1]",
        "luo@192.0.2.1",
        "luo@-example.com",
        "luo@example..com",
        "luo@faß.example",
        f"luo@{'x' * 64}.example.com",
    ],
    "mailbox_too_long": [f"{'l' * 65}@example.com", f"luo@{'.'.join(['x' * 60] * 4)}.example.com"],
}


def with_address(folder, address):
    """The plainest example with another mailbox; the text is YAML in double quotes."""
    text = path_of(8).read_text("utf-8")
    assert text.count(ADDRESS) == 1
    path = folder / "client.yaml"
    path.write_text(text.replace(ADDRESS, f'"{address}"'), "utf-8")
    return path


@pytest.mark.parametrize(
    ("code", "address"), [(code, each) for code, many in REFUSED.items() for each in many]
)
def test_what_is_not_exactly_one_mailbox_is_refused_where_it_stands(code, address, tmp_path):
    """With its line, and in both languages."""
    path = with_address(tmp_path, address)
    household, problems = check_household(path, AS_OF)
    assert household is None
    (problem,) = problems
    assert (problem.field, problem.code) == ("delivery.email", code)
    assert path.read_text("utf-8").splitlines()[problem.line - 1].startswith("  email: ")
    for language in ("zh", "en"):
        (line,) = problem_lines(problems, language)
        assert line.isprintable()
        assert " -> " in line


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("Luo <luomin@client.example>", "L*** <l***@c***.e***>"),
        ("luomin", "l***"),
        ("罗敏＠client.example", "罗***@c***.e***"),
        ("luo min@client.example, min@client.example", "l*** m***@c***.e***, m***@c***.e***"),
        ("luo_min..x@client.example", "l***@c***.e***"),
    ],
)
def test_a_mailbox_that_is_refused_is_not_repeated(address, shown, tmp_path):
    """The line goes into ledger, index and logs: the form is enough to see what is wrong."""
    _, (problem,) = check_household(with_address(tmp_path, address), AS_OF)
    assert problem.found == shown
    for language in ("zh", "en"):
        assert "client" not in "".join(problem_lines([problem], language)).replace(
            "client.yaml", ""
        )


def test_a_mailbox_in_another_field_is_masked_where_it_is_told(tmp_path):
    """Wherever somebody wrote it."""
    path = with_address(tmp_path, ADDRESS)
    path.write_text(
        path.read_text("utf-8").replace("city: 厦门", f"city: [{ADDRESS}]\n{ADDRESS}: 1")
    )
    _, problems = check_household(path, AS_OF)
    assert problems
    for language in ("zh", "en"):
        assert ADDRESS not in "".join(problem_lines(problems, language))


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("luo@example.com", "luo@example.com"),
        ("Luo.Min+plan@EXAMPLE.com", "Luo.Min+plan@example.com"),
        ("13800000000@example.com", "13800000000@example.com"),
        # The coded names are those of IANA's internationalised test domains.
        ("luo@例子.测试", "luo@xn--fsqu00a.xn--0zwm56d"),
        ("luo@xn--fa-hia.example", "luo@xn--fa-hia.example"),
        (f"{'l' * 64}@example.com", f"{'l' * 64}@example.com"),
    ],
)
def test_one_mailbox_is_written_as_it_goes_over_the_wire(written, wire, tmp_path):
    """The domain in lower case and in ASCII; the part before it is the receiver's own affair."""
    household = read_household(with_address(tmp_path, written), AS_OF)
    assert recipient_of(household) == Recipient(wire)
    assert wire_address(wire) == wire


def test_a_recipient_shows_no_more_than_a_mask():
    """Neither printed nor in an error."""
    recipient = Recipient("secret.name@example.com")
    assert "ecret" not in f"{recipient} {recipient!r}"
    assert re.fullmatch("[0-9a-f]{64}", recipient.sha256)
    with pytest.raises(ValueError, match="goes over the wire") as refused:
        Recipient("secret.name@EXAMPLE.com")
    assert "ecret" not in str(refused.value)


def test_a_plan_knows_no_mailbox():
    """Not the object a notebook holds, not its JSON, not its schema, nor a household's `repr`."""
    stated = read_household(path_of(8), AS_OF)
    plan = plan_of(path_of(8))
    assert stated.delivery is not None
    assert plan.household.delivery is None
    assert stated.unaddressed() == plan.household
    told = (plan.model_dump_json(), repr(plan), stated.model_dump_json(), repr(stated))
    assert not any(ADDRESS in text for text in told)
    assert (
        "delivery"
        not in LiabilityPlan.model_json_schema(mode="serialization")["$defs"]["Household"][
            "properties"
        ]
    )
    assert "delivery" in Household.model_json_schema()["properties"]
