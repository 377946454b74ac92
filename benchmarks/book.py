"""
A book of fictional client files, made from the examples: other sums, other names, none of anyone.

``python benchmarks/book.py FOLDER --clients 400`` writes it. The same seed gives the same book;
each client's sums are those of an example times one factor, so that balances still fit contracts.
"""

# ruff: noqa: INP001, S311, T201  a script, whose output is its purpose; a book is no secret

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = tuple(sorted((ROOT / "params" / "clients").glob("example-*.yaml")))
SEED = 20261122
FEN = Decimal("0.01")
FACTORS = tuple(Decimal(percent) / 100 for percent in range(80, 126, 5))

MONEY = (
    "amount",
    "balance",
    "current_balance",
    "gross_amount",
    "limit",
    "monthly_deposit",
    "net_amount",
    "price",
    "principal",
    "sum_assured",
    "used",
    "value",
)
"""Fields of a client file in 元."""

SURNAMES = "安柏成丁范傅高顾韩何洪胡江金康黎林陆孟倪潘乔任沈石苏唐陶汪温吴夏徐许严颜叶尹余袁"
GIVEN = "白采澄初丹涵禾嘉敬可岚黎茗宁朴琪然若书思恬唯希夏贤晓欣雅彦依怡亦煜远云泽哲知卓子"

_SUM = re.compile(rf"^(\s*(?:- )?(?:{'|'.join(MONEY)}): )([0-9]+(?:\.[0-9]+)?)", re.MULTILINE)
_REFERENCE = re.compile(r"^client: .*$", re.MULTILINE)
_NAME = re.compile(r"^name: ([^（\n]*)(?:（[^\n]*)?$", re.MULTILINE)


def write_book(folder: Path, clients: int, seed: int = SEED) -> list[Path]:
    """Write so many client files, the eight examples in turn, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(seed)
    names = _names(random)
    files = []
    for number in range(clients):
        example = EXAMPLES[number % len(EXAMPLES)]
        reference = f"book-{number + 1:05d}"
        files.append(folder / f"{reference}.yaml")
        text = example.read_text(encoding="utf-8")
        files[-1].write_text(
            client_text(text, reference, random.choice(FACTORS), names), encoding="utf-8"
        )
    return files


def client_text(text: str, reference: str, factor: Decimal, names: Iterator[str]) -> str:
    """An example's text with another reference, other names, and its sums times a factor."""
    text = _REFERENCE.sub(f"client: {reference}", text)
    text = _renamed(text, names)
    return _SUM.sub(lambda found: f"{found[1]}{_scaled(found[2], factor)}", text)


def _renamed(text: str, names: Iterator[str]) -> str:
    """Other people, wherever the text names them."""
    household = _NAME.search(text)
    people = household[1].split("、") if household else []
    text = _NAME.sub(r"name: \1（虚构）", text)
    for person in people:
        text = text.replace(person, next(names))
    return text


def _scaled(amount: str, factor: Decimal) -> str:
    scaled = (Decimal(amount) * factor).quantize(FEN).normalize()
    return f"{scaled:f}"


def _names(random: Random) -> Iterator[str]:
    """Names of three characters, each once."""
    every = [a + b + c for a in SURNAMES for b in GIVEN for c in GIVEN if b != c]
    random.shuffle(every)
    yield from every


def main() -> None:
    """Write a book where the command line says."""
    parser = argparse.ArgumentParser(description="a book of fictional client files")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    files = write_book(options.folder, options.clients, options.seed)
    print(f"{len(files)} files in {options.folder}")


if __name__ == "__main__":
    main()
