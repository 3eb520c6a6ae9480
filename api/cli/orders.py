"""`atelier orders list|show|confirm|start|ship|return|cancel`: custom orders and their steps."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.cli.orders_capacity import capacity
from api.cli.orders_join import join

if TYPE_CHECKING:
    from data.ledger import Ledger, Receipt, RequestKey

orders = typer.Typer(no_args_is_help=True, help="Custom orders and the capacity they take.")

orders.command("capacity")(capacity)
orders.command("join")(join)

OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
VersionOption = Annotated[
    int | None,
    typer.Option(min=1, help="The version that this was decided on; without it, the one it has."),
]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]


@orders.command("list")
def list_orders(
    *,
    state: Annotated[
        list[str] | None, typer.Option(help="Only orders in this state; repeat for more.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Orders at most.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Leave out the first.")] = 0,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Orders, the newest first."""
    from api.order_json import order_json
    from data.ledger.states import STATES

    wanted = tuple(one for one in STATES if state is None or one in state)
    if state and len(wanted) != len(set(state)):
        raise typer.BadParameter(f"Use one of {', '.join(STATES)}.", param_hint="--state")
    with _ledger(workspace) as ledger:
        total, found = ledger.list_orders(wanted, limit=limit, offset=offset)
    if as_json:
        console.answer({"total": total, "orders": [order_json(one) for one in found]})
        return
    console.show(
        "Orders",
        ("order", "state", "made", "promised", "shipped", "lines", "units", "total"),
        [
            (
                one.order_id,
                one.state.replace("_", " "),
                one.made_at.date(),
                one.promised_on,
                one.shipped_on,
                len(one.lines),
                sum(line.quantity for line in one.lines),
                f"{one.total:f} {one.currency}",
            )
            for one in found
        ],
        caption=f"{len(found)} of {total}.",
    )


@orders.command("show")
def show_order(
    order_id: OrderArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """One order: its lines, and what they take of which day."""
    from api.order_json import order_json
    from data.ledger import MILLI

    with _ledger(workspace) as ledger:
        one = ledger.order(order_id)
    if as_json:
        console.answer(order_json(one))
        return
    console.show(
        f"Order {one.order_id}",
        ("line", "what", "choices", "units", "price", "takes"),
        [
            (
                place,
                line.variant_id or line.style_id,
                " ".join(line.configuration),
                line.quantity,
                f"{line.price} {one.currency}",
                ", ".join(
                    f"{need.amount / MILLI:g} of {need.resource_id} on {need.day}"
                    for need in line.needs
                ),
            )
            for place, line in enumerate(one.lines, start=1)
        ],
    )
    days = {"Promised": one.promised_on, "Shipped": one.shipped_on}
    told = [f"{name} {day}" for name, day in days.items() if day is not None]
    state = one.state.replace("_", " ").capitalize()
    console.say(". ".join([f"{state}, version {one.version}", *told, f"Total {one.total:f}"]) + ".")
    if one.reason:
        console.say(f"Reason: {one.reason}")


@orders.command("confirm")
def confirm(
    order_id: OrderArgument,
    *,
    version: VersionOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Commit to a held order."""
    with _ledger(workspace) as ledger:
        known = _version(ledger, order_id, version)
        done = ledger.confirm(order_id, version=known, request=_request())
    _tell(done, as_json=as_json)


@orders.command("start")
def start(
    order_id: OrderArgument,
    *,
    version: VersionOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Begin to make a confirmed order."""
    with _ledger(workspace) as ledger:
        known = _version(ledger, order_id, version)
        done = ledger.start(order_id, version=known, request=_request())
    _tell(done, as_json=as_json)


@orders.command("ship")
def ship(
    order_id: OrderArgument,
    *,
    version: VersionOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Ship what was made."""
    with _ledger(workspace) as ledger:
        known = _version(ledger, order_id, version)
        done = ledger.ship(order_id, version=known, request=_request())
    _tell(done, as_json=as_json)


@orders.command("return")
def take_back(
    order_id: OrderArgument,
    *,
    reason: ReasonOption,
    version: VersionOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Take back what was shipped."""
    with _ledger(workspace) as ledger:
        known = _version(ledger, order_id, version)
        done = ledger.return_(order_id, version=known, reason=reason, request=_request(reason))
    _tell(done, as_json=as_json)


@orders.command("cancel")
def cancel(
    order_id: OrderArgument,
    *,
    reason: ReasonOption = "",
    version: VersionOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Cancel an order before it is made."""
    with _ledger(workspace) as ledger:
        known = _version(ledger, order_id, version)
        done = ledger.cancel(order_id, version=known, reason=reason, request=_request(reason))
    _tell(done, as_json=as_json)


@contextmanager
def _ledger(workspace: Path) -> Iterator[Ledger]:
    from zoneinfo import ZoneInfo

    from api.settings import load_settings
    from data.ledger import open_ledger
    from data.workspace import Workspace

    Workspace.open(workspace)
    settings = load_settings(workspace)
    ledger = open_ledger(settings.store_url(workspace), zone=ZoneInfo(settings.timezone))
    try:
        yield ledger
    finally:
        ledger.close()


def _version(ledger: Ledger, order_id: str, version: int | None) -> int:
    """The version that a step is decided on."""
    return ledger.order(order_id).version if version is None else version


def _request(body: str = "") -> RequestKey:
    """A key of its own for each call: sent again, a step is refused by the version."""
    from api.capacity import ACTOR
    from data.ledger import RequestKey

    digest = hashlib.sha256(body.encode()).hexdigest()
    return RequestKey(scope=ACTOR, key=secrets.token_hex(16), digest=digest)


def _tell(done: Receipt, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            name: getattr(done, name)
            for name in ("order_id", "state", "version", "expires_at", "replayed")
        }
        console.answer(told)
        return
    console.say(f"Order {done.order_id}: {done.state.replace('_', ' ')}, version {done.version}.")
