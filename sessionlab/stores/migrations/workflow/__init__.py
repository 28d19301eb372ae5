"""The revisions of the workflow store."""
