"""What reaches file descriptors 1 and 2 while a cell runs: child processes and C libraries."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import RawIOBase
from tempfile import TemporaryFile
from typing import IO, Final

DESCRIPTORS: Final = {"stdout": 1, "stderr": 2}


def _unbuffered() -> RawIOBase:
    return TemporaryFile("w+b", buffering=0)


@dataclass(slots=True)
class _Caught:
    """An unnamed file that one descriptor is led into, and how much of it has been read."""

    file: RawIOBase = field(default_factory=_unbuffered)
    read: int = 0
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def text(self) -> str:
        """What was written since the last look."""
        size = os.fstat(self.file.fileno()).st_size
        if size == self.read:
            return ""
        written = os.pread(self.file.fileno(), size - self.read, self.read)
        self.read += len(written)
        return self.decoder.decode(written)


class CaughtDescriptors:
    """
    Descriptors 1 and 2, led into files of their own and read without a thread.

    A pipe would need somebody to empty it while the cell runs; a file can be looked at whenever
    the cell itself writes or ends.
    """

    def __init__(self) -> None:
        # Reading a file others write to, without moving their position, needs `pread`.
        names = DESCRIPTORS if hasattr(os, "pread") else {}
        self._caught = {name: _Caught() for name in names}
        self._is_open = False

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Lead the descriptors away for the time of a cell."""
        _flush(sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr)
        kept = {}
        try:
            for name, caught in self._caught.items():
                with suppress(OSError):  # a process may have been started without it
                    kept[name] = os.dup(DESCRIPTORS[name])
                    os.dup2(caught.file.fileno(), DESCRIPTORS[name])
            self._is_open = True
            yield
        finally:
            _flush(sys.__stdout__, sys.__stderr__)
            self._is_open = False
            for name, descriptor in kept.items():
                os.dup2(descriptor, DESCRIPTORS[name])
                os.close(descriptor)

    def descriptor(self, name: str) -> int | None:
        """The number a child process may write to, None when nothing is caught."""
        return DESCRIPTORS[name] if self._is_open and name in self._caught else None

    def text(self, name: str) -> str:
        """What reached a descriptor since the last look."""
        caught = self._caught.get(name)
        return caught.text() if caught else ""

    def close(self) -> None:
        """Let go of the files."""
        for caught in self._caught.values():
            caught.file.close()
        self._caught.clear()


def _flush(*streams: IO[str] | None) -> None:
    for stream in streams:
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]
