"""
Saving a notebook while it runs: seldom enough to cost nothing, often enough to be believed.

papermill writes the whole file twice a cell. Here a thread writes it at most every so often, also
in the middle of a cell: a process that is killed leaves the cells done, the one running and what
it had printed. The thread ends with the notebook.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any, Final

import nbformat
from papermill.engines import NotebookExecutionManager
from papermill.iorw import LocalHandler, papermill_io

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

SAVE_EVERY_SECONDS: Final = 1.0


class SavingManager(NotebookExecutionManager):
    """
    Papermill's record of a notebook's progress, saved at most every so often.

    A cell that never ran stays ``pending``, whatever has stopped the notebook before it.

    Parameters
    ----------
    nb, **kwargs : as for papermill's manager.
    save_every_seconds : the shortest time between two savings while the notebook runs.
    """

    def __init__(
        self, nb: NotebookNode, save_every_seconds: float = SAVE_EVERY_SECONDS, **kwargs: Any
    ) -> None:
        super().__init__(nb, **kwargs)
        self.lock = RLock()
        self.before_saving: Callable[[], None] = lambda: None
        self._every = save_every_seconds
        self._last = 0.0
        self._is_changed = False
        self._has_ended = Event()
        self._trouble: OSError | None = None
        self._file = _local_file(self.output_path)
        self._saver = Thread(target=self._save_regularly, name="notebook saver", daemon=True)

    def changed(self) -> None:
        """Something is worth saving."""
        self._is_changed = True

    def save(self, **_: Any) -> None:
        """
        Save at the next occasion.

        Raises
        ------
        OSError
            The file could not be written, now or since the last call.
        """
        self.changed()
        if self._trouble:
            raise self._trouble
        # A remote file is written here or not at all: papermill's handlers know no threads.
        if not self._file and time.monotonic() - self._last >= self._every:
            self._write()

    def notebook_start(self, **kwargs: Any) -> None:
        """Save the notebook as it begins, and look after it from here on."""
        super().notebook_start(**kwargs)
        self._write()
        if self._file:
            self._saver.start()

    def cell_start(self, *args: Any, **kwargs: Any) -> None:
        """Mark a cell as running."""
        with self.lock:
            super().cell_start(*args, **kwargs)

    def cell_exception(self, *args: Any, **kwargs: Any) -> None:
        """Mark a cell as failed."""
        with self.lock:
            super().cell_exception(*args, **kwargs)

    def cell_complete(self, *args: Any, **kwargs: Any) -> None:
        """Mark a cell as ended."""
        with self.lock:
            super().cell_complete(*args, **kwargs)

    def notebook_complete(self, **_: Any) -> None:
        """Save the notebook as it ended, without calling complete what never ran."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        self.nb.metadata.papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        self.cleanup_pbar()
        self._has_ended.set()
        if self._saver.is_alive():
            self._saver.join()
        self._write()

    def _save_regularly(self) -> None:
        try:
            while not self._has_ended.wait(self._every):
                self.before_saving()
                if self._is_changed:
                    self._write()
        except OSError as error:  # raised in the notebook's thread, when it next saves
            self._trouble = error

    def _write(self) -> None:
        self._is_changed = False
        if self._file:
            with self.lock:
                text = nbformat.v4.writes(self.nb)
            _replace(self._file, text + "\n")
        elif self.output_path:
            super().save()
        self._last = time.monotonic()


def _local_file(output: Any) -> Path | None:
    """Where papermill would write, whatever folder a cell has gone to meanwhile."""
    handler = papermill_io.get_handler(output)
    if not isinstance(handler, LocalHandler):
        return None
    folder = handler.cwd(None)
    handler.cwd(folder)
    return Path(folder or Path.cwd(), output)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; a link or a device is written through."""
    if not path.parent.exists():
        raise FileNotFoundError(f"output folder {path.parent} doesn't exist.")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text, encoding="utf-8")
        return
    unfinished = path.with_name(f".{path.name}.saving")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)  # noqa: PTH105  the one call that is atomic everywhere
