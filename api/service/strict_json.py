"""JSON as RFC 8259 and I-JSON mean it: one reading only, and nothing that breaks later.

Python's reader takes NaN, 1e999 (as infinity), duplicate keys and lone surrogates; each of them
ends as a wrong figure, a silently dropped field or a crash far from the request.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from api.errors import Malformed

WHERE: Final = "body"


def parse(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        Malformed: no UTF-8, no JSON, NaN or infinity, a number beyond float64, a duplicate key, a
            lone surrogate, or nesting deeper than the reader takes.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        # An escaped lone surrogate is a legal str that no encoder takes.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"The body is no UTF-8 (byte {error.start}).", where=WHERE, fix="Send UTF-8."
        ) from None
    except UnicodeEncodeError:
        raise Malformed(
            "A text holds half of a surrogate pair.", where=WHERE, fix="Send whole characters."
        ) from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The body is no JSON: {error.msg}.",
            where=f"{WHERE}, line {error.lineno}, column {error.colno}",
            fix="Send one JSON object.",
        ) from None
    except RecursionError:
        raise Malformed(
            "The body is nested too deeply.", where=WHERE, fix="Send the object of the docs."
        ) from None
    except ValueError:
        # What json.loads leaves to int(): more digits than Python converts.
        raise Malformed(
            "A number has too many digits.", where=WHERE, fix="Send numbers of plain size."
        ) from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise Malformed("An object has the same key twice.", where=WHERE, fix="Send each key once.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is no JSON number.", where=WHERE, fix="Send finite numbers.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Malformed(
            "A number is beyond the range of float64.", where=WHERE, fix="Send finite numbers."
        )
    return value
