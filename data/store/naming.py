"""Whether a message that no event could be read from names a customer.

It was refused for some fault of its form, so an id may stand in it in forms that no event has: as a
number, under another field, with escapes that JSON allows, or in no JSON at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_CUSTOMER: Final = "customer"
"""A number is an id where a field's name above it has this word: elsewhere 7 is a quantity too."""

_ESCAPE: Final = re.compile(r'\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]')
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class _Object:
    """An object's fields, those whose name comes twice included."""

    fields: list[tuple[str, Any]]


def names_customer(body: bytes, customer_id: str) -> bool:
    r"""Whether a message's body names a customer by an id.

    Of JSON every text and field's name is compared with the id, and every number below a field for
    customers. What is no JSON, or was cut, names the customer where the id stands in it as a word.
    O(body).

    >>> names_customer(b'{"customer_id": 10242}', "10242")
    True
    >>> names_customer(b'{"customer_id": "7", "value": 10242}', "10242")
    False
    >>> names_customer(rb'{"customer_id": "A\/7", ', "A/7")
    True
    """
    plain = b"\\" not in body and b"\0" not in body  # no escapes, no UTF-16
    if plain and not any(text in body for text in _written(customer_id)):
        return False
    return _names(body, customer_id)


def _names(body: bytes | str, customer_id: str) -> bool:
    try:
        value = json.loads(body, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return any(_has_word(text, customer_id) for text in _texts(body))
    if isinstance(value, str):  # JSON within JSON: a message that was encoded twice
        return value.strip() == customer_id or _names(value, customer_id)
    return customer_id in _ids(value)


def _ids(value: Any) -> Iterator[str]:
    """Whatever in a JSON value may be a customer's id."""
    left = [(value, False)]  # a stack of our own: JSON may nest deeper than functions may
    while left:
        one, of_customer = left.pop()
        match one:
            case _Object(fields):
                for name, held in fields:
                    yield name.strip()
                    left.append((held, of_customer or _CUSTOMER in name.lower()))
            case list():
                left += [(held, of_customer) for held in one]
            case str():
                yield one.strip()
            case _Number(text) if of_customer:
                yield from (text, text.removesuffix(".0"))


def _written(customer_id: str) -> set[bytes]:
    """An id's bytes without escapes."""
    latin = customer_id.encode("latin-1", "replace")
    return {customer_id.encode("utf-8", "surrogatepass"), latin}


def _texts(body: bytes | str) -> Iterator[str]:
    """What a body may say as text."""
    if isinstance(body, str):
        yield body
        return
    yield body.decode(json.detect_encoding(body), "replace")
    yield body.decode("latin-1")  # every byte is a letter there: what is no UTF-8 may be that


def _has_word(text: str, customer_id: str) -> bool:
    """Whether an id stands in a text, as it is or with JSON's escapes, as no part of a word."""
    word = re.compile(rf"(?<!\w){re.escape(customer_id)}(?!\w)")
    opened = _PAIR.sub(_joined, _ESCAPE.sub(_opened, text))
    return bool(word.search(text) or word.search(opened))


def _opened(escape: re.Match[str]) -> str:
    found: str = json.loads(f'"{escape[0]}"')
    return found


def _joined(pair: re.Match[str]) -> str:
    """The character of which escapes give both halves."""
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
