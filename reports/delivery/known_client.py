"""The client a command is asked about: by reference or client file, and in which language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reports.language import LANGUAGES
from reports.run.ledger.ledger import path_key
from reports.run.ledger.tables import mails, plans, runs

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement

    from reports.run.ledger.ledger import Ledger


def client_of(ledger: Ledger, name: str) -> str | None:
    """
    The reference that a name stands for: a client file's, or its own.

    Returns
    -------
    None where no plan of such a client, or from such a file, was ever asked for here.
    """
    return _client(ledger, plans.c.client_file == path_key(name)) or _known(ledger, name)


def unknown_client(name: str, out: Path, language: str) -> str:
    """That a name stands for no client."""
    shown = "".join(sign for sign in name if sign.isprintable())
    if language == "zh":
        return (
            f"{shown} 不是客户编号，也不是编制过规划书的客户档案：{out} 里没有这位客户。"
            "请核对编号或文件路径。"
        )
    return (
        f"{shown} is neither a client reference nor a client file a plan was built from: {out} has "
        "no such client. Check the reference or the path of the file."
    )


def language_built(ledger: Ledger, client: str, as_of: date, language: str) -> str | None:
    """The other language that a client's plan of a day was built in; None where there is none."""
    others = [other for other in LANGUAGES if other != language]
    return next((other for other in others if _is_built(ledger, client, as_of, other)), None)


def _is_built(ledger: Ledger, client: str, as_of: date, language: str) -> bool:
    built = (
        plans.c.client == client,
        plans.c.state == "done",
        runs.c.as_of == as_of,
        runs.c.language == language,
    )
    return _client(ledger, *built) is not None


def _known(ledger: Ledger, client: str) -> str | None:
    """A reference that plans or mails go by; None where none does."""
    mailed = sa.select(mails.c.client).where(mails.c.client == client).limit(1)
    found = _client(ledger, plans.c.client == client)
    with ledger.reading() as connection:
        return found or connection.scalar(mailed)


def _client(ledger: Ledger, *conditions: ColumnElement[bool]) -> str | None:
    """The reference of the last row of this out folder that conditions hold for."""
    asked = (
        sa.select(plans.c.client)
        .join(runs)
        .where(runs.c.out == ledger.out_key, *conditions)
        .order_by(plans.c.id.desc())
        .limit(1)
    )
    with ledger.reading() as connection:
        return connection.scalar(asked)
