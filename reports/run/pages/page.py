"""Pages about a run: one look, one script, and files that appear whole."""

from __future__ import annotations

import os
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.language import Language
from reports.run.access import FILE
from reports.theme import THEME
from reports.theme.words import LANGUAGE_TAGS

if TYPE_CHECKING:
    from pathlib import Path

    from reports.run.pages.entry import RunFacts

SCRIPT: Final = THEME / "run_page.js"
MINUTE_SECONDS: Final = 60


def write_page(place: Path, template: str, language: str, facts: RunFacts, **values: Any) -> Path:
    """
    Write a page in place of an earlier one, whole or not at all.

    Parameters
    ----------
    place : the file.
    template : name of the template without its ending.
    language : ``zh`` or ``en``.
    facts : of the run.
    values : what the template shows; all of it is escaped.
    """
    speech = Language(language)
    page = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            language_tag=LANGUAGE_TAGS[language],
            say=speech.either,
            facts=_facts(facts, speech),
            script=_script(),
            script_digest=_digest(_script()),
            **values,
        )
    )
    return write_whole(place, page.encode())


def write_whole(place: Path, content: bytes) -> Path:
    """Write a file aside and rename it: a reader sees the old one or the new one."""
    aside = place.with_name(f".{place.name}-{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)


def duration(seconds: float, speech: Language) -> str:
    """A time as people say it: seconds with a decimal, from a minute on minutes and seconds."""
    if seconds < MINUTE_SECONDS:
        return speech.either(f"{seconds:.1f} 秒", f"{seconds:.1f} s")
    minutes, rest = divmod(round(seconds), MINUTE_SECONDS)
    return speech.either(f"{minutes} 分 {rest} 秒", f"{minutes} min {rest} s")


def _facts(facts: RunFacts, speech: Language) -> dict[str, Any]:
    began = facts.started_at
    return {
        "began": None if began is None else began.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "duration": None if facts.seconds is None else duration(facts.seconds, speech),
        "changed": facts.changed,
    }


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports.theme", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _script() -> Markup:
    # Our own file, which holds no client's text.
    return Markup(SCRIPT.read_text(encoding="utf-8"))  # noqa: S704


def _digest(script: str) -> str:
    """What the page's policy allows to run: this script and no other."""
    return b64encode(sha256(script.encode()).digest()).decode()
