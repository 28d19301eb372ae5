"""The store of workflow: the states of threads, the view that sums them up, and the trigger that keeps their time."""

from __future__ import annotations

from sessionlab.stores.declare import NOW, Field, FullText, Index, Made, StoreSchema, StoreTable
from sessionlab.stores.moments import newest_index
from sessionlab.stores.values import UUID, Engine, varchar

STATUSES = ("running", "completed", "failed")
"""What a workflow's status may be."""

_TABLE = "session_states"
_NEW_ID: dict[Engine, str] = {
    "sqlite": (
        "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'"
        " || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"
    ),
    "postgresql": "gen_random_uuid()",
}

_SUMMED_UP = (
    "SELECT id, thread_id, run_id, created_at, updated_at, topic, difficulty, tests_passed, code_attempts,"
    " problem_attempts, workflow_status, {} AS test_count FROM session_states"
)
_TESTS = {
    "sqlite": "CASE WHEN json_valid(problem_tests) AND json_type(problem_tests) = 'array'"
    " THEN json_array_length(problem_tests) END",
    "postgresql": "CASE WHEN jsonb_typeof(problem_tests) = 'array' THEN jsonb_array_length(problem_tests) END",
}
_SUMMARY = Made(
    "session_states_summary",
    {
        "sqlite": (f"CREATE VIEW IF NOT EXISTS session_states_summary AS {_SUMMED_UP.format(_TESTS['sqlite'])}",),
        # A view of that name that is there already may have other columns, and is somebody's.
        "postgresql": (
            "DO $$ BEGIN IF to_regclass('session_states_summary') IS NULL THEN"
            f" CREATE VIEW session_states_summary AS {_SUMMED_UP.format(_TESTS['postgresql'])};"
            " END IF; END $$",
        ),
    },
    {
        "sqlite": ("DROP VIEW IF EXISTS session_states_summary",),
        "postgresql": ("DROP VIEW IF EXISTS session_states_summary",),
    },
)
_TOUCH = Made(
    "session_states_touch",
    {
        "sqlite": (
            "CREATE TRIGGER IF NOT EXISTS session_states_touch AFTER UPDATE ON session_states"
            " WHEN new.updated_at IS old.updated_at BEGIN"
            f" UPDATE session_states SET updated_at = {NOW['sqlite']} WHERE thread_id = new.thread_id; END",
        ),
        "postgresql": (
            "CREATE OR REPLACE FUNCTION session_states_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN NEW.updated_at = now(); END IF;"
            " RETURN NEW; END $$",
            "DROP TRIGGER IF EXISTS session_states_touch ON session_states",
            "CREATE TRIGGER session_states_touch BEFORE UPDATE ON session_states"
            " FOR EACH ROW EXECUTE FUNCTION session_states_touch()",
        ),
    },
    {
        "sqlite": ("DROP TRIGGER IF EXISTS session_states_touch",),
        "postgresql": (
            "DROP TRIGGER IF EXISTS session_states_touch ON session_states",
            "DROP FUNCTION IF EXISTS session_states_touch()",
        ),
    },
)

WORKFLOW = StoreSchema(
    kind="workflow",
    tables=(
        StoreTable(
            _TABLE,
            {
                "id": Field(UUID, null=False, default=_NEW_ID),
                "created_at": Field(default=NOW),
                "updated_at": Field(default=NOW),
                "thread_id": Field(varchar(255), null=False, unique=True),
                "run_id": Field(varchar(255)),
                "topic": Field(varchar(50)),
                "difficulty": Field(varchar(20)),
                "code_attempts": Field(default="0"),
                "problem_attempts": Field(default="0"),
                "workflow_status": Field(varchar(20), default="'running'", one_of=STATUSES),
            },
            key=("id",),
        ),
    ),
    indexes=(
        *(
            Index(f"idx_session_states_{column}", _TABLE, (column,))
            for column in ("run_id", "created_at", "topic", "difficulty", "workflow_status")
        ),
    ),
    made=(_SUMMARY, _TOUCH, newest_index("idx_session_states_newest", _TABLE, "created_at", "id")),
    searches=(FullText(_TABLE, "id", ("user_prompt", "topic", "problem_description"), text_key=True),),
)
