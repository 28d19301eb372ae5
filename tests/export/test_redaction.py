"""What is shared has none of the texts, and is as good to count with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab import Lab, LabError
from sessionlab.export.redaction import REDACTED, Redaction
from sessionlab.metrics import METRICS
from sessionlab.samples import sample_files
from tests.export.alike import check_alike
from tests.labs import write_json


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        for source in sorted(sample_files().iterdir()):
            lab.load(source)
        yield lab


@pytest.fixture(scope="module")
def shared(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shared")
    assert lab.export(path, redact="text").redacted
    return path


def texts_in(lab: Lab) -> set[str]:
    """List all texts that are to go; of JSON, the strings in it."""
    found: set[str] = set()
    for table, columns in REDACTED.items():
        for column in columns:
            values = {value for (value,) in lab.sql(f"SELECT {column} FROM {table}").fetchall() if value is not None}
            found |= {text for value in values for text in strings(json.loads(value))} if column == "extra" else values
    return found


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_no_text_is_left_in_any_file(lab: Lab, shared: Path) -> None:
    """Every value of every column of every file is looked at, and the bytes of the files and manifests."""
    stay = lab.sql("SELECT topic, mode, agent, model, session_id FROM sessions")
    kept = {value for row in stay.fetchall() for value in row}
    gone = {text for text in texts_in(lab) - kept if len(text) > 12}
    assert len(gone) > 1000
    with duckdb.connect() as connection:
        for path in shared.rglob("*.parquet"):
            for row in connection.execute(f"FROM read_parquet('{path}', hive_partitioning = false)").fetchall():
                assert not gone & {str(value) for value in row}
                assert not gone & {
                    text for value in row if str(value).startswith("{") for text in strings(json.loads(value))
                }
    for path in shared.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [text for text in gone if text.encode() in content]


def test_whole_texts_would_be_found(lab: Lab, tmp_path: Path) -> None:
    """The same look at a data set that is not redacted sees them."""
    lab.export(tmp_path)
    found = lab.sql(f"SELECT goal FROM read_parquet('{tmp_path}/*/*/sessions/*/*.parquet')").fetchall()
    assert {goal for (goal,) in found} & texts_in(lab)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "errors"])
def test_metrics_are_the_same(lab: Lab, shared: Path, name: str) -> None:
    with Lab.attach(shared) as lake:
        check_alike(getattr(lake.metrics, name)().fetchall(), getattr(lab.metrics, name)().fetchall())


def test_errors_are_told_apart_as_before(lab: Lab, shared: Path) -> None:
    columns = "error_type, errors, sessions, last_seen"
    with Lab.attach(shared) as lake:
        found = lake.metrics.errors()
        assert all(message.startswith("[<n> characters, ") for (message,) in found.project("message").fetchall())
        # Lengths are folded, so only their hashes tell them apart.
        check_alike(found.project(columns).fetchall(), lab.metrics.errors().project(columns).fetchall())


def test_the_manifest_says_what_was_taken_out(shared: Path) -> None:
    (path,) = shared.glob("workflow/manifest.json")
    told = json.loads(path.read_text())["redacted"]
    assert told["how"] == "text"
    assert told["salted"] is False
    assert {"sessions.goal", "sessions.extra", "attempts.code", "messages.content", "errors.message"} <= {
        *told["columns"]
    }


def extra_of(path: Path, **extra: object) -> Path:
    record = {"id": 1, "design_goal": "sort it", "created_at": "2025-01-01", "iterations": [], **extra}
    path.write_text(json.dumps([record]))
    return path


def test_json_keeps_its_shape(tmp_path: Path) -> None:
    extra = {"a": 'x"y: {\\', "n": [1, -2.5e3, None, True, "ü\n"], "deep": {"b": "", "src/main.py": {"c": "z"}}}
    with Lab() as lab:
        lab.load(extra_of(tmp_path / "runs.json", **extra))
        lab.export(tmp_path / "lake", redact="text")
        found = json.loads(Lab.attach(tmp_path / "lake").sql("SELECT extra FROM sessions").fetchall()[0][0])

    def stand_in(text: str) -> str:
        letters = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
        return f"[{len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:16].translate(letters)}]"

    assert found == {
        "a": stand_in('x"y: {\\'),
        "n": [1, -2500.0, None, True, stand_in("ü\n")],
        "deep": {"b": stand_in(""), stand_in("src/main.py"): {"c": stand_in("z")}},
    }


def goal_in(path: Path) -> str | None:
    (row,) = Lab.attach(path).sql("SELECT goal FROM sessions").fetchall()
    goal: str | None = row[0]
    return goal


def test_a_salt_changes_every_hash_and_is_not_told(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        lab.export(tmp_path / "a", redact="text")
        lab.export(tmp_path / "b", redact="text", salt="pepper and salt")
        assert lab.export(tmp_path / "b", redact="text", salt="pepper and salt").written == ()
        assert lab.export(tmp_path / "b", redact="text", salt="other").written == ("runs",)
    assert goal_in(tmp_path / "a") != goal_in(tmp_path / "b")
    assert "pepper" not in (tmp_path / "b" / "runs" / "manifest.json").read_text()
    assert json.loads((tmp_path / "b" / "runs" / "manifest.json").read_text())["redacted"]["salted"] is True


def test_a_function_decides(tmp_path: Path) -> None:
    seen: set[str] = set()

    def mask(text: str, column: str) -> str | None:
        seen.add(column)
        return None if column == "attempts.code" else f"{column} of {len(text)}"

    with Lab() as lab:
        lab.load(extra_of(tmp_path / "runs.json", team={"name": "blue"}, iterations=[{"id": 5, "code": "x = 1"}]))
        lab.export(tmp_path / "lake", redact=mask)
        assert lab.export(tmp_path / "lake", redact=mask).written == ("runs",), "who knows what a function does now"
    with Lab.attach(tmp_path / "lake") as lake:
        assert lake.sql("SELECT goal, extra FROM sessions").fetchall() == [
            ("sessions.goal of 7", '{"team": {"name": "sessions.extra of 4"}}')
        ]
        assert lake.sql("SELECT code FROM attempts").fetchall() == [(None,)]
    assert seen == {"sessions.goal", "sessions.extra", "attempts.code", "sources.uri"}
    manifest = json.loads((tmp_path / "lake" / "runs" / "manifest.json").read_text())
    assert manifest["redacted"]["how"].startswith("function test_a_function_decides")


def test_a_function_that_fails_leaves_the_old_data_set(tmp_path: Path) -> None:
    def fail(text: str, column: str) -> str:
        raise ValueError("no such luck")

    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        lab.export(tmp_path / "lake")
        with pytest.raises(LabError, match=r"'runs' cannot be exported.*no such luck"):
            lab.export(tmp_path / "lake", redact=fail)
    assert goal_in(tmp_path / "lake") == "sort a list"
    assert len(list((tmp_path / "lake" / "runs").glob("2*"))) == 1


def test_nothing_else_is_a_redaction(tmp_path: Path) -> None:
    with Lab() as lab, pytest.raises(LabError, match="redact is 'texts'"):
        lab.export(tmp_path / "lake", redact="texts")


@pytest.mark.parametrize("how", [None, "text"])
@pytest.mark.parametrize("salt", [None, b"sea"])
def test_a_salt_is_a_text_and_is_not_shown(how: str | None, salt: Any) -> None:
    with pytest.raises(LabError, match=f"^salt is of the type {type(salt).__name__}; it may be a text.$"):
        Redaction(how, salt)


def test_a_salt_alone_is_refused(tmp_path: Path) -> None:
    """Who gives one wants texts out of sight."""
    with Lab() as lab, pytest.raises(LabError, match="none is: add redact='text'"):
        lab.export(tmp_path / "lake", salt="sea")
    assert not (tmp_path / "lake").exists()
