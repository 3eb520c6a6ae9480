"""Forgetting a customer: saved models that name one give way to versions that do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.failpoints import reach
from data.tables import EVENTS, ORDERS
from data.workspace import Workspace
from recsys.errors import ModelRefused
from recsys.interactions import Interactions
from recsys.recommender import Recommender
from recsys.saved.manifest import verified
from recsys.saved.saving import (
    NAMES,
    current_model,
    folder_of,
    load,
    locked,
    point_to,
    previous_model,
    refusal,
    save,
)
from recsys.saved.standing import stand_for
from recsys.saved.versions import model_folders, remove_folder


def forget_customer(workspace: Workspace, customer: str, key: bytes) -> int:
    """Put versions without a customer's id and history in the place of those that have them.

    What the model learned from all customers together stays until it is trained again. A version
    that is refused, and so cannot be written anew, is removed where it names the customer. The
    lists made ahead lie in a version's folder and go with it. Who names a version finds the one in
    its place by `recsys.saved.standing`.

    Args:
        workspace: where the models lie.
        customer: the pseudonym.
        key: what they are signed with.

    Returns:
        How many versions named the customer.
    """
    models = workspace.root / "models"
    named = [one for one in model_folders(models) if _names(one / NAMES, customer)]
    for folder in named:
        model_id = folder.name
        anew = _without(workspace, model_id, customer, key)
        reach("model-forgot")
        with locked(models):
            if anew is not None:
                stand_for(models, model_id, anew)
            pointed = (current_model(workspace), previous_model(workspace))
            if model_id in pointed:
                stand = [anew if one == model_id else one for one in pointed]
                point_to(models, [one for one in stand if one is not None])
            remove_folder(folder)
    return len(named)


def _without(workspace: Workspace, model_id: str, customer: str, key: bytes) -> str | None:
    """Save a version without the customer; its id, or None where the version is refused."""
    folder = folder_of(workspace.root / "models", model_id)
    if refusal(folder, key) is not None:
        return None
    try:
        recommender = load(workspace, model_id, key=key)
    except ModelRefused:
        return None
    history = _erased(recommender.interactions, customer)
    tuned = verified(folder, key)["tuned"]
    return save(replace(recommender, interactions=history), workspace, key, tuned=tuned, use=False)


def _erased(history: Interactions, customer: str) -> Interactions:
    """All histories but one."""
    return history.take(np.flatnonzero(history.customers != customer))


def still_named(workspace: Workspace, recommender: Recommender) -> Recommender:
    """A recommender without the customers whom no table names any more; itself where all are named.

    Whoever was erased while it was trained must not come back with it. For a caller that holds the
    workspace's lock until it is saved: who erases later finds it among the saved ones. O(rows), and
    no more than the tables' digest where they are what it was trained on.
    """
    if recommender.data_digest == workspace.digest():
        return recommender
    named: set[str] = set()
    for table in (ORDERS, EVENTS):
        if workspace.has(table):
            named.update(workspace.read(table, ("customer_id",))["customer_id"].dropna())
    history = recommender.interactions
    kept = pd.Index(history.customers).isin(named)
    if kept.all():
        return recommender
    return replace(recommender, interactions=history.take(np.flatnonzero(kept)))


def _names(path: Path, customer: str) -> bool:
    try:
        return customer.encode() in path.read_bytes()
    except OSError:
        return False
