"""The one row that says how far the way of worktree sessions from JSON files has come."""

from __future__ import annotations

from sessionlab.stores.rows import Rows
from sessionlab.stores.statements import Row
from sessionlab.stores.workspaces import now


class MigrationRow:
    """The row, which is there from the first note on."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self) -> Row | None:
        """Give it; None if nothing is noted."""
        return self._rows.get({"id": 1})

    def note(self, status: str, json_backup_path: str | None) -> None:
        """Note a status, and where the copy of the files is; within a transaction."""
        at = now()
        note = {"migration_status": status, "json_backup_path": json_backup_path, "last_updated_at": at}
        if self.get() is None:
            self._rows.insert({"id": 1, "schema_version": 1, "migrated_at": at, **note})
        else:
            self._rows.change({"id": 1}, {**note, "migrated_at": at} if status == "completed" else note)
