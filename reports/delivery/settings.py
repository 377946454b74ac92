"""
How mail goes out (发信设置): the bank's relay, whom it is from, and how much at a time.

From ``delivery.toml``, which git ignores and only its owner may read, and from the environment,
``PLANNER_MAIL_HOST`` and so on, which comes first. Mail leaves over TLS or not at all.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from planning.errors import ClientFileError, Problem
from planning.fields import is_like_a_link
from planning.household.mailbox import mailbox_fault, wire_address
from planning.identifiers import names_somebody
from reports.delivery.private_file import private_text

SETTINGS: Final = Path("delivery.toml")
PREFIX: Final = "PLANNER_MAIL_"
TABLE: Final = "mail"
PORTS: Final = {"starttls": 587, "tls": 465}
DAY_SECONDS: Final = 86_400
LONGEST_NAME: Final = 80

_NOT_MADE_OUT: Final = ("toml_syntax", "mail_table_missing", "unreadable", "secret_no_file")

Security = Literal["starttls", "tls"]


@dataclass(frozen=True, slots=True)
class MailSettings:
    """
    How mail goes out.

    Parameters
    ----------
    security : TLS after STARTTLS, or from the first byte; there is no third way.
    sender, sender_name, reply_to : whom the letters are from, and where answers go.
    message_id_domain : the right half of Message-IDs, and what the relay is greeted with.
    password : never shown; from ``PLANNER_MAIL_PASSWORD`` or ``password_file``.
    ca_file : certificates of the authority that vouches for the relay; the system's if absent.
    timeout_seconds : patience for a whole reply; `final_timeout_seconds` for sending the message,
        and for the last reply, while the relay looks through it.
    per_run, per_minute : mails at most.
    max_bytes : of one message, as it is sent.
    four_eyes : whoever built a plan may not approve it; what was so approved is not sent.
    attempts, back_off_seconds : how often a mail is tried, and the waits between.
    """

    host: str
    sender: str
    message_id_domain: str
    port: int = PORTS["starttls"]
    security: Security = "starttls"
    login: str = ""
    password: str = field(default="", repr=False)
    sender_name: str = ""
    reply_to: str = ""
    ca_file: Path | None = None
    timeout_seconds: int = 60
    final_timeout_seconds: int = 600
    per_run: int = 200
    per_minute: int = 30
    max_bytes: int = 10_000_000
    four_eyes: bool = False
    attempts: int = 4
    back_off_seconds: tuple[int, ...] = (300, 900, 3600)

    def wait_seconds(self, attempts: int) -> int | None:
        """The wait after so many attempts; None where there is no further one."""
        if attempts >= self.attempts:
            return None
        return self.back_off_seconds[min(attempts, len(self.back_off_seconds)) - 1]


DRAFTS_ONLY: Final = MailSettings("relay.example.com", "plans@example.com", "example.com")
"""For letters that are only looked at, where no relay has been set up yet."""


class _WrongError(Exception):
    """A value that cannot be used: the code of why, and what the text needs."""

    def __init__(self, code: str, found: object = "", **numbers: object) -> None:
        super().__init__(code)
        self.code, self.found, self.numbers = code, str(found), numbers


@dataclass(frozen=True, slots=True)
class _Value:
    """A value as it was written, and where: a file and line, or a variable."""

    place: str
    line: int
    written: Any


def read_settings(
    file: Path | None = None, environ: Mapping[str, str] | None = None
) -> MailSettings:
    """
    The settings in force.

    Parameters
    ----------
    file : ``delivery.toml`` in the working folder if absent, which need not be there.
    environ : the process's own if absent.

    Raises
    ------
    ClientFileError
        Every problem of the file and the variables, each with its place and what would be right.
    """
    place = file or SETTINGS
    problems: list[Problem] = []
    written = _of_file(place, problems, is_asked_for=file is not None)
    written |= _of_environment(os.environ if environ is None else environ)
    read = _read(written, problems)
    # Of a file that could not be made out nobody can say what is missing.
    if not any(_is_of_whole(problem) for problem in problems):
        problems += _missing(written, read, str(place))
    if problems:
        ordered = sorted(problems, key=lambda problem: (problem.file, problem.line))
        raise ClientFileError(place, ordered)
    return _completed(read)


def _is_of_whole(problem: Problem) -> bool:
    """Whether a problem is of the file, and not of one of its settings."""
    return problem.field in ("", TABLE) and problem.code in _NOT_MADE_OUT


def is_set_up(file: Path | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """Whether anybody has said how mail goes out; a password alone says it of another file."""
    named = {*(os.environ if environ is None else environ)} - {f"{PREFIX}PASSWORD"}
    return file is not None or SETTINGS.exists() or any(name.startswith(PREFIX) for name in named)


def _of_file(path: Path, problems: list[Problem], *, is_asked_for: bool) -> dict[str, _Value]:
    if not path.exists() and not is_asked_for:
        return {}
    problems += _exposure(path)
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text).get(TABLE)
    except OSError:
        # Why it cannot be read has been said with the rest of its exposure.
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), _line_in(str(error)), "", "toml_syntax"))
        return {}
    if not isinstance(table, dict):
        problems.append(Problem(str(path), 0, TABLE, "mail_table_missing"))
        return {}
    lines = _lines(text)
    return {name: _Value(str(path), lines.get(name, 0), told) for name, told in table.items()}


def _exposure(path: Path) -> tuple[Problem, ...]:
    """Why the file is not safe to read: it can be seen by others, or not at all."""
    try:
        private_text(path, "settings")
    except ClientFileError as error:
        return tuple(problem for problem in error.problems if problem.code != "encoding")
    return ()


def _line_in(complaint: str) -> int:
    found = re.search(r"at line (\d+)", complaint)
    return int(found[1]) if found else 0


def _lines(text: str) -> dict[str, int]:
    """The line each key of the table stands on."""
    lines: dict[str, int] = {}
    is_inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\s*\[+([^\]]*)\]", line):
            is_inside = heading[1].strip(" \"'") == TABLE
        elif is_inside and (key := re.match(r"\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*=", line)):
            lines.setdefault(key[1], number)
    return lines


def _of_environment(environ: Mapping[str, str]) -> dict[str, _Value]:
    return {
        name.removeprefix(PREFIX).lower(): _Value(name, 0, text)
        for name, text in environ.items()
        if name.startswith(PREFIX)
    }


def _read(written: Mapping[str, _Value], problems: list[Problem]) -> dict[str, Any]:
    """What can be used of what was written; of the rest, problems."""
    read: dict[str, Any] = {}
    for name, value in written.items():
        try:
            read[name] = _usable(name, value)
        except _WrongError as wrong:
            problems.append(
                Problem(value.place, value.line, name, wrong.code, wrong.found, wrong.numbers)
            )
    return read


def _usable(name: str, value: _Value) -> Any:
    if name == "password" and not value.place.startswith(PREFIX):
        raise _WrongError("password_in_file")
    if name not in _FORMS:
        near = next(iter(get_close_matches(name, _FORMS, n=1)), "")
        raise _WrongError("extra_forbidden", suggestion=near)
    return _FORMS[name](value.written)


def _missing(
    written: Mapping[str, _Value], read: Mapping[str, Any], place: str
) -> Iterator[Problem]:
    """What must be there and is not, and halves of a pair."""
    for name in ("host", "sender"):
        if name not in written:
            yield Problem(place, 0, name, "missing")
    secrets = {"password", "password_file"} & written.keys()
    if "login" in written and not secrets:
        yield Problem(place, 0, "login", "password_missing")
    if secrets and "login" not in written:
        yield Problem(place, 0, min(secrets), "login_missing")
    if {"attempts", "back_off_seconds"} <= read.keys() and (
        read["attempts"] - 1 < len(read["back_off_seconds"])
    ):
        given = written["back_off_seconds"]
        yield Problem(given.place, given.line, "back_off_seconds", "waits_beyond_attempts")


def _completed(read: Mapping[str, Any]) -> MailSettings:
    """The settings, with what follows from others filled in."""
    security = read.get("security", "starttls")
    implied = {
        "port": PORTS[security],
        "message_id_domain": read["sender"].rpartition("@")[2],
        "password": read.get("password_file", ""),
    }
    known = {each.name for each in fields(MailSettings)}
    return MailSettings(
        **{name: value for name, value in (implied | dict(read)).items() if name in known}
    )


def _text(written: Any) -> str:
    if not isinstance(written, str):
        raise _WrongError("string_type", written)
    if not written.strip():
        raise _WrongError("no_value")
    if not written.isprintable():
        raise _WrongError("sign_unprintable")
    return written


def _secret(written: Any) -> str:
    """A password, which no problem repeats."""
    if not isinstance(written, str) or not written:
        raise _WrongError("no_value")
    if not written.isprintable():
        raise _WrongError("sign_unprintable")
    return written


def _secret_file(written: Any) -> str:
    path = Path(_text(written)).expanduser()
    try:
        lines = private_text(path, "passwords").splitlines()
    except ClientFileError as error:
        (problem,) = error.problems
        raise _WrongError(problem.code, path, **problem.numbers) from None
    if len(lines) != 1:
        raise _WrongError("not_one_line", path)
    return _secret(lines[0])


def _file(written: Any) -> Path:
    path = Path(_text(written)).expanduser()
    if not (path.is_file() and os.access(path, os.R_OK)):
        raise _WrongError("no_such_file", path)
    return path


def _host(written: Any) -> str:
    text = _text(written)
    if text == "localhost" or re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*", text):
        return text
    return _domain(text)


def _domain(written: Any) -> str:
    text = _text(written)
    # Where an address at it would be one, a domain is one.
    if mailbox_fault(f"a@{text}") is not None:
        raise _WrongError("not_a_domain", text)
    return wire_address(f"a@{text}").removeprefix("a@")


def _mailbox(written: Any) -> str:
    text = _text(written)
    if (fault := mailbox_fault(text)) is not None:
        raise _WrongError(fault, text)
    return wire_address(text)


def _name(written: Any) -> str:
    text = _text(written)
    if len(text) > LONGEST_NAME:
        raise _WrongError("string_too_long", text, max_length=LONGEST_NAME)
    if names_somebody(text) or is_like_a_link(text) or "=?" in text:
        raise _WrongError("sender_name_unfit")
    return text


def _security(written: Any) -> str:
    if written not in PORTS:
        raise _WrongError("mail_in_clear", written)
    return str(written)


def _yes_or_no(written: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    text = str(written).lower()
    if isinstance(written, (bool, str)) and text in known:
        return known[text]
    raise _WrongError("bool_type", written)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    """A reader of whole numbers within bounds, as numbers or, from a variable, as text."""

    def read(written: Any) -> int:
        if isinstance(written, str) and re.fullmatch(r"-?[0-9]{1,12}", written.strip()):
            written = int(written)
        if isinstance(written, bool) or not isinstance(written, int):
            raise _WrongError("int_type", written)
        if written < least:
            raise _WrongError("greater_than_equal", written, ge=least)
        if written > most:
            raise _WrongError("less_than_equal", written, le=most)
        return written

    return read


def _waits(written: Any) -> tuple[int, ...]:
    items = written.split(",") if isinstance(written, str) else written
    if not isinstance(items, list) or not items:
        raise _WrongError("waits_form", written)
    return tuple(_whole(1, DAY_SECONDS)(item) for item in items)


_FORMS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "host": _host,
    "port": _whole(1, 65_535),
    "security": _security,
    "login": _text,
    "password": _secret,
    "password_file": _secret_file,
    "sender": _mailbox,
    "sender_name": _name,
    "reply_to": _mailbox,
    "message_id_domain": _domain,
    "ca_file": _file,
    "timeout_seconds": _whole(1, 3600),
    "final_timeout_seconds": _whole(1, 3600),
    "per_run": _whole(1, 100_000),
    "per_minute": _whole(1, 10_000),
    "max_bytes": _whole(10_000, 100_000_000),
    "four_eyes": _yes_or_no,
    "attempts": _whole(1, 20),
    "back_off_seconds": _waits,
}
