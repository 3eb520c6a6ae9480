"""What a planner asks: demand, groups, plans, the report."""

from __future__ import annotations

from api.client.sending import Sender
from api.formats import VARIANTS, Format
from api.service.demand_schemas import DemandList, VariantDemand
from api.service.group_schemas import CustomerGroup, CustomerGroupsAnswer
from api.service.kept_plan_schemas import (
    DiffAnswer,
    OverrideAnswer,
    OverrideList,
    OverrideRequest,
    PlanList,
    ReleaseAnswer,
    ReleaseRequest,
    WhatIfAnswer,
    WhatIfRequest,
)
from api.service.plan_schemas import PlanAnswer, PlanRequest
from api.service.risk_schemas import PlanRiskAnswer


class PlanningCalls(Sender):
    """Demand, groups, plans and overrides."""

    def customer_groups(self) -> CustomerGroupsAnswer:
        """Customers in groups."""
        return self._ask(CustomerGroupsAnswer, "GET", "/v1/customer-groups")

    def group_of(self, customer_id: str) -> CustomerGroup:
        """A customer's group, and whether they will likely order again."""
        return self._ask(
            CustomerGroup, "GET", "/v1/customers/{customer_id}/group", customer_id=customer_id
        )

    def demand(self, *, limit: int | None = None, offset: int | None = None) -> DemandList:
        """The saved forecast, the largest demand first."""
        query = {"limit": limit, "offset": offset}
        return self._ask(DemandList, "GET", "/v1/demand", query=query)

    def demand_of(self, variant_id: str, *, past: int | None = None) -> VariantDemand:
        """A variant's past, its forecast and what drives it."""
        return self._ask(
            VariantDemand,
            "GET",
            "/v1/demand/{variant_id}",
            variant_id=variant_id,
            query={"past": past},
        )

    def variant_mix(
        self,
        *,
        form: Format = Format.JSON,
        plan_id: str | None = None,
        against: str | None = None,
        level: str = VARIANTS,
        live: bool | None = None,
    ) -> bytes:
        """The variant-mix report as a file of a format."""
        query = {
            "format": form,
            "plan_id": plan_id,
            "against": against,
            "level": level,
            "live": live,
        }
        return self._ask(bytes, "GET", "/v1/variant-mix", query=query)

    def make_plan(self, request: PlanRequest) -> PlanAnswer:
        """Make and save a plan."""
        return self._ask(PlanAnswer, "POST", "/v1/plans", body=request)

    def plans(self, *, limit: int | None = None, offset: int | None = None) -> PlanList:
        """The kept plans, the latest weeks first."""
        return self._ask(PlanList, "GET", "/v1/plans", query={"limit": limit, "offset": offset})

    def plan(self, plan_id: str) -> PlanAnswer:
        """A saved plan."""
        return self._ask(PlanAnswer, "GET", "/v1/plans/{plan_id}", plan_id=plan_id)

    def plan_diff(self, plan_id: str, *, against: str, limit: int | None = None) -> DiffAnswer:
        """What moved since another plan, and why."""
        return self._ask(
            DiffAnswer,
            "GET",
            "/v1/plans/{plan_id}/diff",
            plan_id=plan_id,
            query={"against": against, "limit": limit},
        )

    def what_if(self, plan_id: str, request: WhatIfRequest) -> WhatIfAnswer:
        """What a plan would be if something were different; saves nothing."""
        return self._ask(
            WhatIfAnswer,
            "POST",
            "/v1/plans/{plan_id}/what-if",
            plan_id=plan_id,
            body=request,
            again=True,
        )

    def release_plan(self, plan_id: str, request: ReleaseRequest) -> ReleaseAnswer:
        """Release a plan: its quantities then stay."""
        return self._ask(
            ReleaseAnswer, "POST", "/v1/plans/{plan_id}/release", plan_id=plan_id, body=request
        )

    def plan_risk(
        self, plan_id: str, *, scenarios: int | None = None, level: float | None = None
    ) -> PlanRiskAnswer:
        """What a saved plan may come to on drawn demand."""
        return self._ask(
            PlanRiskAnswer,
            "GET",
            "/v1/plans/{plan_id}/risk",
            plan_id=plan_id,
            query={"scenarios": scenarios, "level": level},
        )

    def overrides(self, *, every: bool | None = None) -> OverrideList:
        """What planners set, by whom and why."""
        return self._ask(OverrideList, "GET", "/v1/overrides", query={"every": every})

    def set_override(self, request: OverrideRequest) -> OverrideAnswer:
        """Set or clear a quantity that every plan then makes."""
        return self._ask(OverrideAnswer, "POST", "/v1/overrides", body=request)
