"""What an import brings along: heavy libraries come when they are needed, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs import run_python, write_json, write_sqlite

LIGHT = {
    "pandas", "pyarrow", "polars", "altair", "sqlalchemy", "fastapi", "jupyter", "IPython", "duckdb", "rich", "sqlglot",
    "numpy", "click", "adbc_driver_manager",
}  # fmt: skip
"""What ``import sessionlab`` does without."""

LAB = {"pandas", "pyarrow", "polars", "altair", "sqlglot", "numpy", "rich", "sqlalchemy", "click"}
"""What a lab, and loading into one, does without."""

SHOW = "\nimport sys\nprint(*sorted({name.split('.')[0] for name in sys.modules}))"


def imported_by(code: str, *arguments: object) -> set[str]:
    done = run_python(code + SHOW, *arguments)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_package_alone_is_light() -> None:
    assert imported_by("import sessionlab") & LIGHT == set()


def test_its_errors_are_light() -> None:
    assert imported_by("from sessionlab import LabError, SourceError") & LIGHT == set()


def test_a_lab_is_light() -> None:
    assert imported_by("from sessionlab import Lab") & LAB == set()


@pytest.mark.parametrize("form", ["json", "sqlite"])
def test_a_load_is_light(form: str, tmp_path: Path) -> None:
    write = {"json": write_json, "sqlite": write_sqlite}[form]
    source = write(tmp_path / "source.json", [1, 2])
    code = (
        "import sys; from sessionlab import Lab; lab = Lab(sys.argv[1]); lab.load(sys.argv[2]); lab.refresh();"
        "assert lab.sql('FROM sessions').fetchall()"
    )
    assert imported_by(code, tmp_path / "lab.duckdb", source) & LAB == set()


def test_a_load_from_postgres_is_light(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("DROP SCHEMA IF EXISTS light CASCADE")
        server.execute("CREATE SCHEMA light")
        server.execute("CREATE TABLE light.session (id bigint, design_goal text)")
        server.execute("INSERT INTO light.session VALUES (1, 'g')")
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}schema=light"
    code = "import sys; from sessionlab import Lab; assert Lab(sys.argv[1]).load(sys.argv[2]).sessions == 1"
    assert imported_by(code, tmp_path / "lab.duckdb", url) & LAB == set()


def test_public_names_are_there() -> None:
    import sessionlab

    assert all(getattr(sessionlab, name) for name in sessionlab.__all__)
    assert set(dir(sessionlab)) == set(sessionlab.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sessionlab.nothing
