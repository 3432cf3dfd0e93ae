"""The one place that makes pages of refusals and errors: a status, a title and a sentence, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app, flash, make_response, render_template, request
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal import words
from portal.domain.errors import Kind, Refusal
from portal.logs import failed
from portal.words.refusals import N_

STATUS: dict[Kind, int] = {
    "invalid": 422, "not_found": 404, "not_allowed": 403, "conflict": 409, "gone": 410, "too_many": 429,
    "too_large": 413,
}
TITLES = {
    400: N_("This did not reach us well"), 403: N_("This is not open to you"), 404: N_("There is nothing here"),
    405: N_("This page is not used that way"), 409: N_("Something has changed"), 410: N_("This has ended"),
    413: N_("That is too large"), 422: N_("Something needs another look"), 429: N_("Please wait a little"),
    500: N_("Something went wrong on our side"),
}
SENTENCES = {
    400: N_("Please go back and try once more. Nothing was charged."),
    403: N_("Please open the link in our email again."),
    404: N_("There is nothing here, or it is not yours to see."),
    405: N_("Please go back and use the buttons of the page."),
    409: N_("Something has changed in the meantime. Please look again."),
    410: N_("This has ended."),
    413: N_("That is more than we can take at once."),
    422: N_("Something in the form needs another look."),
    429: N_("That was a lot in a short time. Please wait a little and try again."),
    500: N_("We have noted it and will look. Nothing was charged by this. Please try again in a few minutes."),
}
FORM_TITLE = N_("This form was open for a long time")
FORM_SENTENCE = N_("To keep you safe, forms end after a while or when you open another link. Nothing was sent, and "
                   "nothing was charged. Please go back, load the page again and send it once more.")


def install(app: Flask) -> None:
    """Answer every refusal and error with a page."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(CSRFError, _form_ended)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def dress(app: Flask, prefix: str, choose: Callable[[], str]) -> None:
    """Give a part of the product error pages of its own; `choose` names the template when one is needed."""
    app.extensions.setdefault("error_pages", {})[prefix] = choose


def status_of(refusal: Refusal) -> int:
    """Give the status code of a refusal."""
    return STATUS[refusal.kind]


def notice(message: str) -> None:
    """Say one thing on the next page; the text is marked for translation where it is written."""
    flash(words.current().text(message))


def _refused(refusal: Refusal) -> Response:
    status = STATUS[refusal.kind]
    said = words.current().refusal(refusal)
    return _page(status, words.current().text(TITLES[status]), said)


def _form_ended(_error: CSRFError) -> Response:
    return _page(400, words.current().text(FORM_TITLE), words.current().text(FORM_SENTENCE))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        # A redirect or an answer raised as an exception is no error.
        return Response(error.get_body(), status, error.get_headers())
    shown = status if status in TITLES else (400 if status < 500 else 500)
    said = words.current()
    response = _page(status, said.text(TITLES[shown]), said.text(SENTENCES[shown]))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(error: Exception) -> Response:
    failed(error, endpoint=request.endpoint or "")
    return _page(500, words.current().text(TITLES[500]), words.current().text(SENTENCES[500]))


def _page(status: int, title: str, sentence: str) -> Response:
    if request_ctx.url_adapter is None:
        # A host that is not ours was asked for, so no address can be built for it.
        return _bare(status, title, sentence)
    try:
        return make_response(render_template(_template(), title=title, sentence=sentence), status)
    except Exception as error:  # the page about an error must never be one itself
        failed(error, endpoint="error page")
        return _bare(status, title, sentence)


def _template() -> str:
    dressed: dict[str, Callable[[], str]] = current_app.extensions.get("error_pages", {})
    for prefix, choose in dressed.items():
        if request.path == prefix or request.path.startswith(prefix + "/"):
            return choose()
    return "errors/page.html"


def _bare(status: int, title: str, sentence: str) -> Response:
    language = words.current().language
    page = (f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p></html>")
    return Response(page, status, mimetype="text/html")
