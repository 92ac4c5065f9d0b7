"""The catalogue is data, and its schema is the code's."""

import io
import json
from importlib.resources import files

import jsonschema
import msgspec
import numpy as np
import pytest
from PIL import Image

from nexoraz.render.engine.port import Pixels
from nexoraz.render.presets.catalogue import UnknownPreset, find, presets, preview, schema
from nexoraz.render.presets.preset import Catalogue, Preset
from services.render.tests import previews

FOLDER = files("nexoraz.render.presets")


def test_the_committed_schema_is_the_codes_and_the_catalogue_obeys_it() -> None:
    committed = json.loads(FOLDER.joinpath("catalogue.schema.json").read_text())
    assert committed == json.loads(json.dumps(schema()))
    catalogue = json.loads(FOLDER.joinpath("catalogue.json").read_text())
    jsonschema.validate(catalogue, committed)


def test_the_three_first_looks_cost_one_credit_each() -> None:
    first = list(presets().values())[:3]
    assert [preset.id for preset in first] == ["marketplace-white", "studio-soft", "cutout-transparent"]
    assert {preset.credits for preset in first} == {1}


def test_two_presets_of_one_id_are_not_taken() -> None:
    catalogue = json.loads(FOLDER.joinpath("catalogue.json").read_text())
    catalogue["presets"].append(catalogue["presets"][0])
    with pytest.raises(msgspec.ValidationError, match="one id"):
        msgspec.convert(catalogue, Catalogue)


@pytest.mark.parametrize("preset", presets().values(), ids=list(presets()))
def test_the_committed_preview_is_what_the_preset_makes(preset: Preset) -> None:
    """Codecs of another version may round differently; a scene that was changed differs by far more."""
    committed, made = (opened(data) for data in (preview(preset.id), previews.preview(preset)))
    assert committed.shape == made.shape and max(made.shape[:2]) <= previews.LONGEST
    assert np.abs(committed.astype(int) - made.astype(int)).mean() < 1.5, "run python -m services.render.tests.previews"


def opened(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(UnknownPreset, match="marketplace-black"):
        find("marketplace-black")


@pytest.mark.parametrize(
    "change", [{"credits": 0}, {"format": "gif"}, {"id": "No Spaces"}, {"surprise": 1}, {"scene": {"kind": "beach"}}]
)
def test_a_wrong_preset_is_not_taken(change: dict[str, object]) -> None:
    right = json.loads(FOLDER.joinpath("catalogue.json").read_text())["presets"][0]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"presets": [right | change]}, Catalogue)


def test_transparency_is_not_asked_of_jpeg() -> None:
    catalogue = json.loads(FOLDER.joinpath("catalogue.json").read_text())
    catalogue["presets"][2]["format"] = "jpeg"
    with pytest.raises(msgspec.ValidationError, match="no transparency"):
        msgspec.convert(catalogue, Catalogue)
