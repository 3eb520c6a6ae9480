"""Texts that customers typed into what they composed, taken out of orders that are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from data.ledger.schema import lines, orders
from data.ledger.states import FINISHED

IDS_A_QUERY: Final = 500

_UPDATE: Final = (
    update(lines)
    .where(lines.c.order_id == bindparam("o"), lines.c.line == bindparam("l"))
    .values(configuration=bindparam("c"))
)


def is_number(value: str) -> bool:
    """Whether a value is one that a plan may need; a text of digits cannot be told from it.

    >>> [is_number(one) for one in ("3", "-2.5", "Zoë", "")]
    [True, True, False, False]
    """
    try:
        float(value)
    except ValueError:
        return False
    return True


def without_text(choice: str) -> str:
    """A choice without what was typed; the option, and its number, stay.

    >>> [without_text(one) for one in ("ring", "letters=3", "engraving=for=ever", "!box")]
    ['ring', 'letters=3', 'engraving', '!box']
    """
    option, said, value = choice.partition("=")
    return choice if not said or is_number(value) else option


def forget_typed(connection: Connection, order_ids: Sequence[str]) -> None:
    """Take what was typed out of the lines of those orders that are finished.

    An order that is still to be made keeps it: nobody else knows what to engrave.
    """
    for start in range(0, len(order_ids), IDS_A_QUERY):
        some = order_ids[start : start + IDS_A_QUERY]
        query = (
            select(lines.c.order_id, lines.c.line, lines.c.configuration)
            .join(orders, orders.c.order_id == lines.c.order_id)
            .where(lines.c.order_id.in_(some), orders.c.state.in_(FINISHED))
        )
        changed = []
        for order_id, line, stored in connection.execute(query).all():
            before = json.loads(stored)
            after = [without_text(choice) for choice in before]
            if after != before:
                changed.append({"o": order_id, "l": line, "c": json.dumps(after)})
        if changed:
            connection.execute(_UPDATE, changed)
