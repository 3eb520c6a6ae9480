"""The routes, one file a subject."""

from api.service.routes.answers import router as answers
from api.service.routes.capacity import router as capacity
from api.service.routes.customers import router as customers
from api.service.routes.demand import router as demand
from api.service.routes.events import router as events
from api.service.routes.groups import router as groups
from api.service.routes.health import router as health
from api.service.routes.jobs import router as jobs
from api.service.routes.kept_plans import router as kept_plans
from api.service.routes.metrics import router as metrics
from api.service.routes.mix import router as mix
from api.service.routes.orders import router as orders
from api.service.routes.overrides import router as overrides
from api.service.routes.pages import router as pages
from api.service.routes.plan_risk import router as plan_risk
from api.service.routes.planner import router as planner
from api.service.routes.plans import router as plans
from api.service.routes.products import router as products
from api.service.routes.quotes import router as quotes
from api.service.routes.recommendations import router as recommendations
from api.service.routes.session import router as session

ROUTERS = (
    recommendations, events, answers, groups, demand, mix, plans, kept_plans, overrides, plan_risk,
    products, quotes, orders, capacity, jobs, pages, planner, session, health, metrics,
    customers,  # last: its path takes whatever the others leave
)  # fmt: skip
"""In the order of the OpenAPI document."""

__all__ = ["ROUTERS"]
