from __future__ import annotations

from pathlib import Path

from sessionlab import Lab
from sessionlab.derive import derive
from sessionlab.kinds import KINDS
from sessionlab.samples import write_samples


def test_slices_give_the_same_sessions(tmp_path: Path) -> None:
    write_samples(tmp_path, 80, 1, format="sqlite")
    lab = Lab()
    for source in sorted(tmp_path.iterdir()):
        lab.load(source)
    whole = lab.sql("FROM sessions ORDER BY ALL").fetchall()
    assert len(whole) == 80
    for finer in (2, 9):
        with lab._storage.writing(lambda _: None) as writer:
            for kind in KINDS:
                derive(writer.connection, kind, {kind}, finer=finer)
        assert lab.sql("FROM sessions ORDER BY ALL").fetchall() == whole
