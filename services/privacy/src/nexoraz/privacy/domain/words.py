"""What the person and an operator write to each other about a request, in the person's own history: sealed under the
person's key, exported with the rest, and unreadable once the account is erased."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.event import Event


class Author(StrEnum):
    PERSON = "person"
    OPERATOR = "operator"


class WordsWritten(Event, frozen=True):
    """`about`: what the words go with: asked, deadline-extended, denied or answered."""

    request_id: Id
    author: Fact[Author]
    about: Fact[str]
    text: Annotated[str, Personal("user.content.private", purpose="request")]
    at: Fact[datetime]
