"""The kept customer groups behind the service: read when others are kept, then held."""

from __future__ import annotations

import threading
from typing import Any

from api.groups import customer_answer, demand_by_group, groups_answer, kept_groups
from api.output import plain
from api.service.forecasts import Forecasts
from data.workspace import Workspace
from production.demand.saved import latest_forecast_id
from recsys.groups.groups import CustomerGroups
from recsys.groups.saved import latest_groups_id


class Groups:
    """Holds the groups that were kept last; safe to share between threads.

    No request groups anybody: groups that change from one look to the next serve nobody. Their
    demand is split anew once another forecast is saved, which reads the orders once.
    """

    def __init__(self, workspace: Workspace, forecasts: Forecasts) -> None:
        self._workspace = workspace
        self._forecasts = forecasts
        self._reading = threading.Lock()
        self._held: tuple[str, CustomerGroups] | None = None
        self._answer: tuple[tuple[str, str | None], dict[str, Any]] | None = None

    def all(self) -> dict[str, Any]:
        """Every group's profile, and the latest forecast split over groups and regions.

        Raises:
            NotReady: no groups are kept yet.
            GroupsRefused, ForecastRefused: their files are altered or incomplete.
        """
        forecast_id = latest_forecast_id(self._workspace)
        groups_id, groups = self._kept()
        with self._reading:
            if self._answer is None or self._answer[0] != (groups_id, forecast_id):
                parts = None
                if forecast_id is not None:
                    saved = self._forecasts.latest()
                    parts = (saved, *demand_by_group(self._workspace, groups, saved))
                answer = plain(groups_answer(groups_id, groups, parts))
                self._answer = ((groups_id, forecast_id), answer)
            return self._answer[1]

    def of(self, customer_id: str) -> dict[str, Any]:
        """One customer's group and class.

        Raises:
            UnknownCustomer: the customer is in no group.
            NotReady, GroupsRefused: see `all`.
        """
        return customer_answer(*self._kept(), customer_id)

    def _kept(self) -> tuple[str, CustomerGroups]:
        held = self._held
        if held is not None and held[0] == latest_groups_id(self._workspace):
            return held
        with self._reading:
            self._held = kept_groups(self._workspace)
            return self._held
