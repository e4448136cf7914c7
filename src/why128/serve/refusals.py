"""What a request is refused with: a status, and the package's own words."""

from __future__ import annotations

from starlette.responses import JSONResponse

from why128.errors import InputRefused, SurroundingsError, UsageError, Why128Error

STATUS = {UsageError: 400, InputRefused: 422, SurroundingsError: 503}


class RequestRefused(Exception):
    """A request that is not answered; `status` is HTTP's."""

    def __init__(self, status: int, message: str, hint: str | None = None, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.hint, self.headers = status, hint, headers or {}


def refusal(fault: Exception) -> JSONResponse:
    """The answer to a request that is refused; a fault of ours is told without its inside."""
    if isinstance(fault, RequestRefused):
        return JSONResponse({"error": str(fault), "hint": fault.hint}, fault.status, fault.headers)
    if isinstance(fault, Why128Error):
        status = next((code for kind, code in STATUS.items() if isinstance(fault, kind)), 500)
        status = 413 if status == 422 and "too large" in str(fault) else status
        return JSONResponse({"error": str(fault), "hint": fault.hint}, status)
    return JSONResponse({"error": "a fault of ours; the server's own output says more", "hint": None}, 500)
