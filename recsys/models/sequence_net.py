"""The sequence model as torch modules, and its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.watching import tell
from recsys.interactions import Interactions
from recsys.models.sequences import Sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large the network is, and how it is trained; see `SequenceSettings`."""

    dimension: int
    layers: int
    heads: int
    length: int
    dropout: float
    negatives: int
    learning_rate: float
    weight_decay: float
    batch_size: int


class Block(nn.Module):
    """One pre-norm layer: attention to what came before, then a network of each place alone."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size = shape.dimension
        self.heads = shape.heads
        self.before_attention, self.before_network = nn.LayerNorm(size), nn.LayerNorm(size)
        self.projections = nn.Linear(size, 3 * size)
        self.joined = nn.Linear(size, size)
        self.network = nn.Sequential(
            nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size)
        )
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, places: Tensor, allowed: Tensor) -> Tensor:
        """(B, T, D) from (B, T, D); `allowed` (B, 1, T, T) is added to what attends to what."""
        batch, length, size = places.shape
        parts = self.projections(self.before_attention(places))  # (B, T, 3 D)
        query, key, value = (
            part.view(batch, length, self.heads, size // self.heads).transpose(
                1, 2
            )  # (B, H, T, D / H)
            for part in parts.split(size, dim=2)
        )
        seen = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        seen = seen.transpose(1, 2).reshape(batch, length, size)  # (B, T, D)
        places = places + self.dropout(self.joined(seen))
        added: Tensor = self.dropout(self.network(self.before_network(places)))
        return places + added


class Network(nn.Module):
    """K variants; a place of a sequence becomes what is wanted after it."""

    def __init__(self, variants: int, shape: Shape) -> None:
        super().__init__()
        size = shape.dimension
        self.shape = shape
        self.variants = nn.Parameter(torch.randn(variants, size) * size**-0.5)  # (K, D)
        self.bias = nn.Parameter(torch.zeros(variants))  # (K,)
        self.start = nn.Parameter(torch.randn(size) * 0.02)  # (D,)
        self.positions = nn.Parameter(torch.randn(shape.length, size) * 0.02)  # (L, D)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(size)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, variant: Tensor, weight: Tensor) -> Tensor:
        """What is wanted after each place.

        Args:
            variant: (B, T) long, T at most L, padded on the left with any variant.
            weight: (B, T) in [0, 1]; 0 for padding. A place is heard of by its weight.

        Returns:
            (B, T, D), the first places of padding as after the start alone.
        """
        batch, length = variant.shape
        places = self.variants[variant] * weight[..., None]  # (B, T, D)
        if length:
            places = places + self.positions[-length:]  # counted from the end
        begin = self.start.expand(batch, 1, -1)  # (B, 1, D)
        places = self.dropout(torch.cat((begin, places), dim=1))  # (B, 1 + T, D)
        heard = torch.cat((torch.ones_like(weight[:, :1]), weight), dim=1) if length else None
        allowed = self._allowed(batch, length, heard)
        for block in self.blocks:
            places = block(places, allowed)
        wanted: Tensor = self.last(places)
        return wanted

    def _allowed(self, batch: int, length: int, heard: Tensor | None) -> Tensor:
        """(B, 1, 1 + T, 1 + T): log weight of each earlier place, minus infinity for later ones."""
        size, where = length + 1, self.start.device
        later = torch.ones(size, size, dtype=torch.bool, device=where).triu(1)
        bias = torch.zeros(batch, size, device=where) if heard is None else heard.log()
        return bias[:, None, None, :].masked_fill(later, float("-inf"))

    def loss(self, wanted: Tensor, target: Tensor) -> Tensor:
        """Cross entropy against variants drawn evenly, each standing for K / N of all.

        With as many draws as variants it is the full softmax; with fewer the logQ correction keeps
        it an estimate of that.

        Args:
            wanted: (M, D) what is wanted at M places.
            target: (M,) long, what was taken next.
        """
        count = len(self.variants)
        drawn = torch.randperm(count, device=wanted.device)[: self.shape.negatives]  # (N,)
        logits = wanted @ self.variants[drawn].T + self.bias[drawn]  # (M, N)
        logits = logits + np.log(count / len(drawn))
        logits = logits.masked_fill(drawn == target[:, None], float("-inf"))
        own = (wanted * self.variants[target]).sum(dim=1) + self.bias[target]  # (M,)
        return (torch.logsumexp(torch.cat((own[:, None], logits), dim=1), dim=1) - own).mean()

    @torch.no_grad()
    def after(self, variant: NDArray[np.int64], weight: NDArray[np.float32]) -> Tensor:
        """(B, D): what is wanted after the last place of (B, L) sequences."""
        where = self.start.device
        places = self(torch.from_numpy(variant).to(where), torch.from_numpy(weight).to(where))
        wanted: Tensor = places[:, -1]
        return wanted

    @torch.no_grad()
    def items(self) -> Tensor:
        """(K, D + 1): each variant's vector and, last, its bias; their product is a score."""
        return torch.cat((self.variants, self.bias[:, None]), dim=1)


def train(
    network: Network,
    lines: Interactions,
    *,
    epochs: int,
    random: np.random.Generator,
    device: torch.device,
) -> list[float]:
    """AdamW over so many passes, the learning rate falling to 0 along a half cosine.

    Sequences of like length make a batch, so that little of it is padding.

    Args:
        network: to be trained, on `device`.
        lines: of all customers, over the network's variants.
        epochs: how many passes.
        random: shuffles lines of one moment and batches, and draws targets.
        device: where to.

    Returns:
        The mean loss of each epoch; none where no line follows another.
    """
    shape = network.shape
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=shape.learning_rate, weight_decay=shape.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(epochs, 1))
    losses = []
    network.train()
    for epoch in range(epochs):
        sequences = Sequences.of(lines, shape.length, random)
        batches, targets = sequences.batches(shape.batch_size), sequences.targets(random)  # (S, L)
        total, places = 0.0, 0
        for place in random.permutation(len(batches)):
            rows, width = batches[place]
            variant, weight, target = (
                torch.from_numpy(np.ascontiguousarray(each[rows, -width:])).to(device)
                for each in (sequences.variant, sequences.weight, targets)
            )
            learned = target >= 0
            if not learned.any():
                continue
            optimizer.zero_grad()
            wanted = network(variant, weight)[:, 1:][learned]  # (M, D)
            loss = network.loss(wanted, target[learned])
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            total, places = total + loss.item() * len(wanted), places + len(wanted)
        if places:
            schedule.step()
            losses.append(total / places)
            tell("sequence", epoch + 1, epochs, losses[-1])
    network.eval()
    return losses
