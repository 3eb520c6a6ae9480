"""The learned choices of a workspace: learned and kept, or loaded as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from api.errors import NotReady
from api.settings import Settings
from api.work import key_of
from data.progress import Progress, silent
from data.tables import CONFIGURATIONS
from data.workspace import Workspace
from production.configuration.attach.drawing import attach_rates
from production.configuration.attach.saved import save_attach
from production.configuration.learned.evaluation import evaluate_choices
from production.configuration.learned.fitting import fit_choices
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.past import PastConfigurations, read_past
from production.configuration.learned.profiles import read_profiles
from production.configuration.learned.saved import load_choices, save_choices
from production.configuration.product import Product
from production.configuration.products import FOLDER, read_products
from production.errors import TooFewConfigurations


def learn_and_save(
    workspace: Workspace, settings: Settings, *, progress: Progress = silent
) -> dict[str, tuple[LearnedChoices, PastConfigurations]]:
    """Learn the choices of every product and keep them and their attach rates; what from, by style.

    Raises:
        NotReady: the workspace has no products or no past configurations.
        TooFewConfigurations: a product has too few.
        BadModel, BadOptions: a product's file cannot be read.
    """
    products, pasts, composed = _read(workspace)
    profiles = read_profiles(workspace, without=composed)
    found = {}
    for at, (style, past) in enumerate(pasts.items()):
        progress("Learning choices", at, len(pasts))
        learned = fit_choices(products[style], past, profiles, style_id=style, seed=settings.seed)
        found[style] = (learned, past)
    save_choices(
        workspace, {style: one for style, (one, _) in found.items()}, key_of(workspace, settings)
    )
    progress("Learning choices", len(pasts), len(pasts))
    save_attach(
        workspace,
        {
            style: attach_rates(workspace, learned, past, seed=settings.seed)
            for style, (learned, past) in found.items()
        },
    )
    return found


def learned_choices(
    workspace: Workspace, settings: Settings, products: Mapping[str, Product] | None = None
) -> dict[str, LearnedChoices]:
    """The learned choices that the workspace keeps, by style; none where none were learned.

    Args:
        workspace: where they are kept.
        settings: say what they are signed with.
        products: by style; read from the workspace without.

    Raises:
        ChoicesRefused: they are altered, incomplete, of another version or of another model.
    """
    given = read_products(workspace) if products is None else products
    return load_choices(workspace, given, key_of(workspace, settings))


def judged_choices(
    workspace: Workspace, settings: Settings, *, days: int, progress: Progress = silent
) -> dict[str, Any]:
    """The figures of learned choices on the newest days, by style, as plain values.

    Choices are learned from what lay before those days; a style with too little then has a reason.

    Raises:
        NotReady: the workspace has no products or no past configurations.
    """
    products, pasts, composed = _read(workspace)
    newest = max((past.moments.max() for past in pasts.values() if len(past)), default=None)
    found: dict[str, Any] = {"days": days, "styles": {}}
    if newest is None:
        return found
    start = newest.astype("datetime64[D]") - np.timedelta64(days - 1, "D")
    profiles = read_profiles(workspace, before=start, without=composed)
    for at, (style, past) in enumerate(pasts.items()):
        progress("Judging choices", at, len(pasts))
        before = past.moments < start
        try:
            learned = fit_choices(
                products[style], past.take(before), profiles, style_id=style, seed=settings.seed
            )
        except TooFewConfigurations as error:
            found["styles"][style] = {"reason": error.what}
            continue
        figures = evaluate_choices(learned, past.take(~before), seed=settings.seed)
        found["styles"][style] = {
            "from": str(start),
            "learned_from": int(before.sum()),
            "penalties": asdict(learned.estimation.penalties),
            "methods": [one.to_json() for one in figures],
        }
    progress("Judging choices", len(pasts), len(pasts))
    return found


def _read(
    workspace: Workspace,
) -> tuple[dict[str, Product], dict[str, PastConfigurations], set[str]]:
    """Products and past configurations by style, and the ids of composed orders.

    Raises:
        NotReady: the workspace has no products or no past configurations.
    """
    products = read_products(workspace)
    if not products or not workspace.has(CONFIGURATIONS):
        lacks = "past configurations" if products else "products that customers compose"
        raise NotReady(
            f"The workspace has no {lacks}.",
            where=str(workspace.root),
            fix=f"Put models into its folder {FOLDER}/ and import 'configurations' "
            "(docs/configure.md).",
        )
    pasts = {style: read_past(workspace, product, style) for style, product in products.items()}
    composed = {str(order) for past in pasts.values() for order in past.orders if order}
    return products, pasts, composed
