"""The payment portal. `create_app` puts its parts together, in the order a request meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings
    from portal.runtime import Runtime

LARGEST_REQUEST = 2 * 1024 * 1024
FORM_LIFETIME_SECONDS = 2 * 60 * 60


def create_app(settings: Settings | None = None, runtime: Runtime | None = None, *, late_office: bool = False,
               beside: Flask | None = None) -> Flask:
    """Build the web application; without arguments from the environment, in tests from what they hand in.

    With `late_office` the office is loaded when somebody first comes to it, in an application `beside` this one.
    """
    from flask import Flask

    app = Flask(__name__, static_folder="static", template_folder="templates")
    rt = _runtime(settings, runtime)
    _configure(app, rt)
    _log(app, rt)
    _speak(app)
    _protect(app, rt, beside)
    _open_doors(app, office=not late_office)
    _answer_errors(app)
    _add_commands(app)
    if late_office:
        _open_office_late(app, rt)
    return app


def _runtime(settings: Settings | None, runtime: Runtime | None) -> Runtime:
    if runtime is not None:
        return runtime
    from config import load_settings
    from portal.assembly import assemble

    return assemble(settings or load_settings())


def _configure(app: Flask, rt: Runtime) -> None:
    from urllib.parse import urlsplit

    settings = rt.settings
    app.extensions["portal"] = rt
    app.secret_key = settings.session_key.get_secret_value()
    prefix = "__Host-" if settings.secure_cookies else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}portal_forms", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies, SESSION_COOKIE_PATH="/",
        TRUSTED_HOSTS=list(settings.trusted_hosts) or [urlsplit(settings.base_url).hostname or ""],
        MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=FORM_LIFETIME_SECONDS, PREFERRED_URL_SCHEME=urlsplit(settings.base_url).scheme,
    )


def _log(app: Flask, rt: Runtime) -> None:
    from portal import logs
    from portal.routes.shared import requests

    logs.configure(rt.settings.log_level)
    requests.install(app)


def _speak(app: Flask) -> None:
    from jinja2 import StrictUndefined

    from portal import words
    from portal.routes.shared import assets, frame

    app.jinja_environment = frame.Pages
    app.url_rule_class = assets.LateRule
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    words.equip(app.jinja_env)
    assets.install(app)
    app.before_request(frame.speak_as_browser_asks)
    app.context_processor(frame.page_values)


def _protect(app: Flask, rt: Runtime, beside: Flask | None) -> None:
    from flask_wtf.csrf import CSRFProtect
    from werkzeug.middleware.proxy_fix import ProxyFix

    from portal.routes.shared import browser, cookies, floods, headers, large_files, plain_text

    headers.install(app, rt.settings)
    large_files.install(app)
    plain_text.install(app)
    app.after_request(cookies.renew)
    app.session_interface = browser.Sessions()
    CSRFProtect(app)
    app.jinja_env.globals["csrf_token"] = browser.form_token
    floods.install(app, rt.settings, beside)
    hops = rt.settings.proxy_hops
    if hops:
        # Exactly as many hops as there are proxies of ours: one more, and a visitor could choose their own address.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _open_doors(app: Flask, *, office: bool) -> None:
    from portal.routes import doors

    doors.open_all(app, office=office)


def _answer_errors(app: Flask) -> None:
    from portal.routes.shared import errors

    errors.install(app)


def _add_commands(app: Flask) -> None:
    from portal import cli

    cli.install(app)


def _open_office_late(app: Flask, rt: Runtime) -> None:
    from portal import models, services
    from portal.routes.shared import late

    def complete() -> Flask:
        services.load_all()
        models.finish()
        return create_app(runtime=rt, beside=app)

    late.install(app, complete)
