"""Commands that look after stores: the databases that programs write to while they work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sessionlab.cli.options import draw, json_option
from sessionlab.stores import STORES

if TYPE_CHECKING:
    from sessionlab.stores.backup import Form

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

    with closing(open_database(url, make=False)) as database:
        found = kinds_in(database)
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
    """Make a store, or take one over.

    What another program has made with the same tables is taken over as it is.

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
    """Bring a store up to the latest version.

    Opening it in a program does the same.
    """
    from sessionlab.stores.migrations import upgrade

    kind = kind_in(url, kind)
    _say_version(kind, upgrade(url, kind), as_json=as_json)


@_command
def current(url: str, kind: str | None, *, as_json: bool) -> None:
    """Say what version a store has. One that another program has made has none until it is taken over."""
    from sessionlab.stores.migrations import current

    kind = kind_in(url, kind)
    _say_version(kind, current(url, kind), as_json=as_json)


@store.command()
@url_argument
@click.option("--to", "revision", required=True, help="The version to go back to; base removes the store.")
@kind_option
@click.option("--yes", is_flag=True, help="Do not ask, also where data is lost.")
@json_option
def downgrade(url: str, revision: str, kind: str | None, *, yes: bool, as_json: bool) -> None:
    """Bring a store down to an earlier version. What would be lost is said, and asked for, before anything is done.

    \b
    sessionlab store downgrade codecache.db --to 0001
    """
    from sessionlab.stores.migrations import downgrade
    from sessionlab.stores.schemas import schema_of

    kind = kind_in(url, kind)
    known = ("base", *schema_of(kind).revisions)
    if revision not in known:
        raise click.UsageError(f"There is no version {revision} of a {kind} store; there are {', '.join(known)}.")
    if revision == "base":
        _ask_before_removing(url, kind, yes=yes)
    _say_version(kind, downgrade(url, kind, revision), as_json=as_json)


def _ask_before_removing(url: str, kind: str, *, yes: bool) -> None:
    """Say what is lost where a store is removed, and go on only if that is wanted.

    Raises:
        StoreError: it is not.
    """
    from sessionlab.errors import StoreError
    from sessionlab.stores.database import open_database
    from sessionlab.stores.versions import rows_in

    with closing(open_database(url, make=False)) as database:
        rows = rows_in(database, kind)
    lost = ", ".join(f"{count:,} of {table}" for table, count in rows.items()) or "nothing"
    click.echo(f"This removes the {kind} store of {database.where}, with all rows: {lost}.", err=True)
    try:
        wanted = yes or click.confirm("Go on?", err=True)
    except click.Abort:
        click.echo(err=True)
        wanted = False
    if not wanted:
        raise StoreError("Nothing was changed. --yes goes on without asking.")


@_command
def verify(url: str, kind: str | None, *, as_json: bool) -> None:
    """Check that a store is sound and whole.

    And that it holds only what it should. Nothing in it is changed.

    Exit code 1 says that problems were found; they are printed with what to do about each.
    """
    from sessionlab.stores.database import open_database
    from sessionlab.stores.verify import verify

    kind = kind_in(url, kind)
    with closing(open_database(url, make=False)) as database:
        report = verify(database, kind)
    if as_json:
        click.echo(json.dumps({"ok": report.ok, **dataclasses.asdict(report)}))
    else:
        draw(report)
    if not report.ok:
        raise SystemExit(1)


@store.command()
@url_argument
@click.argument("target", type=click.Path(path_type=Path))
@kind_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["sqlite", "dump", "parquet"]),
    help="What to write; of Postgres a dump where pg_dump can, else Parquet.",
)
@json_option
def backup(url: str, target: Path, kind: str | None, form: Form | None, *, as_json: bool) -> None:
    """Write a consistent copy of a store.

    Nothing may be at TARGET yet. Others may go on writing to the store.

    \b
    sessionlab store backup codecache.db codecache-monday.db
    sessionlab store backup postgresql://host/levelup levelup.dump     # pg_restore reads it
    """
    from sessionlab.stores.backup import back_up
    from sessionlab.stores.database import open_database

    kind = kind_in(url, kind)
    with closing(open_database(url, make=False)) as database:
        path = back_up(database, kind, target, form)
    click.echo(json.dumps({"kind": kind, "path": str(path)}) if as_json else str(path))
