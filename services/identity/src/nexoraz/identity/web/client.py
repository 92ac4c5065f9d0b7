"""Who is at the other end of the connection: cut before it is stored (clause C2)."""

from flask import request

from nexoraz.identity.application.session_starts import Client
from nexoraz.service.client import client_address


def client() -> Client:
    """The address, and what the browser calls itself."""
    return Client(client_address(), request.headers.get("User-Agent", "")[:400])
