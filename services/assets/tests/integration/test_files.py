"""Sealed photos on a real bucket, and a bucket that is away."""

import time

import pytest

from nexoraz.assets.adapters.sealed_photos import SealedPhotos
from nexoraz.assets.application.ports import PhotoFiles, StorageUnavailable
from nexoraz.assets.bootstrap import App
from nexoraz.events.buckets import S3Bucket
from nexoraz.events.objects import Objects
from nexoraz.events.registry import KeyDestroyed
from services.assets.tests.examples import ANN
from services.assets.tests.port_contracts import FilesContract

pytestmark = pytest.mark.real


class TestSealedPhotos(FilesContract):
    @pytest.fixture
    def files(self, app: App) -> PhotoFiles:
        return SealedPhotos(app.objects)

    def test_nothing_is_put_read_or_released_without_keys(self, files: PhotoFiles, app: App) -> None:
        self.put(files)
        app.runtime.vault.destroy(ANN)
        for ask in (lambda: self.put(files, "q"), lambda: files.read(ANN, "p", 0, 1), lambda: files.release(ANN, "p")):
            with pytest.raises(KeyDestroyed):
                ask()
        files.delete(ANN, "p")


def test_a_bucket_that_is_away_is_said_to_be_within_seconds(app: App) -> None:
    away = SealedPhotos(Objects(S3Bucket.connect("http://127.0.0.1:9", "key", "secret", "away"), app.runtime.vault))
    asked = (
        lambda: away.put(ANN, "p", [b"x"], 10),
        lambda: away.read(ANN, "p", 0, None),
        lambda: away.delete(ANN, "p"),
        lambda: away.release(ANN, "p"),
    )
    for ask in asked:
        began = time.monotonic()
        with pytest.raises(StorageUnavailable):
            ask()
        assert time.monotonic() - began < 15
