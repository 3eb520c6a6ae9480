"""The products of a workspace that customers compose: compiled once, kept, and taken up anew."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

from data.workspace import Workspace
from production.configuration.product import Product
from production.configuration.products import product_path, product_styles

Stamp = tuple[tuple[int, int] | None, ...]
"""When a model and its options were changed last, in ns, and how many bytes they have."""


class Products:
    """Holds each product from its first use on; safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._held: dict[str, tuple[Stamp, Product]] = {}
        self._compiling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def styles(self) -> tuple[str, ...]:
        """Ids of the styles that can be composed, ascending."""
        return product_styles(self._workspace)

    def product(self, style_id: str) -> Product:
        """The product of a style, compiled anew only where its files have changed.

        Raises:
            UnknownProduct: the style cannot be composed.
            BadModel, BadOptions: its files cannot be read.
        """
        path = product_path(self._workspace, style_id)
        with self._lock:
            compiling = self._compiling[style_id]
        with compiling:
            stamp = (_stamp(path), _stamp(path.with_suffix(".toml")))
            held = self._held.get(style_id)
            if held is None or held[0] != stamp:
                held = stamp, Product.read(path)
                self._held[style_id] = held
            return held[1]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
