"""Names and shapes of a service's private events: encoding, sealing of personal fields, upcasting."""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, get_args, get_type_hints

import msgspec

from nexoraz.events.classification import Classification, Personal, classify_fields
from nexoraz.events.event import Event, Stream, kebab

ERASED = "[erased]"
"""What a personal text field reads as once its key is destroyed; an optional field reads as None."""
BLANK = ""
"""What stands for a sealed value that the retention job took out of an event; no sealed value is empty."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
Json = dict[str, Any]
_decode = msgspec.json.Decoder().decode


class KeyDestroyed(Exception):
    """The account's key no longer exists and is never issued again, so the value cannot be read or written."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"the keys of account {account_id} are destroyed")
        self.account_id = account_id


class Sealer(Protocol):
    """The part of the vault that the store needs."""

    def seal(self, account_id: str, purpose: str, value: bytes, context: str) -> bytes:
        """AES-256-GCM under the account's key of that purpose; `context` is authenticated. Raises KeyDestroyed."""
        ...

    def open(self, account_id: str, purpose: str, sealed: bytes, context: str) -> bytes:
        """The reverse of `seal`. Raises KeyDestroyed, or Tampered when the bytes or the context differ."""
        ...


class UnknownEvent(LookupError):
    """The store holds an event type that this version of the service does not know."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One registered event class and what its fields declare."""

    cls: type[Event]
    name: str
    fields: dict[str, Classification]
    personal: dict[str, Personal]
    erased: dict[str, Any]


@dataclass(slots=True)
class Registry:
    """All private events of a service. Built once at import of the domain; reading it is thread-safe."""

    _types: dict[str, EventType] = field(default_factory=dict)
    _by_class: dict[type[Event], EventType] = field(default_factory=dict)
    _upcasters: dict[tuple[str, int], Upcaster] = field(default_factory=dict)
    _stored: dict[str, tuple[EventType, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[type[Event]]) -> "Registry":
        registry = cls()
        for event in events:
            registry.add(event)
        return registry

    def add(self, cls: type[Event]) -> None:
        """Register a class; raises Unclassified for an undeclared field and ValueError for a name in use."""
        name = kebab(cls.__name__)
        if name in self._types:
            raise ValueError(f"event name {name} is taken by {self._types[name].cls.__module__}")
        fields = classify_fields(cls)
        sealed = {n: c for n, c in fields.items() if isinstance(c, Personal)}
        erased = {n: _erased_value(cls, n) for n in sealed}
        entry = EventType(cls, name, fields, sealed, erased)
        self._types[name] = self._by_class[cls] = entry

    def upcast(self, name: str, from_version: int, lift: Upcaster) -> None:
        """Lift the stored JSON of `name` at `from_version` to the next version; sealed fields pass as they are."""
        self._upcasters[(name, from_version)] = lift

    def types(self) -> list[EventType]:
        return sorted(self._types.values(), key=lambda t: t.name)

    def name_of(self, cls: type[Event]) -> str:
        """The stored type name, "<name>.v<version>"."""
        return f"{self._by_class[cls].name}.v{cls.version}"

    def encode(self, event: Event, stream: Stream, version: int, sealer: Sealer) -> Json:
        """The JSON to store: personal fields sealed with account, stream, version and field authenticated."""
        entry = self._by_class[type(event)]
        data: Json = msgspec.to_builtins(event)
        for name, declared in entry.personal.items():
            if data[name] is None:
                continue
            raw = msgspec.json.encode(data[name])
            context = f"{stream.name}|{version}|{name}"
            sealed = sealer.seal(stream.account_id, declared.purpose, raw, context)
            data[name] = base64.b64encode(sealed).decode()
        return data

    def decode(self, type_: str, data: Json, stream: Stream, version: int, sealer: Sealer | None) -> Event:
        """The event of a stored row. Without a sealer, and for destroyed keys, personal fields read as erased."""
        entry, shape = self._stored.get(type_) or self._shape_of(type_)
        opened = dict(self._lift(entry.name, shape, entry.cls.version, data))
        for name, declared in entry.personal.items():
            text = opened.get(name)
            if text is None:
                continue
            if sealer is None or text == BLANK:
                opened[name] = entry.erased[name]
                continue
            try:
                opened[name] = _unseal(text, declared, stream, version, name, sealer)
            except KeyDestroyed:
                opened[name] = entry.erased[name]
        return msgspec.convert(opened, entry.cls)

    def _shape_of(self, type_: str) -> tuple[EventType, int]:
        """The event and the version of its shape that a stored type name means."""
        name, _, shape = type_.rpartition(".v")
        entry = self._types.get(name)
        if entry is None:
            raise UnknownEvent(type_)
        found = self._stored[type_] = (entry, int(shape))
        return found

    def _lift(self, name: str, shape: int, target: int, data: Json) -> Json:
        while shape < target:
            data = self._upcasters[(name, shape)](dict(data))
            shape += 1
        return data


def _unseal(text: str, declared: Personal, stream: Stream, version: int, name: str, sealer: Sealer) -> Any:
    try:
        sealed = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise ValueError(f"field {name} of {stream.name} version {version} is not sealed") from error
    return _decode(sealer.open(stream.account_id, declared.purpose, sealed, f"{stream.name}|{version}|{name}"))


def _erased_value(cls: type[Event], name: str) -> Any:
    """None for an optional field, ERASED for text; other types could not be read after an erasure."""
    hint = get_type_hints(cls)[name]
    if type(None) in get_args(hint):
        return None
    if hint is str:
        return ERASED
    raise TypeError(f"{cls.__name__}.{name} is personal, so it must be a str or optional")
