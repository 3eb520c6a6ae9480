"""What a shop asks of composed products."""

from __future__ import annotations

from api.client.sending import Sender
from api.service.product_schemas import (
    ConfigurationAnswer,
    ConfigurationRequest,
    OptionTree,
    ProductList,
)


class CustomOrderCalls(Sender):
    """Products and where choices lead."""

    def products(self) -> ProductList:
        """Products that can be composed."""
        return self._ask(ProductList, "GET", "/v1/products")

    def option_tree(
        self,
        style_id: str,
        *,
        option: str | None = None,
        levels: int | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> OptionTree:
        """A product's options, parents before their children."""
        return self._ask(
            OptionTree,
            "GET",
            "/v1/products/{style_id}/configuration",
            style_id=style_id,
            query={"option": option, "levels": levels, "limit": limit, "offset": offset},
        )

    def configure(self, style_id: str, request: ConfigurationRequest) -> ConfigurationAnswer:
        """Where choices lead."""
        return self._ask(
            ConfigurationAnswer,
            "POST",
            "/v1/products/{style_id}/configuration",
            style_id=style_id,
            body=request,
            again=True,
        )
