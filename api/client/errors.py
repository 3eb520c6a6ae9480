"""What goes wrong between a client and the service.

ApiError
└── ClientError
    ├── ServiceRefused     the service answered with a problem
    └── ServiceAway        no answer came, however often it was asked
"""

from __future__ import annotations

from api.errors import ApiError


class ClientError(ApiError):
    """The client's branch."""

    code = "api.client"


class ServiceRefused(ClientError):
    """The service answered with a problem.

    Attributes:
        status: the HTTP status.
        problem: the problem's stable code, such as `data.out-of-capacity`.
        request_id: names the request in the service's log; empty where the answer has none.
    """

    code = "api.client.refused"

    def __init__(
        self, what: str, *, where: str, fix: str, status: int, problem: str, request_id: str
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.status = status
        self.problem = problem
        self.request_id = request_id


class ServiceAway(ClientError):
    """No answer came, however often it was asked; a step under a key may be sent again."""

    code = "api.client.away"
