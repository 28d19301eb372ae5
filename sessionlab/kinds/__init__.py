"""The kinds of session record, and their registry. A new kind is one module, one ``.sql`` file and one line here."""

from __future__ import annotations

from difflib import get_close_matches

from sessionlab.errors import NotFound
from sessionlab.kinds.codegen import CODEGEN
from sessionlab.kinds.conversation import CONVERSATION
from sessionlab.kinds.declare import BOOKKEEPING, EXTRA, FILE, SOURCE, Kind, NativeTable, Record, detect
from sessionlab.kinds.workflow import WORKFLOW
from sessionlab.kinds.worktree import WORKTREE

KINDS: dict[str, Kind] = {kind.name: kind for kind in (CODEGEN, WORKFLOW, CONVERSATION, WORKTREE)}

__all__ = [
    "BOOKKEEPING",
    "EXTRA",
    "FILE",
    "KINDS",
    "SOURCE",
    "Kind",
    "NativeTable",
    "Record",
    "detect",
    "kind_named",
]


def kind_named(name: str) -> Kind:
    """Look a kind up by its name.

    Raises:
        NotFound: no kind has that name; the message lists those there are.
    """
    try:
        return KINDS[name]
    except KeyError:
        near = "".join(f" Did you mean {each!r}?" for each in get_close_matches(name.lower(), KINDS, n=1))
        raise NotFound(f"There is no kind {name!r}.{near} The kinds are: {', '.join(KINDS)}.") from None
