"""The catalogue is data, and its schema is the code's."""

import json
from importlib.resources import files

import jsonschema
import msgspec
import pytest

from nexoraz.render.presets.catalogue import UnknownPreset, find, presets, schema
from nexoraz.render.presets.preset import Catalogue

FOLDER = files("nexoraz.render.presets")


def test_the_committed_schema_is_the_codes_and_the_catalogue_obeys_it() -> None:
    committed = json.loads(FOLDER.joinpath("catalogue.schema.json").read_text())
    assert committed == json.loads(json.dumps(schema()))
    catalogue = json.loads(FOLDER.joinpath("catalogue.json").read_text())
    jsonschema.validate(catalogue, committed)


def test_the_three_first_looks_cost_one_credit_each() -> None:
    assert list(presets()) == ["marketplace-white", "studio-soft", "cutout-transparent"]
    assert {preset.credits for preset in presets().values()} == {1}


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(UnknownPreset) as refused:
        find("marketplace-black")
    assert refused.value.id == "marketplace-black"


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
