"""Where a Postgres source is: a URL, filled up from the environment, and never shown with its password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sessionlab.errors import SourceError

SCHEMES = ("postgresql", "postgres")
_ENVIRONMENT = {
    "host": "POSTGRES_HOST",
    "port": "POSTGRES_PORT",
    "user": "POSTGRES_USER",
    "password": "POSTGRES_PASSWORD",
    "database": "POSTGRES_DB",
}


@dataclass(frozen=True)
class PostgresUrl:
    """The parts of a ``postgresql://`` URL. Its ``?schema=`` names the schema; other options go to the driver."""

    host: str = ""
    port: str = ""
    user: str = ""
    password: str = ""
    database: str = ""
    schema: str = "public"
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str, environment: Mapping[str, str] | None = None) -> PostgresUrl:
        """Read a URL; parts that it leaves out are taken from ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD``, ``_DB``.

        Raises:
            SourceError: it is no such URL.

        >>> PostgresUrl.parse("postgresql://ann@db:5433/levelup?schema=lab", {}).without_password()
        'postgresql://ann@db:5433/levelup?schema=lab'
        """
        given = os.environ if environment is None else environment
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise SourceError("The Postgres URL cannot be read: its host or port is off.") from error
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        found = {
            "host": unquote(parts.hostname or "") or query.pop("host", ""),
            "port": str(port or query.pop("port", "")),
            "user": unquote(parts.username or "") or query.pop("user", ""),
            "password": unquote(parts.password or "") or query.pop("password", ""),
            "database": unquote(parts.path.lstrip("/")) or query.pop("dbname", ""),
        }
        filled = {name: value or given.get(_ENVIRONMENT[name], "") for name, value in found.items()}
        schema = query.pop("schema", "") or "public"
        return cls(**filled, schema=schema, options=tuple(query.items()))

    def without_password(self) -> str:
        """Give the URL that names the source, for people, reports and the lab."""
        schema = [("schema", self.schema)] if self.schema != "public" else []
        return self._url(password="", options=[*self._open_options(), *schema])

    def for_driver(self) -> str:
        """Give the URL that libpq takes, password and all."""
        return self._url(password=self.password, options=list(self.options))

    def name(self) -> str:
        """Give a readable name: the database's, with the schema's if it is not public."""
        database = self.database or self.user or "postgres"
        return database if self.schema == "public" else f"{database}.{self.schema}"

    def refused(self, error: Exception) -> SourceError:
        """Say what the driver's complaint means, without the password."""
        said = self._hidden(" ".join(str(error).split()))
        if "password authentication failed" in said or "no password supplied" in said:
            hint = "the server refuses the password; give it in the URL or in POSTGRES_PASSWORD"
        elif "refused" in said or "No such file" in said or "timeout" in said or "could not translate" in said:
            hint = "the server cannot be reached; is it up, and are host and port right?"
        elif "permission denied" in said:
            hint = "the user may not read a table; GRANT SELECT would let it"
        elif "does not exist" in said:
            hint = "something that was asked for is not there"
        else:
            hint = "the server or its driver refused"
        return SourceError(f"{self.without_password()}: {hint} ({said}).")

    def with_password(self, password: str) -> PostgresUrl:
        """Give the same place with another password."""
        return replace(self, password=password)

    def _open_options(self) -> list[tuple[str, str]]:
        return [(key, value) for key, value in self.options if "password" not in key]

    def _url(self, *, password: str, options: list[tuple[str, str]]) -> str:
        secret = f":{quote(password, safe='')}" if password else ""
        login = f"{quote(self.user, safe='')}{secret}@" if self.user else ""
        socket = self.host.startswith("/")
        host = "" if socket else f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port and not socket else ""
        extra = [("host", self.host)] if socket else []
        extra += [("port", self.port)] if socket and self.port else []
        query = urlencode([*extra, *options])
        return f"postgresql://{login}{host}{port}/{quote(self.database, safe='')}" + (f"?{query}" if query else "")

    def _hidden(self, text: str) -> str:
        for secret in {self.password, quote(self.password, safe="")} - {""}:
            text = text.replace(secret, "***")
        return re.sub(r"(://[^:@/\s]*):[^@/\s]*@", r"\1:***@", text)
