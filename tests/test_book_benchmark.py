"""The generated book: files the reader takes, of clients that are nobody's and nobody else's."""

from __future__ import annotations

import importlib.util
import re
from datetime import date
from pathlib import Path

import pytest

from planning.household.client import check_households
from planning.inputs import read_parameters

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = 24


def module():
    """The script, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("book", ROOT / "benchmarks" / "book.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small book, each example three times."""
    return module().write_book(tmp_path_factory.mktemp("book"), CLIENTS)


@pytest.fixture(scope="module")
def households(files):
    """What the reader makes of it."""
    day = date(2026, 11, 22)
    found, problems = check_households(files, day, read_parameters(ROOT / "params").book)
    assert problems == ()
    return found


def test_every_generated_file_passes_the_reader(files, households):
    """None of them has a problem."""
    assert set(households) == set(files)


def test_no_two_clients_share_a_reference_or_a_person(households):
    """Each reference and each name occurs once, and no name is inside another."""
    names = [h.name.removesuffix("（虚构）") for h in households.values()]
    people = [person for name in names for person in name.split("、")]
    assert len({household.client for household in households.values()}) == CLIENTS
    assert len(set(people)) == len(people)
    assert not [a for a in people for b in people if a != b and a in b]


def test_nothing_of_an_example_s_name_is_left(files):
    """A generated file names neither the example nor its people, not even in a comment."""
    for file, example in zip(files, module().EXAMPLES * 3, strict=True):
        said = re.search(r"^name: ([^（\n]*)", example.read_text("utf-8"), re.MULTILINE)[1]
        text = file.read_text("utf-8")
        assert example.stem not in text
        assert not [person for person in said.split("、") if person in text]


def test_sums_of_a_client_are_those_of_its_example_times_one_factor(files):
    """Every sum has moved by the same factor, to the fen."""
    book = module()
    for file, example in zip(files[:8], book.EXAMPLES, strict=True):
        pairs = zip(sums(book, file), sums(book, example), strict=True)
        ratios = {round(here / there, 4) for here, there in pairs if there > 1000}
        assert len(ratios) == 1, file.name


def test_the_same_seed_gives_the_same_book(files, tmp_path):
    """File by file, byte for byte; another seed gives another."""
    again = module().write_book(tmp_path / "again", CLIENTS)
    other = module().write_book(tmp_path / "other", CLIENTS, seed=1)
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in other] != [file.read_bytes() for file in files]


def sums(book, file):
    """The sums of a file, in its order."""
    return [float(found[2]) for found in book._SUM.finditer(file.read_text("utf-8"))]
