"""Commands that look after stores: the databases that programs write to while they work."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from sessionlab.cli.options import json_option
from sessionlab.stores import STORES

kind_option = click.option(
    "--kind", type=click.Choice(list(STORES)), help="Whose store it is, where the database does not tell."
)
url_argument = click.argument("url")


@click.group()
def store() -> None:
    """Make, change, check and copy the stores that programs write to.

    URL is a path or sqlite:///PATH, or postgresql://…, with ?schema= for one other than public. What such a URL leaves
    out comes from POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DB: a password need not stand on the command line.
    """


def kind_in(url: str, kind: str | None) -> str:
    """Give the kind that was asked for, or the only one that a database holds.

    Raises:
        UsageError: it holds several.
        StoreError: it holds none.
    """
    if kind is not None:
        return kind
    from sessionlab.errors import StoreError
    from sessionlab.stores.database import open_database
    from sessionlab.stores.versions import kinds_in

    database = open_database(url, make=False)
    try:
        found = kinds_in(database)
    finally:
        database.close()
    if len(found) > 1:
        raise click.UsageError(f"{database.where} holds {' and '.join(found)}: choose one with --kind.")
    if not found:
        raise StoreError(f"{database.where} holds no store. Make one with: sessionlab store init URL --kind KIND")
    return found[0]


def _say_version(kind: str, version: str | None, *, as_json: bool) -> None:
    """Print what version a store has, and the latest that there is."""
    from sessionlab.stores.schemas import schema_of

    head = schema_of(kind).head
    if as_json:
        click.echo(json.dumps({"kind": kind, "version": version, "latest": head}))
        return
    latest = " (the latest)" if version == head else f"; the latest is {head}"
    click.echo(f"{kind}: {'no version' if version is None else f'version {version}'}{latest}")


def _command(work: Callable[..., Any]) -> click.Command:
    """Make a command of the group with the arguments that all of these have."""
    return store.command()(url_argument(kind_option(json_option(work))))


@_command
def init(url: str, kind: str | None, *, as_json: bool) -> None:
    r"""Make a store, or take over what another program has made with the same tables.

    \b
    sessionlab store init codecache.db --kind codegen
    """
    if kind is None:
        raise click.UsageError(f"Which kind of store? --kind is one of {', '.join(STORES)}.")
    from sessionlab.stores import open_store

    with open_store(kind, url) as opened:
        _say_version(kind, opened.version, as_json=as_json)


@_command
def upgrade(url: str, kind: str | None, *, as_json: bool) -> None:
    """Bring a store up to the latest version, as opening it in a program does."""
    from sessionlab.stores.migrations import upgrade

    kind = kind_in(url, kind)
    _say_version(kind, upgrade(url, kind), as_json=as_json)


@_command
def current(url: str, kind: str | None, *, as_json: bool) -> None:
    """Say what version a store has. One that another program has made has none until it is taken over."""
    from sessionlab.stores.migrations import current

    kind = kind_in(url, kind)
    _say_version(kind, current(url, kind), as_json=as_json)
