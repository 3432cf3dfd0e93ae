"""The office's door: importing this package hangs every page on the blueprint. A new feature is one new file here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from portal.routes.admin.desk import blueprint

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["blueprint"]
