"""The two towers as torch modules, and their training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from data.watching import tell
from recsys.models.examples import Examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large the towers are, and how they are trained; see `TwoTowerSettings`."""

    dimension: int
    temperature: float
    id_dropout: float
    learning_rate: float
    weight_decay: float
    batch_size: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of V variants: (V, F) sparse features, and (V, P) numbers."""

    features: Tensor
    numbers: Tensor

    @classmethod
    def of(
        cls,
        features: sparse.csr_matrix[np.float32],
        numbers: NDArray[np.float32],
        device: torch.device,
    ) -> Self:
        """The same, as tensors."""
        entries = features.tocoo()
        return cls(
            torch.sparse_coo_tensor(
                torch.from_numpy(np.stack((entries.row, entries.col)).astype(np.int64)),
                torch.from_numpy(entries.data),
                features.shape,
                check_invariants=False,
            )
            .coalesce()
            .to(device),
            torch.from_numpy(numbers).to(device),
        )


class Towers(nn.Module):
    """K variants with F features of attributes and P numbers each, in D dimensions."""

    def __init__(self, attributes: Attributes, shape: Shape) -> None:
        super().__init__()
        variants, width = attributes.features.shape
        size = shape.dimension
        self.shape = shape
        self.attributes = attributes
        self.words = nn.Parameter(torch.randn(width, size) * size**-0.5)  # (F, D)
        self.measures = nn.Linear(attributes.numbers.shape[1], size)
        self.mixed = nn.Sequential(nn.GELU(), nn.Linear(size, size))
        self.as_taken = nn.Linear(size, size)
        self.as_wanted = nn.Linear(size, size)
        self.as_bias = nn.Linear(size, 1)
        self.taken_id = nn.Parameter(torch.zeros(variants, size))  # (K, D)
        self.wanted_id = nn.Parameter(torch.zeros(variants, size))  # (K, D)
        self.bias_id = nn.Parameter(torch.zeros(variants))  # (K,)

    def judged(self, attributes: Attributes) -> tuple[Tensor, Tensor, Tensor]:
        """What attributes alone make of any V variants: as taken (V, D), as wanted (V, D), bias."""
        looks = torch.sparse.mm(attributes.features, self.words)  # (V, D)
        looks = looks + self.measures(attributes.numbers)  # (V, D)
        looks = looks + self.mixed(looks)  # (V, D)
        return self.as_taken(looks), self.as_wanted(looks), self.as_bias(looks)[:, 0]

    def forward(self, kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The K variants as parts of a history, as wanted, and how much anybody wants them.

        Args:
            kept: (K, 1) what remains of each variant's own embedding; 0 scores by attributes.

        Returns:
            (K, D) unbounded, (K, D) of unit length, (K,).
        """
        taken, wanted, bias = self.judged(self.attributes)
        wanted = nn.functional.normalize(wanted + self.wanted_id * kept, dim=1)  # (K, D)
        return taken + self.taken_id * kept, wanted, bias + self.bias_id * kept[:, 0]

    def loss(self, histories: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of the full softmax.

        Args:
            histories: (B, K) recency.
            targets: (B, K), adding up to 1.
        """
        drawn = torch.rand(histories.shape[1], 1, device=histories.device)
        taken, wanted, bias = self((drawn >= self.shape.id_dropout).float())
        person = nn.functional.normalize(histories @ taken, dim=1)  # (B, D)
        logits = person @ wanted.T / self.shape.temperature + bias  # (B, K)
        return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()

    @torch.no_grad()
    def of_all(
        self, everything: Attributes, known: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """What `forward` says of the known variants, and attributes alone of the others.

        Args:
            everything: attributes of all V variants.
            known: (V,) which of them are the K.

        Returns:
            (V, D), (V, D) and (V,) float32, as `forward`.
        """
        taken, wanted, bias = self.judged(everything)
        cold = (taken, nn.functional.normalize(wanted, dim=1), bias)
        warm = self(torch.ones(len(self.bias_id), 1, device=bias.device))
        place = torch.from_numpy(np.flatnonzero(known)).to(bias.device)
        every, as_wanted, biased = (
            whole.index_copy(0, place, part).cpu().numpy()
            for whole, part in zip(cold, warm, strict=True)
        )
        return every, as_wanted, biased


def train(
    towers: Towers,
    examples: Callable[[int], Examples],
    *,
    epochs: int,
    random: np.random.Generator,
    device: torch.device,
) -> list[float]:
    """AdamW over so many passes, the learning rate falling to 0 along a half cosine.

    Args:
        towers: to be trained, on `device`.
        examples: the examples of an epoch.
        epochs: how many passes.
        random: shuffles the examples.
        device: where to.

    Returns:
        The mean loss of each epoch; none where there are no examples.
    """
    shape = towers.shape
    optimizer = torch.optim.AdamW(
        towers.parameters(), lr=shape.learning_rate, weight_decay=shape.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(epochs, 1))
    losses = []
    for epoch in range(epochs):
        given = examples(epoch)
        order = random.permutation(len(given))
        total = 0.0
        for start in range(0, len(order), shape.batch_size):
            rows = order[start : start + shape.batch_size]
            histories, targets = (torch.from_numpy(each).to(device) for each in given.dense(rows))
            optimizer.zero_grad()
            loss = towers.loss(histories, targets)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            total += loss.item() * len(rows)
        if len(order):
            schedule.step()
            losses.append(total / len(order))
            tell("two_tower", epoch + 1, epochs, losses[-1])
    return losses
