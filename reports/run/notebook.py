"""Executing a parameterized notebook with papermill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import papermill
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode


class LocalKernelManager(AsyncKernelManager):
    """A kernel on Unix sockets: no port is opened and two kernels cannot want the same one."""

    @default("transport")
    def _transport_default(self) -> str:
        return "ipc"


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
    return papermill.execute_notebook(
        str(notebook),
        str(output),
        parameters=dict(parameters),
        kernel_name="python3",
        cwd=str(notebook.parent),
        progress_bar=False,
        kernel_manager_class=LocalKernelManager,
        request_save_on_cell_execute=False,
    )
