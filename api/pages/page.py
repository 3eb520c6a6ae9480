"""A page as it is sent: one document, style and script inline, under a policy that allows no more.

A page holds nothing of the workspace: what it shows it asks of the API, with the key of whoever
looks at it. So the page itself may be read by anybody, and is the same for everybody.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

MEDIA_TYPE: Final = "text/html; charset=utf-8"
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("api", "pages"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A template with its style and script.

    Attributes:
        template: its path below `api/pages`.
        style: the CSS.
        script: the JavaScript, run as a module.
    """

    template: str
    style: str
    script: str

    def html(self, **shown: str) -> str:
        """The document; what is shown is escaped."""
        return _ENVIRONMENT.get_template(self.template).render(
            style=Markup(self.style),  # noqa: S704  # our own files
            script=Markup(self.script),  # noqa: S704  # likewise
            **shown,
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """What a browser may do with it: run this script and ask this service, nothing else."""
        policy = {
            "default-src": "'none'",
            "script-src": _hash(self.script),
            "style-src": _hash(self.style),
            "connect-src": "'self'",
            "img-src": "data:",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
        }
        return {
            "Content-Security-Policy": "; ".join(f"{key} {said}" for key, said in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }


def page_of(folder: str, scripts: Sequence[str]) -> Page:
    """The page in a folder of `api/pages`: `page.html.j2`, `page.css` after `base.css`, scripts.

    Args:
        folder: its name.
        scripts: names of files in it, in the order in which they run, as one module.
    """
    here = files("api") / "pages"
    return Page(
        template=f"{folder}/page.html.j2",
        style="".join(
            path.read_text(encoding="utf-8")
            for path in (here / "base.css", here / folder / "page.css")
        ),
        script="".join((here / folder / name).read_text(encoding="utf-8") for name in scripts),
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
