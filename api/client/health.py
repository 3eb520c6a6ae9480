"""Whether the service lives, and its figures."""

from __future__ import annotations

from api.client.sending import Sender
from api.service.schemas import Health, Readiness


class HealthCalls(Sender):
    """What a balancer and Prometheus ask."""

    def healthz(self) -> Health:
        """Does the process answer?"""
        return self._ask(Health, "GET", "/healthz")

    def readyz(self) -> Readiness:
        """Can the service do its work?"""
        return self._ask(Readiness, "GET", "/readyz")

    def metrics(self) -> str:
        """Figures in Prometheus' text format."""
        return self._ask(str, "GET", "/metrics")
