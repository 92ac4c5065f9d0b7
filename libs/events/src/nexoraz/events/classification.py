"""How a field or column is declared to hold data about a person, or not to.

Every event field and every table column declares one of three classes where it is defined. The declarations
are the data map: encryption, erasure, export, the record of processing and the residue scan are driven by
them, and the contract tests fail on a field that declares nothing (DESIGN.md, "Personal data: the vault").
"""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Personal:
    """A value about a person. It is only ever stored sealed under the account's key for `purpose`.

    category: a data category of the fideslang taxonomy, such as "user.contact.email".
    purpose: names the data key; destroying the key of a purpose ends that use alone.
    retention: the name of a retention rule (clause R1), such as "account-life".
    """

    category: str
    purpose: str = "account"
    retention: str = "account-life"


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """An identifier that means nothing without a service's own store, such as an account id."""


@dataclass(frozen=True, slots=True)
class Operational:
    """A value that says nothing about who: counts, states, amounts, times, references."""


PSEUDONYM = Pseudonym()
OPERATIONAL = Operational()
Classification = Personal | Pseudonym | Operational

Id = Annotated[str, PSEUDONYM]
"""A pseudonymous identifier as a field type."""
Fact = Annotated[T, OPERATIONAL]
"""An operational value as a field type: `amount: Fact[int]`."""


class Unclassified(TypeError):
    """A field or column declares neither personal, pseudonymous nor operational."""

    def __init__(self, owner: str, name: str) -> None:
        super().__init__(f"{owner}.{name} does not declare what it holds (Personal, Id or Fact)")
        self.owner = owner
        self.name = name


def classify_fields(cls: type) -> dict[str, Classification]:
    """Map each field of a struct to its declaration; raises Unclassified for a field without one."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: _declared(cls.__name__, name, hints[name]) for name in cls.__struct_fields__}  # type: ignore[attr-defined]


def _declared(owner: str, name: str, hint: Any) -> Classification:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Personal | Pseudonym | Operational):
                return extra
    raise Unclassified(owner, name)
