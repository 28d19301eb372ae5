"""The folder of a data set on a disk: what is in it, who may write to it, and replacing a file at once."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sessionlab.disk import refusing, sync
from sessionlab.errors import LabBusy, LabError
from sessionlab.export.manifest import INDEX, MANIFEST, Manifest, index_text, read_manifest

_LOCK = ".lock"


class Folder:
    """A data set on a disk, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    def manifests(self) -> dict[str, Manifest]:
        """Read all manifests, by the folder of their source.

        Raises:
            LabError: one cannot be read.
        """
        found = ((path.parent.name, self.manifest(path.parent.name)) for path in self.manifest_paths())
        return {name: manifest for name, manifest in found if manifest}

    def manifest_paths(self) -> list[Path]:
        """List the files of the manifests."""
        return sorted(self.path.glob(f"*/{MANIFEST}"))

    def manifest(self, name: str) -> Manifest | None:
        """Read the manifest of a source by its folder; None where there is none."""
        path = self.path / name / MANIFEST
        try:
            return read_manifest(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            return None

    def prepare(self) -> None:
        """Make the folder, if it is not there.

        Raises:
            LabError: something else is in its place or in it, or it cannot be made.
        """
        with refusing("data set", self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            if not (self.path / INDEX).exists() and any(not each.name.startswith(".") for each in self.path.iterdir()):
                raise LabError(f"{self.path} is not empty, and no data set. Export into a folder of its own.")
            self.write_index()

    def write_index(self) -> None:
        """Note which sources there are, for whoever reads from where folders cannot be listed."""
        with self.locked(""):
            put(self.path / INDEX, index_text([path.parent.name for path in self.manifest_paths()]))

    @contextmanager
    def locked(self, name: str, wait: float = 600) -> Iterator[None]:
        """Be the only one of this machine who writes to a source's folder, or to the index.

        Raises:
            LabBusy: somebody else does, and has not come to an end in time.
        """
        lock = FileLock(self.path / name / _LOCK)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise LabBusy(
                f"Another program has been exporting into {self.path / name} for {wait:g} seconds. Try again later."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def publish(self, name: str, manifest: Manifest) -> None:
        """Put a source's manifest in the place of the one before; from now on readers see what it names.

        Raises:
            LabError: another writer has just exported a source of that name for the first time.
        """
        path = self.path / name / MANIFEST
        before = self.manifest(name)
        if before is None:
            first = _written(path, manifest.text())
            try:
                os.link(first, path)  # unlike a replace, it fails where somebody was faster
            except FileExistsError:
                refuse_foreign(self.manifest(name), manifest.source, manifest.writer, self.path)
                first.replace(path)
            except OSError:  # a file system without links
                first.replace(path)
            finally:
                first.unlink(missing_ok=True)
            sync(path.parent)
        else:
            refuse_foreign(before, manifest.source, manifest.writer, self.path)
            put(path, manifest.text())

    def clear(self, name: str) -> None:
        """Remove what no reader of a source needs any more, and what killed exports have left."""
        manifest = self.manifest(name)
        current = manifest.folders if manifest else set()
        former = {each for each, until in manifest.former.items() if until > time.time()} if manifest else set()
        for path in (self.path / name).iterdir():
            if path.is_dir() and path.name not in current | former:
                shutil.rmtree(path)
            elif path.suffix == ".new":
                path.unlink()


def refuse_foreign(manifest: Manifest | None, source: str, writer: str, path: Path) -> None:
    """Refuse to write over a source that is somebody else's.

    Raises:
        LabError: it is.
    """
    if manifest is None or (manifest.source, manifest.writer) == (source, writer):
        return
    raise LabError(
        f"The data set {path} has a source {manifest.source!r} already, exported by {manifest.writer!r}, and this is"
        f" {writer!r}. Load yours under another name, load(…, name=…), or take that one over with"
        f" export(…, writer={manifest.writer!r})."
    )


def put(path: Path, text: str) -> None:
    """Put a text in a file's place at once, so that a reader has the old one or the new one."""
    _written(path, text).replace(path)
    sync(path.parent)


def _written(path: Path, text: str) -> Path:
    new = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.new")
    new.write_text(text, encoding="utf-8")
    sync(new)
    return new
