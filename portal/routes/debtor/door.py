"""The debtor's door itself: the blueprint that every page of a debtor hangs on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("debtor", __name__)
