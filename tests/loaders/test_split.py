"""Cutting broken JSON: whatever one record does, the others are found."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.errors import InvalidRecord
from sessionlab.loaders.decode import decode
from sessionlab.loaders.ends import Ends
from sessionlab.loaders.forms import Form, form_of
from sessionlab.loaders.split import depth_of, split


def is_record(raw: bytes) -> bool:
    try:
        value = decode(raw)
    except InvalidRecord:
        return False
    return isinstance(value, dict) and "id" in value


def cut(text: str | bytes, form: Form | None = None) -> tuple[list[Any], list[str]]:
    """Give the ids of the records found, and the texts of what is none."""
    data = text if isinstance(text, bytes) else text.encode()
    ids, broken = [], []
    places = []
    for piece in split(data, 0, form or form_of(data), is_record):
        if piece.index is not None:
            places.append(piece.index)
        if piece.trouble is None and is_record(piece.raw):
            ids.append(decode(piece.raw)["id"])
        else:
            broken.append(piece.raw.decode(errors="backslashreplace"))
    assert places == list(range(len(places)))
    return ids, broken


A, B, C = '{"id": 1, "x": [{}]}', '{"id": 2}', '{"id": 3, "text": "a \\"quote\\", {a brace} and a [bracket"}'


@pytest.mark.parametrize(
    ("text", "ids", "broken"),
    [
        (f"[{A},{B},{C}]", [1, 2, 3], []),
        ("[]", [], []),
        (f'[{A},{{"id": "2}},{C}]', [1, 3], ['{"id": "2},']),
        (f'[{A},{{"id": 2,{C}]', [1, 3], ['{"id": 2,']),
        (f"[{A},{B}]}},{C}]", [1, 2, 3], ["},"]),
        (f"[]{A},{B}]", [1, 2], []),
        (f'[]"id": 3}},{A},{B}]', [1, 2], ['"id": 3},']),
        (f"[{A}][{B}]\n{C} x", [1, 2], [f"{C} x"]),
        ("[" + "[]" * 5000, [], ["[]" * 5000, ""]),
        (f"[{A}]" * 3000, [1] * 3000, []),
        (f"[{A},{B}}},{C}]", [1, 3], [f"{B}}}"]),
        (f"[{A},{{{B},{C}]", [1, 2, 3], ["{"]),
        (f'[{A},{{"id": 02, "in": [{C}]}},{B}]', [1, 2], [f'{{"id": 02, "in": [{C}]}}']),
        (f"[{A},{B[:-1]}", [1], [B[:-1]]),
        (f"[{A},x y z,{B}]", [1, 2], ["x y z"]),
        (f"[{A},,{B}]", [1, 2], [""]),
        ("[", [], [""]),
        ("{", [], ["{"]),
        (f"{A}\n{B}x\n{C}", [1, 3], [f"{B}x"]),
        (f'{A}\n{{"id": "2}}\n{C}', [1, 3], ['{"id": "2}']),
        (f"{A}\n{{\n{C}", [1, 3], ["{"]),
        (f"{A} {B}\n\n{C}\n", [1, 2, 3], []),
        (f"{A}\n[{B}]\n{C}\n", [1, 3], [f"[{B}]"]),
        (f"x\ny {A}\n{B}", [1, 2], ["x\ny"]),
        ("no record at all", [], ["no record at all"]),
    ],
)
def test_cut(text: str, ids: list[int], broken: list[str]) -> None:
    assert cut(text) == (ids, broken)


RECORDS = st.lists(
    st.recursive(
        st.text(max_size=8) | st.integers() | st.booleans() | st.none() | st.sampled_from(list('{}[]",:\\')),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    min_size=1,
    max_size=12,
)
LAYOUTS = ["array", "pretty", "lines", "objects"]


def lay_out(texts: list[str], layout: str) -> str:
    if layout == "lines":
        return "\n".join(texts) + "\n"
    if layout == "objects":
        return "\n".join(json.dumps(json.loads(text), indent=1) for text in texts)
    between = ",\n  " if layout == "pretty" else ","
    return f"[{between.join(texts)}]"


@settings(deadline=None)
@given(RECORDS, st.sampled_from(LAYOUTS), st.booleans())
def test_sound_records_are_found_whole(values: list[Any], layout: str, ascii_only: bool) -> None:
    texts = [json.dumps({"id": place, "v": value}, ensure_ascii=ascii_only) for place, value in enumerate(values)]
    text = lay_out(texts, layout)
    assert cut(text) == (list(range(len(values))), [])


@settings(max_examples=100, deadline=None)
@given(RECORDS, st.sampled_from(["array", "pretty", "lines"]), st.randoms(use_true_random=False))
def test_a_broken_record_takes_no_other_along(values: list[Any], layout: str, chance: random.Random) -> None:
    """Drop, double or add one character of structure in one record: all the others are found."""
    texts = [json.dumps({"id": place, "v": value}) for place, value in enumerate(values)]
    victim = chance.randrange(len(texts))
    text = texts[victim]
    place = chance.choice([at for at, sign in enumerate(text) if sign in '{}[]",:'])
    texts[victim] = text[:place] + chance.choice(["", text[place] * 2, chance.choice('{}[]"')]) + text[place + 1 :]
    ids, _ = cut(lay_out(texts, layout), Form.LINES if layout == "lines" else Form.ARRAY)
    assert set(ids) >= set(range(len(values))) - {victim}


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from([Form.ARRAY, Form.LINES, Form.OBJECTS, Form.FOREIGN]))
def test_anything_ends(data: bytes, form: Form) -> None:
    cut(b"[" + data if form is Form.ARRAY else data, form)


@settings(deadline=None)
@given(st.text('{}[]",:\\ 1a\n', max_size=40), st.sampled_from([Form.ARRAY, Form.LINES, Form.OBJECTS, Form.FOREIGN]))
def test_any_structure_ends(text: str, form: Form) -> None:
    cut("[" + text if form is Form.ARRAY else text, form)


@pytest.mark.parametrize("size", [10, 1 << 20, (1 << 20) - 8, 5 << 20])
def test_ends_beyond_the_window(size: int) -> None:
    """A value may be larger than the window, or lie across its end."""
    one = json.dumps({"id": "é" * (size // 2)}, ensure_ascii=False).encode()
    data = b"[" + one + b"," + one + b"," + b"-12.5e3]"
    ends = Ends(data)
    assert ends.of_value(1) == 1 + len(one)
    assert ends.of_value(2 + len(one)) == 2 + 2 * len(one)
    assert ends.of_value(3 + 2 * len(one)) == len(data) - 1
    assert ends.of_value(len(data) - 1) is None
    assert ends.of_value(1) == 1 + len(one)


def test_large_broken_record_costs_little() -> None:
    """A quote too few at the start of a large file: what comes next is found without reading the file many times."""
    many = [json.dumps({"id": number, "code": "x = {'a': [1]}\n" * 5}) for number in range(20_000)]
    many[3] = many[3].replace('"', "", 1)
    ids, broken = cut("[" + ",\n".join(many) + "]")
    assert len(ids) == 19_999
    assert len(broken) == 1


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        (b"1", 0),
        (b"[]", 1),
        (b'{"a": [{"b": "[[["}]}', 3),
        (b'["\\"[["]', 1),
        (b"[" * 1000, 1000),
        (b"[[]" * 1000, 1001),
    ],
)
def test_depth(text: bytes, depth: int) -> None:
    assert depth_of(text) == depth
