"""What a notebook finds and changes in the process around it, and what it must give back."""

from __future__ import annotations

import builtins
import getpass
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Self

from IPython.core.interactiveshell import InteractiveShell

SYS: Final = (
    "stdin", "stdout", "stderr", "argv", "ps1", "ps2", "ps3", "displayhook", "excepthook",
    "breakpointhook", "last_exc", "last_type", "last_value", "last_traceback",
)  # fmt: skip

MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The state of this process that belongs to whoever runs in it."""

    attributes: dict[tuple[int, str], tuple[Any, Any]]
    builtins: dict[str, Any]
    environment: dict[str, str]
    import_path: list[str]
    main: ModuleType
    folder: str | None
    log_handlers: list[logging.Handler]
    log_level: int

    @classmethod
    def now(cls) -> Self:
        """As they are."""
        owned: list[tuple[Any, str]] = [(sys, name) for name in SYS]
        owned += [(shell, "_instance") for shell in _shells(InteractiveShell)]
        owned += [(getpass, "getpass")]
        return cls(
            attributes={
                (id(owner), name): (owner, vars(owner).get(name, MISSING)) for owner, name in owned
            },
            builtins=dict(vars(builtins)),
            environment=dict(os.environ),
            import_path=list(sys.path),
            main=sys.modules["__main__"],
            folder=_folder(),
            log_handlers=list(logging.root.handlers),
            log_level=logging.root.level,
        )

    def put(self) -> None:
        """Make them so again."""
        if self.folder is not None:
            with suppress(OSError):  # it may have been removed meanwhile
                os.chdir(self.folder)
        for (_, name), (owner, value) in self.attributes.items():
            _set(owner, name, value)
        _restore(os.environ, self.environment)
        _restore(vars(builtins), self.builtins)
        sys.path[:] = self.import_path
        sys.modules["__main__"] = self.main
        logging.root.handlers[:] = self.log_handlers
        if logging.root.level != self.log_level:
            logging.root.setLevel(self.log_level)


class Inside:
    """
    A notebook's own surroundings, in place only while its cells run.

    Between two cells the process is its own again: what papermill logs, saves or shows on the
    terminal there is no part of the notebook.
    """

    def __init__(self) -> None:
        self._own: Surroundings | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Go in, the first time as a copy of what is there, and come out with all put back."""
        host = Surroundings.now()
        if self._own:
            self._own.put()
        else:
            # A host's own `_` would stand for the notebook's last result.
            vars(builtins).pop("_", None)
        try:
            yield
        finally:
            self._own = Surroundings.now()
            host.put()


def _shells(kind: type) -> Iterator[type]:
    """The classes that may hold the one shell `get_ipython` finds."""
    yield kind
    narrower: type
    for narrower in kind.__subclasses__():
        yield from _shells(narrower)


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  as the text it is
    except OSError:
        return None


def _set(owner: Any, name: str, value: Any) -> None:
    if value is not MISSING:
        setattr(owner, name, value)
    elif name in vars(owner):
        delattr(owner, name)


def _restore(names: Any, wanted: dict[str, Any]) -> None:
    """Bring a mapping back to what it held, touching only what differs."""
    for name in set(names) - set(wanted):
        del names[name]
    for name, value in wanted.items():
        if names.get(name, MISSING) is not value and names.get(name, MISSING) != value:
            names[name] = value
