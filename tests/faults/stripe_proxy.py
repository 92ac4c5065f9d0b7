"""The payment company's address, behind which a test can have it answer errors."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import urllib3

ERROR = b'{"error": {"type": "api_error", "message": "An error occurred internally."}}'
http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=30), retries=False)


class StripeProxy:
    """Passes everything on to `target` as it is; while `broken`, answers 500 to everything instead."""

    def __init__(self) -> None:
        self.target = ""
        self.broken = False
        self.refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "StripeProxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = 500, ERROR
                if proxy.broken:
                    proxy.refused += 1
                else:
                    headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                    found = http.request(self.command, proxy.target + self.path, body=body, headers=headers)
                    status, answer = found.status, found.data
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_DELETE = _pass_on

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: what is asked is not the test's."""

        return Handler
