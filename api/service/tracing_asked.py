"""Whether requests are to be traced, said without loading what traces them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from api.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry's own variables for a collector's address; one of them turns tracing on."""


def spans_if_asked() -> TracerProvider | None:
    """Where spans go; None where no collector is named, or OTEL_SDK_DISABLED is true.

    Raises:
        SettingsError: a collector is named, and what sends spans to it is not installed.
    """
    asked = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    if asked is None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from api.service.tracing import open_spans  # noqa: PLC0415  # an extra, and 0.2 s
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"Tracing needs packages that are not installed ('{error.name}').",
            where=f"environment {asked}",
            fix="Install them with 'pip install atelier[tracing]', or unset the variable.",
        ) from None
    return open_spans()
