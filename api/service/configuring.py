"""Composing products behind the service: the tree of options, and where choices lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api.configurations import branch_json, conflict_json, price_json
from api.ordering import AskedLine, Ordering
from api.products import Products
from api.service.likely import Likely
from api.service.product_schemas import MOST_QUESTIONS, ConfigurationRequest
from data.errors import AtelierError
from production.configuration.choices import Choice
from production.configuration.outline import Outline
from production.configuration.product import Product, State
from production.configuration.replacing import in_place_of
from production.configuration.undecided import undecided


class Configuring:
    """Answers for the products of a workspace; safe to share between threads."""

    def __init__(self, products: Products, likely: Likely, ordering: Ordering) -> None:
        self._products, self._likely, self._ordering = products, likely, ordering
        self._outlines: dict[str, tuple[Product, Outline]] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Every product in a line; one whose files cannot be read says why."""
        return [self._line(style_id) for style_id in self._products.styles()]

    def tree(
        self, style_id: str, option: str | None, *, levels: int | None, offset: int, limit: int
    ) -> dict[str, Any]:
        """A page of a product's options, see `Outline.below`.

        Raises:
            UnknownProduct: the style cannot be composed.
            BadChoice: there is no such option.
            BadModel, BadOptions: the product's files cannot be read.
        """
        product = self._products.product(style_id)
        total, branches = self._outline(style_id, product).below(
            option, levels=levels, offset=offset, limit=limit
        )
        return {
            "style_id": style_id,
            "name": product.model.features[0].name,
            "options": len(product.model.features),
            "currency": product.options.currency if product.options else None,
            "total": total,
            "tree": [branch_json(branch, product) for branch in branches],
        }

    def answer(self, style_id: str, asked: ConfigurationRequest) -> dict[str, Any]:
        """Where choices lead; options that stand as at the beginning are not named.

        Raises:
            BadChoice: an option that there is not, a value that does not fit, a contradiction.
            PriceRefused: a rule makes the price negative.
            UnknownProduct, BadModel, BadOptions: see `tree`.
        """
        product = self._products.product(style_id)
        choices = product.choices(asked.choices)
        state, beginning = product.state(choices), product.beginning
        questions = undecided(product.model, state, choices)
        return {
            "style_id": style_id,
            "valid": state.valid,
            "forced_on": [name for name in state.forced_on if name not in beginning.known.on],
            "forced_off": [name for name in state.forced_off if name not in beginning.known.off],
            "instead": in_place_of(product, choices) if state.valid else [],
            "open": len(state.open),
            "open_options": state.open if asked.list_open else None,
            "values": {
                name: left
                for name, left in state.values.items()
                if left != beginning.values.get(name)
            },
            "conflict": None if state.clash is None else conflict_json(state.clash),
            "to_choose": [asdict(one) for one in questions[:MOST_QUESTIONS]],
            "left_to_choose": len(questions),
            **self._priced(style_id, product, state, asked, whole=not questions),
        } | self._next(style_id, product, choices, asked, valid=state.valid)

    def _priced(
        self,
        style_id: str,
        product: Product,
        state: State,
        asked: ConfigurationRequest,
        *,
        whole: bool,
    ) -> dict[str, Any]:
        """Price and days of what is certain; once nothing is left to choose, as a quote says."""
        price = days = promised_on = None
        if product.options is not None and state.valid and whole:
            line = AskedLine(
                style_id=style_id, choices=tuple(asked.choices), quantity=asked.quantity
            )
            quoted, promised_on = self._ordering.preview(line)
            price, days = quoted.price, quoted.work.lead_time_days
        elif product.options is not None and state.valid:
            price = product.price(state.known, asked.quantity)
            days = product.lead_time_days(state.known)
        return {
            "price": None if price is None else price_json(price),
            "lead_time_days": days,
            "promised_on": promised_on,
        }

    def _next(
        self,
        style_id: str,
        product: Product,
        choices: Sequence[Choice],
        asked: ConfigurationRequest,
        *,
        valid: bool,
    ) -> dict[str, Any]:
        """What is likely chosen next, or a note why nobody knows."""
        if not valid or not asked.likely:
            return {"likely": [], "notes": []}
        found, missing = self._likely.next(
            style_id, product, choices, customer_id=asked.customer_id, k=asked.likely
        )
        return {
            "likely": [asdict(one) for one in found],
            "notes": [{"code": "no.choices", "what": missing}] if missing else [],
        }

    def _line(self, style_id: str) -> dict[str, Any]:
        line: dict[str, Any] = dict.fromkeys(
            ("name", "options", "currency", "price", "lead_time_days")
        )
        line["style_id"] = style_id
        try:
            product = self._products.product(style_id)
        except AtelierError as error:
            return line | {"refused": str(error)}
        line |= {"name": product.model.features[0].name, "options": len(product.model.features)}
        if product.options is not None:
            base = product.options.base
            line["currency"] = product.options.currency
            line["price"] = f"{base.price:f}"
            line["lead_time_days"] = base.lead_time_days
        return line

    def _outline(self, style_id: str, product: Product) -> Outline:
        held = self._outlines.get(style_id)
        if held is None or held[0] is not product:
            held = product, Outline(product.model)
            self._outlines[style_id] = held
        return held[1]
