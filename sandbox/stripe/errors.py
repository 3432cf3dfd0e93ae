"""The refusals Stripe's API answers with, as one exception family. How they become HTTP lives in app.py."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """One refusal in the shape of Stripe's error object.

    `remembered` says whether an idempotency key keeps it: Stripe keeps whatever happened after execution
    began, and forgets what was refused while the parameters were being read.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        remembered: bool = True,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.remembered = remembered
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON body Stripe would send."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error.update(self.extra)
        return {"error": error}


def missing(kind: str, object_id: str, param: str = "id") -> StripeError:
    """The answer to an id that this account does not hold."""
    return StripeError(
        f"No such {kind}: '{object_id}'",
        status=404,
        code="resource_missing",
        param=param,
    )


def refused(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that was read, but can't be accepted; found before anything was executed."""
    return StripeError(message, code=code, param=param, remembered=False)


def unexpected_state(kind: str, message: str, **extra: Any) -> StripeError:
    """An act that the object's present state does not allow."""
    return StripeError(message, code=f"{kind}_unexpected_state", **extra)
