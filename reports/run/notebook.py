"""Executing a parameterized notebook with papermill."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import papermill
from papermill.engines import papermill_engines

from reports.run.engine.in_process import ENGINE, InProcessEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

KERNEL: Final = "nbclient"
"""The engine that starts a kernel: what an analyst's JupyterLab runs, and what ours must equal."""


def execute(
    notebook: Path, output: Path, parameters: Mapping[str, str], engine: str = KERNEL
) -> NotebookNode:
    """
    Run a notebook and leave the executed one at `output`, complete or up to the failing cell.

    Parameters
    ----------
    notebook, output : files.
    parameters : values by name, for the notebook's parameters cell.
    engine : ``nbclient``, a kernel of its own, or ``in-process``, this process.

    Raises
    ------
    ValueError
        A parameter the notebook does not have: papermill would only warn and run the defaults.
    papermill.PapermillExecutionError
        A cell raised; the executed notebook shows where. A cell that ends the notebook by
        ``sys.exit(0)``, which papermill takes for success, has raised ``SystemExit``.
    """
    known = papermill.inspect_notebook(str(notebook))
    unknown = set(parameters) - set(known)
    if unknown:
        msg = f"{notebook.name} has no parameter {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    papermill_engines.register(ENGINE, InProcessEngine)
    with _kernel() if engine == KERNEL else _no_kernel() as options:
        executed = papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=dict(parameters),
            engine_name=engine,
            kernel_name="python3",
            cwd=str(notebook.parent),
            progress_bar=False,
            **options,
        )
    _refuse_early_end(executed)
    return executed


def _refuse_early_end(executed: NotebookNode) -> None:
    for index, cell in enumerate(executed.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise papermill.PapermillExecutionError(
                    index,
                    cell.execution_count,
                    cell.source,
                    output.ename,
                    output.evalue,
                    output.traceback,
                )


@contextmanager
def _no_kernel() -> Iterator[dict[str, Any]]:
    yield {}


@contextmanager
def _kernel() -> Iterator[dict[str, Any]]:
    """
    A kernel manager on Unix sockets in a private folder: no port is opened.

    Left to itself jupyter_client names the sockets after the working folder, so that two kernels
    of a batch would speak to each other's clients.
    """
    from jupyter_client.localinterfaces import localhost
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    with TemporaryDirectory(prefix="kernel-") as sockets:

        class PrivateKernelManager(AsyncKernelManager):
            @default("transport")
            def _transport_default(self) -> str:
                return "ipc" if hasattr(socket, "AF_UNIX") else "tcp"

            @default("ip")
            def _ip_default(self) -> str:
                return str(Path(sockets) / "k") if self.transport == "ipc" else localhost()

        yield {"kernel_manager_class": PrivateKernelManager, "shutdown_kernel": "immediate"}
