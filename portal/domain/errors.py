"""The one family of expected refusals: a kind, a code and parameters.

Sentences do not live here: `words` renders the codes. Whatever is not a `Refusal` is a bug.
"""

from typing import Literal

Kind = Literal["invalid", "not_found", "not_allowed", "conflict", "gone", "too_many", "too_large"]


class Refusal(Exception):
    """Something a person, Stripe or a file asked for is not done, and this says why.

    `kind` decides the status code, `code` the sentence, `params` what is filled into it. Subclasses keep this
    signature, because an exception is rebuilt from its positional arguments when it crosses a process border.
    """

    def __init__(self, kind: Kind, code: str, /, **params: object) -> None:
        super().__init__(kind, code)
        self.kind: Kind = kind
        self.code = code
        self.params: dict[str, object] = params

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.kind}: {self.code}({details})"
