"""Loading SQLite, JSON and Postgres into a lab's file, native and canonical rows; and bringing it up to date."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Case, in_turn, within
from tests.benchmarks.peers import CONNECTORX, DUCKDB_WITH_SCANNERS
from tests.benchmarks.result import OURS, Result
from tests.benchmarks.ways import json_files, postgres, refresh, sqlite

GROWTH = 1.2
"""What is asked of the time for a session at one size, beside that at the size below it."""

CASES = {
    case.name: case
    for case in (
        Case(
            "sqlite",
            "sqlite",
            {
                OURS: sqlite.ours,
                "DuckDB to DuckDB": sqlite.duckdb_to_duckdb,
                "DuckDB's sqlite_scanner": sqlite.sqlite_scanner,
                "pandas.read_sql": sqlite.pandas_read_sql,
                "Polars, connectorx": sqlite.polars_connectorx,
            },
            "DuckDB to DuckDB",
            {"DuckDB to DuckDB": 1.2, "DuckDB's sqlite_scanner": 1.0, "pandas.read_sql": 1.0},
            {"DuckDB to DuckDB": 1.2},
            {"DuckDB's sqlite_scanner": DUCKDB_WITH_SCANNERS, "Polars, connectorx": CONNECTORX},
        ),
        Case(
            "json",
            "json",
            {
                OURS: json_files.ours,
                "read_json by hand": json_files.read_json,
                "json.load, pandas.json_normalize": json_files.json_normalize,
                "Polars read_json": json_files.polars_read_json,
                "sqlite-utils insert_all": json_files.sqlite_utils_insert_all,
            },
            "read_json by hand",
            {"read_json by hand": 1.3, "json.load, pandas.json_normalize": 0.25},
            {"read_json by hand": 1.2},
        ),
        Case(
            "postgres",
            "postgres",
            {
                OURS: postgres.ours,
                "COPY binary to nowhere": postgres.copy_to_nowhere,
                "DuckDB's postgres_scanner": postgres.postgres_scanner,
                "pandas.read_sql": postgres.pandas_read_sql,
                "Polars, ADBC": postgres.polars_adbc,
            },
            "COPY binary to nowhere",
            {"COPY binary to nowhere": 2.0, "DuckDB's postgres_scanner": 1.2},
            {"DuckDB's postgres_scanner": 1.2},
            {"DuckDB's postgres_scanner": DUCKDB_WITH_SCANNERS},
        ),
        Case(
            "refresh",
            "refresh",
            {OURS: refresh.ours, "stat": refresh.stat_only},
            "stat",
            settle=refresh.settle,
            one_size=True,
        ),
        Case(
            "refresh of one changed file",
            "refresh",
            {OURS: refresh.ours_changed, "reading it into a copy": refresh.copied},
            "reading it into a copy",
            {"reading it into a copy": 3.0},
            settle=refresh.settle,
            one_size=True,
        ),
    )
}


def calls(data: Path, rounds: int) -> Iterator[Result]:
    """Time what is not a whole load: the call of a refresh itself, an import, and a command."""
    from sessionlab import Lab

    with Lab(data / "lab.duckdb") as lab:
        figures = in_turn({OURS: lab.refresh}, rounds)
    asked = (within("the call", figures[OURS].seconds, 0.1),)
    yield Result("load", "lab.refresh() of 10,000 unchanged files", "", tuple(figures.values()), asked)
    python = [sys.executable, "-c"]
    figures = in_turn(
        {
            OURS: lambda: _run([*python, "import sessionlab"]),
            "python -c pass": lambda: _run([*python, "pass"]),
            "import duckdb": lambda: _run([*python, "import duckdb"]),
            "import pandas": lambda: _run([*python, "import pandas"]),
        },
        rounds,
    )
    beyond = figures[OURS].seconds - figures["python -c pass"].seconds
    yield Result(
        "load", "import", "", tuple(figures.values()), (within("beyond the interpreter's start", beyond, 0.05),)
    )
    figures = in_turn({OURS: lambda: _run(_command(data / "lab.duckdb"))}, rounds)
    asked = (within("the command", figures[OURS].seconds, 0.6),)
    yield Result("load", 'sessionlab sql "select 1"', "", tuple(figures.values()), asked)


def _command(lab: Path) -> list[str]:
    return [str(Path(sys.executable).with_name("sessionlab")), "sql", "select 1", "--lab", str(lab)]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
