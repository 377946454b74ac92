"""An IPython shell whose outputs are a notebook's: a kernel's shell without the kernel."""

from __future__ import annotations

import builtins
import getpass
import os
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from zlib import crc32

from IPython.core import page
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import Bool, Type
from traitlets.config import Config

from reports.run.engine.cell_outputs import CellOutputs

KERNEL_ENVIRONMENT: Final = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}


class CellPublisher(DisplayPublisher):
    """Writes what `display` shows into the cell."""

    shell: Any

    def publish(  # type: ignore[override]
        self,
        data: Mapping,
        metadata: Mapping | None = None,
        *,
        transient: Mapping | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Show a bundle of an object's forms by MIME type."""
        self._validate_data(data, metadata)
        display_id = (transient or {}).get("display_id")
        self.shell.outputs.display(data, metadata, display_id, is_update=update)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002  IPython's signature
        """Clear the cell, at once or when the next output comes."""
        self.shell.outputs.clear(wait=wait)


class CellCompiler(CachingCompiler):
    """Names a cell's code as a file's, because IPython writes tracebacks by the name."""

    def get_code_name(self, raw_code: str, _transformed_code: str, number: int) -> str:
        """The name of a cell, the same in every run."""
        return f"<notebook>/cell-{number}-{crc32(raw_code.encode()):08x}.py"


class CellDisplayHook(DisplayHook):
    """Writes a cell's value into the cell."""

    shell: Any
    bundle: tuple[Mapping, Mapping | None] | None = None

    def start_displayhook(self) -> None:
        """Begin with nothing to show."""
        super().start_displayhook()
        self.bundle = None

    def write_output_prompt(self) -> None:
        """The prompt is the output's execution count."""

    def write_format_data(self, format_dict: Mapping, md_dict: Mapping | None = None) -> None:
        """Keep the value's forms until the hook is finished."""
        self.bundle = (format_dict, md_dict)

    def finish_displayhook(self) -> None:
        """Show the value, after all that was printed before."""
        if self.bundle and self.bundle[0]:
            self.shell.outputs.result(*self.bundle, execution_count=self.prompt_count)
        self.bundle = None
        self._is_active = False


class CellShell(InteractiveShell):
    """
    A shell for one notebook.

    Parameters
    ----------
    outputs : what its cells put out.
    """

    displayhook_class = Type(CellDisplayHook)
    display_pub_class = Type(CellPublisher)
    compiler_class = Type(CellCompiler)
    autoindent = Bool(False)  # noqa: FBT003  a trait's default
    outputs = AnyTrait()

    def __init__(self, outputs: CellOutputs, **kwargs: Any) -> None:
        super().__init__(outputs=outputs, config=_config(), **kwargs)
        builtins.input = _refuse("raw_input")
        getpass.getpass = _refuse("getpass")

    def init_environment(self) -> None:
        """Tell the programs a cell starts what a kernel tells them."""
        os.environ.update(KERNEL_ENVIRONMENT)

    def init_hooks(self) -> None:
        """A pager has no place in a notebook's outputs."""
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(lambda *_, **__: None), 99)

    def enable_gui(self, gui: Any = None) -> None:
        """
        Refuse windows.

        Raises
        ------
        UsageError
            An event loop was asked for.
        """
        if gui not in {None, "inline"}:
            raise UsageError(f"no window can be opened here, so there is no event loop {gui!r}")

    def ask_exit(self) -> NoReturn:
        """
        End the notebook where a cell says `exit`.

        Raises
        ------
        SystemExit
            Always: a notebook that was left has not been completed.
        """
        raise SystemExit

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.outputs.error(str(etype.__name__), str(evalue), stb)


# rich, tqdm and others know by this name that their output is shown in a notebook.
CellShell.__name__ = "ZMQInteractiveShell"


def _config() -> Config:
    config = Config()
    # It would keep a thread and a database for a shell nobody comes back to.
    config.HistoryManager.enabled = False
    # tqdm looks for this section before it draws for a notebook.
    config.IPKernelApp.in_process = True
    return config


def _refuse(what: str) -> Any:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise StdinNotImplementedError(
            f"{what} was called, but this frontend does not support input requests."
        )

    return refused
