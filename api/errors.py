"""The api room's branch of the error tree.

ApiError
├── SettingsError          a setting that is misspelt or out of bounds
├── OutputError            a file or folder that cannot be written
├── OpenAddress            an address that others can reach, without saying so plainly
├── NotReady               what is asked for has not been made yet (503)
│   └── Preparing          … and is being made (503)
├── NotErased              a customer whose id a file still holds (409)
├── NotRetained            limits of how long rows keep their customer that are not applied
├── Busy                   too much of the same work is waiting (503)
├── NoKey                  a key is asked for, and none that counts is shown (401)
├── Forbidden              a key whose role may not do this (403)
├── TooMany                a caller that asks too often (429)
├── Malformed              a body that is not plain, unambiguous JSON (400)
├── NotAcceptable          no representation that the client accepts (406)
├── TooLarge               a body above the limit (413)
├── TooSlow                a body that does not come on (408)
├── WrongMedia             a body of another media type (415)
└── Invalid                a parameter or a field out of bounds (422)
"""

from __future__ import annotations

from data.errors import AtelierError


class ApiError(AtelierError):
    """The api room's branch."""

    code = "api"


class SettingsError(ApiError):
    """A setting that is misspelt or out of bounds."""

    code = "api.settings"


class OutputError(ApiError):
    """A file or folder that cannot be written."""

    code = "api.output"


class OpenAddress(ApiError):
    """An address that others can reach, without saying so plainly."""

    code = "api.open-address"


class NotReady(ApiError):
    """What is asked for has not been made yet."""

    code = "api.not-ready"


class Preparing(NotReady):
    """What is asked for is being made; coming back in seconds helps."""

    code = "api.preparing"


class NotErased(ApiError):
    """A customer whose id a file of the workspace still holds; erasing again may help."""

    code = "api.not-erased"


class NotRetained(ApiError):
    """Limits of how long rows keep their customer that are not applied."""

    code = "api.not-retained"


class Busy(ApiError):
    """Too much of the same work is waiting; trying again later helps."""

    code = "api.busy"


class NoKey(ApiError):
    """A key is asked for, and none that counts is shown."""

    code = "api.no-key"


class Forbidden(ApiError):
    """A key whose role may not do this."""

    code = "api.forbidden"


class TooMany(ApiError):
    """A caller that asks too often.

    Args:
        seconds: how long to wait.
    """

    code = "api.too-many"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "Too many requests.", where="header Authorization", fix=f"Wait {seconds} s."
        )
        self.seconds = seconds


class NotFound(ApiError):
    """No route of that path."""

    code = "api.not-found"


class MethodNotAllowed(ApiError):
    """A route that does not know the method."""

    code = "api.method-not-allowed"


class Internal(ApiError):
    """A fault of the program itself."""

    code = "api.internal"


class Malformed(ApiError):
    """A body that is not plain, unambiguous JSON."""

    code = "api.malformed"


class NotAcceptable(ApiError):
    """No representation that the client accepts."""

    code = "api.not-acceptable"


class TooLarge(ApiError):
    """A body above the limit."""

    code = "api.too-large"


class TooSlow(ApiError):
    """A body that does not come on."""

    code = "api.too-slow"


class WrongMedia(ApiError):
    """A body of another media type than JSON."""

    code = "api.wrong-media"


class Invalid(ApiError):
    """A parameter or a field out of bounds."""

    code = "api.invalid"
