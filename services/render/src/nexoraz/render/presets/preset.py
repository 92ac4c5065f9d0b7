"""What a preset is. Sides are in pixels, shares from 0 to 1, colours sRGB from 0 to 255."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Side = Annotated[int, Meta(ge=256, le=4096)]
Level = Annotated[int, Meta(ge=0, le=255)]
Colour = tuple[Level, Level, Level]
Format = Literal["jpeg", "png", "webp", "avif"]


class Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="plain", tag_field="kind"):
    """A square canvas of one colour, with the product in its middle."""

    side: Side
    fill: Annotated[float, Meta(ge=0.1, le=1.0, description="share of the side that the longer side takes")]
    colour: Colour


class Studio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="studio", tag_field="kind"):
    """A square backdrop that runs from wall to floor without a corner, lit from above and from the left."""

    side: Side
    fill: Annotated[float, Meta(ge=0.1, le=0.9, description="share of the side that the longer side takes")]
    wall: Colour
    floor: Colour
    standing: Annotated[Share, Meta(description="how far down the canvas the product stands")]
    shadow: Annotated[Share, Meta(description="how dark the shadow is")]


class Transparent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="transparent", tag_field="kind"):
    """The product alone, trimmed, at the photo's own size unless that is longer than `longest`."""

    longest: Side
    margin: Annotated[float, Meta(ge=0.0, le=0.25, description="empty border, as a share of the longer side")]


class Gradient(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="gradient", tag_field="kind"):
    """A canvas of any shape whose colour runs from top to bottom, with light behind the product and shade below it."""

    width: Side
    height: Side
    fill: Annotated[float, Meta(ge=0.1, le=0.9, description="share of the shorter side that the longer side takes")]
    top: Colour
    bottom: Colour
    standing: Annotated[Share, Meta(description="how far down the canvas the product stands")]
    shadow: Annotated[Share, Meta(description="how dark the shadow is")]


class Surface(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="surface", tag_field="kind"):
    """A table in front of a wall that is out of focus; the product stands on it and is mirrored in it."""

    width: Side
    height: Side
    fill: Annotated[float, Meta(ge=0.1, le=0.9, description="share of the shorter side that the longer side takes")]
    wall: Colour
    table: Colour
    edge: Annotated[Share, Meta(description="how far down the canvas the table begins")]
    standing: Annotated[Share, Meta(description="how far down the canvas the product stands")]
    shadow: Annotated[Share, Meta(description="how dark the shadow is")]
    mirror: Annotated[Share, Meta(description="how clearly the product is mirrored at its foot")]
    grain: Annotated[Share, Meta(description="how much the table's grain shows")]


Single = Plain | Studio | Gradient | Surface


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="sheet", tag_field="kind"):
    """Several scenes beside each other on white, each of the same size."""

    columns: Annotated[int, Meta(ge=1, le=4)]
    cell: Annotated[int, Meta(ge=256, le=1600, description="width and height of each scene in pixels")]
    gap: Annotated[int, Meta(ge=0, le=200, description="pixels around and between the scenes")]
    cells: Annotated[tuple[Single, ...], Meta(min_length=2, max_length=12)]


Scene = Plain | Studio | Transparent | Gradient | Surface | Sheet


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One look: the scene, the file that comes out and its price in credits."""

    id: Annotated[str, Meta(pattern="^[a-z]+(-[a-z]+)*$")]
    title: str
    description: str
    credits: Annotated[int, Meta(ge=1)]
    format: Format
    quality: Annotated[int, Meta(ge=1, le=100, description="for formats that lose something; PNG ignores it")]
    scene: Scene

    def __post_init__(self) -> None:
        if isinstance(self.scene, Transparent) and self.format == "jpeg":
            raise ValueError(f"{self.id}: JPEG has no transparency")


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All presets, in the order in which they are shown."""

    presets: tuple[Preset, ...]

    def __post_init__(self) -> None:
        ids = [preset.id for preset in self.presets]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two presets have one id: {sorted(ids)}")
