"""The notebooks: run from top to bottom in a real kernel, without outputs as they are kept, and each of them known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from sessionlab.samples import notebook_files

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST = 500_000
"""How many bytes the outputs of one cell may have."""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelManager]:
    """One kernel for all, as Altair and pandas take long to import; each notebook finds it without variables."""
    manager = KernelManager(kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        manager.start_kernel(cwd=str(tmp_path_factory.mktemp("work")))
    yield manager
    manager.shutdown_kernel(now=True)


LOADS = 'for name in ("codegen.db", "conversation.db", "worktree"):\n    lab.load(samples / name)\nlab'
EXPLORES = 'explorer = lab.explore(by="topic")\nexplorer'

Outputs = dict[str, list[Any]]
"""The outputs of a notebook's cells by their sources."""


@pytest.fixture(scope="module")
def run(kernel: KernelManager) -> Callable[[str], Outputs]:
    """Run a notebook, once for all tests."""

    @cache
    def executed(stem: str) -> Outputs:
        return outputs_of(read(ROOT / "notebooks" / f"{stem}.ipynb"), kernel)

    return executed


def outputs_of(book: Any, kernel: KernelManager, **options: Any) -> Outputs:
    book.cells.insert(0, cell("%reset -f"))
    client = NotebookClient(book, timeout=120, km=kernel, **options)
    client.execute()
    assert client.kc is not None
    client.kc.stop_channels()
    return {cell.source: cell.outputs for cell in book.cells[1:] if cell.cell_type == "code"}


def cell(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def shown(outputs: Outputs, start: str) -> dict[str, str]:
    """Give what the cell shows whose last line begins so, by MIME type."""
    (found,) = (each for source, each in outputs.items() if source.splitlines()[-1].startswith(start))
    data: dict[str, str] = found[-1].data
    return data


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    book = read(path)
    assert book.metadata.kernelspec.name == "python3"
    assert set(book.metadata) == {"kernelspec", "language_info"}
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None and not cell.metadata for cell in code)
    assert book.cells[0].source.startswith("# ")


def test_all_are_numbered_and_known() -> None:
    assert notebook_files() == NOTEBOOKS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
        assert f"| `{path.stem}` |" in readme


@pytest.mark.parametrize("stem", [path.stem for path in NOTEBOOKS])
def test_it_runs_and_stays_small(stem: str, run: Callable[[str], Outputs]) -> None:
    for source, outputs in run(stem).items():
        assert len(json.dumps(outputs)) < MOST, source
        for output in outputs:
            assert output.get("name") != "stderr", source
            text = output.get("data", {}).get("text/plain", "something")
            # What a progress bar leaves of itself, where a load took long, is nothing.
            assert text or output.output_type != "execute_result", source
            assert "The query fails" not in text, source


def test_the_quickstart_shows_what_it_says(run: Callable[[str], Outputs]) -> None:
    outputs = run("01_quickstart")
    assert "400 sessions" in outputs[LOADS][-1].data["text/html"]
    rates = shown(outputs, "lab.metrics.success_rate")
    assert "dynamic programming" in rates["text/html"]
    assert "application/vnd.vega.v5+json" in shown(outputs, "lab.charts.success_rate")
    assert "codegen" in shown(outputs, "ORDER BY sessions DESC")["text/html"]
    assert "quill-4" in shown(outputs, "%success_rate")["text/html"]
    assert "attempt 2" in shown(outputs, "lab.history")["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in outputs[EXPLORES][-1].data


def test_own_data_are_loaded_and_set_aside(run: Callable[[str], Outputs]) -> None:
    outputs = run("07_your_own_data")
    assert "attempts holds three" in shown(outputs, "lab.rejects()")["text/html"]
    assert "speed up the search" in shown(outputs, "%sql SELECT ticket")["text/html"]
    assert "kim" in shown(outputs, "%sql SELECT ticket")["text/html"]


def test_a_store_is_written_while_the_lab_reads(run: Callable[[str], Outputs]) -> None:
    outputs = run("06_stores")
    assert "4 sessions (1 before), 0 rejected" in shown(outputs, "lab.refresh()")["text/plain"]
    assert shown(outputs, "SELECT session_id, goal")["text/plain"].count("completed") == 3
    assert "f([<n>, <n>]) is <n>, and not <n>" in shown(outputs, "lab.metrics.errors()")["text/plain"]
    assert "def f(x):" in shown(outputs, "lab.history(1)")["text/html"]
    (refused,) = next(each for source, each in outputs.items() if "InvalidRecord as error" in source)
    assert "may be 'syntax', 'runtime' or None" in refused.text
    assert "median of a list, of any length" in shown(outputs, "lab.chains()")["text/html"]


def test_an_error_is_one_for_programs_and_short_for_people(kernel: KernelManager) -> None:
    wrong = "lab = Lab()\nlab.metrics.success_rate(by='topc')"
    book = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    book.cells = [cell("from sessionlab import Lab\n%load_ext sessionlab"), cell(wrong)]
    error, folded = outputs_of(book, kernel, allow_errors=True)[wrong]
    assert (error.output_type, error.ename) == ("error", "QueryError")
    first, place = error.traceback
    assert first.startswith("QueryError: Sessions have no column 'topc'. Did you mean 'topic'?")
    assert place.endswith("line 2: lab.metrics.success_rate(by='topc')")
    assert "<details><summary>traceback</summary>" in folded.data["text/html"]
    assert "in session_column" in folded.data["text/html"]


def test_a_wide_table_is_kept_as_narrow_text(kernel: KernelManager) -> None:
    wide = "lab.sql(\"SELECT repeat('long ', 500) AS a, repeat('wide ', 500) AS b, range AS n FROM range(60)\")"
    book = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    book.cells = [cell("from sessionlab import Lab\nlab = Lab()"), cell(wide)]
    text = shown(outputs_of(book, kernel), wide)["text/plain"]
    assert max(map(len, text.splitlines())) == 120
    assert "long long" in text
    assert "49" in text.splitlines()[-4]
