"""Commands for the way of worktree sessions from the editor's JSON files to a store, and back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessionlab.cli.options import json_option, say
from sessionlab.errors import StoreError

if TYPE_CHECKING:
    from sessionlab.stores import WorktreeStore
    from sessionlab.stores.import_json import OnProgress

_FOLDER = click.Path(path_type=Path)
_workspaces = click.option(
    "--workspace", "workspaces", multiple=True, metavar="PATH", help="The path of a workspace; as often as you like."
)


@click.command("import-json")
@click.argument("folder", type=_FOLDER)
@click.option("--to", "url", required=True, metavar="URL", help="The store: sqlite:///PATH or postgresql://…")
@click.option("--dry-run", is_flag=True, help="Say what would be, and change nothing.")
@_workspaces
@json_option
def import_json(folder: Path, url: str, workspaces: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Bring the editor's JSON files into a store.

    These are the worktree sessions of a folder; the files stay as they are.

    A file is named after the hash of its workspace's path, so that the path must be said: with --workspace. What was
    broken off goes on when it is run again.
    """
    from sessionlab.display import counted
    from sessionlab.stores import migrate_from_json

    with ExitStack() as opened:
        store = opened.enter_context(_scratch(url) if dry_run and _is_new(url) else _opened(url))
        on_progress = None if as_json else opened.enter_context(_bar())
        report = migrate_from_json(folder, store, workspaces, dry_run=dry_run, on_progress=on_progress)
    say(report, as_json=as_json)
    unread = [note for note in report.errors if note.place is None]
    if unread:
        raise StoreError(f"{counted(len(unread), 'file')} could not be read: {unread[0]}")


@click.command("export-json")
@click.argument("folder", type=_FOLDER)
@click.option("--from", "url", required=True, metavar="URL", help="The store: sqlite:///PATH or postgresql://…")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@_workspaces
@json_option
def export_json(folder: Path, url: str, workspaces: tuple[str, ...], *, overwrite: bool, as_json: bool) -> None:
    """Write a store's sessions as the editor's JSON files.

    These are worktree sessions, and each workspace has a file.
    """
    from sessionlab.stores import export_to_json

    with _opened(url, there=True) as store:
        report = export_to_json(store, folder, workspaces or None, overwrite=overwrite)
    say(report, as_json=as_json)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--to", "url", required=True, metavar="URL", help="The store: sqlite:///PATH or postgresql://…")
@json_option
def compare(folder: Path, url: str, *, as_json: bool) -> None:
    """Compare the editor's JSON files with a store.

    The worktree sessions of the folder and of the store are compared field by field.

    The exit code is 1 where they differ.
    """
    from sessionlab.display import counted
    from sessionlab.stores import JsonWorktreeStore
    from sessionlab.stores.consistency import compared

    if not folder.is_dir():
        raise StoreError(f"There is no folder {folder}. Name the one with the JSON files of the workspaces.")
    with _opened(url, there=True) as store:
        report = compared(JsonWorktreeStore(folder), store)
    say(report, as_json=as_json)
    if not report.consistent:
        found = [*report.differences, *report.unread]
        raise StoreError(f"{counted(len(found), 'difference')}, the first: {found[0]}")


@contextmanager
def _opened(url: str, *, there: bool = False) -> Iterator[WorktreeStore]:
    from sessionlab.stores import open_store

    if there and _is_new(url):
        raise StoreError(f"There is no store {url}. Make one with: sessionlab store import-json FOLDER --to {url}")
    with open_store("worktree", url) as store:
        yield store


def _is_new(url: str) -> bool:
    """Whether a URL is that of an SQLite file that is not there yet."""
    path = url.removeprefix("sqlite:///")
    return "://" not in path and not path.startswith("postgresql:") and not Path(path).expanduser().exists()


@contextmanager
def _scratch(url: str) -> Iterator[WorktreeStore]:
    """Open a store that goes away, so that trying makes no file."""
    if not Path(url.removeprefix("sqlite:///")).expanduser().absolute().parent.is_dir():
        raise StoreError(f"There is no folder to keep the store {url} in. Make it.")
    with tempfile.TemporaryDirectory() as folder, _opened(f"{folder}/scratch.db") as store:
        yield store


@contextmanager
def _bar() -> Iterator[OnProgress]:
    """Show how many files are done, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")

        def show(name: str, done: int, files: int) -> None:
            progress.update(task, description=name, completed=done, total=files)

        yield show
