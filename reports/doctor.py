"""
What this machine must have before plans can be built: one finding a check, with its cure.

`findings` looks and changes nothing, `run` says what was found and may install the Chinese font.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUPPORTED_PYTHON = ((3, 11), (3, 13))
FONT_PACKAGE = "fonts-noto-cjk"
NEEDED_BYTES = 1 << 30
_GIB = 1 << 30
_KERNEL = "python3"
_KERNEL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one check found; its words are chosen by `line`.

    Parameters
    ----------
    check : what was looked at, ``font``.
    state : ``ok``, or what is wrong, ``absent``.
    facts : what the sentence names.
    """

    check: str
    state: str = "ok"
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether plans can be built as far as this check goes."""
        return self.state == "ok"


# Each state's sentence; those of a trouble end with what to do about it.
_LINES: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "zh": {
            "python": {
                "ok": "Python {version}",
                "unsupported": "Python {version} 不受支持，需要 {least} 至 {most}；"
                "解决办法：安装后运行 make clean setup PYTHON=python{most}",
            },
            "font": {
                "ok": "中文字体 {family}（{path}）",
                "absent": "没有找到中文字体（{families}）；解决办法：{cure}",
                "absent_in_folder": "{variable} 指定的文件夹 {folder} 中没有所需字体"
                "（{families}）；解决办法：放入其中一种字体，或取消该变量以使用系统字体",
            },
            "typst": {
                "ok": "Typst {version}",
                "broken": "Typst 无法载入（{error}）；解决办法：make clean setup",
            },
            "kernel": {
                "ok": "Jupyter 内核 {kernel}（{executable}）",
                "absent": "没有找到 Jupyter 内核 {kernel}（{error}）；解决办法：make clean setup",
                "foreign": "Jupyter 内核 {kernel} 启动的是另一个 Python（{executable}）；"
                "解决办法：jupyter kernelspec remove {kernel}",
                "silent": "Jupyter 内核 {kernel} 没有启动（{error}）；解决办法：make clean setup",
            },
            "disk": {
                "ok": "{folder} 可用空间 {free} GiB",
                "full": "{folder} 可用空间只有 {free} GiB，至少需要 {needed} GiB；"
                "解决办法：删除旧的 out/<日期> 文件夹，或用 --out 指定另一磁盘",
                "read_only": "{folder} 不可写；解决办法：修改文件夹权限，或用 --out 指定其他文件夹",
            },
        },
        "en": {
            "python": {
                "ok": "Python {version}",
                "unsupported": "Python {version} is not supported, {least} to {most} is; "
                "cure: install it and run make clean setup PYTHON=python{most}",
            },
            "font": {
                "ok": "Chinese font {family} ({path})",
                "absent": "no Chinese font found ({families}); cure: {cure}",
                "absent_in_folder": "none of the fonts ({families}) is in {folder}, which "
                "{variable} names; cure: put one there, or unset it to use the system's",
            },
            "typst": {
                "ok": "Typst {version}",
                "broken": "Typst does not load ({error}); cure: make clean setup",
            },
            "kernel": {
                "ok": "Jupyter kernel {kernel} ({executable})",
                "absent": "no Jupyter kernel {kernel} ({error}); cure: make clean setup",
                "foreign": "Jupyter kernel {kernel} starts another Python ({executable}); "
                "cure: jupyter kernelspec remove {kernel}",
                "silent": "Jupyter kernel {kernel} does not start ({error}); "
                "cure: make clean setup",
            },
            "disk": {
                "ok": "{free} GiB free in {folder}",
                "full": "only {free} GiB free in {folder}, {needed} GiB needed; cure: delete old "
                "out/<date> folders, or name another disk with --out",
                "read_only": "{folder} cannot be written to; cure: change its permissions, or "
                "name another folder with --out",
            },
        },
    }
)

# What installs a family the documents know, by the program at hand.
_FONT_CURES: Sequence[tuple[str, str]] = (
    ("apt-get", f"sudo apt-get install {FONT_PACKAGE}"),
    ("dnf", "sudo dnf install google-noto-sans-cjk-fonts"),
    ("pacman", "sudo pacman -S noto-fonts-cjk"),
    ("apk", "sudo apk add font-noto-cjk"),
    ("zypper", "sudo zypper install noto-sans-sc-fonts"),
    ("brew", "brew install --cask font-noto-sans-cjk-sc"),
)


def findings(out: Path = Path("out"), *, deep: bool = False) -> tuple[Finding, ...]:
    """
    Everything a plan needs of this machine, looked at and left as it is.

    Parameters
    ----------
    out : the folder plans are built into; need not exist yet.
    deep : also start the Jupyter kernel, which takes some seconds.

    Returns
    -------
    one finding a check, in the order a plan needs them
    """
    return (
        python_finding(),
        font_finding(),
        typst_finding(),
        kernel_finding(deep=deep),
        disk_finding(out),
    )


def run(
    language: str,
    *,
    fix: bool = False,
    deep: bool = False,
    out: Path = Path("out"),
    say: Callable[[str], object] = print,
) -> int:
    """
    Say what `findings` found, one line each.

    Parameters
    ----------
    language : ``zh`` or ``en``.
    fix : first install the Chinese font, where this is missing and may be done.
    deep : also start the Jupyter kernel.
    out : the folder plans are built into.
    say : takes one line.

    Returns
    -------
    0 when plans can be built, else 1
    """
    if fix and may_install_font() and not font_finding().is_ok:
        install_font()
    found = findings(out, deep=deep)
    for finding in found:
        say(line(finding, language))
    return int(not all(finding.is_ok for finding in found))


def line(finding: Finding, language: str) -> str:
    """
    Say a finding in one line, with its cure when something is wrong.

    Examples
    --------
    >>> print(line(Finding("typst", facts={"version": "0.15.2"}), "en"))
    ok       Typst 0.15.2
    """
    mark = {"zh": ("正常", "问题"), "en": ("ok     ", "trouble")}[language][not finding.is_ok]
    return f"{mark}  {_LINES[language][finding.check][finding.state].format_map(finding.facts)}"


def python_finding(running: tuple[int, int, int] | None = None) -> Finding:
    """Whether the Python running is one the lock file is made for."""
    running = running or sys.version_info[:3]
    least, most = SUPPORTED_PYTHON
    facts = {
        "version": ".".join(map(str, running)),
        "least": ".".join(map(str, least)),
        "most": ".".join(map(str, most)),
    }
    return Finding("python", "ok" if least <= running[:2] <= most else "unsupported", facts)


def font_finding() -> Finding:
    """Whether documents find a Chinese font."""
    from reports.theme import FONT_FAMILIES
    from reports.theme.fonts import FONT_DIR_VARIABLE, chinese_font

    font = chinese_font()
    if font is not None:
        return Finding("font", facts={"family": font.family, "path": str(font.path)})
    families = ", ".join(FONT_FAMILIES)
    folder = os.environ.get(FONT_DIR_VARIABLE)
    if folder:
        facts = {"variable": FONT_DIR_VARIABLE, "folder": folder, "families": families}
        return Finding("font", "absent_in_folder", facts)
    return Finding("font", "absent", {"families": families, "cure": _font_cure()})


def typst_finding() -> Finding:
    """Whether the Typst of the environment loads."""
    try:
        import typst  # noqa: F401

        return Finding("typst", facts={"version": version("typst")})
    except (ImportError, OSError) as error:
        return Finding("typst", "broken", {"error": _first_line(error)})


def kernel_finding(*, deep: bool = False) -> Finding:
    """Whether notebooks find a kernel of this very environment; if `deep`, whether it answers."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec(_KERNEL).argv[0]
    except NoSuchKernel as error:
        return Finding("kernel", "absent", {"kernel": _KERNEL, "error": _first_line(error)})
    facts = {"kernel": _KERNEL, "executable": _kernel_executable(program)}
    if Path(facts["executable"]).parent != Path(sys.executable).parent:
        return Finding("kernel", "foreign", facts)
    trouble = _starting_trouble() if deep else None
    if trouble is not None:
        return Finding("kernel", "silent", {**facts, "error": trouble})
    return Finding("kernel", facts=facts)


def disk_finding(out: Path, needed: int = NEEDED_BYTES) -> Finding:
    """Whether `out`, or the folder it will be made in, may be written to and has `needed` bytes."""
    out = out.absolute()
    folder = next(path for path in (out, *out.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    facts = {
        "folder": str(out),
        "free": f"{free / _GIB:.1f}",
        "needed": f"{needed / _GIB:g}",
    }
    if not os.access(folder, os.W_OK):
        return Finding("disk", "read_only", facts)
    return Finding("disk", "ok" if free >= needed else "full", facts)


def may_install_font() -> bool:
    """Whether Debian's font package can be installed: apt-get, root, and no folder of one's own."""
    from reports.theme.fonts import FONT_DIR_VARIABLE

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return is_root and shutil.which("apt-get") is not None and FONT_DIR_VARIABLE not in os.environ


def install_font() -> None:
    """Install Debian's Chinese fonts; what apt-get could not do shows in the finding after."""
    from reports.theme import fonts

    apt_get = shutil.which("apt-get") or "apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (
        ["update", "--quiet=2"],
        ["install", "--yes", "--quiet=2", "--no-install-recommends", FONT_PACKAGE],
    ):
        subprocess.run([apt_get, *arguments], check=False, env=environment)
    # The folders are searched once a process; this one has just changed them.
    fonts._first_font.cache_clear()  # noqa: SLF001


def _font_cure() -> str:
    cures = (cure for program, cure in _FONT_CURES if shutil.which(program))
    return next(cures, "docs/install.md")


def _kernel_executable(program: str) -> str:
    """Return what Jupyter starts: a bare ``python`` is the interpreter that asks."""
    if program in {"python", "python3", f"python3.{sys.version_info.minor}"}:
        return sys.executable
    return shutil.which(program) or program


def _starting_trouble() -> str | None:
    from jupyter_client.manager import KernelManager

    transport = "tcp" if sys.platform == "win32" else "ipc"
    manager = KernelManager(kernel_name=_KERNEL, transport=transport)
    client = None
    try:
        manager.start_kernel()
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=_KERNEL_SECONDS)
    except (OSError, RuntimeError) as error:
        return _first_line(error)
    finally:
        if client is not None:
            client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
