"""What composing a product answers, as plain values for JSON; amounts are texts, exactly."""

from __future__ import annotations

from typing import Any

from production.configuration.options import OptionExtra
from production.configuration.outline import Branch
from production.configuration.pricing import Price
from production.configuration.product import Clash, Product


def branch_json(branch: Branch, product: Product) -> dict[str, Any]:
    """An option in the tree, its state before any choice, and what it adds to the price."""
    feature, names = branch.feature, product.model.features
    known, name = product.beginning.known, feature.name
    extra = product.options.options.get(name) if product.options else None
    return {
        "name": name,
        "parent": branch.parent,
        "depth": branch.depth,
        "below": branch.below,
        "kind": feature.kind,
        "instances": feature.instances,
        "values": product.beginning.values.get(name, ()),
        "state": "on" if name in known.on else "off" if name in known.off else "open",
        "groups": [
            {
                "least": group.least,
                "most": group.most,
                "options": [names[member].name for member in group.members],
            }
            for group in branch.groups
        ],
        "price": None if extra is None else _option_price(extra),
    }


def conflict_json(clash: Clash) -> dict[str, Any]:
    """Why choices cannot be had together."""
    return {
        "choices": clash.choices,
        "changes": clash.changes,
        "because": [{"line": line, "rule": rule} for line, rule in clash.because],
        "looked_at": clash.looked_at,
    }


def price_json(price: Price) -> dict[str, Any]:
    """An itemised price."""
    return {
        "currency": price.currency,
        "quantity": price.quantity,
        "items": [
            {
                "what": item.what,
                "unit": None if item.unit is None else f"{item.unit:f}",
                "amount": f"{item.amount:f}",
            }
            for item in price.items
        ],
        "total": f"{price.total:f}",
        "numbers_open": price.numbers_open,
    }


def _option_price(extra: OptionExtra) -> dict[str, Any] | None:
    amounts = (extra.price, extra.once.price, extra.each.price)
    if not any(amounts) and not extra.lead_time_days:
        return None
    named = zip(("unit", "once", "each"), amounts, strict=True)
    found: dict[str, Any] = {name: f"{amount:f}" for name, amount in named}
    return found | {"lead_time_days": extra.lead_time_days}
