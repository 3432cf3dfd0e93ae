"""Opens every door of the application: debtors', webhooks', and the small shared ones."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect


def open_all(app: Flask, *, office: bool) -> None:
    """Register all blueprints, and name the two kinds of POST that carry their own proof instead of a form's.

    Without the `office` nothing of it is loaded.
    """
    from portal.routes import webhooks
    from portal.routes.debtor import blueprint as debtor
    from portal.routes.debtor import stop
    from portal.routes.shared import brand, health, metrics

    app.register_blueprint(debtor)
    if office:
        from portal.routes.admin import blueprint as admin

        app.register_blueprint(admin)
    app.register_blueprint(brand.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(webhooks.blueprint)
    csrf: CSRFProtect = app.extensions["csrf"]
    csrf.exempt(webhooks.blueprint)
    csrf.exempt(stop.stop_now)
