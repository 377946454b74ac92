"""One notebook's cells, run one after another in this process."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import decimal
import linecache
import os
import sys
import warnings
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from threading import RLock
from traceback import format_exception_only
from typing import TYPE_CHECKING, Any, Final, Self

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir

from reports.run.engine.cell_outputs import CellOutputs, CellStream
from reports.run.engine.descriptors import CaughtDescriptors
from reports.run.engine.figures import (
    ask_for_inline_figures,
    host_figures_kept,
    show_figures_inline,
)
from reports.run.engine.shell import CellShell
from reports.run.engine.surroundings import Inside

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult
    from nbformat import NotebookNode

ONE_AT_A_TIME: Final = RLock()
"""Streams, folder and `__main__` are the whole process's: two notebooks cannot have them."""


class NotebookSession:
    r"""
    A shell, an event loop and surroundings of its own for the cells of one notebook.

    Parameters
    ----------
    lock, on_change : as for `CellOutputs`.

    Examples
    --------
    >>> import nbformat
    >>> cell = nbformat.v4.new_code_cell("print('hello')")
    >>> with NotebookSession() as session:
    ...     session.run(cell)
    True
    >>> cell.outputs
    [{'output_type': 'stream', 'name': 'stdout', 'text': 'hello\n'}]
    """

    def __init__(self, lock: Any = None, on_change: Callable[[], None] = lambda: None) -> None:
        self._descriptors = CaughtDescriptors()
        self.outputs = CellOutputs(lock, on_change, self._descriptors)
        self._inside = Inside()
        self._loop = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._process = os.getpid()
        self._context = contextvars.copy_context()
        # Precision and rounding are the host's otherwise, and would be changed in its hands.
        self._context.run(decimal.setcontext, decimal.DefaultContext.copy())
        self._kept = ExitStack()
        self._shell: Any = None

    def __enter__(self) -> Self:
        """Make the shell; the process is as before until a cell runs."""
        with ExitStack() as kept:
            kept.enter_context(ONE_AT_A_TIME)
            kept.callback(self._descriptors.close)
            kept.enter_context(warnings.catch_warnings())
            kept.enter_context(host_figures_kept())
            profile = kept.enter_context(TemporaryDirectory(prefix="profile-"))
            stdin = kept.enter_context(Path(os.devnull).open(encoding="utf-8"))
            with self._inside():
                self._move_in(stdin)
                self._shell = CellShell(
                    self.outputs,
                    ipython_dir=profile,
                    profile_dir=ProfileDir(location=profile),
                )
                self._be_the_shell()
                show_figures_inline(self._shell)
            kept.callback(self._move_out)
            self._kept = kept.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of the notebook in the process but the modules it imported."""
        self._kept.close()

    def run(self, cell: NotebookNode) -> bool:
        """
        Run a code cell and write down its outputs.

        Returns
        -------
        Whether it ran to its end; if not, its last output says why.
        """
        with self._inside(), self._descriptors.catching(), self._outputs_of(cell):
            cell.execution_count = self._shell.execution_count
            try:
                result = self._completed(self._run(cell.source))
                error = result.error_before_exec or result.error_in_exec
            except BaseException as raised:  # noqa: BLE001  whatever a cell raises is its failure
                error = raised
            self._leave_if_forked()
            if error is not None and not self.outputs.has_error:
                _show(error, self.outputs)
        return not self.outputs.has_error

    @contextmanager
    def _outputs_of(self, cell: NotebookNode) -> Iterator[None]:
        self.outputs.begin(cell)
        try:
            yield
        finally:
            self.outputs.end()

    def _move_in(self, stdin: Any) -> None:
        """Make the surroundings those of a fresh interpreter in this folder."""
        import logging

        sys.stdin = stdin
        sys.stdout = CellStream(self.outputs, "stdout", self._descriptors)
        sys.stderr = CellStream(self.outputs, "stderr", self._descriptors)
        # Whoever listens to the host's warnings has no use for a notebook's.
        warnings.showwarning = _print_warning
        sys.argv = [""]
        sys.path.insert(_before_packages(), "")
        logging.root.handlers.clear()
        logging.root.setLevel(logging.WARNING)
        ask_for_inline_figures()

    def _be_the_shell(self) -> None:
        """Be what `get_ipython()` finds."""
        for kind in (CellShell, InteractiveShell):
            kind._instance = self._shell  # noqa: SLF001  the host's own is put back

    async def _run(self, source: str) -> ExecutionResult:
        """Run a cell as ipykernel does: within a running loop, whether or not it awaits."""
        shell, problem = self._shell, None
        try:
            code = shell.transform_cell(source)
        except Exception:  # noqa: BLE001  shown in the cell by the shell
            code, problem = source, sys.exc_info()
        try:
            result = await shell.run_cell_async(
                source, store_history=True, transformed_cell=code, preprocessing_exc_tuple=problem
            )
        finally:
            shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
        return result

    def _completed(self, coroutine: Coroutine[Any, Any, ExecutionResult]) -> ExecutionResult:
        """Wait for a cell; one that is interrupted while it awaits is cancelled."""
        loop = self._loop.get_loop()
        with _no_running_loop():
            task = loop.create_task(coroutine, context=self._context)
            try:
                return loop.run_until_complete(task)
            except (KeyboardInterrupt, SystemExit):
                task.cancel()
                return loop.run_until_complete(task)

    def _leave_if_forked(self) -> None:
        """End a child that a cell forked and that came back: the notebook is its parent's."""
        if os.getpid() != self._process:
            os._exit(0)

    def _move_out(self) -> None:
        """End what the notebook left running, and forget its shell."""
        with self._inside(), self._descriptors.catching(), _no_running_loop():
            self._loop.close()
            atexit.unregister(self._shell.atexit_operations)
            for folder in self._shell.tempdirs:
                rmtree(folder, ignore_errors=True)
            for name in self._shell.compile._filename_map:  # noqa: SLF001  else they stay for good
                linecache.cache.pop(name, None)
        self._shell = None


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _before_packages() -> int:
    """Where a kernel looks for a notebook's own modules: after the standard library."""
    of_packages = ("site-packages", "dist-packages")
    places = (place for place, path in enumerate(sys.path) if path.endswith(of_packages))
    return next(places, 0)


@contextmanager
def _no_running_loop() -> Iterator[None]:
    """Let a loop run inside another one's callback, as when papermill is called in JupyterLab."""
    host = events._get_running_loop()  # noqa: SLF001  listed in `asyncio.events.__all__`
    events._set_running_loop(None)  # noqa: SLF001  the same
    try:
        yield
    finally:
        events._set_running_loop(host)  # noqa: SLF001  the same


def _show(error: BaseException, outputs: CellOutputs) -> None:
    """Say why a cell failed where IPython only printed it, or could not."""
    traceback = [line.rstrip() for line in format_exception_only(error)]
    outputs.error(type(error).__name__, str(error), traceback)
