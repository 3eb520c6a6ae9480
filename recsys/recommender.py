"""The recommender: a trained model, its customers' histories and the catalogue, ready to answer.

It is never changed once made: events of a minute ago come in as further lines of a request, along
the very path that the order lines of the training took, so a retrained recommender and one that
folds the same lines in differ only by what was learned from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import UnknownStyle, UnknownVariant
from recsys.folding import history_of, nobody_of
from recsys.interactions import Interactions
from recsys.lists.answering import Answering
from recsys.lists.arranging import Asked
from recsys.lists.explanation import unspoken
from recsys.lists.reasons import Reason
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import NO_RULES, Rules
from recsys.model import Model, Run
from recsys.models.popularity import Popularity
from recsys.registry import DEFAULT, build
from recsys.retrieval import Retrieval, retrieval_of
from recsys.training import learnable


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """Answers who should be shown what, and why.

    Every list takes `rules`: what may be shown, how it is moved, how many of a style there may be;
    see `recsys.lists.rules.Rules`. Without them a list holds what is on sale, by score alone.

    Attributes:
        model: the fitted model.
        popularity: what is shown to those nobody knows.
        interactions: all histories up to `interactions.as_of`.
        catalogue: names and dates of `interactions.variants`.
        data_digest: digest of the workspace's tables that it was trained on.
        retrieval: how its variants are searched, see `recsys.retrieval`; None for exactly.
    """

    model: Model
    popularity: Popularity
    interactions: Interactions
    catalogue: Catalogue
    data_digest: str
    retrieval: Retrieval | None = None
    _answering: Answering = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make room for what is worked out once and used by every request."""
        made = Answering(
            self.model, self.popularity, self.interactions, self.catalogue, self.retrieval
        )
        object.__setattr__(self, "_answering", made)  # the class is frozen

    def recommend(
        self,
        customer_id: str,
        k: int,
        *,
        exclude_seen: bool = False,
        extra: pd.DataFrame | None = None,
        as_of: np.datetime64 | None = None,
        rules: Rules = NO_RULES,
    ) -> RecommendationList:
        """The best k variants for a customer; the popular ones, so labelled, for one nobody knows.

        What is popular is that of the rules' region, where one is given and anybody bought there.

        Args:
            customer_id: who.
            k: how many at most, 1 or more.
            exclude_seen: leave out what the customer has bought.
            extra: lines since the training, see `recsys.folding.history_of`.
            as_of: the moment of the request, see `recsys.folding.history_of`.
            rules: what may be shown.

        Raises:
            BadRequest: k is below 1, or `as_of` lies before the training's.
            BadRules: a rule names what the catalogue does not have.
        """
        asked = Asked(k=k, rules=rules, exclude_seen=exclude_seen)
        return self._of_customer(customer_id, asked, extra, as_of)

    def recommend_many(
        self,
        customer_ids: Sequence[str],
        k: int,
        *,
        exclude_seen: bool = False,
        rules: Rules = NO_RULES,
    ) -> list[RecommendationList]:
        """What `recommend` answers for each of many customers, scored in batches.

        Raises:
            BadRequest: k is below 1.
            BadRules: a rule names what the catalogue does not have.
        """
        wanted = pd.Index(self.interactions.customers).get_indexer(pd.Index(customer_ids))
        known = np.unique(wanted[wanted >= 0])
        asked = Asked(k=k, rules=rules, exclude_seen=exclude_seen)
        lists = self._answering.lists(self.interactions.take(known), asked)
        place = {int(position): row for row, position in enumerate(known)}
        cold = self._cold("", asked) if (wanted < 0).any() else None
        return [
            lists[place[int(position)]]
            if cold is None or position >= 0
            else replace(cold, customer_id=customer_id)
            for customer_id, position in zip(customer_ids, wanted, strict=True)
        ]

    def recommend_basket(
        self,
        variant_ids: Sequence[str],
        k: int,
        *,
        exclude_seen: bool = True,
        rules: Rules = NO_RULES,
    ) -> RecommendationList:
        """The best k variants for a visitor nobody knows, from what lies in the basket.

        Args:
            variant_ids: the basket; an empty one is answered with what is popular.
            k: how many at most, 1 or more.
            exclude_seen: leave out what lies in the basket.
            rules: what may be shown.

        Raises:
            UnknownVariant: nobody knows a variant of the basket.
            BadRequest: k is below 1.
            BadRules: a rule names what the catalogue does not have.
        """
        positions = np.unique([self._position(variant_id) for variant_id in variant_ids])
        asked = Asked(k=k, rules=rules, exclude_seen=exclude_seen, basket=True)
        if not len(positions):
            return self._cold("", asked)
        ones = np.ones(len(positions))
        basket = Interactions.from_arrays(
            customers=np.array([""], dtype=object),
            variants=self.interactions.variants,
            customer=np.zeros(len(positions), dtype=np.int32),
            variant=positions,
            age=np.zeros(len(positions)),
            quantity=ones,
            weight=ones,
            as_of=self.interactions.as_of,
        )
        return self._answering.lists(basket, asked)[0]

    def recommend_style(
        self,
        customer_id: str,
        style_id: str,
        k: int,
        *,
        extra: pd.DataFrame | None = None,
        as_of: np.datetime64 | None = None,
        rules: Rules = NO_RULES,
    ) -> RecommendationList:
        """A style's variants, the one that the customer most likely takes first.

        The order is that of the model's score and of the attribute values (size, colour, …) that
        the customer usually takes, see `recsys.lists.variant_choice`.

        Args:
            customer_id: who; one nobody knows is shown what everybody takes of the style.
            style_id: which style.
            k: how many variants at most, 1 or more.
            extra: lines since the training, see `recsys.folding.history_of`.
            as_of: the moment of the request, see `recsys.folding.history_of`.
            rules: what may be shown.

        Raises:
            UnknownStyle: nobody knows the style.
            BadRequest: k is below 1, or `as_of` lies before the training's.
            BadRules: a rule names what the catalogue does not have.
        """
        style = self._answering.shelf.groups.styles.code(style_id)
        if style is None:
            raise UnknownStyle(
                f"Nobody knows a style '{style_id}'.",
                where="style_id",
                fix="Use a style id of the catalogue; leading zeros and capitals count.",
            )
        asked = Asked(k=k, rules=rules, style=style)
        return self._of_customer(customer_id, asked, extra, as_of)

    def knows_style(self, style_id: str) -> bool:
        """Whether the catalogue has a style."""
        return self._answering.shelf.groups.styles.code(style_id) is not None

    def similar(self, variant_id: str, k: int, *, rules: Rules = NO_RULES) -> RecommendationList:
        """The k variants on sale most like one; if none is known to be, its style's, then popular.

        Raises:
            UnknownVariant: nobody knows the variant.
            BadRequest: k is below 1.
            BadRules: a rule names what the catalogue does not have.
        """
        position = self._position(variant_id)
        others = np.arange(len(self.catalogue)) != position
        likeness = np.where(others, self.model.similar(position), np.float32(0))
        alike = likeness > 0
        title, asked = self.catalogue.label(position), Asked(k=k, rules=rules)
        told = Reason(
            kind="together",
            variant_id=variant_id,
            title=title,
            share=1.0,
            sentence=f"Customers who buy {title} buy it too.",
        )
        if (alike & self._answering.allowed(rules)).any():
            return self._answering.like(likeness, alike, lambda _: told, asked, fallback=None)
        sibling = replace(told, kind="style", sentence=f"It is of the same style as {title}.")
        siblings = self.catalogue.styles == self.catalogue.styles[position]
        popularity = self.popularity.popularity
        scores = (siblings + popularity / (popularity.max() + 1)).astype(np.float32)
        return self._answering.like(
            scores,
            others,
            lambda variant: sibling if siblings[variant] else unspoken(popularity, variant),
            asked,
            fallback="popular",
        )

    def _of_customer(
        self,
        customer_id: str,
        asked: Asked,
        extra: pd.DataFrame | None,
        as_of: np.datetime64 | None,
    ) -> RecommendationList:
        moment, history = history_of(self.interactions, customer_id, extra, as_of)
        if history is None:
            return self._cold(customer_id, asked, moment)
        return self._answering.lists(history, asked)[0]

    def _cold(
        self, customer_id: str, asked: Asked, as_of: np.datetime64 | None = None
    ) -> RecommendationList:
        nobody = nobody_of(self.interactions, customer_id, as_of=as_of)
        return self._answering.lists(nobody, replace(asked, cold=True))[0]

    def _position(self, variant_id: str) -> int:
        position = self.catalogue.position(variant_id)
        if position is None:
            raise UnknownVariant(
                f"Nobody knows a variant '{variant_id}'.",
                where="variant_id",
                fix="Use an id of the catalogue; leading zeros and capitals count.",
            )
        return position


def train(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    model: str = DEFAULT,
    settings: Mapping[str, object] | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> Recommender:
    """Learn from all order lines and events before a moment.

    Args:
        workspace: where the orders and the catalogue lie.
        as_of: the moment up to which everything is known, exclusive; without it, the midnight
            after the last order.
        model: name of the model.
        settings: its hyperparameters; those left out have their defaults.
        run: seed and threads.
        progress: told of the steps.

    Raises:
        WorkspaceError: there are no orders.
        OutsideData: `as_of` is not after the first order, or well after the last.
        TooFewInteractions: no line of a known customer lies before `as_of`.
        UnknownModel: no model has that name.
        BadSettings: a setting does not exist or is out of bounds.
    """
    fitted, run = build(model, settings), run or Run()
    progress(f"Training {model}", 0, 3)
    digest = workspace.digest()  # before they are read: what is swapped meanwhile counts as newer
    interactions, catalogue = learnable(workspace, as_of)
    progress(f"Training {model}", 1, 3)
    fitted.fit(interactions, catalogue, run)
    popularity = Popularity().fit(interactions, catalogue, run)
    progress(f"Training {model}", 2, 3)
    progress(f"Training {model}", 3, 3)
    return Recommender(
        model=fitted,
        popularity=popularity,
        interactions=interactions,
        catalogue=catalogue,
        data_digest=digest,
        retrieval=retrieval_of(fitted, interactions, run),
    )
