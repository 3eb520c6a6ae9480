"""Texts that customers typed into what they composed, taken out of orders that are made.

A text of digits alone, such as a telephone number to engrave, cannot be told from a number by its
looks. So a value stays only where the product's model says that its option takes a number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from data.ledger.schema import lines, orders
from data.ledger.states import FINISHED

IDS_A_QUERY: Final = 500

NumberOptions = frozenset[tuple[str, str]]
"""(style, option) of the options that take a number."""

_UPDATE: Final = (
    update(lines)
    .where(lines.c.order_id == bindparam("o"), lines.c.line == bindparam("l"))
    .values(configuration=bindparam("c"))
)


def is_number(value: str) -> bool:
    """Whether a value reads as a number.

    >>> [is_number(one) for one in ("3", "-2.5", "Zoë", "")]
    [True, True, False, False]
    """
    try:
        float(value)
    except ValueError:
        return False
    return True


def without_text(choice: str, style_id: str | None, numbers: NumberOptions) -> str:
    """A choice without what was typed; the option, and its number, stay.

    >>> numbers = frozenset({("R", "letters")})
    >>> said = ("ring", "letters=3", "engraving=for=ever", "inside=0049", "!box")
    >>> [without_text(one, "R", numbers) for one in said]
    ['ring', 'letters=3', 'engraving', 'inside', '!box']
    """
    option, said, value = choice.partition("=")
    stays = not said or ((style_id or "", option) in numbers and is_number(value))
    return choice if stays else option


def forget_typed(
    connection: Connection, order_ids: Sequence[str], numbers: NumberOptions = frozenset()
) -> None:
    """Take what was typed out of the lines of those orders that are finished.

    An order that is still to be made keeps it: nobody else knows what to engrave.

    Args:
        connection: in whose transaction.
        order_ids: of which orders.
        numbers: options whose values are no texts.
    """
    for start in range(0, len(order_ids), IDS_A_QUERY):
        some = order_ids[start : start + IDS_A_QUERY]
        query = (
            select(lines.c.order_id, lines.c.line, lines.c.style_id, lines.c.configuration)
            .join(orders, orders.c.order_id == lines.c.order_id)
            .where(lines.c.order_id.in_(some), orders.c.state.in_(FINISHED))
        )
        changed = []
        for order_id, line, style_id, stored in connection.execute(query).all():
            before = json.loads(stored)
            after = [without_text(choice, style_id, numbers) for choice in before]
            if after != before:
                changed.append({"o": order_id, "l": line, "c": json.dumps(after)})
        if changed:
            connection.execute(_UPDATE, changed)
