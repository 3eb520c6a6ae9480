"""One small market for the whole room: simulated, laid onto a workspace, trained on, planned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from api.work import plan_and_save, train_and_save
from data.simulator import MarketSettings, simulate
from data.tables import TABLES
from data.workspace import Workspace
from tests.api.client import Client


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """As the program runs: BLAS threads on small matrices only fight for the cores."""
    with threadpool_limits(1):
        yield


def protected(workspace: Workspace, table: pd.DataFrame) -> pd.DataFrame:
    """A table as an import would keep it: its customers under their pseudonyms."""
    if "customer_id" not in table:
        return table
    named = workspace.pseudonyms().column(table["customer_id"])
    return table.assign(customer_id=named)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with every table, a model, a forecast and a plan; not to be changed."""
    root = tmp_path_factory.mktemp("market") / "workspace"
    drawn = simulate(MarketSettings(seed=5, customers=80, styles=5, weeks=40))
    workspace = Workspace.create(root)
    workspace.write({name: protected(workspace, getattr(drawn, name)) for name in TABLES})
    train_and_save(workspace, load_settings(root))
    plan_and_save(workspace, load_settings(root))
    return root


@pytest.fixture
def workspace(market: Path, tmp_path: Path) -> Path:
    """A copy of the market's workspace, to be changed at will."""
    return Path(shutil.copytree(market, tmp_path / "workspace"))


@pytest.fixture
def unforecast(workspace: Path) -> Path:
    """The workspace, to be changed at will, without a forecast kept."""
    shutil.rmtree(workspace / "forecasts")
    return workspace


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    with open_engine(workspace, load_settings(workspace)) as engine:
        yield engine


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    return create_app(engine)


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
