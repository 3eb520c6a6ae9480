"""`atelier orders …`: custom orders and the capacity that they take."""

from __future__ import annotations

import typer

from api.cli.orders_capacity import capacity

orders = typer.Typer(no_args_is_help=True, help="Custom orders and the capacity they take.")

orders.command("capacity")(capacity)
