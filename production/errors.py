"""The production room's branch of the error tree.

ProductionError
├── TooLittleHistory       fewer weeks than a forecast can stand on
├── UnknownMethod          a demand method that nobody wrote
├── BadRegressors          market factors that cannot be used as they are
├── BadDemand              demand that is NaN, negative or crossing
├── BadResources           resources, usage or lots that contradict themselves
├── Infeasible             no plan keeps every bound; names the one that binds
├── UnknownPlan            a plan id that the workspace does not hold
└── PlanRefused            a saved plan that is altered, incomplete or of another version
"""

from __future__ import annotations

from data.errors import AtelierError


class ProductionError(AtelierError):
    """The production room's branch."""

    code = "production"


class TooLittleHistory(ProductionError):
    """Fewer weeks than a forecast can stand on."""

    code = "production.too-little-history"


class UnknownMethod(ProductionError):
    """A demand method that nobody wrote."""

    code = "production.unknown-method"


class BadHorizon(ProductionError):
    """Weeks to forecast that are none, or too many."""

    code = "production.bad-horizon"


class BadRegressors(ProductionError):
    """Market factors that cannot be used as they are."""

    code = "production.bad-regressors"


class BadDemand(ProductionError):
    """Demand that is NaN, negative or crossing."""

    code = "production.bad-demand"


class BadResources(ProductionError):
    """Resources, usage or lots that contradict themselves."""

    code = "production.bad-resources"


class Infeasible(ProductionError):
    """No plan keeps every bound; names the one that binds."""

    code = "production.infeasible"


class UnknownPlan(ProductionError):
    """A plan id that the workspace does not hold."""

    code = "production.unknown-plan"


class PlanRefused(ProductionError):
    """A saved plan that is altered, incomplete or of another version."""

    code = "production.plan-refused"
