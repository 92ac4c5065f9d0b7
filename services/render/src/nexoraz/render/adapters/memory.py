"""Fakes of render's ports for tests; they pass the ports' contract suites."""

from collections.abc import Callable

from nexoraz.events.registry import KeyDestroyed
from nexoraz.render.application.ports import (
    EngineStopped,
    OnStage,
    OutputsUnavailable,
    PhotoGone,
    PhotosUnavailable,
    Picture,
    RenderRefused,
)
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted


class MemoryPhotos:
    """Photos by account and id."""

    def __init__(self) -> None:
        self.photos: dict[tuple[str, str], bytes] = {}
        self.down = False

    def fetch(self, account_id: str, photo_id: str, max_bytes: int) -> bytes:
        if self.down:
            raise PhotosUnavailable("down")
        photo = self.photos.get((account_id, photo_id))
        if photo is None:
            raise PhotoGone(photo_id)
        if len(photo) > max_bytes:
            raise RenderRefused("photo-too-heavy", {"size": len(photo), "limit": max_bytes})
        return photo


class FakeEngine:
    """Gives the photo back as the picture, by way of two stages. `fails`: what to raise instead."""

    def __init__(self) -> None:
        self.fails: Callable[[], Exception] | None = None
        self.renders = 0
        self.closed = False
        self.wanted = AS_THE_PRESET

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        if self.closed:
            raise EngineStopped
        self.renders += 1
        on_stage("decode", 0)
        if self.fails is not None:
            raise self.fails()
        on_stage("encode", 90)
        self.wanted = wanted
        return Picture(photo, "image/png", 4, 3, f"fake-{preset}", fallback=False)

    def close(self) -> None:
        self.closed = True


class MemoryOutputs:
    """Pictures by account and id."""

    def __init__(self) -> None:
        self.pictures: dict[tuple[str, str], bytes] = {}
        self.destroyed: set[str] = set()
        self.down = False

    def put(self, account_id: str, output_id: str, data: bytes) -> int:
        if self.down:
            raise OutputsUnavailable("down")
        if account_id in self.destroyed:
            raise KeyDestroyed(account_id)
        self.pictures[account_id, output_id] = data
        return len(data)

    def delete(self, account_id: str, output_id: str) -> None:
        if self.down:
            raise OutputsUnavailable("down")
        self.pictures.pop((account_id, output_id), None)
