"""Packed JSON files: told by their first bytes; cut off and damaged ones are told too."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from sessionlab import Lab
from sessionlab.errors import SourceError
from sessionlab.loaders.packing import open_unpacked, packing_of, zstd_is_whole
from tests.loaders.records import codegen, loaded, write

LINES = "".join(json.dumps(codegen(number, noise=os.urandom(200).hex())) + "\n" for number in range(2000)).encode()
ARRAY = json.dumps([codegen(1), codegen(2)]).encode()
PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("name", ["a.json.gz", "a.json.zst", "a.json", "a.jsonl.gz"])
def test_packed(tmp_path: Path, packing: str, name: str) -> None:
    """What is in a file counts, whatever it is called."""
    with loaded(write(tmp_path / name, PACK[packing](ARRAY)), strict=True) as found:
        assert (found.ids, found.report.source) == (["1", "2"], "a")


@pytest.mark.parametrize("name", ["a.json.gz", "a.json.zst"])
def test_not_packed_after_all(tmp_path: Path, name: str) -> None:
    with loaded(write(tmp_path / name, ARRAY), strict=True) as found:
        assert found.ids == ["1", "2"]


@pytest.mark.parametrize("packing", PACK)
def test_bad_record_in_a_packed_file(tmp_path: Path, packing: str) -> None:
    content = json.dumps([codegen(1), codegen(2, parent_session_id="x"), codegen(3)]).encode()
    with loaded(write(tmp_path / "a.json.gz", PACK[packing](content))) as found:
        assert found.ids == ["1", "3"]
        assert [reject[1] for reject in found.rejects] == [1]


@pytest.mark.parametrize("packing", PACK)
def test_two_packed_files_in_one(tmp_path: Path, packing: str) -> None:
    parts = [json.dumps(codegen(number)).encode() + b"\n" for number in (1, 2)]
    for more in (b"", b"5\n"):
        content = b"".join(PACK[packing](part) for part in [*parts, *([more] if more else [])])
        with loaded(write(tmp_path / "a.jsonl.gz", content)) as found:
            assert found.ids == ["1", "2"]
            assert found.report.rejected == bool(more)


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("cut", [1, 5, 100_000])
def test_cut_off(tmp_path: Path, packing: str, cut: int) -> None:
    """What can be unpacked is loaded; that something is missing is told."""
    packed = PACK[packing](LINES)
    write(tmp_path / "some.jsonl.gz", packed[:-cut])
    write(tmp_path / "good.json", codegen(9999))
    with loaded(tmp_path) as found:
        assert 500 < found.report.sessions <= 2001
        file, place, why, raw = found.rejects[-1]
        assert (file, place, why, raw) == ("some.jsonl.gz", None, f"the {packing} file is cut off", "")
        assert found.report.sessions > 2000 or len(found.rejects) == 2


def test_zstd_cut_off_between_records(tmp_path: Path) -> None:
    """DuckDB's reader takes this for a whole file."""
    packer = zstandard.ZstdCompressor().compressobj()
    first = packer.compress(LINES[: LINES.index(b"\n") + 1]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    for content in (first, first[:9]):
        write(tmp_path / "some.jsonl", content)
        with Lab() as lab:
            try:
                report = lab.load(tmp_path / "some.jsonl")
                assert (report.sessions, report.rejected) == (1, 1)
                assert report.reasons[0].endswith("the zstd file is cut off")
            except SourceError as error:
                assert "the zstd file is cut off" in str(error)  # noqa: PT017 - both may be


def test_altered(tmp_path: Path) -> None:
    """Nothing is to be believed of a file whose checksum does not hold; DuckDB's reader does not look at it."""
    write(tmp_path / "good.json", codegen(9999))
    packed = bytearray(gzip.compress(LINES))
    packed[len(packed) // 2] ^= 1
    write(tmp_path / "some.jsonl.gz", bytes(packed))
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(LINES)
    write(tmp_path / "some.jsonl.zst", checked[:-4] + b"\0\0\0\0")
    with loaded(tmp_path) as found:
        assert found.ids == ["9999"]
        assert [(file, place) for file, place, *_ in found.rejects] == [
            ("some.jsonl.gz", None),
            ("some.jsonl.zst", None),
        ]
        assert all("file is damaged: " in reject[2] for reject in found.rejects)


@pytest.mark.parametrize(
    "packed",
    [
        zstandard.compress(LINES),
        zstandard.compress(b""),
        zstandard.compress(b"a" * 1_000_000),
        zstandard.ZstdCompressor(write_checksum=True).compress(LINES),
        zstandard.ZstdCompressor(write_content_size=False).compress(LINES),
        b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard.compress(LINES[:100]),
        zstandard.compress(LINES[:1000]) * 2,
    ],
)
def test_zstd_is_whole(tmp_path: Path, packed: bytes) -> None:
    path = str(write(tmp_path / "a.zst", packed))
    assert zstd_is_whole(path)
    for cut in (1, 2, 3, 4, 5):
        write(tmp_path / "a.zst", packed[:-cut])
        assert not zstd_is_whole(path)


@pytest.mark.parametrize("packing", [*PACK, "none"])
def test_open_unpacked(tmp_path: Path, packing: str) -> None:
    content = PACK.get(packing, bytes)(LINES)
    assert packing_of(content) == packing
    with open_unpacked(str(write(tmp_path / "a", content))) as file:
        assert file.read() == LINES
