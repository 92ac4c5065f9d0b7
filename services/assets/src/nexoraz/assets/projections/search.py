"""Which photos answer a question? By keyed tokens, which name nothing once the account's key is gone (DESIGN.md).

A token is an HMAC of a term under a key of the account's own, so equal words of two people have different ones. What
the table shows is how many terms a photo has, of which source, and which photos of one account share some.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, and_, case, delete, func, insert, select

from nexoraz.assets.domain.events import PhotoDeleted, PhotoTagged, PhotoTitled, PhotoUploaded, PresetUsed
from nexoraz.assets.domain.search import SCORES, Term, date_terms, preset_terms, tag_terms, title_terms
from nexoraz.assets.projections.tables import PHOTOS, SEARCH_TOKENS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction

PURPOSE = "search"
MOST_FOUND = 50
TOKEN: Column[str] = SEARCH_TOKENS.c.token


class TokenKeys(Protocol):
    """The part of the vault that is needed here."""

    def keyed_hash(self, purpose: str, value: str, account_id: str = "") -> str:
        """Raises KeyDestroyed."""
        ...


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Applies photo events to tokens, and finds photos by them."""

    keys: TokenKeys
    tables = (SEARCH_TOKENS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case PhotoUploaded() as e:
                self._replace(tx, e.account_id, e.photo_id, "date", date_terms(e.uploaded_at))
                self._replace(tx, e.account_id, e.photo_id, "title", title_terms(e.title))
            case PhotoTitled() as e:
                self._replace(tx, e.account_id, e.photo_id, "title", title_terms(e.title))
            case PhotoTagged() as e:
                self._replace(tx, e.account_id, e.photo_id, "tags", tag_terms(e.tags or ()))
            case PresetUsed() as e:
                self._replace(tx, e.account_id, e.photo_id, f"preset {e.preset}", preset_terms(e.preset))
            case PhotoDeleted() as e:
                connection_of(tx).execute(delete(SEARCH_TOKENS).where(SEARCH_TOKENS.c.photo_id == e.photo_id))
            case _:
                return

    def find(self, connection: Connection, account_id: str, wanted: Sequence[Sequence[Term]]) -> list[str]:
        """The ids of at most MOST_FOUND photos of the gallery that have a term for every word, the best match first
        and the newest first among equals."""
        hashed = [[(self._token(account_id, term), SCORES[term.kind]) for term in terms] for terms in wanted]
        scores = [func.max(case(dict(word), value=TOKEN, else_=0)) for word in hashed]
        total: ColumnElement[Any] = sum(scores[1:], scores[0])
        query = (
            select(PHOTOS.c.id)
            .join(SEARCH_TOKENS, SEARCH_TOKENS.c.photo_id == PHOTOS.c.id)
            .where(SEARCH_TOKENS.c.account_id == account_id, PHOTOS.c.account_id == account_id)
            .where(TOKEN.in_([token for word in hashed for token, _ in word]), PHOTOS.c.discarded_at.is_(None))
            .group_by(PHOTOS.c.id, PHOTOS.c.uploaded_at)
            .having(and_(*(score > 0 for score in scores)))
            .order_by(total.desc(), PHOTOS.c.uploaded_at.desc(), PHOTOS.c.id.desc())
            .limit(MOST_FOUND)
        )
        return list(connection.scalars(query))

    def _token(self, account_id: str, term: Term) -> str:
        return self.keys.keyed_hash(PURPOSE, str(term), account_id)

    def _replace(self, tx: Transaction, account_id: str, photo_id: str, source: str, terms: Iterable[Term]) -> None:
        """These are now all terms of that source, of which no other source has the same."""
        outdated = delete(SEARCH_TOKENS).where(SEARCH_TOKENS.c.photo_id == photo_id, SEARCH_TOKENS.c.source == source)
        connection_of(tx).execute(outdated)
        owner = {"account_id": account_id, "photo_id": photo_id, "source": source}
        rows = [{**owner, "token": self._token(account_id, term)} for term in terms]
        if rows:
            connection_of(tx).execute(insert(SEARCH_TOKENS), rows)
