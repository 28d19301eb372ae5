"""The composite indexes."""

from __future__ import annotations

from sessionlab.stores.migrations.steps import drop, make

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make what this revision brings."""
    make("worktree", revision)


def downgrade() -> None:
    """Take it back."""
    drop("worktree", revision)
