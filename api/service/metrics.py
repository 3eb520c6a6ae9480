"""What `/metrics` tells Prometheus; no label names a customer, a variant or a key.

Counters and histograms are summed over all workers; what a worker knows of its model is its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.live import local_time
from api.service.counters import ALL, FOLDER
from api.service.drift import Drift
from api.service.serving import Serving

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class ModelGauges(Collector):
    """What is known of the models that serve, asked when Prometheus asks."""

    def __init__(self, serving: Serving, drift: Drift, timezone: str) -> None:
        self._serving = serving
        self._drift = drift
        self._timezone = timezone

    def collect(self) -> Iterable[Metric]:
        """The gauges; but for the models' own none before the current one is loaded."""
        return [self._models(), *self._gauges()]

    def _models(self) -> GaugeMetricFamily:
        serving = GaugeMetricFamily(
            "atelier_model_serves",
            "1 for each saved model that serves: the current one, and those of arms.",
            labels=("model_id", "experiment", "arm"),
        )
        if (held := self._serving.held()) is not None:
            serving.add_metric((held.model_id, "", ""), 1)
        for one in self._serving.arms:
            if (held := self._serving.held(one.model_id)) is not None:
                serving.add_metric((held.model_id, one.experiment, one.arm), 1)
        return serving

    def _gauges(self) -> Iterator[Metric]:
        held = self._serving.held()
        if held is None:
            return
        known: datetime = held.recommender.interactions.as_of.astype("datetime64[us]").item()
        age = local_time(datetime.now(UTC), self._timezone) - known
        yield GaugeMetricFamily(
            "atelier_model_age_seconds",
            "Since the moment up to which the model knows everything.",
            value=age.total_seconds(),
        )
        drifted = self._drift.of(held)
        yield GaugeMetricFamily(
            "atelier_drift_index",
            "Population stability index of styles: live events since training against training.",
            value=drifted.stability,
        )
        yield GaugeMetricFamily(
            "atelier_drift_events", "Live events that the index stands on.", value=drifted.events
        )
        answers = self._serving.answers(held, self._serving.today())
        shown = answers.shown(len(held.recommender.catalogue))
        on_sale = held.recommender.catalogue.on_sale(np.datetime64(held.day(self._serving.today())))
        yield GaugeMetricFamily(
            "atelier_shown_share",
            "Part of the variants on sale that this worker's lists for customers have shown.",
            value=float((shown & on_sale).sum() / max(int(on_sale.sum()), 1)),
        )
        yield GaugeMetricFamily(
            "atelier_ready_lists",
            "Customers whose plain lists are made ahead.",
            value=0 if answers.ready is None else len(answers.ready),
        )


def exposition(gauges: ModelGauges) -> bytes:
    """All of it in Prometheus' text format."""
    registry = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus types it not
    else:
        for metric in ALL:
            registry.register(metric)
    registry.register(gauges)
    return generate_latest(registry)
