"""The client: its subjects in one class."""

from __future__ import annotations

from api.client.customers import CustomerCalls
from api.client.health import HealthCalls
from api.client.jobs import JobCalls
from api.client.orders import OrderCalls
from api.client.planning import PlanningCalls
from api.client.products import ProductCalls
from api.client.shop import ShopCalls


class Client(
    ShopCalls, ProductCalls, OrderCalls, PlanningCalls, CustomerCalls, JobCalls, HealthCalls
):
    """Every operation of the service; see `Sender` for its arguments."""
