"""Executing a parameterized notebook with papermill."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import papermill
from jupyter_client.localinterfaces import localhost
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode


def execute(notebook: Path, output: Path, parameters: Mapping[str, str]) -> NotebookNode:
    """
    Run a notebook and leave the executed one at `output`, complete or up to the failing cell.

    Raises
    ------
    ValueError
        A parameter the notebook does not have: papermill would only warn and run the defaults.
    papermill.PapermillExecutionError
        A cell raised; the executed notebook shows where.
    """
    known = papermill.inspect_notebook(str(notebook))
    unknown = set(parameters) - set(known)
    if unknown:
        msg = f"{notebook.name} has no parameter {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    with TemporaryDirectory(prefix="kernel-") as sockets:
        return papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=dict(parameters),
            kernel_name="python3",
            cwd=str(notebook.parent),
            progress_bar=False,
            kernel_manager_class=_kernel_manager(Path(sockets)),
            shutdown_kernel="immediate",
        )


def _kernel_manager(sockets: Path) -> type[AsyncKernelManager]:
    """
    A kernel manager on Unix sockets in a private folder: no port is opened.

    Left to itself jupyter_client names the sockets after the working folder, so that two kernels
    of a batch would speak to each other's clients.
    """

    class PrivateKernelManager(AsyncKernelManager):
        @default("transport")
        def _transport_default(self) -> str:
            return "ipc" if hasattr(socket, "AF_UNIX") else "tcp"

        @default("ip")
        def _ip_default(self) -> str:
            return str(sockets / "k") if self.transport == "ipc" else localhost()

    return PrivateKernelManager
