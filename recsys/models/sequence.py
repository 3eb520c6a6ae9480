"""Sequence: what a customer takes next, told from the order of what they took.

Self-attention over a customer's last lines, each place hearing of those before it (Kang and
McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018), with what later work found to
matter more than the network (Petrov and Macdonald, "gSASRec", RecSys 2023; Tikhonovich et al.,
"eSASRec", RecSys 2025): normalisation before each layer, and a softmax over many variants rather
than one drawn at a time. What comes next is any line of the customer's next moment, for the lines
of one order have no order among themselves; an event may come next as well as an order line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last
from recsys.models.sequences import last_lines

if TYPE_CHECKING:
    from recsys.models.sequence_net import Network

CELLS: Final = 8_000_000
"""Numbers of a layer that are held at a time in scoring: 32 MB."""


class SequenceSettings(Settings):
    """Hyperparameters of the sequence model."""

    dimension: Annotated[int, Field(ge=1, le=1_024), Search(32, 256)] = 64
    """Length of a place's and a variant's vector."""

    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Layers of attention."""

    heads: PositiveInt = 2
    """Parts that each layer's attention is made of; they divide the dimension."""

    length: Annotated[int, Field(ge=1, le=1_000), Search(20, 200)] = 64
    """Last lines of a customer that are looked at."""

    dropout: Annotated[float, Field(ge=0, lt=1), Search(0.1, 0.5, log=False)] = 0.4
    """Share of each layer's outcome that is left out in training."""

    negatives: PositiveInt = 512
    """Variants that what came next is compared to, drawn anew for each batch."""

    epochs: Annotated[int, Field(ge=0, le=1_000), Search(5, 60)] = 15
    """Passes over all sequences."""

    learning_rate: Annotated[PositiveFloat, Search(3e-4, 1e-2)] = 2e-3
    """Step of AdamW at the start; it falls to 0 along a half cosine."""

    weight_decay: Annotated[NonNegativeFloat, Search(1e-3, 1)] = 0.05
    """What AdamW draws the weights to 0 by."""

    batch_size: PositiveInt = 24
    """Sequences a step."""

    @model_validator(mode="after")
    def _heads_divide_the_dimension(self) -> Self:
        if self.dimension % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the dimension {self.dimension}")
        return self


class Sequence(Model):
    """Score: the vector after a customer's last line, times each variant's, plus a bias.

    An epoch takes O(lines * (layers * dimension * (dimension + length) + negatives * dimension)).
    A variant that nobody took has no vector and comes last.
    """

    name: ClassVar[str] = "sequence"
    settings: SequenceSettings

    def __init__(self, settings: SequenceSettings | None = None) -> None:
        self.settings = settings or SequenceSettings()
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it
        self._network: Network | None = None
        self._vectors: NDArray[np.float32] = np.zeros((0, 1), dtype=np.float32)  # (V, D + 1)
        self._losses: list[float] = []

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(SequenceSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Train on every customer's sequence; on a graphics card where there is one."""
        # torch takes seconds to load, which no other model should cost
        from recsys.models.sequence_net import train  # noqa: PLC0415
        from recsys.models.training import confined  # noqa: PLC0415

        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        with confined(seed=run.seed, threads=run.threads, variants=len(self._known)) as device:
            network = self._unfitted().to(device)
            self._losses = train(
                network,
                self._among(interactions),
                epochs=self.settings.epochs,
                random=np.random.default_rng(run.seed),
                device=device,
            )
        return self._take_up(network)

    def _take_up(self, network: Network) -> Self:
        """Hold a network, and each variant's vector with its bias for the last of it."""
        self._network = network
        self._vectors = np.zeros((len(self._known), self.settings.dimension + 1), dtype=np.float32)
        self._vectors[self._known] = network.items().cpu().numpy()
        return self

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def _unfitted(self) -> Network:
        from recsys.models.sequence_net import Network, Shape  # noqa: PLC0415

        shape = Shape(**{name: getattr(self.settings, name) for name in Shape.__slots__})
        return Network(int(self._known.sum()), shape)

    def _among(self, lines: Interactions) -> Interactions:
        """The lines of variants with a vector, over these alone."""
        kept = self._known[lines.variant]
        place = np.cumsum(self._known, dtype=np.int32) - 1
        return replace(
            lines,
            variants=lines.variants[self._known],
            customer=lines.customer[kept],
            variant=place[lines.variant[kept]],
            age=lines.age[kept],
            quantity=lines.quantity[kept],
            weight=lines.weight[kept],
        )

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class; equal to one-by-one but for float32 rounding of the products."""
        scores: NDArray[np.float32] = self.vectors(histories) @ self._vectors.T
        put_last(scores, self._known)
        return scores

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, D + 1) float32: the variants' vectors and their bias; zeros for one never taken."""
        return self._vectors

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, D + 1) float32: what each customer wants after their last line, and a 1."""
        return self._after(*last_lines(self._among(histories), self.settings.length))

    def _after(
        self, variant: NDArray[np.int64], weight: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(B, D + 1) float32: what is wanted after (B, L) places, and a 1; in bounded memory."""
        assert self._network is not None, "fit or restore comes first"  # noqa: S101  # the contract
        chosen, length = self.settings, self.settings.length + 1
        some = max(1, CELLS // (length * max(4 * chosen.dimension, chosen.heads * length)))
        wanted = np.ones((len(variant), chosen.dimension + 1), dtype=np.float32)
        for start in range(0, len(variant), some):
            here = slice(start, start + some)
            wanted[here, :-1] = self._network.after(variant[here], weight[here]).cpu().numpy()
        return wanted

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """How far each score falls if the variant had never been in the history.

        Each held variant's lines are silenced in their places in turn, so that the others keep
        theirs (leave-one-out, or occlusion: Zeiler and Fergus 2014); the parts need not add up.
        What lies behind the last lines that are looked at carries nothing.
        """
        held = history.held()
        whole = self._among(history)
        variant, weight = last_lines(whole, self.settings.length)  # (1, L)
        place = np.cumsum(self._known) - 1
        looked_at = variant[weight > 0]
        heard = np.flatnonzero(self._known[held] & np.isin(place[held], looked_at))  # (h,), h <= L
        silent = variant == place[held[heard]][:, None]  # (h, L)
        # the whole history is a row among the others, so that all are rounded alike
        weights = np.where(np.vstack((np.zeros_like(variant, dtype=bool), silent)), 0, weight)
        wanted = self._after(np.repeat(variant, len(weights), axis=0), weights)  # (1 + h, D + 1)
        shares = np.zeros((len(variants), len(held)), dtype=np.float32)
        shares[:, heard] = self._vectors[variants] @ (wanted[:1] - wanted[1:]).T
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the variants' vectors; 0 where there is none."""
        vectors = self._vectors[:, :-1]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        likeness: NDArray[np.float32] = vectors @ vectors[variant]
        likeness[variant] = -np.inf
        return likeness

    def facts(self) -> Mapping[str, object]:
        """The mean loss of the first and the last epoch."""
        return {"losses": [self._losses[0], self._losses[-1]]} if self._losses else {}

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """Every parameter of the network, and which variants it knows."""
        assert self._network is not None, "fit or restore comes first"  # noqa: S101  # the contract
        learned = self._network.state_dict()
        return {"known": self._known} | {key: each.cpu().numpy() for key, each in learned.items()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        import torch  # noqa: PLC0415  # see `fit`

        from recsys.models.training import confined  # noqa: PLC0415

        self._known = state["known"].astype(bool, copy=False)
        with confined(
            seed=0, threads=1, variants=len(self._known)
        ) as device:  # draws weights, to be overwritten
            network = self._unfitted().to(device).eval()
        network.load_state_dict(
            {key: torch.from_numpy(state[key].copy()) for key in state if key != "known"}
        )
        return self._take_up(network)
