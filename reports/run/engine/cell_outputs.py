"""What a running cell puts out, in the order and form a kernel's client would write it down."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from io import TextIOBase, UnsupportedOperation
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import nbformat
from jupyter_client.jsonutil import json_clean, json_default

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from reports.run.engine.descriptors import CaughtDescriptors

FLUSH_SECONDS: Final = 0.2
"""How long ipykernel keeps what is printed: it decides the order of stdout and stderr."""

STREAMS: Final = ("stdout", "stderr")


class CellOutputs:
    """
    The outputs of the cell that runs, and of those before it that can still be updated.

    Parameters
    ----------
    lock : held while a cell's outputs change, so that another thread may save the notebook.
    on_change : called after each change.
    descriptors : what reaches descriptors 1 and 2, None to leave them alone.
    """

    def __init__(
        self,
        lock: Any = None,
        on_change: Callable[[], None] = lambda: None,
        descriptors: CaughtDescriptors | None = None,
    ) -> None:
        self._lock = lock or RLock()
        self._on_change = on_change
        self._descriptors = descriptors
        self._outputs: list[NotebookNode] | None = None
        self._shown: dict[str, list[NotebookNode]] = {}
        self._pending: dict[str, tuple[float, list[str]]] = {}
        self._clears_next = False
        self.has_error = False

    def begin(self, cell: NotebookNode) -> None:
        """Write down in this cell from now on."""
        with self._lock:
            cell.outputs = []
            self._outputs = cell.outputs
            self._clears_next = self.has_error = False

    def end(self) -> None:
        """Write down what is still held back, and nothing from now on."""
        with self._lock:
            self.flush()
            self._outputs = None

    def write(self, name: str, text: str) -> None:
        """Print on a stream; held back a moment, as ipykernel does."""
        with self._lock:
            self._catch_up()
            self._hold(name, text)
        self._on_change()

    def flush(self, *names: str) -> None:
        """Write down what is held back of these streams, or of both."""
        with self._lock:
            self._catch_up()
            for name in names or STREAMS:
                self._release(name)

    def flush_due(self) -> None:
        """Write down what has been held back long enough."""
        with self._lock:
            self._catch_up()

    def display(
        self, data: Mapping, metadata: Mapping | None, display_id: str | None, *, is_update: bool
    ) -> None:
        """Show an object, or show it anew wherever its `display_id` already stands."""
        output = self._bundle("display_data", data, metadata)
        with self._lock:
            self.flush()
            self._renew(display_id, output)
            if not is_update:
                self._add(output, display_id)
        self._on_change()

    def result(self, data: Mapping, metadata: Mapping | None, execution_count: int) -> None:
        """Show a cell's value."""
        output = self._bundle("execute_result", data, metadata)
        output.execution_count = execution_count
        with self._lock:
            self.flush()
            self._add(output)
        self._on_change()

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Show what was raised."""
        with self._lock:
            self.flush()
            self.has_error = True
            self._add(_node(output_type="error", ename=name, evalue=value, traceback=traceback))
        self._on_change()

    def clear(self, *, wait: bool) -> None:
        """Forget the cell's outputs, at once or when the next one comes."""
        with self._lock:
            self.flush()
            self._clears_next = wait
            if not wait:
                self._clear()
        self._on_change()

    def _bundle(self, kind: str, data: Mapping, metadata: Mapping | None) -> NotebookNode:
        content = _as_sent({"data": data, "metadata": metadata or {}})
        return _node(output_type=kind, **content)

    def _add(self, output: NotebookNode, display_id: str | None = None) -> None:
        if self._outputs is None:
            return
        if self._clears_next:
            self._clear()
        if display_id:
            self._shown.setdefault(display_id, []).append(output)
        self._outputs.append(output)

    def _renew(self, display_id: str | None, output: NotebookNode) -> None:
        for shown in self._shown.get(display_id or "", ()):
            shown.data, shown.metadata = output.data, output.metadata

    def _clear(self) -> None:
        gone = {id(output) for output in self._outputs or ()}
        for display_id, shown in self._shown.items():
            self._shown[display_id] = [output for output in shown if id(output) not in gone]
        if self._outputs is not None:
            self._outputs.clear()
        self._clears_next = False

    def _hold(self, name: str, text: str) -> None:
        _, held = self._pending.setdefault(name, (time.monotonic(), []))
        held.append(text)

    def _catch_up(self) -> None:
        """Take what reached the descriptors, then release what is due, the oldest first."""
        for name in STREAMS if self._descriptors else ():
            if text := self._descriptors.text(name):  # type: ignore[union-attr]
                self._hold(name, text)
        due = time.monotonic() - FLUSH_SECONDS
        for name, (since, _) in sorted(self._pending.items(), key=lambda item: item[1][0]):
            if since <= due:
                self._release(name)

    def _release(self, name: str) -> None:
        _, held = self._pending.pop(name, (0.0, []))
        text = "".join(held)
        if not text or self._outputs is None:
            return
        last = self._outputs[-1] if self._outputs and not self._clears_next else None
        if last and last.output_type == "stream" and last.name == name:
            last.text += text
        else:
            self._add(_node(output_type="stream", name=name, text=text))


class CellStream(TextIOBase):
    """A notebook's stdout or stderr."""

    encoding = "UTF-8"

    def __init__(
        self, outputs: CellOutputs, name: str, descriptors: CaughtDescriptors | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self._outputs = outputs
        self._descriptors = descriptors
        self._process = os.getpid()

    def write(self, text: str) -> int:
        """Print; in a forked child through the descriptor, which the parent looks at."""
        if not isinstance(text, str):
            msg = f"write() argument must be str, not {type(text)}"
            raise TypeError(msg)
        if os.getpid() == self._process:
            self._outputs.write(self.name, text)
        elif self._descriptors and (number := self._descriptors.descriptor(self.name)):
            os.write(number, text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Hold nothing back."""
        if os.getpid() == self._process:
            self._outputs.flush(self.name)

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """
        The number a child process may write to.

        Raises
        ------
        io.UnsupportedOperation
            Descriptors are not caught.
        """
        number = self._descriptors.descriptor(self.name) if self._descriptors else None
        if number is None:
            raise UnsupportedOperation("fileno")
        return number


def _node(**content: Any) -> NotebookNode:
    return nbformat.from_dict(content)


def _as_sent(content: dict[str, Any]) -> dict[str, Any]:
    """A message's content as it arrives: bytes in base64, tuples as lists, keys as text."""
    try:
        packed = json.dumps(content, default=json_default, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        packed = json.dumps(json_clean(content), ensure_ascii=False)
    return json.loads(packed)
