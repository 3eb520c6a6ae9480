"""A generated market as the raw files of a shop, with the truth beside them.

    sales.csv.gz       order lines as the till exports them, dirt and all
    events.csv.gz      behaviour
    catalogue.csv      variants
    market.csv         weather, holidays and promotions by day
    capacity.csv       resources
    usage.csv          what a unit takes of them
    lots.csv           how variants can be made, and the stock
    stock.csv.gz       what could be bought when, by week
    composed.csv.gz    what customers composed, option by option
    knowledge.csv      what customers ask and are told
    truth/             what nobody in a real market knows

Column names and formats are a shop's, not Atelier's; the mapping `sample` lays them onto the
tables. The same market gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np
import pandas as pd

from data.errors import FolderError
from data.progress import Progress, silent
from data.simulator.categories import CATEGORIES
from data.simulator.dirt import dirty
from data.simulator.market import Market, simulate
from data.simulator.settings import SAMPLE
from data.simulator.streams import Streams

DAY_FORMAT: Final = "%d/%m/%Y"
MOMENT_FORMAT: Final = "%d/%m/%Y %H:%M:%S"
CHANNEL_NAMES: Final = {"web": "Web shop", "app": "App", "shop": "High street"}
ACTION_NAMES: Final = {
    "view": "look", "click": "tap", "cart": "basket", "rating": "stars", "search": "search",
}  # fmt: skip

FACTORY_NAMES: Final = {
    "variant_id": "Article",
    "style_id": "Model",
    "option": "Option",
    "resource_id": "Resource",
    "capacity": "Per week",
    "unit": "Unit",
    "extra_unit_cost": "Overtime price",
    "amount": "Per unit",
    "setup_amount": "Per lot",
    "minimum": "Smallest lot",
    "multiple": "Lots of",
    "on_hand": "In stock",
}
KNOWLEDGE_NAMES: Final = {
    "answer_id": "Topic",
    "question": "Question",
    "answer": "Answer",
    "also_asked": "Also asked",
    "style_id": "Model",
    "language": "Language",
}


def write_sample(folder: Path, progress: Progress = silent) -> None:
    """Write the market that ships in `data/sample/`: `write_market` of the default settings.

    Every byte is the same each time, for the numpy, pandas and holidays of the lock file and
    for the zlib that Python carries (another deflate gives the same content in other bytes).
    """
    write_market(simulate(SAMPLE, progress), folder)


def write_market(market: Market, folder: Path) -> None:
    """Write a market's raw files and its truth into a folder, which is made where missing.

    Files of the same names are replaced, each of them whole; others stay.

    Raises:
        FolderError: the folder cannot be written.
    """
    try:
        (folder / "truth").mkdir(parents=True, exist_ok=True)
        _write_raw(market, folder)
        _write_truth(market, folder / "truth")
    except OSError as error:
        raise FolderError(
            f"The market cannot be written: {error.strerror or error}.",
            where=str(folder),
            fix="Name a folder that can be written, on a disk with room.",
        ) from error


def _write_raw(market: Market, folder: Path) -> None:
    rng = Streams.of(market.settings.seed).dirt
    _csv(_sales(dirty(market.orders, rng)), folder / "sales.csv.gz")
    _csv(_events(market.events), folder / "events.csv.gz")
    _csv(_catalogue(market.variants), folder / "catalogue.csv")
    _csv(_market(market), folder / "market.csv")
    _csv(market.resources.rename(columns=FACTORY_NAMES), folder / "capacity.csv")
    _csv(market.usage.rename(columns=FACTORY_NAMES), folder / "usage.csv")
    _csv(market.lots.rename(columns=FACTORY_NAMES), folder / "lots.csv")
    _csv(_stock(market.stock), folder / "stock.csv.gz")
    _csv(market.knowledge.rename(columns=KNOWLEDGE_NAMES), folder / "knowledge.csv")
    _csv(_composed(market.configurations), folder / "composed.csv.gz")


def _sales(orders: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Receipt": orders["order_id"],
            "Sold at": orders["ordered_at"].dt.strftime(MOMENT_FORMAT),
            "Customer": orders["customer_id"],
            "Article": orders["variant_id"],
            "Pieces": orders["quantity"],
            "Price": orders["unit_price"],
            "Ship to": orders["region"],
            "Sold by": orders["channel"].map(CHANNEL_NAMES),
        }
    )


def _events(events: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Time": events["at"].dt.strftime(MOMENT_FORMAT),
            "Visitor": events["customer_id"],
            "Article": events["variant_id"],
            "Action": events["kind"].map(ACTION_NAMES),
            "Value": events["value"].astype("Int64"),
        }
    )


def _catalogue(variants: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Article": variants["variant_id"],
            "Model": variants["style_id"],
            "Name": variants["title"],
            "List price": variants["price"],
            "Cost": variants["unit_cost"],
            "Clearance value": variants["salvage_value"],
            "Launched": variants["introduced_at"].dt.strftime(DAY_FORMAT),
            "Withdrawn": variants["discontinued_at"].dt.strftime(DAY_FORMAT),
            "Range": variants["category"],
            "Colour": variants["colour"],
            "Size": variants["size"],
            "Cloth": variants["material"],
        }
    )


def _market(market: Market) -> pd.DataFrame:
    """Days, with `Basis` "observed" up to the last order and "outlook" after it."""
    frame = market.market
    known = np.arange(len(frame)) < market.settings.weeks * 7
    columns = {
        "Day": frame["date"].dt.strftime(DAY_FORMAT),
        "Basis": np.where(known, "observed", "outlook"),
        "Temperature C": frame["temperature"],
        "Rain mm": frame["rain"],
        "Bank holiday": frame["holiday"],
        "Sale %": _percent(frame["promotion"]),
    }
    for category in CATEGORIES:
        columns[f"Sale % {category.name}"] = _percent(frame[f"promotion_{category.name}"])
    return pd.DataFrame(columns)


def _stock(stock: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Article": stock["variant_id"],
            "Week of": stock["date"].dt.strftime(DAY_FORMAT),
            "In stock %": _percent(stock["in_stock"]),
            "Pieces": stock["on_hand"],
        }
    )


def _composed(configurations: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Job": configurations["configuration_id"],
            "Receipt": configurations["order_id"],
            "Customer": configurations["customer_id"],
            "Model": configurations["style_id"],
            "Pieces": configurations["quantity"],
            "Ordered at": configurations["ordered_at"].dt.strftime(MOMENT_FORMAT),
            "Option": configurations["option"],
            "Number": configurations["value"],
        }
    )


def _percent(share: pd.Series) -> pd.Series:
    return (share * 100).round().astype("int64")


def _write_truth(market: Market, folder: Path) -> None:
    truth = market.truth
    _csv(truth.demand, folder / "demand.csv.gz")
    _csv(truth.customers, folder / "customers.csv.gz")
    _csv(truth.styles, folder / "styles.csv")
    _csv(truth.questions, folder / "questions.csv")
    _csv(truth.campaigns, folder / "campaigns.csv")
    _json(truth.effects, folder / "effects.json")
    _json(truth.options, folder / "options.json")
    _json(truth.composing, folder / "composing.json")
    _json(market.settings.model_dump(mode="json"), folder / "settings.json")


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """A CSV file, gzipped where its name says so, without the time of writing."""
    with _whole(path) as file:
        if path.suffix != ".gz":
            frame.to_csv(file, index=False, lineterminator="\n")
            return
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            frame.to_csv(text, index=False, lineterminator="\n")


def _json(content: object, path: Path) -> None:
    with _whole(path) as file:
        file.write((json.dumps(content, indent=2) + "\n").encode())


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only once it is complete."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
