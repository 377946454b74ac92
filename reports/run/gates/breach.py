"""What a gate found wrong with a document."""

from __future__ import annotations

from dataclasses import dataclass

from reports.language import Language

DOCUMENTS = "documents"
"""Stands for the artefact where no single one is meant."""


@dataclass(frozen=True, slots=True)
class Breach:
    """
    A reason not to publish a plan.

    Parameters
    ----------
    gate : ``files``, ``leaks``, ``personal``, ``code``, ``numbers`` or ``pdf``.
    artefact : name of the file.
    code : what is wrong, a label of the group ``gate_breach``.
    place : where in the file, such as ``page 3``.
    fact : what was found; of another client never more than the
        reference, of a person's number nothing.
    """

    gate: str
    artefact: str
    code: str
    place: str = ""
    fact: str = ""

    def told(self, language: str) -> str:
        """
        The breach in words for who has to mend it.

        Examples
        --------
        >>> Breach("pdf", "plan.pdf", "no_glyph", "page 3", "U+FFFD").told("zh")
        'plan.pdf 第 3 页：有一个字没有字形，U+FFFD'
        """
        speech = Language(language)
        words = speech.label("gate_breach", self.code)
        return f"{self.artefact} {words.format(place=_place(self.place, speech), fact=self.fact)}"

    def __str__(self) -> str:
        return self.told("en")


def _place(place: str, speech: Language) -> str:
    kind, _, number = place.partition(" ")
    try:
        return speech.label("gate_place", kind).format(number=number)
    except KeyError:
        # A part of a workbook, which has a name of its own.
        return place
