"""What a plan was made from, kept beside it: later questions then need no table of the workspace.

One file of arrays (`numpy.savez`, no pickle); texts are JSON in UTF-8, as bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import VARIANTS
from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.plans.economics import Economics
from recsys.catalogue import Catalogue

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """What V variants' quantities were decided from.

    Attributes:
        free: the task before anything is held.
        money: prices and costs.
        styles: (V,) str.
        attributes: by column of the catalogue, (V,) str; empty where there is none.
        held: (V,) units that are held, NaN where none are.
        held_by: (V,) str, `held.OVERRIDE` or `held.RELEASED`; empty where nothing is held.
    """

    free: Task
    money: Economics
    styles: NDArray[np.object_]
    attributes: Mapping[str, NDArray[np.object_]]
    held: Floats
    held_by: NDArray[np.object_]

    @property
    def variants(self) -> NDArray[np.object_]:
        """(V,) ids, ascending."""
        return self.free.variants

    @property
    def task(self) -> Task:
        """What was decided on."""
        return replace(self.free, lots=self.free.lots.hold(self.held))

    def digest(self) -> str:
        """SHA-256 of the content."""
        digest = hashlib.sha256()
        for name, values in sorted(_arrays(self).items()):
            digest.update(f"{name} {values.shape} {values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def inputs_of(
    free: Task,
    money: Economics,
    styles: NDArray[np.object_],
    catalogue: pd.DataFrame,
    held: pd.DataFrame,
) -> PlanInputs:
    """The inputs of a plan about to be made.

    Args:
        free: the task before anything is held.
        money: prices and costs.
        styles: (V,) of each variant.
        catalogue: the variants table.
        held: (V,) rows of units and code, missing where nothing is held.
    """
    ids = free.variants
    wanted = ["variant_id", *(name for name in catalogue if name not in VARIANTS.names)]
    described = catalogue.loc[catalogue["variant_id"].isin(ids), wanted]
    return PlanInputs(
        free=free,
        money=replace(money, assumptions=()),
        styles=styles,
        attributes=Catalogue.of(ids, described.drop_duplicates("variant_id")).attributes,
        held=held["units"].to_numpy(dtype=np.float64, na_value=np.nan),
        held_by=held["code"].fillna("").to_numpy(dtype=object),
    )


def write_inputs(path: Path, inputs: PlanInputs) -> None:
    """Write the inputs to a file."""
    np.savez_compressed(path, allow_pickle=False, **dict(_arrays(inputs)))


def read_inputs(path: Path) -> PlanInputs:
    """The inputs that `write_inputs` wrote; whoever reads them has checked the file's digest.

    Raises:
        OSError, ValueError, KeyError: the file is damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        kept: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
    variants = _texts(kept["variants"])
    money = Economics(
        price=kept["price"],
        unit_cost=kept["unit_cost"],
        salvage=kept["salvage"],
        goodwill=kept["goodwill"],
    )
    return PlanInputs(
        free=Task(
            variants=variants,
            curves=DemandCurves(kept["levels"], np.asfortranarray(kept["demand"])),
            underage=kept["underage"],
            overage=kept["overage"],
            lots=Lots(**{one.name: kept[one.name] for one in fields(Lots)}),
            resources=Resources(
                ids=tuple(_texts(kept["resources"])),
                units=tuple(_texts(kept["units"])),
                capacity=kept["capacity"],
                usage=kept["usage"],
                setup=kept["setup"],
                extra_cost=kept.get("extra_cost"),
            ),
        ),
        money=money,
        styles=_texts(kept["styles"]),
        attributes={
            name: np.array(values, dtype=object)
            for name, values in json.loads(kept["attributes"].tobytes()).items()
        },
        held=kept["held"],
        held_by=_texts(kept["held_by"]),
    )


def _arrays(inputs: PlanInputs) -> dict[str, NDArray[Any]]:
    task, shared, money = inputs.free, inputs.free.resources, inputs.money
    found: dict[str, NDArray[Any]] = {
        "variants": _bytes(task.variants),
        "levels": task.curves.levels,
        "demand": task.curves.values,  # noqa: PD011  # curves are no table
        "underage": task.underage,
        "overage": task.overage,
        **{one.name: getattr(task.lots, one.name) for one in fields(Lots)},
        "resources": _bytes(shared.ids),
        "units": _bytes(shared.units),
        "capacity": shared.capacity,
        "usage": shared.usage,
        "setup": shared.setup,
        "price": money.price,
        "unit_cost": money.unit_cost,
        "salvage": money.salvage,
        "goodwill": money.goodwill,
        "styles": _bytes(inputs.styles),
        "attributes": _bytes({name: list(of) for name, of in inputs.attributes.items()}),
        "held": inputs.held,
        "held_by": _bytes(inputs.held_by),
    }
    if shared.extra_cost is not None:
        found["extra_cost"] = shared.extra_cost
    return found


def _bytes(texts: Iterable[str] | Mapping[str, list[str]]) -> NDArray[np.uint8]:
    plain = texts if isinstance(texts, Mapping) else list(texts)
    return np.frombuffer(json.dumps(plain, ensure_ascii=False).encode(), dtype=np.uint8)


def _texts(stored: NDArray[np.uint8]) -> NDArray[np.object_]:
    return np.array(json.loads(stored.tobytes()), dtype=object)
