"""Which HTTP status each broken rule answers with."""

from nexoraz.assets.application.intake import UploadInterrupted, UploadTooSlow
from nexoraz.assets.application.ports import StorageUnavailable
from nexoraz.assets.domain.albums import AlbumFull, TooManyAlbums
from nexoraz.assets.domain.picture import (
    ContentAfterPicture,
    PhotoEmpty,
    PhotoTooHeavy,
    PictureAnimated,
    PictureBomb,
    PictureDamaged,
    PictureTooLarge,
    PictureTooSmall,
    PictureTruncated,
    UnsupportedType,
)
from nexoraz.assets.domain.quota import QuotaExhausted
from nexoraz.assets.domain.search import NothingToSearch, TooManyWords
from nexoraz.assets.domain.tags import TagNotAllowed, TooManyTags
from nexoraz.assets.domain.title import TitleNotAllowed
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased
from nexoraz.service.problems import Refusals

REFUSALS = Refusals({
    UnsupportedType: 415,
    PhotoTooHeavy: 413,
    PhotoEmpty: 422,
    PictureTooLarge: 422,
    PictureTooSmall: 422,
    PictureBomb: 422,
    PictureAnimated: 422,
    PictureTruncated: 422,
    PictureDamaged: 422,
    ContentAfterPicture: 422,
    TitleNotAllowed: 422,
    TagNotAllowed: 422,
    TooManyTags: 422,
    NothingToSearch: 422,
    TooManyWords: 422,
    UploadInterrupted: 400,
    UploadTooSlow: 408,
    StorageUnavailable: 503,
    QuotaExhausted: 403,
    AlbumFull: 422,
    TooManyAlbums: 422,
    AccountErased: 401,
    KeyDestroyed: 401,
})  # fmt: skip
