"""What may be used for training, by whose choice, and what was: choices, manifests with their photos, and models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from nexoraz.assets.domain.events import ManifestMade, ModelTrained, PhotoListed, TrainingAllowed, TrainingWithdrawn
from nexoraz.assets.domain.training import WHOLE_ACCOUNT
from nexoraz.assets.projections.tables import CHOICES, MANIFEST_PHOTOS, MANIFESTS, MODELS, PHOTOS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class Choice:
    """version: of the choice's stream, for ETags; 0 for one that was never made."""

    allowed: bool = False
    decided_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A manifest that listed something of a person, and the models that were trained by it."""

    id: str
    made_at: datetime
    photos: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo that may be listed. size: in bytes."""

    account_id: str
    photo_id: str
    media_type: str
    width: int
    height: int
    size: int


class TrainingRecords:
    """Applies choices and manifests to their tables, and answers from them."""

    tables = (CHOICES, MANIFEST_PHOTOS, MANIFESTS, MODELS)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case TrainingAllowed() as e:
                _decide(tx, e.account_id, e.photo_id, True, e.allowed_at, recorded.version)
            case TrainingWithdrawn() as e:
                _decide(tx, e.account_id, e.photo_id, False, e.withdrawn_at, recorded.version)
            case PhotoListed() as e:
                listed = {"manifest_id": e.manifest_id, "photo_id": e.photo_id, "account_id": e.account_id}
                connection_of(tx).execute(insert(MANIFEST_PHOTOS).values(**listed))
                _move_on(tx, e.account_id, e.photo_id, recorded.version)
            case ManifestMade() as e:
                connection_of(tx).execute(insert(MANIFESTS).values(id=e.manifest_id, made_at=e.made_at))
            case ModelTrained() as e:
                connection_of(tx).execute(insert(MODELS).values(manifest_id=e.manifest_id, name=e.model))
            case _:
                return

    def choice(self, connection: Connection, account_id: str, photo_id: str) -> Choice:
        """The choice for a photo, or with an empty photo id for the account as a whole."""
        chosen = select(CHOICES.c.allowed, CHOICES.c.decided_at, CHOICES.c.version).where(
            CHOICES.c.account_id == account_id, CHOICES.c.photo_id == photo_id
        )
        row = connection.execute(chosen).first()
        return Choice(*row) if row else Choice()

    def held(self, connection: Connection, account_id: str, photo_id: str) -> Sequence[Held]:
        """The manifests that listed the photo, or with an empty photo id any of the account's, the newest first."""
        mine = select(MANIFESTS.c.id, MANIFESTS.c.made_at, MANIFEST_PHOTOS.c.photo_id).join(
            MANIFEST_PHOTOS, MANIFEST_PHOTOS.c.manifest_id == MANIFESTS.c.id
        )
        mine = mine.where(MANIFEST_PHOTOS.c.account_id == account_id).order_by(MANIFESTS.c.made_at.desc())
        if photo_id != WHOLE_ACCOUNT:
            mine = mine.where(MANIFEST_PHOTOS.c.photo_id == photo_id)
        found: dict[tuple[str, datetime], int] = {}
        for row in connection.execute(mine):
            found[row.id, row.made_at] = found.get((row.id, row.made_at), 0) + 1
        models: dict[str, list[str]] = {id_: [] for id_, _ in found}
        trained = select(MODELS).where(MODELS.c.manifest_id.in_(models)).order_by(MODELS.c.name)
        for row in connection.execute(trained):
            models[row.manifest_id].append(row.name)
        return [Held(id_, at, photos, tuple(models[id_])) for (id_, at), photos in found.items()]

    def candidates(self, connection: Connection, manifest_id: str | None = None) -> list[Candidate]:
        """Photos of the gallery that may be listed at this moment; with a manifest's id those of them that it lists."""
        photo, account = CHOICES.alias("photo"), CHOICES.alias("account")
        query = (
            select(
                PHOTOS.c.account_id, PHOTOS.c.id, PHOTOS.c.media_type, PHOTOS.c.width, PHOTOS.c.height, PHOTOS.c.size
            )
            .join(photo, (photo.c.photo_id == PHOTOS.c.id) & (photo.c.account_id == PHOTOS.c.account_id))
            .join(account, account.c.account_id == PHOTOS.c.account_id)
            .where(photo.c.allowed, account.c.allowed, account.c.photo_id == WHOLE_ACCOUNT)
            .where(PHOTOS.c.discarded_at.is_(None))
        )
        if manifest_id is not None:
            listed = MANIFEST_PHOTOS.c.photo_id == PHOTOS.c.id
            query = query.join(MANIFEST_PHOTOS, listed).where(MANIFEST_PHOTOS.c.manifest_id == manifest_id)
        return [Candidate(*row) for row in connection.execute(query)]


def _decide(tx: Transaction, account_id: str, photo_id: str, allowed: bool, at: datetime, version: int) -> None:
    mine = CHOICES.c.account_id == account_id, CHOICES.c.photo_id == photo_id
    connection_of(tx).execute(delete(CHOICES).where(*mine))
    row = {"account_id": account_id, "photo_id": photo_id, "allowed": allowed, "decided_at": at, "version": version}
    connection_of(tx).execute(insert(CHOICES).values(**row))


def _move_on(tx: Transaction, account_id: str, photo_id: str, version: int) -> None:
    mine = CHOICES.c.account_id == account_id, CHOICES.c.photo_id == photo_id
    connection_of(tx).execute(CHOICES.update().where(*mine).values(version=version))
