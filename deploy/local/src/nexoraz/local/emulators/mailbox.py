"""`python -m nexoraz.local.emulators.mailbox`: SMTP in, HTTP out, the last 1,000 mails kept in one file each."""

import argparse
import json
import signal
import threading
import time
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from aiosmtpd.controller import Controller

KEPT = 1000


class Mails:
    """The mails on disk, one JSON file each, named so that their names sort by time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def add(self, sender: str, recipients: list[str], content: bytes) -> None:
        mail = describe(sender, recipients, content)
        draft = self.folder / f".{uuid4().hex}"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(mail))
        draft.rename(self.folder / f"{time.time_ns():020d}-{uuid4().hex[:8]}.json")
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def to(self, address: str | None) -> list[dict[str, Any]]:
        """Newest first; all of them where no address is given."""
        mails = [json.loads(file.read_text()) for file in reversed(self._files())]
        return [mail for mail in mails if address is None or address.lower() in mail["to"]]

    def clear(self) -> None:
        for file in self._files():
            file.unlink(missing_ok=True)


def describe(sender: str, recipients: list[str], content: bytes) -> dict[str, Any]:
    """A mail as JSON: envelope, headers, and the plain and HTML text where it has them."""
    message = message_from_bytes(content, policy=policy.default)
    bodies = {kind: message.get_body(preferencelist=(kind,)) for kind in ("plain", "html")}
    texts = {kind: body.get_content().replace("\r\n", "\n") if body else None for kind, body in bodies.items()}
    return {
        "from": sender,
        "to": [recipient.lower() for recipient in recipients],
        "subject": str(message["subject"] or ""),
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "text": texts["plain"],
        "html": texts["html"],
        "received": time.time(),
    }


class Sink:
    """aiosmtpd's handler: accept everything."""

    def __init__(self, mails: Mails) -> None:
        self.mails = mails

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002  aiosmtpd's signature
        self.mails.add(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        return "250 Message accepted"


def handler(mails: Mails) -> type[BaseHTTPRequestHandler]:
    class Mailbox(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path != "/mails":
                self.send_error(404)
                return
            wanted = parse_qs(address.query).get("to", [None])[0]
            self._answer(json.dumps(mails.to(wanted)).encode())

        def do_DELETE(self) -> None:
            mails.clear()
            self._answer(b"[]")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests name people's addresses; they are not logged."""

    return Mailbox


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mails = Mails(arguments.state)
    smtp = Controller(Sink(mails), hostname="127.0.0.1", port=arguments.smtp_port)
    web = ThreadingHTTPServer(("127.0.0.1", arguments.http_port), handler(mails))
    smtp.start()
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        smtp.stop()
        web.shutdown()


if __name__ == "__main__":
    main()
