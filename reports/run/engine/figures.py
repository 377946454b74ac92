"""Matplotlib's figures inside a notebook's cells, as a kernel shows them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

INLINE: Final = "module://matplotlib_inline.backend_inline"
PYPLOT: Final = "matplotlib.pyplot"
BACK_END: Final = "matplotlib_inline.backend_inline"


def ask_for_inline_figures() -> None:
    """Let matplotlib show its figures in the notebook, unless the environment says otherwise."""
    if os.environ.setdefault("MPLBACKEND", INLINE) == INLINE and "matplotlib" in sys.modules:
        # It was imported before and has read the environment already.
        sys.modules["matplotlib"].rcParams._set("backend", INLINE)  # noqa: SLF001  documented


def show_figures_inline(shell: Any) -> None:
    """
    Connect a shell with a matplotlib that was loaded before the shell existed.

    One that is imported by the notebook connects itself.
    """
    if not {PYPLOT, BACK_END} & set(sys.modules) or os.environ.get("MPLBACKEND") != INLINE:
        return
    from IPython.core.pylabtools import activate_matplotlib
    from matplotlib import pyplot as plt
    from matplotlib_inline.backend_inline import configure_inline_support

    plt.switch_backend(INLINE)
    activate_matplotlib(INLINE)
    configure_inline_support(shell, INLINE)


@contextmanager
def host_figures_kept() -> Iterator[None]:
    """Put matplotlib's settings, back end and open figures back as the process had them."""
    settings = None
    if "matplotlib" in sys.modules:
        settings = sys.modules["matplotlib"].rcParams.copy()
        # A kernel would begin with those of its user's file, whatever this process has drawn.
        sys.modules["matplotlib"].rc_file_defaults()
    figures = _taken_figures() if PYPLOT in sys.modules else {}
    host = _connections()
    _connect({})
    try:
        yield
    finally:
        if PYPLOT in sys.modules:
            _taken_figures()
            sys.modules["matplotlib._pylab_helpers"].Gcf.figs.update(figures)
        _connect(host)
        if "matplotlib" in sys.modules:
            _put_settings(settings)


def _taken_figures() -> dict[int, Any]:
    """The open figures, taken out of pyplot's hands so that it no longer shows them."""
    held = sys.modules["matplotlib._pylab_helpers"].Gcf.figs
    figures = dict(held)
    held.clear()
    return figures


def _connections() -> dict[tuple[str, str], Any]:
    """What ties pyplot and its inline back end to one shell."""
    return {
        (module, name): vars(owner).get(name)
        for module, owner, names in _connected()
        for name in names
    }


def _connect(wanted: dict[tuple[str, str], Any]) -> None:
    """Tie them to another shell; what is not wanted is as on import."""
    for module, owner, names in _connected():
        for name, unused in names.items():
            setattr(owner, name, wanted.get((module, name), unused))


def _connected() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    if PYPLOT in sys.modules:
        pyplot = sys.modules[PYPLOT]
        unused = pyplot._ReplDisplayHook.NONE  # noqa: SLF001  there is no public way to forget a shell
        yield PYPLOT, pyplot, {"_REPL_DISPLAYHOOK": unused, "_backend_mod": None}
    if BACK_END in sys.modules:
        inline = sys.modules[BACK_END]
        yield BACK_END, inline.configure_inline_support, {"current_backend": "unset"}
        for kind in inline.InlineBackend.__mro__[:2]:
            yield kind.__name__, kind, {"_instance": None}


def _put_settings(settings: Any) -> None:
    """The settings as they were, or as on import if the notebook was the first to import it."""
    matplotlib = sys.modules["matplotlib"]
    if settings is None:
        settings = matplotlib.rcParamsOrig
        unresolved = sys.modules["matplotlib.rcsetup"]._auto_backend_sentinel  # noqa: SLF001  a value without a name
        settings._set("backend", os.environ.get("MPLBACKEND") or unresolved)  # noqa: SLF001  documented
    matplotlib.rcParams._update_raw(settings)  # noqa: SLF001  documented
