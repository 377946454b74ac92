"""Which client file a reference (客户编号) belongs to, so that no other takes its plan's place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reports.run.ledger.tables import plans, runs

if TYPE_CHECKING:
    from datetime import date

    from reports.run.ledger.ledger import Ledger


def claimed(ledger: Ledger, as_of: date, files: Iterable[Path]) -> dict[str, Path]:
    """
    References whose plan of a day was built from a client file that is still there, with it.

    On another day the reference may come from another file: some keep one a month.

    Parameters
    ----------
    files : of this run, which tell their references themselves and are left out.
    """
    own = {str(path.resolve()) for path in files}
    return {
        client: Path(file)
        for client, file in _last_pairs(ledger, as_of)
        if file not in own and Path(file).is_file()
    }


def _last_pairs(ledger: Ledger, as_of: date) -> list[tuple[str, str]]:
    """References and files of plans that are the last of the one and of the other."""
    done = (
        sa.select(sa.func.max(plans.c.id))
        .join(runs)
        .where(
            runs.c.out == ledger.out_key,
            runs.c.as_of == as_of,
            plans.c.state == "done",
            plans.c.client_file.is_not(None),
        )
    )
    asked = sa.select(plans.c.client, plans.c.client_file).where(
        plans.c.id.in_(done.group_by(plans.c.client)),
        plans.c.id.in_(done.group_by(plans.c.client_file)),
    )
    with ledger.reading() as connection:
        return [(client, file) for client, file in connection.execute(asked)]
