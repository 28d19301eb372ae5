"""What is shown of texts that are too long: it fits, and no two texts look alike."""

from __future__ import annotations

from random import Random

import pytest

from sessionlab.charts.shorten import distinct, shortened, told_apart, width

MAZES = [f"blind-maze-explorer-{end}" for end in ("5x5", "algorithm", "algorithm.easy", "algorithm.hard")]
PAGE = "https://github.com/organisation/repository-of-many/blob/main/packages/core/src/very/deep/module_%s.py#L%d"
PAGES = [PAGE % ("alpha", 1), PAGE % ("beta", 1), PAGE % ("beta", 2)]


@pytest.mark.parametrize("room", [40, 60, 108, 130, 200])
@pytest.mark.parametrize("texts", [MAZES, PAGES])
def test_what_begins_alike_is_told_apart_and_fits(texts: list[str], room: int) -> None:
    shown = told_apart([*texts, "sorting"], room)
    assert list(shown) == [*texts, "sorting"]
    assert len(set(shown.values())) == len(shown)
    assert all(width(shown[text]) <= room for text in texts)


def test_a_text_keeps_its_start_and_where_it_differs() -> None:
    assert list(told_apart(MAZES, 130).values()) == [
        "blind-m…plorer-5x5",
        "blind-m…algorithm",
        "blind-m…ithm.easy",
        "blind-m…ithm.hard",
    ]
    assert list(told_apart(PAGES, 130).values()) == ["http…alpha.py#L1", "http…_beta.py#L1", "http…_beta.py#L2"]


def test_what_fits_or_begins_otherwise_stays_whole() -> None:
    for texts in (MAZES, ["long " * 50 + "tale", "tall " * 50 + "tale"], ["a", "a b", "a b c"]):
        assert told_apart(texts, 280) == dict(zip(texts, texts, strict=True))


def test_texts_that_differ_at_several_places_are_told_apart() -> None:
    texts = [f"a prefix of some length {first} and then more {last}" for first in "xy" for last in "12"]
    assert len(set(told_apart(texts, 120).values())) == 4


def test_any_texts_are_told_apart_in_any_room() -> None:
    random = Random(4)
    for _ in range(300):
        texts = ["".join(random.choices("ab…", k=random.randrange(30))) for _ in range(30)]
        assert len(set(told_apart(texts, random.randrange(30, 200)).values())) == len(set(texts))
        assert len(set(distinct(texts, random.randrange(30, 200)))) == 30


def test_words_of_any_length_are_cut_in_the_middle_of_them() -> None:
    texts = ["org.apache.hadoop.yarn." + "InvalidResourceRequest" * 3, "java.lang." + "Other" * 30, "とても長い" * 20]
    shown = distinct(texts, 300)
    assert [text[:5] for text in shown] == ["org.a", "java.", "とても長い"]
    assert all(text.endswith("…") and 250 < width(text) <= 300 for text in shown)
    assert shortened(f"topic like '{'x' * 200}'", 110) == f"topic like '{'x' * 97}…"


def test_the_same_is_numbered_and_still_fits() -> None:
    assert distinct(["lost", " lost\n", "found"], 200) == ["lost", "lost (2)", "found"]
    assert distinct(["lost" * 90, "lost" * 90], 100) == ["lostlostlostl…", "lostlostlo… (2)"]
