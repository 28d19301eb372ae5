"""The notebooks: copied to where they may be changed, and opened in JupyterLab."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from sessionlab.errors import MissingExtra, SessionlabError


@click.command()
@click.argument("folder", metavar="[DIR]", default="notebooks", type=click.Path(file_okay=False, path_type=Path))
@click.argument("options", metavar="[-- JUPYTER-OPTIONS…]", nargs=-1)
@click.option("--copy-only", is_flag=True, help="Do not start JupyterLab.")
def notebook(folder: Path, options: tuple[str, ...], *, copy_only: bool) -> None:
    """Copy the notebooks to a folder and open them in JupyterLab. One that is there already is left as it is.

    \b
    sessionlab notebook
    sessionlab notebook lessons -- --no-browser --port 9000
    """
    first, *_ = _copied(folder)
    if copy_only:
        return
    if find_spec("jupyterlab") is None:
        raise MissingExtra("JupyterLab is not installed. Try: pip install 'sessionlab[notebook]'")
    sys.stdout.flush()
    command = [sys.executable, "-m", "jupyterlab", str(first), *options]
    os.execv(sys.executable, command)  # noqa: S606 - so that whoever ends this command ends JupyterLab


def _copied(folder: Path) -> list[Path]:
    """Copy what is not there yet, and say so; give the notebooks in order."""
    from sessionlab.samples import notebook_files

    copies = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in notebook_files():
            copy = folder / notebook.name
            copies.append(copy)
            if copy.exists():
                click.echo(f"{copy} is there already")
            else:
                shutil.copyfile(notebook, copy)
                click.echo(f"{copy}")
    except OSError as error:
        raise SessionlabError(f"Cannot copy the notebooks to {folder}: {error.strerror or error}.") from error
    return copies
