"""The products of a workspace that customers compose: `products/STYLE.uvl`, options beside it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from data.kept import to_disk
from data.nearest import hint
from data.workspace import Workspace
from production.configuration.product import Product
from production.configuration.uvl.reading import read_model
from production.errors import BadModel, UnknownProduct

FOLDER: Final = "products"


def product_styles(workspace: Workspace) -> tuple[str, ...]:
    """Ids of the styles that can be composed, ascending."""
    folder = workspace.root / FOLDER
    return tuple(sorted(path.stem for path in folder.glob("*.uvl"))) if folder.is_dir() else ()


def product_path(workspace: Workspace, style_id: str) -> Path:
    """The model of a style.

    Raises:
        UnknownProduct: the style cannot be composed.
    """
    known = product_styles(workspace)
    if style_id not in known:
        raise UnknownProduct(
            f"'{style_id[:80]}' is no product that can be composed.",
            where="style_id",
            fix=hint(style_id, known)
            + f"Put its model into the workspace as {FOLDER}/STYLE.uvl (docs/configure.md).",
        )
    return workspace.root / FOLDER / f"{style_id}.uvl"


def read_products(workspace: Workspace) -> dict[str, Product]:
    """The products by style.

    Raises:
        BadModel, BadOptions: a file cannot be read.
    """
    return {
        style: Product.read(product_path(workspace, style)) for style in product_styles(workspace)
    }


def number_options(workspace: Workspace) -> frozenset[tuple[str, str]]:
    """(style, option) of the options that take a number or so many of them, and no text.

    A product whose model cannot be read has none, as far as anybody can tell.
    """
    found: set[tuple[str, str]] = set()
    for style in product_styles(workspace):
        with suppress(BadModel):
            model = read_model(product_path(workspace, style))
            found |= {(style, one.name) for one in model.features if one.kind != "String"}
    return frozenset(found)


def add_products(workspace: Workspace, files: Sequence[Path]) -> None:
    """Put models and their TOML files into the workspace, in place of those of the same names."""
    folder = workspace.root / FOLDER
    folder.mkdir(exist_ok=True)
    for path in files:
        partial = folder / f".{path.name}.partial"
        shutil.copyfile(path, partial)
        to_disk(partial)
        partial.replace(folder / path.name)
