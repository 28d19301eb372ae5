"""Where a Postgres database is: a URL, filled up from the environment, and never shown with its password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from sessionlab.errors import SourceError

_ENVIRONMENT = {
    "host": "POSTGRES_HOST",
    "port": "POSTGRES_PORT",
    "user": "POSTGRES_USER",
    "password": "POSTGRES_PASSWORD",
    "database": "POSTGRES_DB",
}
_CALLED = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}
_PATIENCE = ("connect_timeout", "15")
_URL = re.compile(
    r"(?:postgres|postgresql)://(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?@]*)(?::(?P<port>\d*))?(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)


@dataclass(frozen=True)
class PostgresUrl:
    """The parts of a ``postgresql://`` URL. Its ``?schema=`` names the schema; other options go to the driver."""

    host: str = ""
    port: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    schema: str = "public"
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, url: str, environment: Mapping[str, str] | None = None) -> PostgresUrl:
        """Read a URL, as libpq does.

        Parts that it leaves out are taken from ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD`` and ``_DB``.

        Raises:
            SourceError: it is no such URL.

        >>> PostgresUrl.parse("postgresql://ann@db:5433/levelup?schema=lab", {}).without_password()
        'postgresql://ann@db:5433/levelup?schema=lab'
        """
        given = os.environ if environment is None else environment
        parts = _URL.fullmatch(url)
        if parts is None:
            # Nothing of the URL is shown, as nobody knows where in it the password stands.
            raise SourceError(
                "The Postgres URL cannot be read. It is to be postgresql://user:password@host:port/database?schema=…,"
                " in which signs like @ : / ? # and % of a password are written as %40 %3A %2F %3F %23 and %25."
            )
        query = _options(parts["query"] or "")
        found = {
            name: unquote(parts[name] or "").removeprefix("[").removesuffix("]") or query.pop(key, "")
            for name, key in _CALLED.items()
        }
        filled = {name: value or given.get(_ENVIRONMENT[name], "") for name, value in found.items()}
        schema = query.pop("schema", "") or "public"
        return cls(**filled, schema=schema, options=tuple(query.items()))

    def without_password(self) -> str:
        """Give the URL that names the source, for people, reports and the lab."""
        schema = [("schema", self.schema)] if self.schema != "public" else []
        return self._url("", [*((key, value) for key, value in self.options if "password" not in key), *schema])

    def for_driver(self) -> str:
        """Give the URL that libpq takes, password and all."""
        return self._url(self.password, list(dict([_PATIENCE, *self.options]).items()))

    def for_command(self) -> str:
        """Give the URL that a program may get where others read it: the password goes another way.

        >>> PostgresUrl.parse("postgresql://ann:secret@db/levelup?sslmode=require", {}).for_command()
        'postgresql://ann@db/levelup?connect_timeout=15&sslmode=require'
        """
        options = dict([_PATIENCE, *self.options]).items()
        return self._url("", [(key, value) for key, value in options if "password" not in key])

    def has_more_passwords(self) -> bool:
        """Whether the options have a password too, as that of a certificate's key."""
        return any("password" in key for key, _ in self.options)

    def name(self) -> str:
        """Give a readable name: the database's, with the schema's if it is not public."""
        database = self.database or self.user or "postgres"
        return database if self.schema == "public" else f"{database}.{self.schema}"

    def refused(self, error: Exception) -> SourceError:
        """Say what the driver's complaint means, without the password."""
        said = self._hidden(" ".join(str(error).split()))
        said = re.sub(r"( LINE \d+:.*)? Query was: .*?(?=\. SQLSTATE|$)", "", said)
        if "password authentication failed" in said or "no password supplied" in said:
            hint = "the server refuses the password; give it in the URL or in POSTGRES_PASSWORD"
        elif any(sign in said for sign in ("refused", "No such file", "timeout", "could not translate")):
            hint = "the server cannot be reached; is it up, and are host and port right?"
        elif "permission denied" in said:
            hint = "the user may not read it; GRANT USAGE on the schema and SELECT on its tables would help"
        elif "does not exist" in said:
            hint = "something that was asked for is not there"
        else:
            hint = "the server or its driver refused"
        return SourceError(f"{self.without_password()}: {hint} ({said}).")

    def _url(self, password: str, options: list[tuple[str, str]]) -> str:
        secret = f":{_escaped(password)}" if password else ""
        login = f"{_escaped(self.user)}{secret}@" if self.user or secret else ""
        # A socket's folder and a list of hosts go where libpq takes them as they are.
        aside = "/" in self.host or "," in self.host
        host = "" if aside else f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port and not aside else ""
        extra = [("host", self.host), *([("port", self.port)] if self.port else [])] if aside else []
        query = "&".join(f"{_escaped(key)}={quote(value, safe='/')}" for key, value in [*extra, *options])
        return f"postgresql://{login}{host}{port}/{_escaped(self.database)}" + (f"?{query}" if query else "")

    def _hidden(self, text: str) -> str:
        secrets = {self.password, *(value for key, value in self.options if "password" in key)} - {""}
        for secret in {*secrets, *map(_escaped, secrets)}:
            text = text.replace(secret, "***")
        return re.sub(r"(://[^:@/\s]*):[^@/\s]*@", r"\1:***@", text)


def _escaped(text: str) -> str:
    return quote(text, safe="")


def _options(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(key): unquote(value) for key, _, value in pairs}
