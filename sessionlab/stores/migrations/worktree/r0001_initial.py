"""The tables."""

from __future__ import annotations

from sessionlab.stores.migrations.steps import drop, make, make_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    make_tables("worktree")
    make("worktree", revision)


def downgrade() -> None:
    """Drop the tables."""
    drop("worktree", revision)
