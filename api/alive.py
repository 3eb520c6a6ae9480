"""`python -m api.alive`: whether the service of this machine answers, as a container asks.

It asks `/healthz` at the port, and by TLS where there is a certificate, that the settings name; it
ends with 1 where no good answer comes.
"""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from api.settings import Settings, load_settings

SECONDS: Final = 4.0


def answers(settings: Settings) -> bool:
    """Whether the service of some settings answers on this machine."""
    context, scheme = None, "http"
    if settings.tls_cert is not None:
        # The certificate names the shop, not this machine, which is all that is asked here.
        context, scheme = ssl._create_unverified_context(), "https"  # noqa: S323
    url = f"{scheme}://127.0.0.1:{settings.port}/healthz"
    try:
        with urlopen(url, timeout=SECONDS, context=context) as answer:  # noqa: S310  # as above
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(load_settings(Path(os.environ.get("ATELIER_WORKSPACE", ".")))) else 1)
