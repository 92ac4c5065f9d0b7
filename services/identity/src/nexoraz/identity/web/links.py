"""The pages behind the one-time links of mails. Opening one changes nothing, since programs open links too: the button
does. They load nothing and run no script."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from string import Template

from flask import Response, request

from nexoraz.identity.application.address_changes import AddressChanges
from nexoraz.identity.application.password_changes import PasswordChanges
from nexoraz.identity.application.registration import Registration
from nexoraz.identity.domain.account import VerificationGone
from nexoraz.identity.web.credential_schemas import TOKEN
from nexoraz.service.app import Blueprint
from nexoraz.service.client import client_address
from nexoraz.service.problems import Problem, not_found

LONGEST_TOKEN = 400
_CSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>$title</title></head>
<body style="max-width:30em;margin:3em auto;padding:0 1em;font:16px/1.5 Georgia,serif;color:#222">
<h1 style="font-size:1.4em">$title</h1>
$body
</body>
</html>
""")
_FORM = Template("""<form method="post"><input type="hidden" name="token" value="$token">
$fields<button style="font:inherit;padding:.5em 1.2em">$button</button></form>""")
_FIELD = """<p><label>New password, at least ten characters<br>
<input type="password" name="password" minlength="10" maxlength="256" autocomplete="new-password" required></label></p>
"""
_TOKEN = {"name": "token", "in": "query", "required": True, "schema": {"type": "string", "maxLength": LONGEST_TOKEN}}
_BODY = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["token"],
                "properties": {
                    "token": {"type": "string", "maxLength": LONGEST_TOKEN},
                    "password": {"type": "string", "minLength": 10, "maxLength": 256},
                },
            },
            "example": {"token": TOKEN},
        }
    },
}


@dataclass(frozen=True, slots=True)
class _Page:
    """use: does it with the token of the form, and says what is true now."""

    title: str
    button: str
    use: Callable[[str], str]
    fields: str = ""


def links_blueprint(registration: Registration, passwords: PasswordChanges, addresses: AddressChanges) -> Blueprint:
    links = Blueprint("links", __name__, url_prefix="/links", description="Pages of the one-time links in mails")

    def verify(token: str) -> str:
        registration.check_verification(client_address())
        if not registration.unit_of_work(lambda tx: registration.verify(tx, token)):
            raise VerificationGone
        return "Your address is confirmed. You can sign in now."

    def reset(token: str) -> str:
        password = request.form.get("password", "")
        if not 10 <= len(password) <= 256:
            raise Problem("password-length", 422, "A password has ten characters at least, and 256 at most")
        passwords.reset(token, password, client_address())
        return "Your password is changed, and every session has ended."

    def change(token: str) -> str:
        changed = addresses.confirm(token, client_address())
        return "Your address is changed." if changed else "Agreed. The other address has to agree too."

    pages = {
        "verify-address": _Page("Confirm your address", "Confirm", verify),
        "reset-password": _Page("Choose a new password", "Change the password", reset, _FIELD),
        "change-address": _Page("Change of your email address", "Agree", change),
    }

    def found(name: str) -> _Page:
        if name not in pages:
            raise not_found()
        return pages[name]

    @links.route("/<string:name>", methods=["GET"])
    @links.doc(parameters=[_TOKEN])
    @links.response(200, content_type="text/html")
    @links.alt_response(404, "NOT_FOUND")
    def shown(name: str) -> Response:
        """The page of a link: a form with one button. Nothing has happened yet."""
        page = found(name)
        token = html.escape(request.args.get("token", "")[:LONGEST_TOKEN])
        return _answer(page, _FORM.substitute(token=token, fields=page.fields, button=page.button))

    @links.route("/<string:name>", methods=["POST"])
    @links.doc(requestBody=_BODY)
    @links.response(200, content_type="text/html")
    @links.alt_response(404, "NOT_FOUND")
    @links.alt_response(409, "CONFLICT")
    @links.alt_response(410, "GONE")
    @links.alt_response(422, "UNPROCESSABLE_ENTITY")
    @links.alt_response(429, "TOO_MANY_REQUESTS")
    def used(name: str) -> Response:
        """What the button of the page sends. The token works once."""
        page = found(name)
        return _answer(page, f"<p>{page.use(request.form.get('token', '')[:LONGEST_TOKEN])}</p>")

    return links


def _answer(page: _Page, body: str) -> Response:
    response = Response(_PAGE.substitute(title=page.title, body=body), mimetype="text/html")
    response.headers |= {"Content-Security-Policy": _CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return response
