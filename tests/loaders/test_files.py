"""Which files a place stands for, what they are called in the lab, and how each holds its records."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.errors import SourceError
from sessionlab.loaders import open_source
from sessionlab.loaders.files import (
    STEM_SQL,
    expand,
    is_json_name,
    real_path,
    shown,
    states,
    stem,
    unshown,
)
from sessionlab.loaders.forms import Form, form_of, how_to_read
from sessionlab.loaders.heads import databases_among
from sessionlab.loaders.json import JsonSource
from tests.labs import write_sqlite
from tests.loaders.records import workflow, write


def names(folder: Path, paths: list[str]) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path in paths]


def test_expand(tmp_path: Path) -> None:
    for name in ("b.json", "a.JSONL", "c.ndjson.gz", "d/e.json.zst", "d/f.txt", "g.json.bak"):
        write(tmp_path / name, "x")
    found = expand(str(tmp_path))
    assert names(tmp_path, found.paths) == ["a.JSONL", "b.json", "c.ndjson.gz", "d/e.json.zst"]
    assert names(tmp_path, found.ignored) == ["d/f.txt", "g.json.bak"]
    assert names(tmp_path, expand(f"{tmp_path}/**/*.txt").paths) == ["d/f.txt"]
    assert names(tmp_path, expand(f"{tmp_path}/g.json.bak").paths) == ["g.json.bak"]


def test_a_glob_reads_no_databases(tmp_path: Path) -> None:
    """What stands beside one is a part of it; what is called JSON is taken for JSON."""
    store = write_sqlite(tmp_path / "store.db", [1])
    duckdb.connect(str(tmp_path / "lab.duckdb")).close()
    for name in ("store.db-wal", "store.db-shm", "lab.duckdb.lock", "lab.duckdb.wal", "notes-wal", "log.txt"):
        write(tmp_path / name, "x")
    write(tmp_path / "other.lock", "")
    write(tmp_path / "empty.json", "")
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path / "a.json", store.read_bytes())
    found = expand(f"{tmp_path}/*")
    assert names(tmp_path, found.paths) == ["a.json", "empty.json", "log.txt", "notes-wal"]
    of_the_lab = ["lab.duckdb", "lab.duckdb.lock", "lab.duckdb.wal", "other.lock"]
    assert names(tmp_path, found.ignored) == [*of_the_lab, "store.db", "store.db-shm", "store.db-wal"]
    assert databases_among([*found.ignored, str(tmp_path / "pipe"), str(tmp_path / "gone")]) == [str(store)]


def test_what_a_load_itself_writes_is_not_seen(tmp_path: Path) -> None:
    write(tmp_path / "d" / "a.json", [workflow("t")])
    with Lab(tmp_path / "d" / "lab.duckdb") as lab:
        for _ in range(2):
            report = lab.load(tmp_path / "d")
    assert [Path(path).name for path in report.ignored] == ["lab.duckdb", "lab.duckdb.lock"]


@pytest.mark.parametrize("pattern", ["*", "d*", "?"])
def test_a_folder_that_a_glob_matches_is_read_as_a_folder(tmp_path: Path, pattern: str) -> None:
    for name in ("d/e/a.json", "d/b.json", "d/notes.txt", ".hidden/c.json"):
        write(tmp_path / name, "x")
    found = expand(f"{tmp_path}/{pattern}")
    assert names(tmp_path, found.paths) == ["d/b.json", "d/e/a.json"]
    assert names(tmp_path, found.ignored) == ["d/notes.txt"]


def test_a_glob_that_goes_down_by_itself(tmp_path: Path) -> None:
    for name in ("d/e/a.json", "d/b.json", "d/notes.txt"):
        write(tmp_path / name, "x")
    assert names(tmp_path, expand(f"{tmp_path}/**").paths) == ["d/b.json", "d/e/a.json", "d/notes.txt"]
    assert names(tmp_path, expand(f"{tmp_path}/**/*.json").paths) == ["d/b.json", "d/e/a.json"]
    assert names(tmp_path, expand(f"{tmp_path}/**/e").paths) == ["d/e/a.json"]
    assert names(tmp_path, expand(f"{tmp_path}/**/*").paths) == ["d/b.json", "d/e/a.json", "d/notes.txt"]


@pytest.mark.parametrize("pattern", ["", "*.db", "*"])
def test_only_databases(tmp_path: Path, pattern: str) -> None:
    store = write_sqlite(tmp_path / "store.db", [1])
    with pytest.raises(SourceError, match="has no JSON files, but SQLite databases") as caught:
        expand(f"{tmp_path}/{pattern}")
    assert str(caught.value).endswith(f"Load each by its own path: {store}")


def test_relative_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.json", "x")
    monkeypatch.chdir(tmp_path)
    for pattern in (".", "a.json", "*.json"):
        assert expand(pattern).paths == [str(tmp_path / "a.json")]
        assert JsonSource(pattern).uri.startswith(str(tmp_path))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no JSON files \(.json, .jsonl, .ndjson, also .gz and .zst\)\.$"):
        expand(str(tmp_path))
    write(tmp_path / "notes.txt", "x")
    with pytest.raises(SourceError, match=r"has no JSON files .*, only notes\.txt\.$"):
        expand(str(tmp_path))
    duckdb.connect(str(tmp_path / "lab.duckdb")).close()
    with pytest.raises(SourceError, match=r"Nothing that .*/\*\.duckdb matches can be read, only lab\.duckdb\.$"):
        expand(str(tmp_path / "*.duckdb"))
    (tmp_path / "lab.duckdb").unlink()
    with pytest.raises(SourceError, match=r"There is no file .*x\.json\. Its folder has notes\.txt\."):
        expand(str(tmp_path / "x.json"))
    with pytest.raises(SourceError, match=r"Nothing matches .*\.json\. Give a file, a folder, a glob"):
        expand(str(tmp_path / "*.json"))
    with pytest.raises(SourceError, match="Nothing matches"):
        expand(str(tmp_path / "no" / "such" / "x.json"))


NAMES = [
    "a.json",
    "a.JSON.GZ",
    "a.b.jsonl.zst",
    "a.ndjson",
    "a.json.json",
    ".json",
    "a",
    "a\\b.json",
    "a\nb.json",
    "é.json",
]


@pytest.mark.parametrize("name", NAMES)
def test_stem_in_python_and_in_sql(name: str) -> None:
    ((found,),) = duckdb.connect().execute(f"SELECT {STEM_SQL} FROM (SELECT ? AS file)", [f"/x.y/{name}"]).fetchall()
    assert found == stem(f"/x.y/{name}")


@pytest.mark.parametrize(
    ("name", "told"), [("a.Json", True), ("a.json.zst", True), ("a.json.xz", False), ("json", False)]
)
def test_is_json_name(name: str, told: bool) -> None:
    assert is_json_name(name) is told


@pytest.mark.parametrize("name", [b"plain", "é\n".encode(), b"caf\xe9", b"\xff\xfe\x80x", rb"real\xe9"])
def test_shown_and_back(tmp_path: Path, name: bytes) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    Path(path).write_text("x")
    shown(path).encode()
    assert unshown(shown(path)) == path


def test_a_file_that_is_matched_by_links_as_well_is_listed_once(tmp_path: Path) -> None:
    """By the first of its paths; links to nowhere are files each, to be set aside."""
    write(tmp_path / "2026-11" / "a.json", "{}")
    write(tmp_path / "2026-11" / "b.txt", "{}")
    (tmp_path / "current").symlink_to("2026-11")
    (tmp_path / "aa.json").symlink_to("2026-11/a.json")
    (tmp_path / "nowhere.json").symlink_to("none")
    (tmp_path / "nowhere2.json").symlink_to("none")
    found = expand(f"{tmp_path}/*")
    assert names(tmp_path, found.paths) == ["2026-11/a.json"]
    assert names(tmp_path, found.ignored) == ["2026-11/b.txt"]
    assert names(tmp_path, expand(f"{tmp_path}/*/a.json").paths) == ["2026-11/a.json"]
    assert names(tmp_path, expand(f"{tmp_path}/cur*").paths) == ["current/a.json"]
    everything = expand(str(tmp_path)).paths
    assert names(tmp_path, everything) == ["2026-11/a.json", "nowhere.json", "nowhere2.json"]


def noted(*paths: Path) -> dict[str, tuple[int, int]]:
    return {state.path: (state.size, state.mtime_ns) for state in states(map(str, paths))}


def test_a_path_that_is_noted_stands_for_its_file(tmp_path: Path) -> None:
    """A link that comes later and before it in order does not take its place."""
    path = write(tmp_path / "b.json", "{}")
    before = noted(path)
    (tmp_path / "a.json").symlink_to("b.json")
    assert names(tmp_path, expand(str(tmp_path)).paths) == ["a.json"]
    assert names(tmp_path, expand(str(tmp_path), before).paths) == ["b.json"]
    assert names(tmp_path, expand(f"{tmp_path}/*", before).paths) == ["b.json"]


def turn_into_a_database(path: Path) -> None:
    """Change what only who reads a file can tell: its size and its time stay."""
    before = path.stat()
    path.write_bytes(b"SQLite format 3\0".ljust(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert databases_among([str(path)]) == [str(path)]


def test_a_file_that_is_as_it_was_noted_is_not_read(tmp_path: Path) -> None:
    """One that is new or has changed is."""
    same, changed, new = (write(tmp_path / name, "{}" * 20) for name in ("a.log", "b.log", "c.log"))
    before = noted(same, changed)
    write(changed, "{}" * 30)
    for path in (same, changed, new):
        turn_into_a_database(path)
    found = expand(f"{tmp_path}/*", before)
    assert (names(tmp_path, found.paths), names(tmp_path, found.ignored)) == (["a.log"], ["b.log", "c.log"])


def test_a_refresh_without_a_change_reads_no_file(tmp_path: Path) -> None:
    for name in ("a.log", "b.json"):
        write(tmp_path / name, json.dumps({"thread_id": name, "user_prompt": "p"}))
    lab = Lab()
    assert lab.load(f"{tmp_path}/*").sessions == 2
    turn_into_a_database(tmp_path / "a.log")
    report = lab.refresh()
    assert (report.unchanged, report.changed, report.gone) == (2, (), ())


def test_states(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "xyz")
    os.utime(path, ns=(5, 7))
    (tmp_path / "link.json").symlink_to("nowhere")
    found = list(states([str(path), str(tmp_path / "gone.json"), str(tmp_path / "link.json")]))
    assert [(Path(state.path).name, state.size, state.mtime_ns) for state in found] == [
        ("a.json", 3, 7),
        ("link.json", 0, 0),
    ]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b"", Form.EMPTY),
        (b" \n\t", Form.EMPTY),
        (b" [", Form.ARRAY),
        (b'{"a": 1}', Form.OBJECTS),
        (b'{"a": 1}\n', Form.LINES),
        (b'{"a": 1}\n{', Form.LINES),
        (b'{\n "a": 1}', Form.OBJECTS),
        (b'{"a": 1} {"a": 2}\n', Form.OBJECTS),
        (b'{"a":' * 3000 + b"\n", Form.OBJECTS),
        (b"null\n{}", Form.FOREIGN),
        (b"\xef\xbb\xbf[", Form.FOREIGN),
        (b"{\x00", Form.FOREIGN),
        (b"\xa0[]", Form.FOREIGN),
        (b"a,b\n1,2", Form.FOREIGN),
    ],
)
def test_form_of(text: bytes, form: Form) -> None:
    assert form_of(text) is form


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("[1]", (Form.ARRAY, "none")),
        ("[1] \n", (Form.ARRAY, "none")),
        ("[1,", None),
        ("[1" + " " * 1000, None),
        ("[" + "1," * 40_000 + "1]", (Form.ARRAY, "none")),
        ("[" + "1," * 40_000, None),
        ('{"a": 1}\n{"a": 2', (Form.LINES, "none")),
        ("", None),
        ("hello", None),
    ],
)
def test_how_to_read(tmp_path: Path, text: str, how: tuple[Form, str] | None) -> None:
    assert how_to_read(str(write(tmp_path / "a.json", text))) == how


def test_how_to_read_what_is_not_there(tmp_path: Path) -> None:
    assert how_to_read(str(tmp_path / "a.json")) is None


def test_open_source(tmp_path: Path) -> None:
    assert isinstance(open_source(tmp_path / "x.json"), JsonSource)
    with pytest.raises(SourceError, match=r"An? int is nothing to load. Give a path, a folder, a glob"):
        open_source(5)
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(SourceError, match=r"is a DuckDB file\. A lab is opened, not loaded: Lab\("):
        open_source(path)


def test_source_of_a_refresh(tmp_path: Path) -> None:
    """``only`` narrows a load; the listing does not change."""
    for name in ("a", "b"):
        write(tmp_path / f"{name}.json", json.dumps({"id": 1}))
    source = JsonSource(str(tmp_path))
    source.only = frozenset([str(tmp_path / "a.json")])
    assert len(source.list_files()) == 2
    assert source.fingerprint() is None


def test_a_source_is_the_same_by_whatever_way(tmp_path: Path) -> None:
    """Through a link to its folder, or by way of its neighbour, it replaces its rows instead of doubling them."""
    folder = tmp_path / "real" / "sessions"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text('{"thread_id": "t", "user_prompt": "p"}')
    (tmp_path / "link").symlink_to(folder)
    same = (folder, tmp_path / "link", folder / ".." / "sessions", tmp_path / "real" / ".." / "link")

    assert {str(real_path(str(path))) for path in same} == {str(folder)}
    assert real_path(str(tmp_path / "link" / "*.json")) == folder / "*.json"
    lab = Lab()
    assert {lab.load(path).source for path in same} == {"sessions"}
    assert lab.sql("SELECT count(*) FROM sessions").fetchall() == [(1,)]


def test_a_file_keeps_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "b.json").symlink_to(tmp_path / "a.json")
    assert real_path(str(tmp_path / "b.json")) == tmp_path / "b.json"
    assert real_path(str(tmp_path / "no" / "such")) == tmp_path / "no" / "such"


def test_the_nearest_names_are_told_first_and_no_hidden_ones(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "runs.json", ".runs.json", ".lab.duckdb.loading"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=r"Its folder has runs\.json, a\.txt, b\.txt, c\.txt, d\.txt\.$"):
        expand(str(tmp_path / "run.json"))
