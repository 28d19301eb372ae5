"""The SQL that reads sound files: what reviewers are to read, and the reader's options that it must not do without."""

from __future__ import annotations

from sessionlab.kinds import KINDS
from sessionlab.loaders.forms import Form
from sessionlab.loaders.groups import Group
from sessionlab.loaders.plain import plain_shape
from sessionlab.loaders.read import checks, inserts
from sessionlab.loaders.structure import shape_of

STRUCTURE = {
    "id": "UBIGINT",
    "design_goal": "VARCHAR",
    "created_at": "VARCHAR",
    "it's": "VARCHAR",
    "iterations": [{"id": "UBIGINT", "mood": "VARCHAR", "errors": [{"id": "UBIGINT", "error_line": "UBIGINT"}]}],
}
KIND = KINDS["codegen"]
GROUP = Group(KIND, Form.ARRAY, "none", ["/a/b.json"], shape_of(KIND, STRUCTURE), 1)

SESSION = """INSERT INTO "codegen"."session"
SELECT
    'runs' AS source,
    file,
    r."id" AS "id",
    r."design_goal" AS "design_goal",
    NULL AS "parent_session_id",
    utc_time(r."created_at") AS "created_at",
    nullif('{' || concat_ws(',', '"it''s":' || r."it's") || '}', '{}')::JSON AS extra
FROM (SELECT * RENAME (filename AS file) FROM read_json(['/a/b.json'], \
columns = {'id': 'BIGINT', 'design_goal': 'VARCHAR', 'created_at': 'VARCHAR', 'it''s': 'JSON'}, \
format = 'array', compression = 'none', filename = true, hive_partitioning = false)) AS r"""


def test_root() -> None:
    statements = {table.name: statement for table, statement in inserts(GROUP, "runs")}
    assert list(statements) == ["session", "iteration", "error"]
    assert statements["session"] == SESSION


def test_each_table_reads_its_own_columns_only() -> None:
    statements = {table.name: statement for table, statement in inserts(GROUP, "runs")}
    assert "design_goal" not in statements["iteration"].split("FROM", 1)[1]
    assert 'STRUCT("id" BIGINT, "mood" JSON)[]' in statements["iteration"]
    assert (
        '\'iterations\': \'STRUCT("id" BIGINT, "errors" STRUCT("id" BIGINT, "error_line" BIGINT)[])[]\''
        in (statements["error"])
    )


def test_checks_read_what_the_inserts_read() -> None:
    asked = list(checks(GROUP))
    assert len(asked) == 3
    assert all(check.startswith("SELECT max(hash(t)) FROM (SELECT ") for check in asked)
    for check, (_, statement) in zip(asked, inserts(GROUP, ""), strict=True):
        assert "".join(statement.split("SELECT", 1)[1].split()) in "".join(check.split())


def test_plain_records_carry_their_file() -> None:
    group = Group(KIND, Form.LINES, "none", ["/tmp/codegen.jsonl"], plain_shape(KIND))
    for table, statement in inserts(group, "runs", largest=1 << 25):
        assert '* RENAME ("sessionlab:file" AS file)' in statement
        assert "maximum_object_size = 33554432" in statement
        assert '."sessionlab:extra" AS extra' in statement, table.name


def test_one_workspace_a_file() -> None:
    kind = KINDS["worktree"]
    shape = shape_of(kind, {"id": "VARCHAR", "task": "VARCHAR"})
    statements = {
        table.name: text for table, text in inserts(Group(kind, Form.ARRAY, "none", ["/a.json"], shape), "runs")
    }
    assert list(statements) == ["sessions", "workspaces"]
    assert 'SELECT DISTINCT file FROM "worktree"."sessions" WHERE source = \'runs\'' in statements["workspaces"]


def test_lists_of_plain_values_come_with_the_rows_that_have_them() -> None:
    kind = KINDS["worktree"]
    shape = shape_of(
        kind, {"id": "VARCHAR", "task": "VARCHAR", "runtimeMix": ["VARCHAR"], "instances": [{"instanceId": "UBIGINT"}]}
    )
    statements = [
        (table.name, text) for table, text in inserts(Group(kind, Form.ARRAY, "none", ["/a.json"], shape), "runs")
    ]
    assert [name for name, _ in statements] == [
        "sessions", "sessions", "session_runtime_mix", "sessions", "workspaces", "instances",
    ]  # fmt: skip
    (_, kept), (_, root), (_, mix), (_, dropped), *others = statements
    assert "'runtimeMix': 'VARCHAR[]'" in kept
    assert kept.startswith("CREATE OR REPLACE TEMP TABLE temp.main.sessionlab_kept AS")
    assert root.startswith(
        'INSERT INTO "worktree"."sessions"\nSELECT * EXCLUDE ("sessionlab:session_runtime_mix") FROM'
    )
    assert '"id" AS "session_id", unnest("sessionlab:session_runtime_mix") AS e' in mix
    assert dropped == "DROP TABLE temp.main.sessionlab_kept"
    assert not any("read_json" in text for text in (root, mix))
    assert not any("runtimeMix" in text for _, text in others)


def test_of_large_files_nothing_is_kept() -> None:
    kind = KINDS["worktree"]
    shape = shape_of(kind, {"id": "VARCHAR", "task": "VARCHAR", "runtimeMix": ["VARCHAR"]})
    group = Group(kind, Form.ARRAY, "none", ["/a.json"], shape, size=1 << 30)
    statements = [text for _, text in inserts(group, "runs")]
    assert not any("sessionlab_kept" in text for text in statements)
    assert sum("read_json" in text for text in statements) == 2
