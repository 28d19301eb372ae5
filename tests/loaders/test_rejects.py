"""What is set aside comes into the lab whole, whatever it is and however large."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sessionlab.errors import InvalidRecord
from sessionlab.loaders import rejects
from sessionlab.loaders.target import Target
from sessionlab.model import REJECTS


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(REJECTS.ddl("main"))
    return connection


TEXTS = {
    "": "",
    "x": "x",
    b"caf\xe9": r"caf\xe9",
    'nul \0, quote ", backslash \\, line\nline': 'nul \0, quote ", backslash \\, line\nline',
    "é😀\u2028": "é😀\u2028",
    "half \ud800 pair": r"half \ud800 pair",
    "[" * 2000: "[" * 2000,
    "x" * (3 << 20): "x" * (3 << 20),
    b"\xff" * (1 << 20): r"\xff" * (1 << 20),
    "\r\n" * (2 << 20): "\r\n" * (2 << 20),
}


@pytest.mark.parametrize(("raw", "kept"), TEXTS.items(), ids=[str(number) for number in range(len(TEXTS))])
def test_kept_whole(connection: duckdb.DuckDBPyConnection, tmp_path: Path, raw: str | bytes, kept: str) -> None:
    target = Target(connection, "it's", tmp_path)
    target.reject("/a/it's.json", 3, 'holds "x" \ud800', raw)
    target.reject(None, None, "second", "y")
    target.write_rejects()
    found = connection.execute("SELECT source, file, record, reason, raw FROM rejects ORDER BY record").fetchall()
    assert found == [
        ("it's", "/a/it's.json", 3, r'holds "x" \ud800', kept),
        ("it's", None, None, "second", "y"),
    ]
    assert connection.execute("SELECT count(rejected_at) FROM rejects").fetchall() == [(2,)]


def test_many(connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "_BUFFER", 1000)
    target = Target(connection, "s", tmp_path)
    for number in range(500):
        target.reject(f"/{number % 3}.json", number, "reason", f"raw {number}")
    target.write_rejects()
    assert connection.execute("SELECT count(*), sum(record), count(DISTINCT raw) FROM rejects").fetchall() == [
        (500, 124750, 500)
    ]
    assert target.rejected == 500
    assert target.rejects_by_file["/0.json"] == 167
    assert target.first_rejects == [f"/{number}.json, record {number}: reason" for number in range(3)]


def test_a_load_begun_anew_forgets(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    Target(connection, "s", tmp_path).reject(None, 1, "first try", "x" * (3 << 20))
    target = Target(connection, "s", tmp_path)
    target.reject(None, 1, "second try", "x" * (3 << 20))
    target.write_rejects()
    assert connection.execute("SELECT reason FROM rejects").fetchall() == [("second try",)]


def test_beginning_of_what_is_huge(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "_MOST_KEPT", 10)
    target = Target(connection, "s", tmp_path)
    target.reject("/a", None, "it is binary", b"\0" * 1234)
    target.write_rejects()
    assert connection.execute("SELECT reason, raw FROM rejects").fetchall() == [
        ("it is binary (of its 1,234 bytes, the first 10 are kept here)", "\0" * 10)
    ]


def test_strict(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord, match=r"^/a/b\.json, record 3: reason$"):
        Target(connection, "s", tmp_path, strict=True).reject("/a/b.json", 3, "reason", "raw")
    with pytest.raises(InvalidRecord, match=r"^s: reason$"):
        Target(connection, "s", tmp_path, strict=True).reject(None, None, "reason", "raw")
