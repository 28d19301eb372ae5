"""The revisions of the conversation store."""
