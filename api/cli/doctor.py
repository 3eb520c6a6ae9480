"""`atelier doctor`: what a workspace holds, and what is wrong with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import typer

from api.cli import console
from api.cli.doctor_plans import kept_plans_found, plan_found
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from data.errors import AtelierError

if TYPE_CHECKING:
    from api.arms import ArmModel
    from api.settings import Settings
    from data.ledger import Ledger
    from data.store.database import Database
    from data.tables import Table
    from data.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what was looked at.
        state: ok; absent, where a workspace can do without it; wrong.
        found: what is there, or what is wrong.
        do: what to do about it.
    """

    name: str
    state: Literal["ok", "absent", "wrong"]
    found: str
    do: str = ""


def doctor(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False) -> None:
    """Check a workspace; exits with 1 if something is wrong."""
    from api.settings import load_settings
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    checks = list(look_through(opened, load_settings(workspace)))
    if as_json:
        console.answer({"checks": [asdict(check) for check in checks]})
    else:
        rows = [(check.name, check.state, check.found, check.do) for check in checks]
        console.show(f"Workspace {workspace}", ("what", "state", "found", "do"), rows)
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def look_through(workspace: Workspace, settings: Settings) -> Iterator[Check]:
    """Tables, models, plan, key, products and store, one after the other."""
    from api.arms import arm_models
    from data.tables import ORDERS, STOCK, TABLES

    for table in TABLES.values():
        if table is ORDERS or workspace.has(table):
            yield looked_at(f"table {table.name}", partial(table_found, workspace, table))
        else:
            yield Check(f"table {table.name}", "absent", "not imported")
    if workspace.has(ORDERS) and workspace.has(STOCK):
        yield looked_at("demand", partial(demand_found, workspace, settings))
    yield looked_at("model", partial(model_found, workspace, settings))
    for arm in arm_models(settings):
        yield looked_at(f"model of {arm.who}", partial(arm_found, workspace, settings, arm))
    yield looked_at("plan", partial(plan_found, workspace))
    yield looked_at("kept plans", partial(kept_plans_found, workspace))
    yield looked_at("customer key", partial(key_found, workspace))
    products = looked_at("products", partial(products_found, workspace))
    yield products
    if products.state != "wrong":
        yield looked_at("learned choices", partial(choices_found, workspace, settings))
    yield from look_into_store(workspace, settings)


def look_into_store(workspace: Workspace, settings: Settings) -> Iterator[Check]:
    """The store, and what waits in it once it can be read."""
    from data.store.database import open_database

    try:
        database = open_database(settings.store_url(workspace.root), patience=5.0)
    except AtelierError as error:
        yield Check("store", "wrong", error.what, error.fix)
        return
    try:
        store = looked_at("store", partial(store_found, database))
        yield store
        if store.state != "wrong":
            yield looked_at("field key", partial(field_key_found, database))
            found = partial(retention_found, workspace, settings, database)
            yield looked_at("retention", found)
            yield looked_at("jobs", partial(jobs_found, database))
            yield looked_at("dead letters", partial(letters_found, database))
    finally:
        database.close()


def looked_at(name: str, look: Callable[[], str | None]) -> Check:
    """What a look finds: a text, None where there is nothing, or an error."""
    try:
        found = look()
    except AtelierError as error:
        return Check(name, "wrong", error.what, error.fix)
    return Check(name, "absent", "none yet") if found is None else Check(name, "ok", found)


def table_found(workspace: Workspace, table: Table) -> str:
    """How many rows a table has, once its columns are those of the specification."""
    from data.errors import TableError

    frame = workspace.read(table)
    required = {column.name for column in table.columns if column.required}
    if missing := sorted(required - set(frame.columns)):
        raise TableError(
            f"Columns are missing: {', '.join(missing)}.", fix="Import the table again."
        )
    return f"{len(frame):,} rows"


def demand_found(workspace: Workspace, settings: Settings) -> str:
    """What stock-outs hid of demand, and how much of it is restored."""
    from production.demand.reading import read_panel

    panel = read_panel(workspace, settings.demand)
    if panel.demanded is None:
        return "sales are taken for demand: no stock-out, or 'restore' is \"none\""
    found = panel.demanded.before(len(panel.periods))
    return (
        f"{found.missed:,.0f} units missed in stock-outs restored beside {found.sold:,.0f} sold, "
        f"by '{found.method}'"
    )


def model_found(workspace: Workspace, settings: Settings) -> str | None:
    """The current model, once every byte of it is checked and loaded."""
    from api.work import key_of
    from recsys.saved.saving import current_model, load

    model_id = current_model(workspace)
    if model_id is None:
        return None
    recommender = load(workspace, model_id, key=key_of(workspace, settings))
    stale = recommender.data_digest != workspace.digest()
    return f"{model_id}{' (older than the tables: train again)' if stale else ''}"


def arm_found(workspace: Workspace, settings: Settings, arm: ArmModel) -> str:
    """The model that an arm of an experiment names, once every byte of it is checked and loaded."""
    from api.work import key_of
    from recsys.saved.saving import load
    from recsys.saved.standing import standing

    model_id = standing(workspace, arm.model_id)
    try:
        load(workspace, model_id, key=key_of(workspace, settings))
    except AtelierError as error:
        raise arm.refused(error) from None
    return model_id


def key_found(workspace: Workspace) -> str:
    """Whether the customers' key is the one that they were imported under, and nobody else's."""
    from data.customers import KEY_FILE, KEY_VARIABLE
    from data.errors import WorkspaceError

    workspace.pseudonyms()
    if os.environ.get(KEY_VARIABLE):
        return f"of the environment, {KEY_VARIABLE}"
    path = workspace.root / KEY_FILE
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WorkspaceError(
            f"Others than the owner may read or write the customers' key: its mode is {mode:04o}.",
            where=str(path),
            fix=f"chmod 600 {path}",
        )
    return f"{KEY_FILE}, mode {mode:04o}"


def products_found(workspace: Workspace) -> str | None:
    """The products that customers compose, once their models and options are read."""
    from production.configuration.products import read_products

    return ", ".join(read_products(workspace)) or None


def choices_found(workspace: Workspace, settings: Settings) -> str | None:
    """The learned choices, once signature and digest hold and they fit the products."""
    from api.choices import learned_choices

    return ", ".join(learned_choices(workspace, settings)) or None


def store_found(database: Database) -> str:
    """Whether the transactional store answers, is of this program's version, and adds up."""
    from data.errors import SchemaError
    from data.ledger import Ledger
    from data.store.migrating import bring_up, schema_state

    if schema_state(database) == "older":
        raise SchemaError(
            "The store's tables are older than this program.",
            fix="Back it up, then start 'atelier serve': it brings them up to date.",
        )
    bring_up(database)
    return ledger_found(Ledger(database=database))


def field_key_found(database: Database) -> str | None:
    """Whether free text is sealed, all of it, under a key that is given."""
    from data.errors import FieldKeyRefused
    from data.resealing import texts_of
    from data.store.field_keys import check_field_key

    check_field_key(database)
    seals, texts = database.seals, texts_of(database)
    if texts.left(seals):
        raise FieldKeyRefused(
            f"Of the store's texts {texts.newest:,} are sealed under the newest key, "
            f"{texts.older:,} under an older one, {texts.plain:,} are as they were written.",
            fix="Run 'atelier customers seal'.",
        )
    if not seals.locks:
        return None
    if seals.newest is None:
        return "all text is as it was written; the key can go"
    return f"{seals.newest}; all {texts.newest:,} texts are sealed under it"


def retention_found(workspace: Workspace, settings: Settings, database: Database) -> str | None:
    """Whether the limits of how long rows keep their customer are applied."""
    from datetime import UTC, datetime

    from api.errors import NotRetained
    from api.retaining import OVERDUE, applied_last, models_past

    if not settings.privacy.limits:
        return None
    applied = applied_last(workspace)
    if applied is None or datetime.now(UTC) - applied.at > OVERDUE:
        raise NotRetained(
            "Limits are set, and were not applied for two days or more.",
            where="[privacy]",
            fix="Serve the workspace, or run 'atelier customers retain' daily.",
        )
    if applied.waiting:
        raise NotRetained(
            "The clock is far past the newest row that was imported or sent, so rows of "
            f"{', '.join(applied.waiting)} were judged by that row.",
            where="[privacy]",
            fix="If the machine's clock is right, run 'atelier customers retain --by-clock'.",
        )
    if models := models_past(workspace, settings, database):
        raise NotRetained(
            f"{models} saved models know customers whom no row names any more.",
            where="models",
            fix="Train again, and remove the older ones with 'atelier models remove'.",
        )
    return f"applied {applied.at:%Y-%m-%d %H:%M} UTC"


def jobs_found(database: Database) -> str:
    """Whether any job was left by a process that has died."""
    from api.jobs.runner import utc_now
    from data.errors import StoreError
    from data.jobs.asking import left_jobs

    if left := left_jobs(database, now=utc_now()):
        raise StoreError(
            f"{left[0].kind} {left[0].job_id} was left unfinished: what did it has ended.",
            fix="Start 'atelier serve': it begins such a job again within seconds.",
        )
    return "none left unfinished"


def letters_found(database: Database) -> str:
    """Whether messages of a broker wait for somebody to look at them."""
    from data.errors import LetterRefused
    from data.store.dead_letters import letters_waiting

    if waiting := letters_waiting(database):
        raise LetterRefused(
            f"{waiting:,} message{'s' if waiting > 1 else ''} of a broker could not be taken.",
            fix="'atelier dead-letters list' says why; retry or remove each.",
        )
    return "none"


def ledger_found(ledger: Ledger) -> str:
    """Whether capacity is what orders add up to, and the audit's chain is whole."""
    from data.errors import StoreError

    if miscounted := ledger.miscounted():
        first = miscounted[0]
        raise StoreError(
            f"Capacity of {first.resource_id!a} on {first.day} is not what its orders add up to.",
            fix="Somebody has edited the tables: restore a backup.",
        )
    audited = ledger.verify_audit()
    if audited.faults:
        raise StoreError(
            f"The audit is broken: {audited.faults[0]}.",
            fix="Somebody has edited the tables: compare with a backup.",
        )
    return f"answers; {audited.records:,} changes of orders and capacity, their audit whole"
