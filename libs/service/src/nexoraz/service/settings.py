"""Settings of a process: one frozen dataclass per service, read from the environment once.

The field `database_url` is read from NEXORAZ_DATABASE_URL, or from the file that NEXORAZ_DATABASE_URL_FILE
names (as Kubernetes mounts secrets). A field may name another variable by `field(metadata={"variable": "…"})`.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
PREFIX = "NEXORAZ_"
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class Secret:
    """A value that is never printed: repr, str and formatting show only that it is one."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value itself. Call it where it is used, and keep it in no variable that outlives the call."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a Secret is not serialised")


class SettingsInvalid(ValueError):
    """One or more variables are missing or not understood. Names every one of them, and no value."""

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__("settings are not complete:\n  " + "\n  ".join(complaints))
        self.complaints = complaints


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """What every service is told. A service's own settings extend it.

    body_limit: the largest JSON body in bytes; a route that takes uploads sets its own (`app.body_limit`).
    throttle_factor: multiplies how often may be asked and tried (load tests come from one address).
    """

    database_url: Secret
    public_url: str = "http://localhost:8080"
    bind: str = "127.0.0.1:8000"
    log_level: str = "INFO"
    web_workers: int = 2
    web_threads: int = 8
    body_limit: int = 65_536
    throttle_factor: int = 1
    otlp_endpoint: str | None = field(default=None, metadata={"variable": "OTEL_EXPORTER_OTLP_ENDPOINT"})


class _Missing(Exception):
    pass


class _Invalid(Exception):
    pass


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Build `cls` (a dataclass) from `environ`; raises SettingsInvalid that names all that is wrong at once."""
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for each in fields(cls):  # type: ignore[arg-type]  # T is a dataclass by contract
        variable = str(each.metadata.get("variable", PREFIX + each.name.upper()))
        try:
            values[each.name] = _value(each, hints[each.name], variable, environ)
        except _Missing:
            complaints.append(f"{variable} is missing (or give {variable}_FILE)")
        except _Invalid as invalid:
            complaints.append(f"{variable} {invalid}")
    if complaints:
        raise SettingsInvalid(tuple(complaints))
    return cls(**values)


def _value(each: Field[Any], hint: Any, variable: str, environ: Mapping[str, str]) -> Any:
    raw = _raw(variable, environ)
    if raw is not None and raw != "":
        return _convert(raw, _without_none(hint))
    if each.default is not MISSING:
        return each.default
    if each.default_factory is not MISSING:
        return each.default_factory()
    raise _Missing


def _raw(variable: str, environ: Mapping[str, str]) -> str | None:
    direct, file = environ.get(variable), environ.get(variable + "_FILE")
    if direct and file:
        raise _Invalid(f"is given twice: directly and as {variable}_FILE")
    if not file:
        return direct
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _Invalid(f"cannot be read from the file that {variable}_FILE names") from error


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [each for each in get_args(hint) if each is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return hint


def _convert(raw: str, hint: Any) -> Any:
    if hint is bool:
        return _boolean(raw)
    if hint is int:
        try:
            return int(raw)
        except ValueError:
            raise _Invalid("is not a whole number") from None
    if hint in (str, Path, Secret):
        return hint(raw)
    if get_origin(hint) is tuple and get_args(hint) == (str, ...):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    raise TypeError(f"a settings field cannot have the type {hint!r}")


def _boolean(raw: str) -> bool:
    if raw.lower() in _TRUE:
        return True
    if raw.lower() in _FALSE:
        return False
    raise _Invalid("is neither true nor false")
