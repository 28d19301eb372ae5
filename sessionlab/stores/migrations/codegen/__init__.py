"""The revisions of the codegen store."""
