"""What an API endpoint is: a method, a path, the parameters it knows, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.params import Fields

Answer = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """One endpoint. Each `<>` in the path is an id, given to `answer` after the scope and the parameters."""

    method: str
    path: str
    params: Fields
    answer: Answer
