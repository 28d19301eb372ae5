"""The tables."""

from __future__ import annotations

from sessionlab.stores.migrations.steps import drop, make, make_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    make_tables("workflow")
    make("workflow", revision)


def downgrade() -> None:
    """Drop the tables."""
    drop("workflow", revision)
