"""Reading and writing objects by presigned URLs: all that the holder of a URL needs."""

from collections.abc import Iterator
from typing import Any

import urllib3

from nexoraz.events.bucket_port import READ, ObjectMissing, StoreRefused


def http_fetch(url: str) -> Iterator[bytes]:
    """GET a presigned URL as a stream. Raises ObjectMissing, or StoreRefused with the status."""
    response = HTTP.request("GET", url, preload_content=False)
    if response.status != 200:
        response.drain_conn()
        raise ObjectMissing("released object") if response.status == 404 else StoreRefused("get", str(response.status))
    yield from drained(response)


def http_upload(url: str, body: bytes) -> None:
    """PUT to a presigned URL. Raises StoreRefused with the status."""
    response = HTTP.request("PUT", url, body=body)
    if response.status not in (200, 201, 204):
        raise StoreRefused("put", str(response.status))


HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=urllib3.Retry(2, redirect=False))
"""Connects at its first use."""


def drained(response: Any) -> Iterator[bytes]:
    """The body of a response; leaving early closes its connection instead of returning half a body to the pool."""
    whole = False
    try:
        yield from response.stream(READ)
        whole = True
    finally:
        if not whole:
            response.close()
        response.release_conn()
