"""Links are told from plain paths, and each file is found once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlab.loaders.links import linked, once


@pytest.fixture(params=[1, 50])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Give the plain files of a folder: few, or so many that the folder is listed."""
    (tmp_path / "real").mkdir()
    paths = [tmp_path / "real" / f"{number}.json" for number in range(request.param)]
    for path in paths:
        path.write_text("{}")
    return [str(path) for path in paths]


def test_linked(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "real" / "file").symlink_to("0.json")
    (tmp_path / "real" / "nowhere").symlink_to("none")
    by_link = [f"{tmp_path}/folder/0.json", f"{tmp_path}/real/file", f"{tmp_path}/real/../real/0.json"]
    gone = [f"{tmp_path}/real/nowhere", f"{tmp_path}/real/none.json", f"{tmp_path}/none/0.json"]
    assert linked([*files, *by_link, *gone]) == dict.fromkeys(by_link, files[0])


def test_a_folder_that_is_no_longer_there(tmp_path: Path) -> None:
    assert linked(f"{tmp_path}/none/{number}.json" for number in range(50)) == {}


def test_once(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "a").symlink_to("real/0.json")
    link = f"{tmp_path}/a"
    assert once([*files, *files]) == sorted(files)
    assert once([*files, link]) == sorted([link, *files[1:]])
    assert once([*files, link], files.__contains__) == sorted(files)
