"""The learned choices behind the service: read when others are learned, then held by style."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from api.choices import learned_choices
from api.settings import Settings
from data.workspace import Workspace
from production.configuration.choices import Choice
from production.configuration.learned.learned import LearnedChoices, LikelyChoice
from production.configuration.learned.saved import latest_choices_id
from production.configuration.product import Product
from production.errors import ChoicesRefused


class Likely:
    """Holds what was learned of each product; safe to share between threads.

    A customer can compose without it: what is missing or refused leaves the answer without likely
    choices, and says so.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._customer_of = workspace.pseudonyms().of
        self._reading = threading.Lock()
        self._held: dict[str, tuple[str | None, Product, LearnedChoices | str]] = {}

    def next(
        self,
        style_id: str,
        product: Product,
        choices: Sequence[Choice],
        *,
        customer_id: str | None,
        k: int,
    ) -> tuple[tuple[LikelyChoice, ...], str]:
        """The k likeliest of the choices that are open, or why there are none.

        Args:
            style_id: the product's style.
            product: the product as it is now.
            choices: possible ones.
            customer_id: whose, as the caller says it; None for anybody's.
            k: how many at most.
        """
        learned = self._learned(style_id, product)
        if isinstance(learned, str):
            return (), learned
        customer = None if customer_id is None else self._customer_of(customer_id)
        return learned.likely(choices, customer, k), ""

    def _learned(self, style_id: str, product: Product) -> LearnedChoices | str:
        latest = latest_choices_id(self._workspace)
        held = self._held.get(style_id)
        if held is not None and held[0] == latest and held[1] is product:
            return held[2]
        with self._reading:
            found: LearnedChoices | str
            try:
                kept = learned_choices(self._workspace, self._settings, {style_id: product})
                found = kept.get(style_id, "No choices of this product are learned yet.")
            except ChoicesRefused as error:
                found = str(error)
            self._held[style_id] = latest, product, found
            return found
