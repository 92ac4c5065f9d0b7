"""A TCP proxy in front of NATS that can cut connections and swallow what the server answers."""

import contextlib
import select
import socket
import threading


class Proxy:
    """Listens below the ephemeral ports. `silence` swallows answers; `cut` ends all connections."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = self._listen()
        self._silent = threading.Event()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _listen(self) -> socket.socket:
        for port in range(21000, 21100):
            listener = socket.socket()
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                listener.close()
                continue
            listener.listen()
            return listener
        raise OSError("no free port")

    def silence(self, on: bool) -> None:
        self._silent.set() if on else self._silent.clear()

    def cut(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(self._target, timeout=2)
            except OSError:
                return
            with server:
                pair = (client, server)
                with self._lock:
                    self._pairs.add(pair)
                with contextlib.suppress(OSError):
                    self._pump(client, server)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            for end in select.select([client, server], [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                if end is client:
                    server.sendall(data)
                elif not self._silent.is_set():
                    client.sendall(data)
