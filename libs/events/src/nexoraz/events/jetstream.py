"""The JetStream requests that the bus needs, typed: streams, their tails, purges, ephemeral consumers.

Written on plain requests: only six of the API's subjects are used, so that permissions can name them one by one.
"""

import base64
from typing import Any

import msgspec
import nats.errors
from nats.aio.client import Client

from nexoraz.events.contracts import PARTITIONS

API = "$JS.API"
TIMEOUT_S = 5.0
DUPLICATE_WINDOW_NS = 120 * 10**9
EPOCH = "nexoraz-epoch"
NOT_FOUND = frozenset({10037, 10059})
"""Error codes "no message found" and "stream not found"."""


class BusUnavailable(Exception):
    """NATS cannot be reached, or did not answer in time. Nothing was decided; it can be tried again."""


class BusRefused(Exception):
    """JetStream answered with an error: code (HTTP-like), err_code (JetStream's own), description."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({code}/{err_code})")
        self.code = code
        self.err_code = err_code


class StreamState(msgspec.Struct, frozen=True):
    """What a stream holds. identity: changes when the stream was made anew or lost acknowledged messages, so that
    sequences remembered under another identity mean nothing."""

    identity: str
    last_sequence: int
    messages: int
    config: dict[str, Any]


class Tail(msgspec.Struct, frozen=True):
    """The last message that a stream still stores: its sequence and the producer's position in its header."""

    sequence: int
    position: int


def stream_name(service: str) -> str:
    return f"NEXORAZ_{service.upper()}"


def stream_subject(service: str) -> str:
    """Type (service, event, version), partition, key: six tokens, so that nothing else of the service matches."""
    return f"nexoraz.{service}.*.*.*.*"


async def request(nc: Client, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    """One API request. Raises BusRefused, or BusUnavailable."""
    try:
        reply = await nc.request(f"{API}.{subject}", msgspec.json.encode(body), timeout=TIMEOUT_S)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise BusUnavailable(f"{subject}: {type(error).__name__}") from error
    answer: dict[str, Any] = msgspec.json.decode(reply.data)
    if "error" in answer:
        said = answer["error"]
        raise BusRefused(said.get("code", 0), said.get("err_code", 0), said.get("description", ""))
    return answer


async def stream_state(nc: Client, service: str) -> StreamState | None:
    """The state of a service's stream, or None when there is none."""
    try:
        return _state(await request(nc, f"STREAM.INFO.{stream_name(service)}", {}))
    except BusRefused as refused:
        if refused.err_code in NOT_FOUND:
            return None
        raise


def _state(answer: dict[str, Any]) -> StreamState:
    config, state = answer["config"], answer["state"]
    epoch = (config.get("metadata") or {}).get(EPOCH, "0")
    return StreamState(f"{answer['created']}#{epoch}", state["last_seq"], state["messages"], config)


async def create_stream(nc: Client, service: str, replicas: int, max_message_bytes: int) -> StreamState:
    """Make the service's stream: on file, never dropping what it accepted, purgeable by subject."""
    config = {
        "name": stream_name(service),
        "subjects": [stream_subject(service)],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "num_replicas": replicas,
        "max_msg_size": max_message_bytes,
        "duplicate_window": DUPLICATE_WINDOW_NS,
        "allow_rollup_hdrs": False,
        "deny_delete": False,
        "deny_purge": False,
    }
    return _state(await request(nc, f"STREAM.CREATE.{stream_name(service)}", config))


async def begin_epoch(nc: Client, service: str, state: StreamState) -> StreamState:
    """Give the stream a new identity after it lost acknowledged messages, before anything is published to it:
    from now on its sequences count differently, and consumers that remember old ones read it from the start."""
    metadata = dict(state.config.get("metadata") or {})
    metadata[EPOCH] = str(int(metadata.get(EPOCH, "0")) + 1)
    config = {**state.config, "metadata": metadata}
    return _state(await request(nc, f"STREAM.UPDATE.{stream_name(service)}", config))


async def stored_tail(nc: Client, service: str) -> Tail | None:
    """The last message that the stream still stores, or None when it stores none."""
    try:
        body = {"last_by_subj": stream_subject(service)}
        answer = await request(nc, f"STREAM.MSG.GET.{stream_name(service)}", body)
    except BusRefused as refused:
        if refused.err_code in NOT_FOUND:
            return None
        raise
    message = answer["message"]
    headers = base64.b64decode(message.get("hdrs", "")).decode(errors="replace")
    for line in headers.split("\r\n"):
        name, _, value = line.partition(":")
        if name == "nx-position":
            return Tail(message["seq"], int(value))
    raise BusRefused(0, 0, f"message {message['seq']} of {stream_name(service)} has no nx-position")


async def purge(nc: Client, service: str, key: str) -> int:
    """Remove every message of one key; returns how many."""
    body = {"filter": _key_filter(service, key)}
    answer = await request(nc, f"STREAM.PURGE.{stream_name(service)}", body)
    return int(answer["purged"])


async def count(nc: Client, service: str, key: str) -> int:
    """How many messages of one key the stream stores."""
    body = {"subjects_filter": _key_filter(service, key)}
    answer = await request(nc, f"STREAM.INFO.{stream_name(service)}", body)
    return sum((answer["state"].get("subjects") or {}).values())


def _key_filter(service: str, key: str) -> str:
    if not key or any(c in key for c in ".*> \t\r\n"):
        raise ValueError("a key is one subject token")
    return f"nexoraz.{service}.*.*.*.{key}"


async def create_consumer(nc: Client, service: str, name: str, subjects: list[str], start: int) -> None:
    """An ephemeral pull consumer without acknowledgements, from a stream sequence on: positions live with us."""
    config = {
        "name": name,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": max(start, 1),
        "ack_policy": "none",
        "replay_policy": "instant",
        "filter_subjects": subjects,
        "inactive_threshold": 30 * 10**9,
        "mem_storage": True,
        "num_replicas": 1,
        "max_waiting": 16,
    }
    stream = stream_name(service)
    await request(nc, f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})


async def delete_consumer(nc: Client, service: str, name: str) -> None:
    await request(nc, f"CONSUMER.DELETE.{stream_name(service)}.{name}", {})


def filters(types: list[str], partitions: frozenset[int]) -> list[str]:
    """The subjects of some types, in some partitions."""
    if len(partitions) == PARTITIONS:
        return [f"{type_}.*.*" for type_ in sorted(types)]
    return [f"{type_}.{p}.*" for type_ in sorted(types) for p in sorted(partitions)]
