"""The client: its subjects in one class."""

from __future__ import annotations

from api.client.customers import CustomerCalls
from api.client.health import HealthCalls
from api.client.planning import PlanningCalls
from api.client.shop import ShopCalls


class Client(ShopCalls, PlanningCalls, CustomerCalls, HealthCalls):
    """Every operation of the service; see `Sender` for its arguments."""
