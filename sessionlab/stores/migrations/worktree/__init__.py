"""The revisions of the worktree store."""
