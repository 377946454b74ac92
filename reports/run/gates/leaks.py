"""
No document holds another client's words.

Thousands of tokens are looked for at once: a text's runs of two, three and four characters are
marked in a table of bits, and only a token all of whose runs are marked is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.run.gates.breach import Breach
from reports.run.gates.own_words import all_own_words
from reports.run.gates.text import BREAK
from reports.run.gates.tokens import closed_up, folded

if TYPE_CHECKING:
    import numpy.typing as npt

    from reports.run.gates.tokens import Token, Tokens

MOST_CLIENTS: Final = 3
"""Clients told of one leaked word that several share."""

_BITS: Final = 22
_RUNS: Final = (2, 3, 4)
_MIX: Final = np.uint32(0x9E3779B1)
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Part:
    """
    A text of one artefact.

    Parameters
    ----------
    artefact : name of the file.
    place : where in it, for a person to look.
    text : as it is.
    is_wrapped : whether its lines are cut by a page's width, so that a word may run on.
    """

    artefact: str
    place: str
    text: str
    is_wrapped: bool = False


def leaks(
    parts: Sequence[Part], tokens: Tokens, client: str, public: Callable[[], str] = str
) -> tuple[Breach, ...]:
    """
    Other clients' words in the texts of a client's documents.

    Parameters
    ----------
    parts : every text of every document.
    tokens : of the batch.
    client : whose documents they are.
    public : gives words that are no client's, such as names of rules and products.

    Notes
    -----
    A word that the client's own file, the package's texts or the public words have too tells nobody
    apart and is passed over. A breach names the other client by reference, never the word.
    """
    foreign = [token for token in tokens.tokens if token.is_telling and client not in token.clients]
    texts = [_Text.of(part) for part in parts]
    shown = [form for text in texts for form in (text.folded, text.running)]
    likely = _likely([token.text for token in foreign], shown)
    found = [
        (token, text)
        for token in (foreign[place] for place in likely)
        for text in texts
        if text.has(token.text)
    ]
    if not found:
        return ()
    own = _Harmless.of(f"{tokens.file_of(client)}\n{folded(public())}")
    harmless = (own, _packages_words())
    return tuple(
        dict.fromkeys(
            _breach(token, text) for token, text in found if text.tells(token.text, harmless)
        )
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """A part folded, without its spaces, and with the lines of a page joined."""

    part: Part
    folded: str
    lines: str
    running: str

    @classmethod
    def of(cls, part: Part) -> _Text:
        text = folded(part.text)
        lines = closed_up(text)
        return cls(part, text, lines, lines.replace("\n", "") if part.is_wrapped else lines)

    def has(self, word: str) -> bool:
        """
        Whether it holds a word.

        A word of two characters must stand on one line: the end of a line and the beginning of
        the next make too many by chance.
        """
        if word.isascii():
            return _occurs(word, self.folded)
        return _occurs(word, self.lines) or (len(word) > _PAIR and _occurs(word, self.running))

    def tells(self, word: str, harmless: Sequence[_Harmless]) -> bool:
        """Whether a word it holds is in no harmless text and not there by chance."""
        if any(each.has(word) for each in harmless):
            return False
        return len(word) > _PAIR or any(
            not _is_chance(before, word, after, harmless)
            for before, after in _beside(word, self.lines)
        )


@dataclass(frozen=True, slots=True)
class _Harmless:
    """A text that is no client's or this client's own, folded, and without its spaces."""

    folded: str
    lines: str

    @classmethod
    def of(cls, text: str) -> _Harmless:
        return cls(text, closed_up(text))

    def has(self, word: str) -> bool:
        return _occurs(word, self.folded if word.isascii() else self.lines)


@cache
def _packages_words() -> _Harmless:
    return _Harmless.of(folded(all_own_words()))


def prepare() -> None:
    """Read and fold the package's words, so that processes forked from this one share them."""
    _packages_words()


def _occurs(word: str, text: str) -> bool:
    return next(_beside(word, text), None) is not None


def _beside(word: str, text: str) -> Iterator[tuple[str, str]]:
    """The characters before and after a word wherever it stands, unless in a longer Latin one."""
    place = text.find(word)
    while place >= 0:
        end = place + len(word)
        before, after = text[max(place - 1, 0) : place], text[end : end + 1]
        if not (_is_latin(word[0], before) or _is_latin(word[-1], after)):
            yield before, after
        place = text.find(word, place + 1)


def _is_latin(*characters: str) -> bool:
    return all(character.isascii() and character.isalnum() for character in characters)


def _is_chance(before: str, word: str, after: str, harmless: Sequence[_Harmless]) -> bool:
    """
    Whether two characters are the end of one harmless word and the beginning of the next.

    用于 and 建材 make 于建, which is also a name.
    """
    first, second = before + word[0], word[1] + after
    return len(first) == len(second) == _PAIR and all(
        any(pair in each.folded for each in harmless) for pair in (first, second)
    )


def _likely(words: Sequence[str], texts: Sequence[str]) -> Sequence[int]:
    """Places of the words all of whose runs of characters some text has."""
    if not words:
        return ()
    marked = {run: np.zeros(1 << _BITS, dtype=np.bool_) for run in _RUNS}
    for run, hashes in _hashed(_codes(BREAK.join(texts))):
        marked[run][hashes] = True
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1]
    codes = _codes(BREAK.join(words) + BREAK)
    is_break = codes == ord(BREAK)
    passed = np.ones(len(codes), dtype=np.bool_)
    for run, hashes in _hashed(codes):
        crosses = np.zeros(len(hashes), dtype=np.bool_)
        for ahead in range(run):
            crosses |= is_break[ahead : ahead + len(hashes)]
        passed[: len(hashes)] &= marked[run][hashes] | crosses
    return [int(place) for place in np.flatnonzero(np.logical_and.reduceat(passed, starts))]


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _hashed(codes: npt.NDArray[np.uint32]) -> Iterator[tuple[int, npt.NDArray[np.uint32]]]:
    """Each length of a run, and a hash of every run of so many characters."""
    mixed = codes * _MIX
    for run in _RUNS:
        if len(codes) < run:
            return
        mixed = (mixed[:-1] ^ codes[run - 1 :]) * _MIX
        yield run, mixed >> np.uint32(32 - _BITS)


def _breach(token: Token, text: _Text) -> Breach:
    whose = ", ".join(token.clients[:MOST_CLIENTS])
    others = len(token.clients) - MOST_CLIENTS
    more = f" +{others}" if others > 0 else ""
    return Breach("leaks", text.part.artefact, token.kind, text.part.place, f"{whose}{more}")
