"""The link to stop in every mail that is not essential (RFC 8058): one POST, without cookies, without a sign-in.

Opening the link changes nothing, since programs open links too; its page has the button.
"""

from string import Template
from typing import Any

from flask import Response
from marshmallow import fields, validate

from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.identity.application.news import News, UnsubscribeLinkUnknown
from nexoraz.service.app import Blueprint, Schema
from nexoraz.service.problems import not_found

ONE_CLICK = "One-Click"
_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title></head>
<body><h1>$title</h1>$body</body></html>
""")
_FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>No more news to this address</button></form>"
)


class OneClick(Schema):
    """The body that RFC 8058 prescribes."""

    list_unsubscribe = fields.String(
        required=True, data_key="List-Unsubscribe", validate=validate.Equal(ONE_CLICK), metadata={"example": ONE_CLICK}
    )


def unsubscribe_blueprint(news: News, store: EventStore) -> Blueprint:
    """Open to whoever has the link."""
    unsubscribe = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe", description="No more news by mail")

    @unsubscribe.route("/<string(maxlength=200):token>", methods=["GET"])
    @unsubscribe.response(200, content_type="text/html")
    @unsubscribe.alt_response(404, "NOT_FOUND")
    def ask(token: str) -> Response:
        """A page with a button. It changes nothing."""
        _check(news, token)
        return _page("Stop our news", _FORM)

    @unsubscribe.route("/<string(maxlength=200):token>", methods=["POST"])
    @unsubscribe.arguments(OneClick, location="form")
    @unsubscribe.response(200, content_type="text/html")
    @unsubscribe.alt_response(404, "NOT_FOUND")
    def stop(_body: dict[str, Any], token: str) -> Response:
        """No more news to the address that the mail went to; essential mail still comes."""
        _check(news, token)

        def work(tx: Transaction) -> None:
            news.stop(tx, token)

        repeated(store, work)
        return _page("You get no more news from us", "<p>Mail about your account itself still comes.</p>")

    return unsubscribe


def _check(news: News, token: str) -> None:
    try:
        news.recipient(token)
    except UnsubscribeLinkUnknown:
        raise not_found() from None


def _page(title: str, body: str) -> Response:
    return Response(_PAGE.substitute(title=title, body=body), content_type="text/html; charset=utf-8")
