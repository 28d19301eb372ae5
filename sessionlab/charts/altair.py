"""Altair, imported in a third of the time that it takes where JupyterLab is installed.

Altair imports jsonschema, and that a package, if it is there, which compiles grammars for more than a second: to check
whether a text is an address of the web with letters of all languages. No chart asks for that; who does has it then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

__all__ = ["alt"]

_GRAMMARS = "rfc3987_syntax"


@contextmanager
def _grammars_later() -> Iterator[None]:
    """Put a module in the place of the grammars that imports them when it is asked, for who imports them meanwhile."""
    if _GRAMMARS in sys.modules or not find_spec(_GRAMMARS):
        yield
        return
    stand_in = ModuleType(_GRAMMARS)
    vars(stand_in)["is_valid_syntax"] = _is_valid_syntax
    sys.modules[_GRAMMARS] = stand_in
    try:
        yield
    finally:
        del sys.modules[_GRAMMARS]


def _is_valid_syntax(term: str, value: str) -> bool:
    valid: bool = import_module(_GRAMMARS).is_valid_syntax(term, value)
    return valid


with _grammars_later():
    import altair as alt
