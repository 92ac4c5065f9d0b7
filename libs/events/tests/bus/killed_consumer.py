"""A consumer that dies by SIGKILL after its n-th effect and before the commit. Run as a program."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bus.shop import Confirmed, Shop, engine_of, see  # type: ignore[import-not-found] # run as a program
from nexoraz.events.bus import NatsSettings
from nexoraz.events.contracts import Received
from nexoraz.events.store import Transaction
from nexoraz.events.worker import run_worker


def main(dsn: str, url: str, password: str, after: int) -> None:
    left = after

    def dying(tx: Transaction, received: Received) -> None:
        nonlocal left
        see(tx, received)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    nats = NatsSettings(url=url, user="render", password=password)
    engine = engine_of(dsn.replace("postgresql+psycopg://", "postgresql://"))
    run_worker(Shop("render", engine, nats, {Confirmed: dying}).parts())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
