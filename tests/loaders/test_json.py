"""JSON files with something wrong in them: each fault is told, with its place, and costs no more than itself."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab
from sessionlab.errors import InvalidRecord, SourceError
from tests.loaders.records import codegen, conversation, loaded, workflow, worktree, write

ONE = '{"id": 1, "design_goal": "one"}'
TWO = '{"id": 2, "design_goal": "two"}'
DEEP = '{"id": 9, "design_goal": "deep", "more": ' + "[" * 999 + "]" * 999 + "}"


def record(text: str) -> str:
    """Give a record that is wrong somewhere."""
    return '{"id": 3, "design_goal": "three", ' + text + "}"


BAD_RECORDS = {
    "trailing garbage": (ONE + "TRAILER", "Extra data at character 31"),
    "a string for a number": (record('"parent_session_id": "5"'), 'parent_session_id holds the text "5" where a whole'),
    "beyond 64 bits": (record('"parent_session_id": 9223372036854775808'), "number 9223372036854775808 where a whole"),
    "far beyond 64 bits": (record('"parent_session_id": 123456789012345678901234567890'), "where a whole number of at"),
    "a fraction": (record('"parent_session_id": 1.5'), "parent_session_id holds the number 1.5 where a whole number"),
    "true for a number": (record('"parent_session_id": true'), "parent_session_id holds true where a whole number"),
    "a number for a text": ('{"id": 3, "design_goal": 4}', "design_goal holds the number 4 where a text is needed"),
    "an object for a text": ('{"id": 3, "design_goal": {}}', "design_goal holds the object {} where a text is needed"),
    "an object for a list": (
        record('"iterations": {"id": 1}'),
        "iterations holds the object .* where a list is needed",
    ),
    "a text in a list": (
        record('"iterations": ["x"]'),
        r'iterations\[0\] holds the text "x" where an object is needed',
    ),
    "deep inside": (
        record('"iterations": [{"id": 1}, {"id": 2, "errors": [{"id": 3, "error_line": "x"}]}]'),
        r"iterations\[1\]\.errors\[0\]\.error_line holds the text \"x\" where a whole number",
    ),
    "NaN": (record('"parent_session_id": NaN'), "NaN is no JSON value"),
    "NaN in free form": (record('"more": {"a": [1.5, NaN]}'), "NaN is no JSON value"),
    "infinity": (record('"more": -Infinity'), "-Infinity is no JSON value"),
    "beyond any double": (record('"more": {"a": 1e999}'), "a number beyond what a machine holds"),
    "a key twice": (
        record('"parent_session_id": 1, "parent_session_id": 2'),
        "it has the key 'parent_session_id' twice",
    ),
    "an unknown key twice": (record('"x": 1, "x": 2'), "it has the key 'x' twice"),
    "a key twice inside": (record('"iterations": [{"id": 1, "id": 2}]'), r"iterations\[0\] has the key 'id' twice"),
    "a control character": (record('"x": "a\tb"'), "Invalid control character at"),
    "a raw NUL": (record('"x": "a\0b"'), "Invalid control character"),
    "half a surrogate pair": (record(r'"x": "\ud800"'), "half of a surrogate pair"),
    "a comma too many": (record('"x": 1,'), "it is not JSON: "),
    "a comma too many in a list": (record('"x": [1, ]'), "it is not JSON: "),
    "a leading zero": (record('"x": 01'), "it is not JSON: Expecting ',' delimiter"),
    "no quote": ('{"id: 3, "design_goal": "three"}', "it is not JSON: "),
    "an infinite time": (
        record('"created_at": "infinity"'),
        'created_at holds the text "infinity" where a time ',
    ),
    "no time": (record('"created_at": "yesterday"'), 'created_at holds the text "yesterday" where a time '),
    "a time too far off": (record('"created_at": 1e30'), "created_at holds the number 1e.30 where a time "),
    "a true time": (record('"created_at": true'), "created_at holds true where a time "),
    "no id": ('{"design_goal": "x", "ID": 4}', "id is missing; there is design_goal, ID"),
    "a null id": ('{"design_goal": "x", "id": null}', "id is missing; there is design_goal, id"),
    "no id inside": (
        record('"iterations": [{"id": 1}, {"code": "x"}]'),
        r"iterations\[1\]\.id is missing; there is code",
    ),
    "an unknown kind": (
        '{"name": "x", "dependencies": {}}',
        "it fits no kind: it has name, dependencies; codegen needs",
    ),
    "an empty object": ("{}", "it fits no kind: it has no key at all; codegen needs 'id' and 'design_goal'"),
    "null": ("null", "a record is a JSON object, and this is null"),
    "a number": ("12", "a record is a JSON object, and this is the number 12"),
    "a list": (f"[{ONE}]", "a record is a JSON object, and this is the list"),
    "1,000 levels": (DEEP, "it nests 1,000 levels deep; 500 is the most"),
}


LAYOUTS = {"array": "[{},{},{}]", "lines": "{}\n{}\n{}\n", "pretty": "[\n  {},\n  {},\n  {}\n]\n"}
CASES = [(name, layout) for name in BAD_RECORDS for layout in LAYOUTS]


@pytest.fixture(scope="module")
def bad_records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[int], list[tuple[Any, ...]]]]:
    """By file: the ids of what was loaded, and what was set aside: all in one load, as each takes its time."""
    folder = tmp_path_factory.mktemp("bad")
    for number, (name, layout) in enumerate(CASES):
        one, two = (json.dumps(codegen(10 * number + place)) for place in (1, 2))
        write(folder / f"{number}.json", LAYOUTS[layout].replace("{}", "%s") % (one, BAD_RECORDS[name][0], two))
    with loaded(folder) as found:
        ids = dict(found.rows("SELECT parse_filename(file), list(id ORDER BY id) FROM codegen.session GROUP BY ALL"))
        return {file: (ids[file], [tuple(rest) for name, *rest in found.rejects if name == file]) for file in ids}


@pytest.mark.parametrize("number", range(len(CASES)), ids=["-".join(case) for case in CASES])
def test_bad_record(bad_records: dict[str, tuple[list[int], list[tuple[Any, ...]]]], number: int) -> None:
    bad, reason = BAD_RECORDS[CASES[number][0]]
    ids, ((place, why, raw),) = bad_records[f"{number}.json"]
    assert ids == [10 * number + 1, 10 * number + 2]
    assert place == 1
    assert re.search(reason, why)
    assert raw.rstrip(", \n") == bad


@pytest.mark.parametrize(
    ("text", "ids", "bad"),
    [
        (f"[{ONE}, {TWO}] TRAILER", ["1", "2"], (2, "text after the end of the array", "TRAILER")),
        (f"{ONE}TRAILER\n{TWO}", ["2"], (0, "Extra data", ONE + "TRAILER")),
        (f"[{ONE}, {TWO}", ["1", "2"], (None, "the array is not closed: the file is cut off", "")),
        (f"[{ONE}, {TWO[:-4]}", ["1"], (1, "the file ends within the record", TWO[:-4])),
        (f"{ONE}\n{TWO[:-4]}", ["1"], (1, "the file ends within the record", TWO[:-4])),
        (f"[{ONE},", ["1"], (None, "the array is not closed", "")),
        (f"[{ONE}, ", ["1"], (None, "the array is not closed", "")),
        (f"[{ONE}, {TWO},]", ["1", "2"], (None, "a comma with no record after it", ",")),
        (f"[,{ONE}, {TWO}]", ["1", "2"], (0, "a comma with no record before it", "")),
        (f"npm WARN old\nand more\n{ONE}\n{TWO}\n", ["1", "2"], (0, "text before the first", "npm WARN old\nand more")),
        (f"null\n{ONE}\n", ["1"], (0, "this is null", "null")),
        (f"[{ONE}}}, {TWO}]", ["2"], (0, "Extra data", ONE + "}")),
        (f'[{{"id": 3, {ONE}, {TWO}]', ["1", "2"], (0, "not JSON", '{"id": 3,')),
        (f"{ONE}\nlevel=info\n{TWO}\n", ["1", "2"], (1, "not JSON", "level=info")),
    ],
)
def test_bad_file(tmp_path: Path, text: str, ids: list[str], bad: tuple[int | None, str, str]) -> None:
    with loaded(write(tmp_path / "some.json", text)) as found:
        assert found.ids == ids
        ((_, place, why, raw),) = found.rejects
        assert (place, raw) == (bad[0], bad[2])
        assert bad[1] in why


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}{TWO}",
        f"{ONE}\n\n \r\n{TWO}\r\n\r\n",
        json.dumps(json.loads(ONE), indent=2) + "\n" + json.dumps(json.loads(TWO), indent=2) + "\n",
        f"{ONE}\n" + json.dumps(json.loads(TWO), indent=2) + "\n",
        f"[{ONE}]\n[{TWO}]\n",
        f"[{ONE}]\n{TWO}\n",
        f"[{ONE}\n{TWO}]",
        f"  \n [ {ONE} ,\t{TWO} ] \n",
    ],
)
def test_layouts(tmp_path: Path, text: str) -> None:
    with loaded(write(tmp_path / "some.json", text), strict=True) as found:
        assert found.ids == ["1", "2"]


@pytest.mark.parametrize("text", [f"[{ONE}, {TWO}]", f"{ONE}\n{TWO}\n"])
def test_byte_order_mark(tmp_path: Path, text: str) -> None:
    with loaded(write(tmp_path / "bom.json", b"\xef\xbb\xbf" + text.encode()), strict=True) as found:
        assert found.ids == ["1", "2"]


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [f"[{ONE}]", f"{ONE}\n{TWO}"])
def test_utf16(tmp_path: Path, coding: str, text: str) -> None:
    write(tmp_path / "good.json", ONE)
    write(tmp_path / "wide.json", text.encode(coding))
    with loaded(tmp_path) as found:
        assert found.ids == ["1"]
        ((file, place, why, raw),) = found.rejects
        assert (file, place) == ("wide.json", None)
        assert "iconv -f UTF-16 -t UTF-8" in why
        assert raw == text.encode(coding).decode(errors="backslashreplace")


def test_invalid_utf8(tmp_path: Path) -> None:
    bad = record('"x": "caf@"').encode().replace(b"@", b"\xe9")
    with loaded(write(tmp_path / "latin.json", b"[" + ONE.encode() + b"," + bad + b"," + TWO.encode() + b"]")) as found:
        assert found.ids == ["1", "2"]
        ((_, place, why, raw),) = found.rejects
        assert (place, why) == (1, "it is not UTF-8: byte 0xe9 at 43")
        assert raw == bad.decode(errors="backslashreplace")


def test_escaped_nul_loads(tmp_path: Path) -> None:
    text = record(r'"more": {"a\u0000b": "c\u0000d"}').replace("three", r"th\u0000ree")
    with loaded(write(tmp_path / "nul.json", text), strict=True) as found:
        assert found.rows("SELECT goal, extra->'more' FROM sessions") == [
            ("th\0ree", r'{"a\u0000b":"c\u0000d"}'),
        ]


def test_nul_in_an_unknown_key(tmp_path: Path) -> None:
    with loaded(write(tmp_path / "nul.json", record(r'"a\u0000b": 1')), strict=True) as found:
        ((extra,),) = found.rows("SELECT extra FROM sessions")
        assert json.loads(extra) == {"a\0b": 1}


def test_free_form_may_have_what_rows_may_not(tmp_path: Path) -> None:
    """Numbers of any size and keys that stand twice are kept in metadata as they were written, on both ways."""
    free = '{"x": 1, "x": 2, "big": 123456789012345678901234567890, "real": 1.25, "said": "info: NaN, [inf, 1,]"}'
    text = '{"session_id": "%s", "start_time": "2025-01-01", "metadata": ' + free + ', "more": ' + free + "}"
    write(tmp_path / "fast.json", f"[{text % 'a'}]")
    write(tmp_path / "slow.json", f"[{text % 'b'}, 5]")
    with loaded(tmp_path) as found:
        rows = found.rows("SELECT metadata::VARCHAR, extra::VARCHAR FROM conversation.sessions ORDER BY session_id")
        assert [row[0].replace(" ", "") for row in rows] == [free.replace(" ", "")] * 2
        assert [row[1].replace(" ", "") for row in rows] == ['{"more":' + free.replace(" ", "") + "}"] * 2


def test_500_levels_load(tmp_path: Path) -> None:
    deep = "[" * 498 + "]" * 498
    with loaded(write(tmp_path / "deep.json", "[" + record('"more": ' + deep) + "]"), strict=True) as found:
        assert found.rows("SELECT extra->>'more' FROM sessions") == [(deep,)]


def test_deep_metadata_loads(tmp_path: Path) -> None:
    deep = json.loads('{"a":' * 400 + "1" + "}" * 400)
    path = write(tmp_path / "deep.json", [conversation("a", metadata=deep, more=deep)])
    with loaded(path, strict=True) as found:
        ((extra,),) = found.rows("SELECT extra FROM sessions")
        assert json.loads(extra) == {**deep, "more": deep}


def test_record_of_50_mb_loads(tmp_path: Path) -> None:
    size = 50 << 20
    large = record('"x": "' + "x" * size + '"')
    path = write(tmp_path / "large.json", f"[{ONE}, {large}, {TWO}]")
    with loaded(path, strict=True) as found:
        assert found.ids == ["1", "2", "3"]
        assert found.rows("SELECT length(extra->>'x') FROM sessions WHERE session_id = '3'") == [(size,)]


def test_rejected_record_of_20_mb_is_kept_whole(tmp_path: Path) -> None:
    bad = record('"parent_session_id": "' + "é" * (10 << 20) + '"')
    with loaded(write(tmp_path / "large.json", f"[{ONE},{bad}]")) as found:
        ((_, place, _, raw),) = found.rejects
        assert place == 1
        assert raw == bad


@pytest.mark.parametrize("text", ["", " \n\t\n", b"\xef\xbb\xbf"])
def test_empty_file(tmp_path: Path, text: str | bytes) -> None:
    write(tmp_path / "good.json", ONE)
    write(tmp_path / "none.json", text)
    with loaded(tmp_path) as found:
        assert found.ids == ["1"]
        assert [reject[:3] for reject in found.rejects] == [("none.json", None, "the file is empty")]


@pytest.mark.parametrize("text", ["[]", " [ ]\n"])
def test_empty_array(tmp_path: Path, text: str) -> None:
    with loaded(write(tmp_path / "none.json", text), strict=True) as found:
        assert found.report.sessions == 0
        assert found.rows("SELECT rows, rejected FROM files") == [(0, 0)]


def test_folder_with_other_files(tmp_path: Path) -> None:
    write(tmp_path / "a.json", ONE)
    write(tmp_path / "deeper" / "b.jsonl", TWO)
    write(tmp_path / "package.json", {"name": "x", "version": "1.0.0"})
    write(tmp_path / "README.md", "# Read me")
    with loaded(tmp_path) as found:
        assert found.ids == ["1", "2"]
        ((file, place, why, _),) = found.rejects
        assert (file, place) == ("package.json", 0)
        assert "it fits no kind: it has name, version; codegen needs 'id' and 'design_goal'" in why
        assert "worktree needs" in found.report.reasons[0]
        assert found.report.ignored == (str(tmp_path / "README.md"),)


def test_mixed_kinds_in_a_folder_and_in_a_file(tmp_path: Path) -> None:
    records = [codegen(1), workflow("w"), conversation("c"), worktree("t")]
    for number, each in enumerate(records):
        write(tmp_path / "folder" / f"{number}.json", each)
    write(tmp_path / "file.json", records)
    for path in (tmp_path / "folder", tmp_path / "file.json"):
        with loaded(path, strict=True) as found:
            assert found.rows("SELECT kind, session_id FROM sessions ORDER BY ALL") == [
                ("codegen", "1"),
                ("conversation", "c"),
                ("workflow", "w"),
                ("worktree", "t"),
            ]
            assert found.report.kinds == ("codegen", "conversation", "workflow", "worktree")


def test_kind_given(tmp_path: Path) -> None:
    """A record that its keys do not tell is loaded as what it is said to be; one that cannot be that is not."""
    path = write(tmp_path / "some.json", [{"session_id": "a", "user_id": "u"}, codegen(2)])
    with loaded(path, kind="conversation") as found:
        assert found.rows("SELECT kind, session_id, user_id FROM sessions") == [("conversation", "a", "u")]
        assert [reject[1:3] for reject in found.rejects] == [(1, "session_id is missing; there is id, design_goal")]


def test_strict(tmp_path: Path) -> None:
    path = write(tmp_path / "some.json", [codegen(1), codegen(2, parent_session_id="x"), codegen(3)])
    with Lab() as lab:
        lab.load(write(tmp_path / "before.json", codegen(7)))
        with pytest.raises(InvalidRecord, match=r"some\.json, record 1: parent_session_id holds the text"):
            lab.load(path, strict=True)
        assert lab.sql("SELECT session_id FROM sessions").fetchall() == [("7",)]


@pytest.mark.parametrize("content", ["hello", "{}", "", "null", "[1, 2]", b"\0\1\2\3", '{"id": 1'])
def test_all_rejected_is_an_error(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path / "some.json", codegen(1))
    with Lab() as lab:
        lab.load(path)
        write(path, content)
        with pytest.raises(SourceError, match=r"Nothing in .*some\.json could be loaded; \d rejected"):
            lab.load(path)
        assert lab.sql("SELECT session_id FROM sessions").fetchall() == [("1",)]
        assert lab.sql("FROM rejects").fetchall() == []


def test_missing_file(tmp_path: Path) -> None:
    write(tmp_path / "near.json", ONE)
    with Lab() as lab:
        with pytest.raises(SourceError, match=r"There is no file .*far\.json\. Its folder has near\.json"):
            lab.load(tmp_path / "far.json")
        with pytest.raises(SourceError, match="Nothing matches"):
            lab.load(str(tmp_path / "*.jsonl"))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user who may not read everything, as tests may be run by one who may."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_no_permission_for_a_file(open_folder: Path) -> None:
    write(open_folder / "good.json", ONE)
    closed = write(open_folder / "closed.json", TWO)
    closed.chmod(0)
    with Lab() as lab:
        lab.load(open_folder / "good.json", name="warm")  # what is imported late is imported now
        lab.forget("warm")
        with as_nobody():
            report = lab.load(open_folder)
            with pytest.raises(SourceError, match="no permission to read it"):
                lab.load(closed)
        assert (report.sessions, report.rejected) == (1, 1)
        assert lab.sql("SELECT file, record, reason FROM rejects").fetchall() == [
            (str(closed), None, "no permission to read it")
        ]


def test_no_permission_for_a_folder(open_folder: Path) -> None:
    write(open_folder / "good.json", ONE)
    closed = write(open_folder / "closed" / "some.json", TWO).parent
    closed.chmod(0)
    with Lab() as lab:
        lab.load(open_folder / "good.json", name="warm")
        lab.forget("warm")
        with as_nobody():
            report = lab.load(open_folder)
            with pytest.raises(SourceError, match=r"[Nn]o permission"):
                lab.load(closed)
            with pytest.raises(SourceError, match=r"[Nn]o permission"):
                lab.load(closed / "some.json")
        assert (report.sessions, report.rejected) == (1, 1)
        assert lab.sql("SELECT file, record, reason FROM rejects").fetchall() == [
            (str(closed), None, "no permission to look into this folder")
        ]
    closed.chmod(0o755)


def test_links_and_pipes(tmp_path: Path) -> None:
    """A link to nowhere is told; a pipe, whose reading would never end, is passed over."""
    write(tmp_path / "good.json", ONE)
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "gone.json")
    os.mkfifo(tmp_path / "pipe.json")
    with loaded(tmp_path) as found:
        assert found.ids == ["1"]
        ((file, place, why, _),) = found.rejects
        assert (file, place) == ("nowhere.json", None)
        assert "No such file" in why
        assert found.report.ignored == (str(tmp_path / "pipe.json"),)


def test_a_pipe_by_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SourceError, match=r"pipe.json is a pipe or a device, .* Write it to a file first"):
        Lab().load(tmp_path / "pipe.json")


NAMES = ["a[1].json", "a*.json", "what?.json", 'it\'s "so".json', "two\nlines.json", "back\\slash.json", "a{1,2}.json"]


@pytest.mark.parametrize("name", NAMES)
def test_names(tmp_path: Path, name: str) -> None:
    """A name may hold what a glob, SQL or a path elsewhere takes for itself; what is beside it is not touched."""
    path = write(tmp_path / "topic=x" / name, [worktree("a")])
    write(tmp_path / "topic=x" / "a1.json", [worktree("b")])
    with loaded(path, strict=True) as found:
        assert found.rows("SELECT file, workspace_id FROM worktree.sessions") == [
            (str(path), name.removesuffix(".json"))
        ]
        assert found.rows("SELECT path, rows FROM files") == [(str(path), 1)]
    with loaded(path.parent, strict=True) as found:
        assert found.ids == ["a", "b"]
        assert found.lab.refresh().unchanged == 2


def test_folder_named_like_a_partition(tmp_path: Path) -> None:
    """DuckDB would take ``topic=x`` in a path for a column."""
    path = write(tmp_path / "topic=x" / "some.json", [workflow("a", topic="y")])
    with loaded(path) as found:
        assert found.rows("SELECT topic FROM sessions") == [("y",)]


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    write(folder / os.fsdecode(b"na\xefve.json"), [worktree("a"), worktree("b", status=5)])
    known = str(tmp_path / r"caf\xe9" / r"na\xefve.json")
    for path in (folder, folder / os.fsdecode(b"na\xefve.json")):
        with loaded(path) as found:
            assert found.rows("SELECT file, workspace_id FROM worktree.sessions") == [(known, r"na\xefve")]
            assert found.rows("SELECT file, record FROM rejects") == [(known, 1)]
            assert found.rows("SELECT path, rows, rejected FROM files") == [(known, 1, 1)]
            assert found.lab.refresh().unchanged == 1


@pytest.mark.parametrize("path", ["folder", "folder/*.json", "fol*/**/*.js*", "folder/../folder"])
def test_folder_and_glob(tmp_path: Path, path: str) -> None:
    write(tmp_path / "folder" / "a.json", ONE)
    write(tmp_path / "folder" / "b.json", TWO)
    write(tmp_path / "other.json", codegen(3))
    with loaded(str(tmp_path / path), strict=True) as found:
        assert found.ids == ["1", "2"]


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "some.json", ONE)
    with loaded("~/some.json") as found:
        assert (found.ids, found.report.source) == (["1"], "some")
    with loaded("~/*.json") as found:
        assert found.ids == ["1"]


def test_undeclared_keys_are_kept(tmp_path: Path) -> None:
    instance = {"instanceId": 0, "testsPassed": 3, "nested": {"a": [1, None]}, "nothing": None}
    session = worktree("a", evaluation={"score": 0.5}, tags=["x"], instances=[instance, {"instanceId": 1}])
    with loaded(write(tmp_path / "some.json", [session]), strict=True) as found:
        assert [json.loads(extra) for (extra,) in found.rows("SELECT extra FROM worktree.sessions")] == [
            {"evaluation": {"score": 0.5}, "tags": ["x"]}
        ]
        assert [
            (number, extra and json.loads(extra))
            for number, extra in found.rows("SELECT instance_id, extra FROM worktree.instances ORDER BY ALL")
        ] == [(0, {"testsPassed": 3, "nested": {"a": [1, None]}}), (1, None)]
        ((extra,),) = found.rows("SELECT extra FROM sessions")
        assert json.loads(extra).items() >= {"evaluation": {"score": 0.5}, "tags": ["x"]}.items()


TAKEN = [
    "e",
    "r",
    "file",
    "filename",
    "source",
    "extra",
    "sessionlab:extra",
    "sessionlab:file",
    "rowid",
    "a b",
    'q"',
    "it's",
]


@pytest.mark.parametrize("kind", [False, True], ids=["straight", "closer"])
def test_undeclared_keys_may_have_any_name(tmp_path: Path, kind: bool) -> None:
    extra = {name: number for number, name in enumerate(TAKEN)}
    iteration = {"id": 5, "code": "x", **extra, "errors": [{"id": 6, "error_message": "m", **extra}]}
    records = [codegen(1, **extra, iterations=[iteration]), *([5] if kind else [])]
    with loaded(write(tmp_path / "some.json", records)) as found:
        for table in ("session", "iteration", "error"):
            ((kept, file, source),) = found.rows(f"SELECT extra, file, source FROM codegen.{table}")
            assert json.loads(kept) == extra
            assert (file, source) == (str(tmp_path / "some.json"), "some")


def test_key_in_other_case(tmp_path: Path) -> None:
    """It is another key: kept, and not taken for the one that it looks like."""
    records = [
        worktree("a", Model="x", instances=[{"instanceId": 1, "STATUS": "failed"}]),
        worktree("b", model="y", MODEL="z"),
    ]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        assert found.rows("SELECT id, model, extra->>'Model', extra->>'MODEL' FROM worktree.sessions ORDER BY id") == [
            ("a", None, "x", None),
            ("b", "y", None, "z"),
        ]
        assert found.rows("SELECT status, extra->>'STATUS' FROM worktree.instances") == [(None, "failed")]


def test_one_column_under_two_names(tmp_path: Path) -> None:
    """The usual name wins; what another one says besides is kept."""
    session = worktree("a", createdAt="2025-01-01", created_at="2025-01-02", updatedAt=None, updated_at="2025-01-03")
    with loaded(write(tmp_path / "some.json", [session]), strict=True) as found:
        assert found.rows("SELECT created_at::VARCHAR, updated_at::VARCHAR, extra FROM worktree.sessions") == [
            ("2025-01-01 00:00:00", "2025-01-03 00:00:00", '{"created_at":"2025-01-02"}')
        ]


def test_nulls_in_lists_are_no_rows(tmp_path: Path) -> None:
    session = worktree("a", chatHistory=[None, {"role": "user"}, {}], runtimeMix=["x", None], instances=[None])
    for records in ([session], [session, 5]):
        with loaded(write(tmp_path / "some.json", records)) as found:
            assert found.rows("SELECT role FROM worktree.chat_messages ORDER BY ALL") == [("user",), (None,)]
            assert found.rows("SELECT runtime FROM worktree.session_runtime_mix") == [("x",)]
            assert found.rows("FROM worktree.instances") == []


def test_rows_of_nulls_alone(tmp_path: Path) -> None:
    records = [worktree("a", chatHistory=[{"role": None}, None], instances=None, extra=None)]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        assert found.rows("SELECT session_id, role FROM worktree.chat_messages") == [("a", None)]
        assert found.rows("SELECT extra FROM worktree.sessions") == [(None,)]


def test_empty_lists_alone(tmp_path: Path) -> None:
    """Lists that are empty in all records tell nothing of what is in them."""
    path = write(tmp_path / "some.json", [worktree("a", instances=[], chatHistory=[], runtimeMix=[])])
    with loaded(path, strict=True) as found:
        assert found.ids == ["a"]
