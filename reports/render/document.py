"""What a document says about itself, apart from its text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from reports.theme.errors import PublishError
from reports.theme.words import LANGUAGE_TAGS, words

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA_KEY = "liability_plan"
"""Where an executed notebook carries its `Document`, for exporters run by ``jupyter nbconvert``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    Title page facts of one document.

    Parameters
    ----------
    title : title of the document, of its window and of its file.
    language : ``zh`` or ``en``.
    as_of : valuation day; the only date a document knows.
    client : opaque reference of the client, printed at the foot of every page.
    institution : who publishes the document.
    subject : one sentence for the catalogue of the reader's device.
    """

    title: str
    language: str
    as_of: date
    client: str
    institution: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        words(self.language)
        if not self.title.strip():
            message = "a document needs a title"
            raise ValueError(message)

    @property
    def language_tag(self) -> str:
        """Language as HTML names it, ``zh-CN``."""
        return LANGUAGE_TAGS[self.language]

    def to_metadata(self) -> dict[str, str]:
        """Return the facts as plain text, fit for a notebook's metadata."""
        return asdict(self) | {"as_of": self.as_of.isoformat()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Document:
        """
        Read the facts back from a notebook's metadata.

        Raises
        ------
        PublishError
            The notebook does not carry them.
        """
        facts = metadata.get(METADATA_KEY)
        if not facts:
            message = (
                f"the notebook says nothing of its document: its metadata lack {METADATA_KEY!r}; "
                "build it with the planner, or pass a Document"
            )
            raise PublishError(message)
        return cls(**{**facts, "as_of": date.fromisoformat(facts["as_of"])})
