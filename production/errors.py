"""The production room's branch of the error tree.

ProductionError
├── TooLittleHistory       fewer weeks than a forecast can stand on
├── UnknownMethod          a demand method that nobody wrote
├── UnknownPolicy          a policy that nobody wrote
├── BadAblation            a group of features that there is not
├── BadRegressors          market factors that cannot be used as they are
├── LeakedFactor           a market factor's actual values given out for a scenario
├── BadPeriod              a plan by another period than weeks
├── BadDemand              demand that is NaN, negative or crossing
├── BadPaths               sample paths that cannot be drawn
├── BadResources           resources, usage or lots that contradict themselves
├── Infeasible             no plan keeps every bound; names the one that binds
├── UnknownForecast        a forecast id that the workspace does not hold
├── NotForecast            a variant that a forecast does not hold
├── ForecastRefused        a saved forecast that is altered, incomplete or of another version
├── UnknownPlan            a plan id that the workspace does not hold
├── UnknownLevel           a level that a report does not have
├── PlanReleased           a plan that is released already
├── BareInputs             a plan kept without what it was made from
├── BadRecord              an override or a release with a field that says nothing or too much
├── BadOverride            an override of a variant that nobody knows, or one that is not there
├── BadChange              a what-if that changes nothing there is
├── PlanRefused            a saved plan that is altered, incomplete or of another version
├── BadModel               a model of products that cannot be read as UVL
│   └── UnsupportedModel   what UVL has and this reader does not
├── UnknownProduct         a style that customers cannot compose
├── BadChoice              an option that there is not, or a choice that says two things
├── BadOptions             a file of prices, usage and times that does not fit its model
├── PriceRefused           a price that would go negative, or be reckoned of too much
├── TooFewConfigurations   fewer past configurations than choices can be learned from
└── ChoicesRefused         saved learned choices that are altered, incomplete or of another model
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


class UnknownPolicy(ProductionError):
    """A policy that nobody wrote."""

    code = "production.unknown-policy"


class BadAblation(ProductionError):
    """A group of features that there is not."""

    code = "production.bad-ablation"


class BadHorizon(ProductionError):
    """Weeks to forecast that are none, or too many."""

    code = "production.bad-horizon"


class BadRegressors(ProductionError):
    """Market factors that cannot be used as they are."""

    code = "production.bad-regressors"


class LeakedFactor(ProductionError):
    """A market factor's actual values given out for a scenario."""

    code = "production.leaked-factor"


class BadPeriod(ProductionError):
    """A plan by another period than weeks."""

    code = "production.bad-period"


class BadDemand(ProductionError):
    """Demand that is NaN, negative or crossing."""

    code = "production.bad-demand"


class BadPaths(ProductionError):
    """Sample paths that cannot be drawn."""

    code = "production.bad-paths"


class BadResources(ProductionError):
    """Resources, usage or lots that contradict themselves."""

    code = "production.bad-resources"


class Infeasible(ProductionError):
    """No plan keeps every bound; names the one that binds."""

    code = "production.infeasible"


class UnknownForecast(ProductionError):
    """A forecast id that the workspace does not hold."""

    code = "production.unknown-forecast"


class NotForecast(ProductionError):
    """A variant that a forecast does not hold."""

    code = "production.not-forecast"


class ForecastRefused(ProductionError):
    """A saved forecast that is altered, incomplete or of another version."""

    code = "production.forecast-refused"


class UnknownPlan(ProductionError):
    """A plan id that the workspace does not hold."""

    code = "production.unknown-plan"


class UnknownLevel(ProductionError):
    """A level that a report does not have."""

    code = "production.unknown-level"


class PlanRefused(ProductionError):
    """A saved plan that is altered, incomplete or of another version."""

    code = "production.plan-refused"


class PlanReleased(ProductionError):
    """A plan that is released already."""

    code = "production.plan-released"


class BareInputs(ProductionError):
    """A plan kept without what it was made from, as plans were before they could be compared."""

    code = "production.bare-inputs"


class BadRecord(ProductionError):
    """An override or a release with a field that says nothing or too much."""

    code = "production.bad-record"


class BadOverride(ProductionError):
    """An override of a variant that nobody knows, or one that is not there."""

    code = "production.bad-override"


class BadChange(ProductionError):
    """A what-if that changes nothing there is."""

    code = "production.bad-change"


class BadModel(ProductionError):
    """A model of products that cannot be read as UVL."""

    code = "production.bad-model"


class UnsupportedModel(BadModel):
    """What UVL has and this reader does not."""

    code = "production.unsupported-model"


class UnknownProduct(ProductionError):
    """A style that customers cannot compose."""

    code = "production.unknown-product"


class BadChoice(ProductionError):
    """An option that there is not, or a choice that says two things."""

    code = "production.bad-choice"


class BadOptions(ProductionError):
    """A file of prices, usage and times that does not fit its model."""

    code = "production.bad-options"


class PriceRefused(ProductionError):
    """A price that would go negative, or be reckoned of too much."""

    code = "production.price-refused"


class TooFewConfigurations(ProductionError):
    """Fewer past configurations than choices can be learned from."""

    code = "production.too-few-configurations"


class ChoicesRefused(ProductionError):
    """Saved learned choices that are altered, incomplete or of another model."""

    code = "production.choices-refused"


class NoPromise(ProductionError):
    """An order that no day has the capacity for; `where` names the resource."""

    code = "production.no-promise"


class QuoteRefused(ProductionError):
    """An order that cannot be quoted as it is."""

    code = "production.quote"
