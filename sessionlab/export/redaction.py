"""Taking the texts out of what is shared: each is replaced by its length and a hash, or by what a function makes of it.

Equal texts have equal hashes, so that sessions of one goal stay a pair and errors of one sort stay one. A hash is of 64
bits of SHA-256, in letters that no metric takes for a number. Without a salt, whoever guesses a text can prove the
guess; with one, only who knows the salt.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from duckdb.func import SPECIAL
from duckdb.sqltypes import BOOLEAN, VARCHAR

from sessionlab.errors import LabError, MissingExtra
from sessionlab.metrics.errors import folded
from sessionlab.model import ATTEMPTS, ERRORS, MESSAGES, SESSIONS, SOURCES
from sessionlab.schema import Table, Type, literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Replace = Callable[[str, str], "str | None"]
"""A user's function of a text and the name of its column, as ``"sessions.goal"``; gives what to put in its place."""

REDACTED = {
    SESSIONS.name: ("goal", "extra"),
    ATTEMPTS.name: ("code", "feedback"),
    MESSAGES.name: ("content", "extra"),
    ERRORS.name: ("message",),
    SOURCES.name: ("uri", "fingerprint"),
}
"""The columns that hold texts. Of JSON the texts are replaced, and keys that are no names; numbers stay."""

_KEY = "[A-Za-z_][A-Za-z0-9_]{0,63}"
_TOKENS = r'"(?:[^"\\]|\\.)*"\s*:?|[^"]+'
_FUNCTION = "sessionlab_redact"


@dataclass(frozen=True)
class Redaction:
    """How texts are replaced; with neither a function nor ``"text"`` they stay.

    Raises ``LabError`` where it is neither, or the salt is no text.
    """

    how: str | Replace | None = None
    salt: str = ""

    def __post_init__(self) -> None:
        if not (self.how in (None, "text") or callable(self.how)):
            raise LabError(f"redact is {self.how!r}; it may be 'text', a function of a text and its column, or None.")
        if not isinstance(self.salt, str):
            raise LabError(f"salt is of the type {type(self.salt).__name__}; it may be a text.")
        if self.salt and self.how is None:
            raise LabError("A salt is hashed with each text that is redacted, and none is: add redact='text'.")

    @property
    def state(self) -> str | None:
        """Stand for what this does to a text; None where that cannot be known, as of a function."""
        if callable(self.how):
            return None
        return f"{self.how} {sha256(self.salt.encode()).hexdigest()}"

    def told(self) -> dict[str, Any] | None:
        """Say what is taken out, for the manifest; of the salt only whether there is one."""
        if self.how is None:
            return None
        how = f"function {getattr(self.how, '__qualname__', repr(self.how))}" if callable(self.how) else self.how
        columns = [f"{table}.{column}" for table, names in REDACTED.items() for column in names]
        return {"how": how, "salted": bool(self.salt) and not callable(self.how), "columns": columns}

    def columns(self, table: Table) -> str:
        """Write the columns of a table, to be selected."""
        return ", ".join(self._column(table, name) for name in table.names)

    def _column(self, table: Table, name: str) -> str:
        if self.how is None or name not in REDACTED.get(table.name, ()):
            return quote(name)
        is_json = next(column.type is Type.JSON for column in table if column.name == name)
        if callable(self.how):
            written = f"{_FUNCTION}({quote(name)}::VARCHAR, {literal(f'{table.name}.{name}')}, {is_json})"
        elif is_json:
            written = self._json(f"{quote(name)}::VARCHAR")
        else:
            # Errors are counted by their messages with what differs folded away: so are their hashes.
            written = self._text(quote(name), folded(quote(name)) if table is ERRORS else quote(name))
        return f"{written}{'::JSON' if is_json else ''} AS {quote(name)}"

    def _text(self, text: str, hashed: str) -> str:
        digest = f"translate(sha256({literal(self.salt)} || {hashed})[:16], '0123456789abcdef', 'ghijklmnopqrstuv')"
        return f"'[' || length({text}) || ' characters, ' || {digest} || ']'"

    def _json(self, text: str) -> str:
        """Take a JSON text apart into its strings and what is between them, and put it together again."""
        inner = "(token->>'$')"
        key = "(regexp_extract(token, '(?s)^(.*\")\\s*:$', 1)->>'$')"
        return f"""array_to_string(list_transform(regexp_extract_all({text}, {literal(_TOKENS)}), lambda token: CASE
  WHEN token[1] <> '"' THEN token
  WHEN token[-1] <> ':' THEN '"' || {self._text(inner, inner)} || '"'
  WHEN regexp_full_match({key}, '{_KEY}') THEN token
  ELSE '"' || {self._text(key, key)} || '":'
END), '')"""

    @contextmanager
    def ready(self, connection: DuckDBPyConnection) -> Iterator[None]:
        """Give a connection the user's function for the time of a block.

        Raises:
            MissingExtra: numpy is not installed, without which DuckDB calls no function of Python's.
        """
        if not callable(self.how):
            yield
            return
        if importlib.util.find_spec("numpy") is None:
            raise MissingExtra("A function that redacts needs numpy. Try: pip install 'sessionlab[notebook]'")
        connection.create_function(
            _FUNCTION, _over_json(self.how), [VARCHAR, VARCHAR, BOOLEAN], VARCHAR, null_handling=SPECIAL
        )
        try:
            yield
        finally:
            connection.remove_function(_FUNCTION)


def _over_json(replace: Replace) -> Callable[[str | None, str, bool], str | None]:
    """Have a function of a text work on a text that is not known, and on each text in JSON."""

    def redacted(text: str | None, column: str, is_json: bool) -> str | None:
        if text is None:
            return None
        return json.dumps(_walked(json.loads(text), column, replace)) if is_json else replace(text, column)

    return redacted


def _walked(value: Any, column: str, replace: Replace) -> Any:
    if isinstance(value, str):
        return replace(value, column)
    if isinstance(value, list):
        return [_walked(each, column, replace) for each in value]
    if isinstance(value, dict):
        keys = (key if re.fullmatch(_KEY, key) else replace(key, column) or "" for key in value)
        return dict(zip(keys, (_walked(each, column, replace) for each in value.values()), strict=True))
    return value
