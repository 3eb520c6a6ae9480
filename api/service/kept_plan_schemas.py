"""What the routes of kept plans take and answer: lists, comparisons, what-ifs, overrides."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from api.service.schemas import (
    MOST_AMOUNT,
    MOST_RESOURCES,
    MOST_ROWS,
    Answer,
    Day,
    Id,
    Request,
    example,
)
from data.tables import MOST_UNITS
from production.plans.changes import SAME, Change, Changes, To

MOST_GROUPS: Final = 100
MOST_VALUES: Final = 5000
MOST_FACTOR: Final = 1000.0

Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Words of a planner, on one line."""

SentWith = Annotated[
    str | None,
    Field(description="The id of the key that it was sent with; null where none was asked for."),
]
"""Who said it, as far as the service knows."""

Factor = Annotated[float, Field(ge=0, le=MOST_FACTOR)]
Amount = Annotated[float, Field(ge=0, le=MOST_AMOUNT)]


class Becomes(Request):
    """What a number becomes: so many times what it is, or an amount."""

    factor: Factor | None = Field(default=None, examples=[1.2])
    amount: Amount | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.factor is None) == (self.amount is None):
            raise ValueError("must have exactly one of factor and amount")
        return self

    def to(self) -> To:
        """As the planning room takes it."""
        return To(amount=self.amount) if self.factor is None else To(factor=self.factor)


class GroupChange(Request):
    """What becomes of a group of variants; without a column, of all."""

    column: Id | None = Field(
        default=None,
        description="`variant_id`, `style_id` or an attribute, such as `size`; null for all.",
        examples=["style_id"],
    )
    values: list[Id] = Field(
        default=[], max_length=MOST_VALUES, description="The column's values that make the group."
    )
    demand: Factor | None = Field(
        default=None, description="So many times what is expected.", examples=[1.4]
    )
    price: Becomes | None = None
    unit_cost: Becomes | None = None

    @model_validator(mode="after")
    def _whole_group(self) -> Self:
        if (self.column is None) != (not self.values):
            raise ValueError("column and values go together")
        return self

    def change(self) -> Change:
        """As the planning room takes it."""
        return Change(
            column=self.column or "",
            values=tuple(self.values),
            demand=1.0 if self.demand is None else self.demand,
            price=SAME if self.price is None else self.price.to(),
            unit_cost=SAME if self.unit_cost is None else self.unit_cost.to(),
        )


class WhatIfRequest(Request):
    """What is different."""

    model_config = example(
        capacity={"sewing": {"factor": 1.2}},
        groups=[{"column": "style_id", "values": ["SH001"], "demand": 1.4,
                 "price": {"factor": 0.9}}],
    )  # fmt: skip

    capacity: dict[Id, Becomes] = Field(
        default={},
        max_length=MOST_RESOURCES,
        description="Over the whole horizon, by resource; 'units' limits all units together.",
    )
    groups: list[GroupChange] = Field(
        default=[], max_length=MOST_GROUPS, description="Where they meet, each applies in turn."
    )
    lines: int = Field(default=100, ge=0, le=MOST_ROWS, description="Lines answered at most.")

    def changes(self) -> Changes:
        """As the planning room takes it."""
        return Changes(
            capacity={name: to.to() for name, to in self.capacity.items()},
            groups=[one.change() for one in self.groups],
        )


class ComparedResource(Answer):
    """One resource in two plans; null where a plan is not limited by it."""

    resource_id: str
    unit: str
    capacity_before: float | None
    capacity_after: float | None
    used_before: float | None
    used_after: float | None
    shadow_price_before: float | None
    shadow_price_after: float | None


class WhatIfLine(Answer):
    """One variant that would move."""

    variant_id: str
    style_id: str
    before: int
    after: int
    change: int
    shortage_before: float = Field(description="Units expected to be missing.")
    shortage_after: float
    leftover_before: float = Field(description="Units expected to be left over.")
    leftover_after: float


class WhatIfStyle(Answer):
    """One style whose units would move."""

    style_id: str
    before: int
    after: int
    change: int


class WhatIfAnswer(Answer):
    """A plan beside what it would become."""

    plan_id: str
    units_before: float
    units_after: float
    profit_before: float = Field(
        description="Expected price of what is sold, and salvage of what is left, less what all of "
        "it costs; stock counts at its unit cost."
    )
    profit_after: float
    gap_before: float = Field(description="Expected shortage and leftover, share of demand.")
    gap_after: float
    cost_before: float = Field(description="Expected cost of the plan as it is.")
    cost_kept: float = Field(description="Of the same quantities, under the changes.")
    cost_after: float = Field(description="Of the plan made again, under the changes.")
    bound: float = Field(description="No plan under the changes costs less.")
    gap: float
    status: str
    moved: int = Field(description="Variants with another quantity.")
    moved_styles: int = Field(description="Styles with another quantity.")
    notes: list[str] = Field(
        description="What to know of the comparison: where what it begins with is not the plan as "
        "it was kept, for that was made by week, by region or with weight on its worst scenarios."
    )
    resources: list[ComparedResource]
    styles: list[WhatIfStyle] = Field(
        description="Those that move, the largest change first; as many as lines at most."
    )
    lines: list[WhatIfLine] = Field(description="Those that move, the largest change first.")


class Causes(Answer):
    """Units that each cause added; they sum to the change."""

    demand: int
    costs: int
    lots: int
    capacity: int
    override: int = Field(description="What planners set, and what was released.")
    other: int = Field(description="Nothing that the plans were made from.")


class DiffLine(Causes):
    """One variant that moved, and why."""

    variant_id: str
    style_id: str
    status: Literal["both", "new", "dropped"]
    before: int
    after: int
    change: int
    why: str = Field(
        examples=["'A' goes from 12 to 15 units: +3 by demand (11.0 to 14.2 expected)."]
    )
    reason: str = Field(description="Why the later quantity is what it is; empty if dropped.")


class DiffAnswer(Answer):
    """What moved from one plan to another."""

    before: str
    after: str
    units_before: int
    units_after: int
    moved: int = Field(description="Variants with another quantity.")
    causes: Causes
    cost_before: float
    cost_after: float
    resources: list[ComparedResource]
    notes: list[str]
    lines: list[DiffLine] = Field(description="Those that moved, the largest change first.")


class ReleaseRequest(Request):
    """Who releases a plan."""

    model_config = example(by="Ann", note="for the fair")

    by: Id = Field(description="Who says so.")
    note: Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class ReleaseAnswer(Answer):
    """That a plan was released."""

    plan_id: str
    as_of: str
    horizon: int
    by: str
    key_id: SentWith
    at: str
    note: str
    supersedes: list[str] = Field(
        description="Plans that were in force for some of the same weeks."
    )


class ListedRelease(ReleaseAnswer):
    """How a plan was released."""

    in_force: bool = Field(description="False where a later release supersedes it.")


class ListedPlan(Answer):
    """A kept plan without its lines; nulls where it cannot be read."""

    plan_id: str
    as_of: str | None
    horizon: int | None
    method: str | None
    units: float | None
    expected_cost: float | None
    gap: float | None
    status: str | None
    latest: bool = Field(description="Whether it was saved last.")
    refused: str = Field(description="Why it cannot be read; else empty.")
    release: ListedRelease | None


class PlanList(Answer):
    """A page of the kept plans, the latest weeks first."""

    total: int
    plans: list[ListedPlan]


class OverrideRequest(Request):
    """A quantity that a planner sets, or the end of one."""

    model_config = example(
        variant_id="SH001-WHI-M-WO", quantity=40, by="Ann", why="fair on Saturday"
    )

    variant_id: Id
    quantity: Annotated[int, Field(ge=0, le=MOST_UNITS)] | None = Field(
        description="Units to make in every plan from now on; null clears what was set."
    )
    by: Id = Field(description="Who says so.")
    why: Text
    until: Day | None = Field(
        default=None, description="The last day on which a plan that it enters may begin."
    )


class OverrideAnswer(Answer):
    """One record."""

    variant_id: str
    quantity: int | None = Field(description="Null where it cleared what was set.")
    by: str
    key_id: SentWith
    why: str
    at: str
    until: str | None


class ListedOverride(OverrideAnswer):
    """One record, and whether it stands."""

    stands: bool = Field(
        description="False where it was replaced or cleared, or where `until` is over in the shop."
    )


class OverrideList(Answer):
    """Overrides."""

    overrides: list[ListedOverride]
