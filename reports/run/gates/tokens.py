"""
Words that tell one client of a batch from the others, and the private file that carries them.

A household's tokens are its reference, its name (称呼) whole and in its parts, and those of its
free texts that no other household of the batch has. City, sector, roles and short words identify
nobody. Nothing here is ever printed.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from planning.fields import HIDDEN
from reports.run.sharing import open_to_group

if TYPE_CHECKING:
    from pathlib import Path

    from planning.household.profile import Household

Kind = Literal["reference", "name", "words"]
_Owners = dict[tuple[Kind, str], list[str]]

LEAST_NAME: Final = 2
"""林先生 has three characters, 张伟 and 李家 have two; one identifies nobody."""

LEAST_LATIN_NAME: Final = 4
LEAST_WORDS: Final = 6
"""Characters of a free text that others do not have; a shorter one may be anybody's."""

LEAST_LATIN_WORDS: Final = 8

_PRIVATE: Final = 0o600
_REMARK: Final = re.compile(r"\([^()]*\)")
_BETWEEN_NAMES: Final = re.compile(r"[、,;/&|+·]|和|与|及|\band\b")
_TITLES: Final = frozenset({"先生", "女士", "夫妇", "家庭", "客户", "小姐", "太太", "夫人"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word that may identify, what it is, and whose it is."""

    text: str
    kind: Kind
    clients: tuple[str, ...]

    @property
    def is_telling(self) -> bool:
        """Whether it tells clients apart; words that several have are anybody's."""
        return self.kind != "words" or len(self.clients) == 1


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    The tokens of the clients of a run.

    Parameters
    ----------
    tokens : every token once.
    files : what each client's own file says, which its documents may say too; as JSON, since a
        client reads one of thousands.
    """

    tokens: tuple[Token, ...]
    files: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, households: Iterable[Household]) -> Self:
        """The tokens of households as their files state them."""
        owners: _Owners = {}
        files = {}
        for household in households:
            files[household.client] = json.dumps(_file_words(household), ensure_ascii=False)
            for key in dict.fromkeys(_tokens(household)):
                owners.setdefault(key, []).append(household.client)
        return cls(_told(owners), files)

    def joined(self, newer: Self) -> Self:
        """These and newer ones; a client that both know is as the newer ones have it."""
        owners: _Owners = {}
        for tokens, replaced in ((self.tokens, newer.files), (newer.tokens, {})):
            for token in tokens:
                kept = [client for client in token.clients if client not in replaced]
                if kept:
                    owners.setdefault((token.kind, token.text), []).extend(kept)
        return type(self)(_told(owners), {**self.files, **newer.files})

    def file_of(self, client: str) -> str:
        """What a client's own file says, folded; empty for one that is not of the run."""
        return str(json.loads(self.files.get(client, '""')))

    def save(self, path: Path) -> None:
        """Write them where only this user can read them; an existing file is replaced."""
        rows = [(token.text, token.kind, token.clients) for token in self.tokens]
        lines = [json.dumps(rows, ensure_ascii=False)]
        lines += [f"{client}\t{words}" for client, words in self.files.items()]
        beside = path.with_name(f"{path.name}.new")
        beside.unlink(missing_ok=True)
        place = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(place, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        open_to_group(beside)
        beside.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        Read what `save` has written.

        Raises
        ------
        ValueError
            The file is of another form.
        """
        first, *rest = path.read_text(encoding="utf-8").split("\n")
        tokens = (Token(text, kind, tuple(clients)) for text, kind, clients in json.loads(first))
        lines = (line.partition("\t") for line in rest if line)
        return cls(tuple(tokens), {client: words for client, _, words in lines})


def free_words(household: Household) -> Iterator[str]:
    """What an analyst has written in words of their own."""
    found = (
        household.need.purpose,
        *(member.id for member in household.members),
        *(goal.text for goal in household.goals),
        *(line.employer for line in household.income),
        *(words for debt in household.liabilities for words in (debt.lender, debt.purpose)),
        *(line.lender for line in household.credit_lines),
        *(words for one in household.guarantees_given for words in (one.beneficiary, one.lender)),
        *(household.advisor.name, household.advisor.institution, household.advisor.contact),
    )
    yield from (words for words in found if words)


def _told(owners: _Owners) -> tuple[Token, ...]:
    return tuple(Token(text, kind, tuple(clients)) for (kind, text), clients in owners.items())


def folded(text: str) -> str:
    """
    A text in the one form in which words are compared, without what nobody can see.

    Examples
    --------
    >>> folded("Ｌin 先 生"), folded("Mr  LIN"), folded("王\u200b五")
    ('lin 先 生', 'mr  lin', '王五')
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", HIDDEN.sub("", text)).casefold()


def closed_up(text: str) -> str:
    """A folded text without spaces, for words that are not Latin: a page may part them."""
    return text.replace(" ", "").replace("\r", "").replace("\t", "")


def _tokens(household: Household) -> Iterator[tuple[Kind, str]]:
    yield "reference", folded(household.client)
    for name in _names(folded(household.name)):
        yield "name", _as_token(name)
    for words in free_words(household):
        text = _as_token(folded(words).strip())
        least = LEAST_LATIN_WORDS if text.isascii() else LEAST_WORDS
        if len(text) >= least:
            yield "words", text


def _as_token(word: str) -> str:
    return word if word.isascii() else closed_up(word)


def _names(name: str) -> Iterator[str]:
    """A name without the remark in brackets, and each of the names joined in it."""
    whole = _REMARK.sub("", name).strip()
    for part in (whole, *_BETWEEN_NAMES.split(whole)):
        word = part.strip()
        least = LEAST_LATIN_NAME if word.isascii() else LEAST_NAME
        if len(word) >= least and word not in _TITLES and not word.isdigit():
            yield word


def _file_words(household: Household) -> str:
    return "\n".join(dict.fromkeys(folded(word) for word in _strings(household.model_dump())))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
