"""The presets that exist, read from the data beside this module."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec

from nexoraz.render.presets.preset import Catalogue, Preset


class UnknownPreset(Exception):
    """No preset has this id. The problem does not repeat it: it may be anything that somebody typed."""


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset by its id, in the order in which they are shown."""
    content = files("nexoraz.render.presets").joinpath("catalogue.json").read_bytes()
    listed = msgspec.json.decode(content, type=Catalogue).presets
    return MappingProxyType({preset.id: preset for preset in listed})


def find(preset_id: str) -> Preset:
    """The preset with this id; raises `UnknownPreset`."""
    try:
        return presets()[preset_id]
    except KeyError:
        raise UnknownPreset(preset_id) from None


def preview(preset_id: str) -> bytes:
    """A small WebP of what the preset makes of a photograph; raises `UnknownPreset`."""
    return files("nexoraz.render.presets").joinpath("previews", f"{find(preset_id).id}.webp").read_bytes()


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `catalogue.json`; the committed copy must equal it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Catalogue)}
