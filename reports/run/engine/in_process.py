"""
A papermill engine that runs a notebook's cells in this process.

``papermill --engine in-process in.ipynb out.ipynb``; docs/engine.md says what it does as a kernel
does, and what it does not.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, Final

import nbformat
from papermill.engines import Engine
from papermill.exceptions import PapermillException
from papermill.log import logger

from reports.run.engine.saving import SAVE_EVERY_SECONDS, SavingManager
from reports.run.engine.session import NotebookSession

if TYPE_CHECKING:
    from nbformat import NotebookNode

ENGINE: Final = "in-process"

SKIPPED_TAG: Final = "skip-execution"
MAY_RAISE_TAG: Final = "raises-exception"

LANGUAGE_INFO: Final = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}
"""What ipykernel says of itself, for readers of the notebook."""

UNUSED: Final = {"input_path", "start_timeout", "kernel_name"}
"""What papermill passes to every engine and only a kernel has a use for."""

TIMEOUTS: Final = {"execution_timeout", "timeout"}


class InProcessEngine(Engine):
    """Runs Python notebooks on an IPython shell in this process: no kernel, no socket."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        save_every_seconds: float = SAVE_EVERY_SECONDS,
        **kwargs: Any,
    ) -> NotebookNode:
        """
        Run a notebook that papermill has prepared.

        Parameters
        ----------
        nb : the notebook, whose cells are given their outputs.
        kernel_name : of no use here.
        save_every_seconds : the shortest time between two savings while the notebook runs.
        **kwargs : as papermill passes them to every engine.

        Raises
        ------
        papermill.exceptions.PapermillException
            An option or a language this engine does not have.
        OSError
            The notebook could not be saved.
        """
        saving = ("output_path", "progress_bar", "log_output", "autosave_cell_every")
        of_manager = {name: kwargs.pop(name) for name in saving if name in kwargs}
        options = {"log_output": of_manager.get("log_output", False), **kwargs}
        _refuse_unknown(nb, options)
        manager = SavingManager(nb, save_every_seconds, **of_manager)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,  # noqa: ARG003  papermill's signature
        *,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        **kwargs: Any,
    ) -> None:
        """Run the cells in order, up to the first that fails."""
        _refuse_unknown(nb_man.nb, kwargs)
        log = _Log(log_output, {"stdout": stdout_file, "stderr": stderr_file})
        changed = getattr(nb_man, "changed", lambda: None)
        with NotebookSession(getattr(nb_man, "lock", None), changed) as session:
            nb_man.before_saving = session.outputs.flush_due
            for index, cell in enumerate(nb_man.nb.cells):
                if not _run(nb_man, session, cell, index):
                    break
                log.outputs(cell)
            nb_man.before_saving = lambda: None
        nb_man.nb.metadata["language_info"] = nbformat.from_dict(LANGUAGE_INFO)

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """The kernel a notebook asks for; a notebook that asks for none is as welcome."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """The language a notebook says it is in, Python if it does not say."""
        return language or _language(nb)


def warm() -> None:
    """
    Do before a fork what every notebook would otherwise do after it.

    It runs a few cells without a file, which imports whatever a cell that prints, shows, awaits
    and fails needs, and starts no thread.
    """
    with NotebookSession() as session:
        for source in ("import asyncio\nprint(1)\nawait asyncio.sleep(0)", "{1: 2}", "1 / 0"):
            session.run(nbformat.v4.new_code_cell(source))
    nbformat.v4.writes(nbformat.v4.new_notebook())


def _run(nb_man: Any, session: NotebookSession, cell: NotebookNode, index: int) -> bool:
    """Run a cell if it is code; papermill's record says what became of it."""
    nb_man.cell_start(cell, index)
    is_good = True
    try:
        if _is_run(cell):
            is_good = session.run(cell) or MAY_RAISE_TAG in cell.metadata.get("tags", ())
    except BaseException:
        is_good = False
        raise
    finally:
        if not is_good:
            nb_man.cell_exception(cell, cell_index=index)
        nb_man.cell_complete(cell, cell_index=index)
    return is_good


def _is_run(cell: NotebookNode) -> bool:
    is_code = cell.cell_type == "code" and cell.source.strip()
    return bool(is_code) and SKIPPED_TAG not in cell.metadata.get("tags", ())


def _refuse_unknown(nb: NotebookNode, options: dict[str, Any]) -> None:
    """Stop before anything runs: an option that is ignored is worse than one that is refused."""
    if any(options.get(name) for name in TIMEOUTS):
        raise PapermillException(
            "the in-process engine cannot stop a cell that takes too long: a time limit belongs to "
            "whoever started this process and can end it. Leave out the timeout, or use the engine "
            "nbclient."
        )
    known = {*UNUSED, *TIMEOUTS, "log_output", "stdout_file", "stderr_file"}
    if unknown := sorted(set(options) - known):
        raise PapermillException(f"the in-process engine has no option {', '.join(unknown)}")
    if (language := _language(nb)).lower() != "python":
        raise PapermillException(
            f"the in-process engine runs Python, and this notebook is in {language}; use the "
            "engine nbclient."
        )


def _language(nb: NotebookNode) -> str:
    by_kernel = nb.metadata.get("kernelspec", {}).get("language")
    return by_kernel or nb.metadata.get("language_info", {}).get("name") or "python"


class _Log:
    """What papermill's `--log-output`, `--stdout-file` and `--stderr-file` ask for."""

    def __init__(self, is_asked: bool, files: dict[str, Any]) -> None:  # noqa: FBT001  papermill's flag
        self._is_asked = is_asked
        self._files = files

    def outputs(self, cell: NotebookNode) -> None:
        """Write out a cell's outputs, once it has ended."""
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                self._stream(output.name, output.text)
            elif self._is_asked and "text/plain" in output.get("data", ()):
                logger.info(output.data["text/plain"])

    def _stream(self, name: str, text: str) -> None:
        if self._is_asked:
            (logger.info if name == "stdout" else logger.warning)(text)
        if file := self._files.get(name):
            file.write(text)
            file.flush()
