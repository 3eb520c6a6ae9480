from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Malformed
from api.service.strict_json import parse

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(plain)
def test_every_plain_value_is_read_as_it_was_written(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"k": 1,}',
        b"{'k': 1}",
        b'{"k": NaN}',
        b'{"k": Infinity}',
        b'{"k": -Infinity}',
        b'{"k": 1e999}',
        b'{"k": -1e999}',
        b'{"k": 1, "k": 2}',
        b'{"a": {"k": 1, "k": 1}}',
        b'{"k": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"k": "\xff"}',
        b'\xef\xbb\xbf{"k": 1}',
        b"\xff\xfe{\x00}\x00",
        b'{"k": ' + b"9" * 5000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"k": 01}',
        b'{"k": "a\nb"}',
        b'{"k": 1} {"k": 2}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_has_two_readings_or_none_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        parse(body)
    assert refusal.value.where.startswith("body")
    assert refusal.value.fix
