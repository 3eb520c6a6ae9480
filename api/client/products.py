"""Products that customers compose."""

from __future__ import annotations

from api.client.sending import Sender
from api.service.product_schemas import (
    ConfigurationAnswer,
    ConfigurationRequest,
    OptionTree,
    ProductList,
)


class ProductCalls(Sender):
    """Products, their options, and where choices lead."""

    def products(self) -> ProductList:
        """The products that can be composed."""
        return self._ask(ProductList, "GET", "/v1/products")

    def options(
        self,
        style_id: str,
        *,
        option: str | None = None,
        levels: int | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> OptionTree:
        """A page of a product's options."""
        return self._ask(
            OptionTree,
            "GET",
            "/v1/products/{style_id}/configuration",
            style_id=style_id,
            query={"option": option, "levels": levels, "limit": limit, "offset": offset},
        )

    def configure(self, style_id: str, request: ConfigurationRequest) -> ConfigurationAnswer:
        """Where choices lead: what they force and rule out, what they cost, what comes next."""
        return self._ask(
            ConfigurationAnswer,
            "POST",
            "/v1/products/{style_id}/configuration",
            style_id=style_id,
            body=request,
            again=True,
        )
