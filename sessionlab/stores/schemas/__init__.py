"""What each kind's store has in its database. A kind without a store is not here."""

from __future__ import annotations

from sessionlab.errors import StoreError
from sessionlab.stores.declare import StoreSchema
from sessionlab.stores.schemas.codegen import CODEGEN
from sessionlab.stores.schemas.conversation import CONVERSATION
from sessionlab.stores.schemas.workflow import WORKFLOW
from sessionlab.stores.schemas.worktree import WORKTREE

SCHEMAS: dict[str, StoreSchema] = {schema.kind: schema for schema in (CODEGEN, WORKFLOW, CONVERSATION, WORKTREE)}

__all__ = ["SCHEMAS", "schema_of"]


def schema_of(kind: str) -> StoreSchema:
    """Look up what the store of a kind has.

    Raises:
        StoreError: the kind has no store; the message lists those that have one.
    """
    try:
        return SCHEMAS[kind]
    except KeyError:
        raise StoreError(f"There is no store of the kind {kind!r}. There are: {', '.join(SCHEMAS)}.") from None
