"""The in-process engine does as a kernel does, and leaves the process as it found it."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import gc
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import matplotlib as mpl
import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillException

from reports.run.engine import cell_outputs, saving
from reports.run.engine.in_process import ENGINE, InProcessEngine, warm
from reports.run.engine.session import NotebookSession
from reports.run.notebook import KERNEL, execute

# Notebooks warn on purpose here, as they may in a kernel.
pytestmark = pytest.mark.filterwarnings("default::UserWarning")

ROOT = Path(__file__).resolve().parents[2]

RICH = r"""
colour: str = 'red'
---
print('before'); display({'a': 1}); print('between')
display(1.5, metadata={'text/plain': {'kind': 'number'}}); print('after')
colour
---
import sys
print('o1'); print('e1', file=sys.stderr)
print('o2'); print('e2', file=sys.stderr)
'value'
---
print('a', end=''); print('b', flush=True); print('c')
---
from IPython.display import HTML, JSON, SVG, Image, Markdown, clear_output, update_display
display(HTML('<b>h</b>'), Markdown('**m**'), JSON({'a': [1, None]}), SVG('<svg/>'))
---
display(Image(data=b'\x89PNG\r\n\x1a\n' + bytes(30), format='png', width=7))
---
import pandas as pd
pd.DataFrame({'a': [1, 2]})
---
shown = display('first', display_id='one')
print('x')
---
shown.update('second')
shown.display('third')
---
update_display(HTML('fourth'), display_id='one')
---
print('gone'); clear_output(); print('stays')
---
print('gone'); clear_output(wait=True); print('stays too')
---
print('kept'); clear_output(wait=True)
---
import matplotlib.pyplot as plt
plt.plot([1, 2]); print('drawn at the end')
---
figure, axes = plt.subplots()
axes.plot([2, 1]);
---
figure
---
%%capture caught
print('hidden'); display(1)
---
caught.stdout, len(caught.outputs)
---
%who_ls
---
!echo shell; echo to stderr >&2
---
lines = !echo captured
lines
---
%%bash
echo in bash; echo on stderr >&2
---
import asyncio
async def five():
    await asyncio.sleep(0)
    return 5
await five()
---
task = asyncio.create_task(five()); asyncio.get_running_loop().is_running()
---
await task
---
_, __, _i, Out[2], In[1]
---
1;
---
class Bundle:
    def _repr_mimebundle_(self, **k):
        data = {'text/plain': 'r', 'application/x+json': {'t': (1, 2), 3: b'ab'}}
        return data, {'text/plain': {'m': 1}}
Bundle()
---
class Own:
    def _ipython_display_(self): print('own'); display('shown by own')
Own()
---
get_ipython().__class__.__name__, __name__
---
import contextvars
variable = contextvars.ContextVar('variable', default=0); variable.set(3);
---
variable.get()
---
import warnings
warnings.warn('careful')
---
import logging
logging.warning('logged'); logging.info('not logged')
---
import os
os.environ['TERM'], os.environ['MPLBACKEND']
---
%precision 3
3.14159
---
sys.stdin.read(), sys.stdout.isatty(), sys.stdout.encoding, hasattr(sys.stdout, 'buffer')
---
print?
---
%history -n 1-3
---
from pickle import dumps, loads
class P: pass
type(loads(dumps(P()))) is P
---
%%html
<i>magic</i>
---
import rich.jupyter
rich.print('[b]bold[/b]')
---
print('日本', '𬭎')
---
print('forgotten because of what follows')
clear_output(wait=True)
float('nan')
""".strip().split("\n---\n")
"""Every kind of output."""

RAISING = r"""
colour: str = 'red'
---
print('said before'); 1 / 0
---
def f(x):
    return g(x)
def g(x):
    raise KeyError('中文')
f(1)
---
x = = 1
---
import sys
sys.exit(3)
---
raise MemoryError('much')
---
raise KeyboardInterrupt
---
%%bash
exit 3
---
import asyncio
async def bad(): raise ValueError('async')
await bad()
---
class Bad:
    def __repr__(self): raise ValueError('in repr')
Bad()
---
display(Bad())
print('goes on')
""".strip().split("\n---\n")


def saved(folder, *sources, name="in.ipynb", tags=()):
    """A notebook of these cells on disk, its first cell the parameters, all with these tags."""
    cells = [new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    cells[0].metadata["tags"] = ["parameters", *tags]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "P"}
    nbformat.write(notebook, folder / name)
    return folder / name


def cells_after(path, engine=ENGINE, **parameters):
    """The code cells of a notebook that was run, also if it failed."""
    output = path.with_name(f"{engine}.ipynb")
    with contextlib.suppress(papermill.PapermillExecutionError):
        execute(path, output, parameters, engine)
    return [cell for cell in nbformat.read(output, 4).cells if cell.cell_type == "code"]


def shown(cell):
    """A cell's outputs, streams that follow each other as one, without names of this run."""
    outputs = []
    for output in map(dict, cell.outputs):
        if (
            output["output_type"] == "stream"
            and outputs
            and outputs[-1].get("name") == output["name"]
        ):
            outputs[-1]["text"] += output["text"]
        else:
            outputs.append(output)
    text = json.dumps(outputs, ensure_ascii=False, sort_keys=True)
    # A kernel names a cell's code after its process and a hash; ours after the cell.
    text = re.sub(r"/tmp\S*/ipykernel_\d+/\d+\.py|<notebook>/cell-\d+-\w+\.py", "CELL", text)
    return re.sub(r"\b(\d{6,}|cell-\d+-\w+)\.py", "CELL", text)


def record(cells):
    """What can be compared of a run: counts, states and outputs, cell by cell."""
    return [
        (cell.source, cell.execution_count, cell.metadata.papermill.status, shown(cell))
        for cell in cells
    ]


def ran(*sources):
    """Cells run one after another in a session of their own."""
    cells = [new_code_cell(source) for source in sources]
    with NotebookSession() as session:
        for cell in cells:
            session.run(cell)
    return cells


def text_of(cell, name="stdout"):
    """What a cell printed."""
    return "".join(output.text for output in cell.outputs if output.get("name") == name)


def test_every_kind_of_output_is_as_a_kernel_gives_it(tmp_path):
    """Order, streams, bundles, metadata, updates, figures, magics and awaits are the same."""
    path = saved(tmp_path, *RICH)
    kernel, ours = record(cells_after(path, KERNEL)), record(cells_after(path))
    assert len(ours) == len(RICH)
    for expected, actual in zip(kernel, ours, strict=True):
        assert actual == expected


def test_a_notebook_begins_with_the_style_of_a_kernel_whatever_the_process_has_drawn(tmp_path):
    """And the process has its own back afterwards."""
    path = saved(tmp_path, "import matplotlib as mpl; print(mpl.rcParams['lines.linewidth'])")
    with mpl.rc_context({"lines.linewidth": 7.5}):
        kernel, ours = cells_after(path, KERNEL), cells_after(path)
        assert text_of(ours[0]) == text_of(kernel[0])
        assert mpl.rcParams["lines.linewidth"] == 7.5


def test_every_kind_of_error_is_as_a_kernel_gives_it(tmp_path):
    """Names, values and whole tracebacks are the same, and tagged cells let the next one run."""
    path = saved(tmp_path, *RAISING, tags=["raises-exception"])
    kernel, ours = record(cells_after(path, KERNEL)), record(cells_after(path))
    assert len(ours) == len(RAISING)
    for expected, actual in zip(kernel, ours, strict=True):
        assert actual == expected


def test_a_client_plan_is_the_same_through_both_engines(tmp_path):
    """plan.json is the same bytes, and each cell shows the same in the same order."""
    results = {}
    for engine in (KERNEL, ENGINE):
        plan_file = tmp_path / f"{engine}.json"
        executed = execute(
            ROOT / "notebooks" / "client_plan.ipynb",
            tmp_path / f"{engine}.ipynb",
            {
                "client_file": str(ROOT / "params" / "clients" / "example-08-first-loan.yaml"),
                "params": str(ROOT / "params"),
                "as_of": "2026-11-22",
                "plan_file": str(plan_file),
            },
            engine,
        )
        cells = [cell for cell in executed.cells if cell.cell_type == "code"]
        outputs = [(cell.execution_count, shown(cell)) for cell in cells]
        results[engine] = (plan_file.read_bytes(), outputs)
    assert results[ENGINE][0] == results[KERNEL][0]
    assert results[ENGINE][1] == results[KERNEL][1]
    assert sum("text/html" in text for _, text in results[ENGINE][1]) > 10


@pytest.mark.parametrize("engine", [KERNEL, ENGINE])
def test_a_failing_cell_is_failed_and_those_after_it_are_pending(tmp_path, engine):
    """The run raises with the cell, its name and its value; nothing later has run."""
    path = saved(tmp_path, "n: int = 1", "1 / 0", "print('never')")
    with pytest.raises(papermill.PapermillExecutionError) as raised:
        execute(path, tmp_path / "out.ipynb", {}, engine)
    assert (raised.value.cell_index, raised.value.ename) == (1, "ZeroDivisionError")
    cells = [
        cell for cell in nbformat.read(tmp_path / "out.ipynb", 4).cells if cell.cell_type == "code"
    ]
    states = [cell.metadata.papermill.status for cell in cells]
    assert states[:2] == ["completed", "failed"]
    # papermill's own manager leaves it so as well, once a cell has failed.
    assert states[2] == "pending"
    assert cells[2].outputs == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import sys\nsys.exit(0)", "SystemExit"),
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("exit", "SystemExit"),
        ("bytearray(10**15)", "MemoryError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("input('name?')", "StdinNotImplementedError"),
        ("import getpass\ngetpass.getpass()", "StdinNotImplementedError"),
        ("%no_such_magic", "UsageError"),
        ("raise ExceptionGroup('two', [ValueError(1), KeyError(2)])", "ExceptionGroup"),
        ("class Bad:\n    def __repr__(self): 1 / 0\ndisplay(Bad())", "ZeroDivisionError"),
    ],
)
def test_no_way_to_fail_is_called_completed(tmp_path, source, name):
    """However a cell ends early, it is failed, the error has its name, and the run raises."""
    path = saved(tmp_path, "n: int = 1", source, "print('never')")
    with pytest.raises(papermill.PapermillExecutionError) as raised:
        execute(path, tmp_path / "out.ipynb", {}, ENGINE)
    assert raised.value.ename == name
    notebook = nbformat.read(tmp_path / "out.ipynb", 4)
    states = [cell.metadata.papermill.status for cell in notebook.cells if cell.cell_type == "code"]
    assert states == ["completed", "failed", "pending"]
    assert notebook.metadata.papermill.exception


@pytest.fixture
def interruptible():
    """A process in which Ctrl-C interrupts, whatever runs the tests has made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_cell_that_waits():
    """Ctrl-C while a cell awaits cancels it, and what it had printed is kept."""
    (cell,) = ran(
        "import asyncio, signal\nprint('waiting')\n"
        "loop = asyncio.get_running_loop()\n"
        "loop.call_later(0.01, signal.raise_signal, signal.SIGINT)\nawait asyncio.sleep(60)"
    )
    assert text_of(cell) == "waiting\n"
    assert cell.outputs[-1].ename == "CancelledError"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_cell_that_computes():
    """Ctrl-C in plain code raises KeyboardInterrupt there."""
    (cell,) = ran("import signal\nsignal.raise_signal(signal.SIGINT)\nprint('never')")
    assert [output.get("ename") for output in cell.outputs] == ["KeyboardInterrupt"]


def test_what_children_and_c_libraries_write_is_in_its_place():
    """Descriptors, child processes and forked children write between the prints around them."""
    (cell,) = ran(
        "import os, subprocess, sys\n"
        "print('one'); os.write(1, b'two\\n'); print('three')\n"
        "subprocess.run(['echo', 'four'])\n"
        "subprocess.run(['echo', 'five'], stdout=sys.stdout)\n"
        "child = os.fork()\n"
        "if not child:\n    print('six', flush=True)\n    os._exit(0)\n"
        "os.waitpid(child, 0)\nprint('seven')\n"
        "os.write(2, '错误'.encode());"
    )
    assert text_of(cell) == "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
    assert text_of(cell, "stderr") == "错误"


def test_a_forked_child_that_comes_back_is_no_second_notebook(tmp_path):
    """A child that runs to the end of its cell stops there; the parent's notebook is whole."""
    path = saved(
        tmp_path,
        "n: int = 1",
        "import os\nchild = os.fork()\nif child:\n    os.waitpid(child, 0)\n    print('parent')",
        "with open('runs.txt', 'a') as runs: runs.write('once');",
    )
    cells = cells_after(path)
    assert text_of(cells[1]) == "parent\n"
    assert (tmp_path / "runs.txt").read_text(encoding="utf-8") == "once"


def test_streams_keep_the_order_a_kernel_gives_them(monkeypatch):
    """Each stream is held back a fifth of a second, then shown, the older one first."""
    clock = [100.0]
    monkeypatch.setattr(cell_outputs.time, "monotonic", lambda: clock[0])
    outputs, cell = cell_outputs.CellOutputs(), new_code_cell()
    outputs.begin(cell)
    for wait, name, text in (
        (0, "stderr", "1"),
        (0.1, "stdout", "2"),
        (0, "stderr", "3"),
        (0.15, "stdout", "4"),  # stderr has waited long enough
        (0, "stderr", "5"),
    ):
        clock[0] += wait
        outputs.write(name, text)
    outputs.end()
    assert [(output.name, output.text) for output in cell.outputs] == [
        ("stderr", "13"),
        ("stdout", "24"),
        ("stderr", "5"),
    ]


def test_the_process_is_given_back_as_it_was(tmp_path, monkeypatch):
    """Streams, hooks, folder, arguments, environment, paths, loggers and names are put back."""
    monkeypatch.chdir(tmp_path)
    before = _surroundings()
    (cell,) = ran(
        "import builtins, getpass, logging, os, signal, sys, warnings\n"
        "os.mkdir('below'); os.chdir('below'); os.environ['NEW'] = '1'; del os.environ['PATH']\n"
        "sys.argv = ['changed']; sys.path.append('/nowhere'); sys.ps1 = '?'\n"
        "sys.stdout = sys.stderr = sys.stdin = None\n"
        "sys.excepthook = sys.displayhook = print\n"
        "builtins.invented = builtins.ascii = 1\n"
        "sys.modules['__main__'] = builtins\n"
        "logging.basicConfig(level=1); warnings.simplefilter('ignore'); getpass.getpass = None\n"
        "import decimal; decimal.getcontext().prec = 3"
    )
    assert not [output for output in cell.outputs if output.output_type == "error"]
    after = _surroundings()
    assert {name for name, value in after.items() if value != before[name]} == set()
    assert not hasattr(builtins, "__IPYTHON__")


def _surroundings():
    import decimal
    import getpass
    import warnings

    from IPython import get_ipython

    return {
        "streams": (sys.stdin, sys.stdout, sys.stderr, os.fstat(1), os.fstat(2)),
        "hooks": (sys.displayhook, sys.excepthook, getattr(sys, "ps1", None), getpass.getpass),
        "folder": Path.cwd(),
        "arguments": list(sys.argv),
        "path": list(sys.path),
        "environment": dict(os.environ),
        "main": sys.modules["__main__"],
        "builtins": {name: id(value) for name, value in vars(builtins).items()},
        "logging": (list(logging.root.handlers), logging.root.level),
        "warnings": list(warnings.filters),
        "shell": get_ipython(),
        "decimal": decimal.getcontext().prec,
        "signals": signal.getsignal(signal.SIGINT),
    }


def test_between_two_cells_the_process_is_its_own(tmp_path, monkeypatch):
    """A cell's folder and names are there for the next cell and not for the process between."""
    monkeypatch.chdir(tmp_path)
    first = new_code_cell(
        "import os, sys\nos.mkdir('x'); os.chdir('x'); sys.argv = ['mine']; a = 1"
    )
    second = new_code_cell("os.path.basename(os.getcwd()), sys.argv, a")
    arguments = list(sys.argv)
    with NotebookSession() as session:
        session.run(first)
        assert (Path.cwd(), sys.argv) == (tmp_path, arguments)
        session.run(second)
    assert second.outputs[0].data["text/plain"] == "('x', ['mine'], 1)"


def test_two_notebooks_do_not_see_each_other(tmp_path):
    """Names, tasks, settings and history of one notebook are gone in the next."""
    cells_after(
        saved(
            tmp_path,
            "n: int = 1",
            "secret = 5\nimport asyncio, logging, os\nimport matplotlib.pyplot as plt\n"
            "logging.root.setLevel(1); os.environ['SECRET'] = '1'\n"
            "plt.ioff(); plt.rcParams['figure.dpi'] = 33; plt.figure()\n"
            "%config InlineBackend.close_figures = False\n"
            "async def wait(): await asyncio.sleep(60)\ntask = asyncio.create_task(wait())",
        )
    )
    path = saved(
        tmp_path,
        "n: int = 1",
        "import asyncio, logging, os, sys\nimport matplotlib.pyplot as plt\n"
        "('secret' in globals(), hasattr(sys.modules['__main__'], 'secret'), "
        "'SECRET' in os.environ,"
        " logging.root.level, plt.rcParams['figure.dpi'] == 33, plt.get_fignums(), len(In),"
        " len(asyncio.all_tasks()))",
        "plt.plot([1]);",
    )
    cells = cells_after(path)
    expected = "(False, False, False, 30, False, [], 3, 1)"
    assert cells[1].outputs[0].data["text/plain"] == expected
    assert "image/png" in cells[2].outputs[-1].data


def test_a_notebook_is_forgotten(tmp_path):
    """What a notebook held in memory can be freed once it has ended."""
    (tmp_path / "kept_here.py").write_text("class Big: pass\n", encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    try:
        import kept_here

        watched = []
        kept_here.watch = lambda big: watched.append(weakref.ref(big))
        ran("import kept_here\nbig = kept_here.Big()\nkept_here.watch(big)\nbig", "1 / 0")
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["kept_here"]
    gc.collect()
    assert watched[0]() is None


def test_figures_of_the_process_stay_its_own(tmp_path):
    """A notebook neither shows nor closes the host's figures, and its back end is put back."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    figure = plt.figure()
    dpi = mpl.rcParams["figure.dpi"]
    try:
        cells = cells_after(
            saved(
                tmp_path,
                "n: int = 1",
                "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 33\n"
                "plt.plot([1, 2]); plt.gcf().number",
                "plt.close('all')",
            )
        )
        assert cells[1].outputs[0].data["text/plain"] == "1"
        assert [list(output.data) for output in cells[1].outputs[1:]] == [
            ["image/png", "text/plain"]
        ]
        assert plt.get_backend() == "agg"
        assert mpl.rcParams["figure.dpi"] == dpi
        assert plt.get_fignums() == [figure.number]
    finally:
        plt.close("all")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files by /proc")
def test_no_thread_socket_or_file_is_left(tmp_path):
    """A notebook that used threads, tasks and a shell leaves none, and opened no socket."""
    path = saved(
        tmp_path,
        "n: int = 1",
        "import asyncio, os\nawait asyncio.to_thread(print, 'in a thread')\n!echo shell\n"
        "zmq = [f for f in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{f}')\n"
        "       and 'socket' in os.readlink(f'/proc/self/fd/{f}')]\nlen(zmq)",
    )
    cells_after(path)
    gc.collect()
    before = (_files(), threading.enumerate())
    cells = cells_after(path)
    gc.collect()
    assert (_files(), threading.enumerate()) == before
    # The event loop wakes itself by a pair.
    sockets = sum(name.startswith("socket:") for name in before[0])
    assert int(cells[1].outputs[-1].data["text/plain"]) <= sockets + 2


def _files():
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            names.append(str(descriptor.readlink()))
    return sorted(name for name in names if not name.startswith("/proc/"))


def test_a_killed_process_leaves_what_was_done(tmp_path):
    """The engine is found by its name; killed in a cell, it leaves a readable notebook."""
    path = saved(
        tmp_path,
        "n: int = 1",
        "print('done', n)",
        "import time\nprint('half-way')\ntime.sleep(600)",
        "print('never')",
    )
    output = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "--engine", ENGINE, "--no-progress-bar"]
    process = subprocess.Popen([*command, "-p", "n", "5", path, output])
    try:
        for _ in range(200):
            if output.exists() and "half-way\\n" in output.read_text(encoding="utf-8"):
                break
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    cells = [cell for cell in nbformat.read(output, 4).cells if cell.cell_type == "code"]
    states = [cell.metadata.papermill.status for cell in cells]
    assert states == ["completed", "completed", "completed", "running", "pending"]
    assert text_of(cells[2]) == "done 5\n"
    assert text_of(cells[3]) == "half-way\n"


def test_a_short_notebook_is_saved_at_its_start_and_end_only(tmp_path, monkeypatch):
    """However many cells it has, a notebook that takes no second is written twice."""
    written = []
    replace = saving._replace
    monkeypatch.setattr(
        saving, "_replace", lambda path, text: (written.append(text), replace(path, text))
    )
    path = saved(tmp_path, "n: int = 1", *["print(n)"] * 20)
    papermill.execute_notebook(
        path, tmp_path / "out.ipynb", engine_name=ENGINE, save_every_seconds=60, progress_bar=False
    )
    assert len(written) == 2
    assert '"pending"' in written[0]
    assert '"pending"' not in written[1]


def test_a_notebook_that_cannot_be_saved_says_so(tmp_path, monkeypatch):
    """A full disk met by the thread that saves is raised in the notebook's run."""
    calls = []
    replace = saving._replace

    def full(path, text):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        replace(path, text)

    monkeypatch.setattr(saving, "_replace", full)
    path = saved(tmp_path, "import time\nwhile True:\n    time.sleep(0.01)\n    break", "2")
    notebook = nbformat.read(path, 4)
    waiting = "import time\nfor _ in range(40): time.sleep(0.01)"
    notebook.cells[0].source = waiting
    with pytest.raises(OSError, match="No space left"):
        papermill.execute_notebook(
            notebook,
            tmp_path / "out.ipynb",
            engine_name=ENGINE,
            save_every_seconds=0.02,
            progress_bar=False,
        )


def test_a_link_or_a_device_is_written_through(tmp_path):
    """Saving through a symbolic link leaves the link, and a device is not replaced by a file."""
    (tmp_path / "real.ipynb").write_text("old", encoding="utf-8")
    (tmp_path / "link.ipynb").symlink_to("real.ipynb")
    saving._replace(tmp_path / "link.ipynb", "new")
    assert (tmp_path / "link.ipynb").is_symlink()
    assert (tmp_path / "real.ipynb").read_text(encoding="utf-8") == "new"
    saving._replace(Path(os.devnull), "new")
    assert not Path(os.devnull).is_file()


def test_the_notebook_is_saved_where_papermill_was_called(tmp_path, monkeypatch):
    """A relative output is found from the caller's folder, wherever a cell goes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    path = saved(tmp_path, "import os\nos.chdir('/')", "os.getcwd()")
    papermill.execute_notebook(
        path, "out.ipynb", engine_name=ENGINE, cwd=tmp_path / "inner", progress_bar=False
    )
    assert Path.cwd() == tmp_path
    cells = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert cells[1].outputs[0].data["text/plain"] == "'/'"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in.ipynb", "inner", "out.ipynb"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"execution_timeout": 5}, "cannot stop a cell"),
        ({"timeout": 5}, "cannot stop a cell"),
        ({"save_evry_seconds": 5}, "no option save_evry_seconds"),
        ({"language": "R"}, "in R"),
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_runs(tmp_path, option, said):
    """A timeout, an unknown option and another language are a sentence, not a silence."""
    notebook = new_notebook(cells=[new_code_cell("open('ran.txt', 'w')")])
    if language := option.pop("language", None):
        notebook.metadata.kernelspec = {"name": "ir", "language": language, "display_name": "R"}
    with pytest.raises(PapermillException, match=said):
        papermill.execute_notebook(
            notebook, None, engine_name=ENGINE, progress_bar=False, cwd=tmp_path, **option
        )
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_without_a_kernel_runs():
    """No kernel need be named or installed; what one says of the language is written down."""
    cells = [
        new_markdown_cell("# text"),
        new_code_cell("a = 7"),
        new_code_cell("   "),
        new_code_cell("1 / 0", metadata={"tags": ["skip-execution"]}),
        new_code_cell("a"),
    ]
    executed = papermill.execute_notebook(
        new_notebook(cells=cells), None, engine_name=ENGINE, progress_bar=False
    )
    assert [cell.get("execution_count") for cell in executed.cells] == [None, 1, None, None, 2]
    assert executed.cells[-1].outputs[0].data["text/plain"] == "7"
    assert executed.metadata.language_info.pygments_lexer == "ipython3"
    assert {cell.metadata.papermill.status for cell in executed.cells} == {"completed"}


def test_it_runs_inside_a_running_event_loop(tmp_path):
    """Called from a cell of JupyterLab, whose loop runs already, it does the same."""
    path = saved(tmp_path, "n: int = 1", "import asyncio\nawait asyncio.sleep(0)\nprint(n)")

    async def as_in_jupyterlab():
        cells = cells_after(path, n=3)
        await asyncio.sleep(0)
        return cells

    assert text_of(asyncio.run(as_in_jupyterlab())[-1]) == "3\n"


def test_a_notebook_may_run_another(tmp_path):
    """A cell that runs a notebook in the same process gets its own names back."""
    inner = saved(tmp_path, "n: int = 1", "n = 'inner'\nprint(n)", name="inner.ipynb")
    outer = saved(
        tmp_path,
        "n: int = 1",
        "import papermill\nn = 'outer'\n"
        f"done = papermill.execute_notebook({str(inner)!r}, None, engine_name='in-process',\n"
        "                                  progress_bar=False)\n"
        "print(n, done.cells[1].outputs[0].text)",
    )
    assert text_of(cells_after(outer)[1]) == "outer inner\n\n"


def test_an_unknown_parameter_is_refused(tmp_path):
    """A name the notebook does not have raises, and nothing runs."""
    path = saved(tmp_path, "n: int = 1", "print(n)")
    with pytest.raises(ValueError, match="no parameter m"):
        execute(path, tmp_path / "out.ipynb", {"m": "1"}, ENGINE)
    assert not (tmp_path / "out.ipynb").exists()


def test_output_is_logged_where_papermill_is_asked_to(tmp_path, caplog):
    """`log_output`, `stdout_file` and `stderr_file` get what the cells printed and showed."""
    path = saved(tmp_path, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n42")
    caplog.set_level(logging.INFO, logger="papermill")
    with (tmp_path / "o").open("w+") as out, (tmp_path / "e").open("w+") as err:
        papermill.execute_notebook(
            path, None, engine_name=ENGINE, log_output=True, stdout_file=out, stderr_file=err,
            progress_bar=False,
        )  # fmt: skip
    assert (tmp_path / "o").read_text(encoding="utf-8") == "out\n"
    assert (tmp_path / "e").read_text(encoding="utf-8") == "err\n"
    assert {"out\n", "err\n", "42"} <= {record.getMessage() for record in caplog.records}


def test_a_warm_process_has_no_thread_and_no_shell():
    """What is done before a fork leaves nothing that must not be forked."""
    before = _surroundings()
    threads = threading.enumerate()
    warm()
    assert threading.enumerate() == threads
    assert _surroundings() == before


@pytest.mark.parametrize(
    "first", ["papermill", "reports.run.engine.in_process", "reports.run.notebook"]
)
def test_papermill_finds_the_engine_whatever_is_imported_first(first):
    """Its entry point is installed with the project and needs no order of imports."""
    code = f"import {first}\nfrom papermill.engines import papermill_engines as engines\n"
    code += f"print(engines.get_engine({ENGINE!r}).execute_notebook.__self__.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == InProcessEngine.__name__
