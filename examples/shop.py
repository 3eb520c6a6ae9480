"""A shop in two pages: what it asks of Atelier from a customer's visit to a confirmed order.

    atelier demo
    atelier serve --workspace workspace
    python examples/shop.py --customer 10242 --style SH001

Needs a service with a product to compose and capacity on days ('atelier orders capacity'). Where it
asks for keys, name one of the role `shop` in ATELIER_KEY; the last step, the planner's report, is
for keys of the role `planner` alone and is left out with another.
"""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from api.client import Client, ServiceAway, ServiceRefused
from api.service.event_schemas import Event, EventKind, Events
from api.service.list_schemas import Recommendations
from api.service.order_schemas import LineRequest, OrderRequest, QuoteRequest, StepRequest
from api.service.product_schemas import ConfigurationAnswer, ConfigurationRequest, OptionTree


def recommend(shop: Client, customer: str) -> Recommendations:
    """The first page: what the customer likely wants, and why."""
    found = shop.recommendations(customer, k=5)
    for line in found.recommendations:
        why = line.reasons[0].sentence if line.reasons else ""
        print(f"{line.rank}. {line.title or line.variant_id}: {why}")
    return found


def listen(shop: Client, customer: str, variant: str, kind: EventKind) -> None:
    """Tell what the customer did; the next list knows it."""
    event = Event(
        event_id=str(uuid.uuid4()),
        customer_id=customer,
        variant_id=variant,
        kind=kind,
        at=datetime.now(UTC),
    )
    print(f"{shop.store_events(Events(events=[event])).stored} event stored")


def compose(shop: Client, customer: str, style: str) -> list[str]:
    """The second page: choose what the customer likely chooses, until nothing is left to choose."""
    tree = shop.options(style, limit=1000)
    choices: list[str] = []
    for _ in range(tree.options):
        state = shop.configure(style, ConfigurationRequest(choices=choices, customer_id=customer))
        if not state.to_choose:
            break
        choices.append(next(answers(tree, state)))
    price = state.price
    print(f"{style}: {', '.join(choices)}: {price.total if price else '?'}")
    return choices


def answers(tree: OptionTree, state: ConfigurationAnswer) -> Iterator[str]:
    """What may be chosen next, the likeliest first."""
    asked = state.to_choose[0].option
    below = {one.name for one in tree.tree if one.parent == asked}
    free = below - set(state.forced_off) - set(state.forced_on)
    yield from (one.choice for one in state.likely if one.choice in free)
    yield from sorted(free)
    yield from (f"{asked}={value}" for value in state.values.get(asked, [])[:1])


def order(shop: Client, customer: str, style: str, choices: list[str]) -> str:
    """Quote, hold and confirm; the client sends each step once, however often it must be sent."""
    quote = shop.quote(QuoteRequest(lines=[LineRequest(style_id=style, choices=choices)]))
    print(f"{quote.total} {quote.currency}, ready on {quote.promised_on}")
    held = shop.hold(OrderRequest(quote_id=quote.quote_id, customer_id=customer))
    confirmed = shop.confirm(held.order_id, StepRequest(version=held.version))
    print(f"order {confirmed.order_id} is {confirmed.state}")
    return confirmed.order_id


def report(shop: Client) -> bytes:
    """What the planner reads of it all; nothing with a shop's key."""
    try:
        found = shop.variant_mix()
    except ServiceRefused as refusal:
        if refusal.problem != "api.forbidden":
            raise
        print("the variant mix is for planners")
        return b""
    print(f"the variant mix: {len(found):,} bytes of JSON")
    return found


def visit(shop: Client, customer: str, style: str) -> str:
    """A customer's visit, from the first page to the order; the order's id."""
    found = recommend(shop, customer)
    listen(shop, customer, found.recommendations[0].variant_id, "cart")
    choices = compose(shop, customer, style)
    order_id = order(shop, customer, style, choices)
    report(shop)
    return order_id


def main() -> None:
    """Visit the shop once."""
    words = argparse.ArgumentParser(description="A visit to a shop.")
    words.add_argument("--url", default="http://127.0.0.1:8000")
    words.add_argument("--customer", default="10242")
    words.add_argument("--style", default="SH001")
    asked = words.parse_args()
    with Client(asked.url, key=os.environ.get("ATELIER_KEY")) as shop:
        try:
            visit(shop, asked.customer, asked.style)
        except ServiceRefused as refusal:
            raise SystemExit(f"{refusal} ({refusal.status})") from None
        except ServiceAway as away:
            raise SystemExit(str(away)) from None


if __name__ == "__main__":
    main()
