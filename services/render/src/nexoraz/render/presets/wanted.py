"""How a finished picture is wanted, where a person says more than the preset does."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from nexoraz.render.presets.preset import Format, Preset, Transparent

Profile = Literal["srgb", "display-p3"]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """None is as the preset says. longest: pixels of the longer side, which is never enlarged. profile: whose colours
    the file is in, and which it embeds; those that the profile has not are brought to the nearest that it has."""

    format: Format | None = None
    quality: Annotated[int, Meta(ge=1, le=100)] | None = None
    longest: Annotated[int, Meta(ge=64, le=4096)] | None = None
    profile: Profile = "srgb"


AS_THE_PRESET = Wanted()


@dataclass(eq=False)
class FormatWithoutTransparency(Exception):
    """The preset leaves the ground transparent, which this format cannot say."""

    preset: str
    format: str


def applied(preset: Preset, wanted: Wanted) -> Preset:
    """The preset with the format and the quality that are wanted; raises `FormatWithoutTransparency`."""
    kind = wanted.format or preset.format
    if kind == "jpeg" and isinstance(preset.scene, Transparent):
        raise FormatWithoutTransparency(preset.id, kind)
    return msgspec.structs.replace(preset, format=kind, quality=wanted.quality or preset.quality)
