"""Use cases: one public function per thing a person, Stripe or a timer can do. They own the transactions.

`from portal.services import payments` gives a module whose code runs when something of it is first used: a fresh
process so serves before it has read what nobody has asked of it yet. `load_all` runs everything at once, as a web
server does before it takes requests (gunicorn.conf.py). Use cases form no cycle, so modules that wait for each other
come to an end.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import threading
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any


@dataclass
class _Run:
    """Whether a module's code has begun to run, and the lock of whoever runs it."""

    begun: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)


_finding = threading.Lock()
_runs: dict[str, _Run] = {}


class _Late(ModuleType):
    """A module that has not run yet. The first who asks for anything of it runs it, and others wait meanwhile."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__"):
            _run(self)
        # Not by super(): once it has run, it is a module like any other.
        return ModuleType.__getattribute__(self, name)


def _run(module: ModuleType) -> None:
    spec = module.__spec__
    assert spec is not None and spec.loader is not None
    run = _runs[spec.name]
    with run.lock:
        # True for the module's own code as well, which may ask for names of its module while it runs.
        if run.begun:
            return
        run.begun = True
        try:
            spec.loader.exec_module(module)
        except BaseException:
            run.begun = False
            raise
        module.__class__ = ModuleType


def _late(name: str) -> ModuleType:
    full = f"{__name__}.{name}"
    with _finding:
        known = sys.modules.get(full)
        if known is not None:
            return known
        spec = None if name.startswith("_") else importlib.util.find_spec(full)
        if spec is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.util.module_from_spec(spec)
        module.__class__ = _Late
        _runs[full] = _Run()
        sys.modules[full] = module
        return module


def load_all() -> None:
    """Run the code of every use case now; raises whatever is wrong with it."""
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        module = importlib.import_module(found.name)
        if type(module) is _Late:
            _run(module)


if not TYPE_CHECKING:
    __getattr__ = _late
