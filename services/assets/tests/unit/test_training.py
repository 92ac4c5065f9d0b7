"""Decisions about training and its manifests."""

from nexoraz.assets.domain.events import ManifestMade, ModelTrained, PhotoListed, TrainingAllowed, TrainingWithdrawn
from nexoraz.assets.domain.manifest import (
    LONGEST_MODEL,
    MANIFEST,
    MakeManifest,
    ManifestUnknown,
    ModelNotNamed,
    RegisterModel,
)
from nexoraz.assets.domain.training import TRAINING, WORDING, AllowTraining, ListPhoto, WithdrawTraining
from nexoraz.events.testing import given
from services.assets.tests.examples import ANN, NOON, PHOTO_ID

MANIFEST_ID = "6f0d0a0c-0000-4000-8000-00000000e001"
allow, withdraw = AllowTraining(ANN, PHOTO_ID, NOON), WithdrawTraining(ANN, PHOTO_ID, NOON)
listing = ListPhoto(ANN, PHOTO_ID, MANIFEST_ID)
allowed, withdrawn = TrainingAllowed(ANN, PHOTO_ID, WORDING, NOON), TrainingWithdrawn(ANN, PHOTO_ID, NOON)
listed = PhotoListed(ANN, PHOTO_ID, MANIFEST_ID)
make, made = MakeManifest(MANIFEST_ID, 1, "00", NOON), ManifestMade(MANIFEST_ID, 1, "00", NOON)
register, trained = RegisterModel(MANIFEST_ID, "u2net-7", NOON), ModelTrained(MANIFEST_ID, "u2net-7", NOON)


def test_training_is_off_until_somebody_says_yes_and_off_again_when_they_say_no() -> None:
    given(TRAINING).when(withdraw).then()
    given(TRAINING).when(allow).then(allowed)
    given(TRAINING, allowed).when(allow).then()
    given(TRAINING, allowed).when(withdraw).then(withdrawn)
    given(TRAINING, allowed, withdrawn).when(allow).then(allowed)


def test_only_what_is_allowed_at_that_moment_is_listed() -> None:
    given(TRAINING).when(listing).then()
    given(TRAINING, allowed).when(listing).then(listed)
    given(TRAINING, allowed, listed, withdrawn).when(listing).then()
    given(TRAINING, allowed, listed).when(withdraw).then(withdrawn)


def test_a_manifest_is_made_once() -> None:
    given(MANIFEST).when(make).then(made)
    given(MANIFEST, made).when(make).then()


def test_a_model_is_registered_once_with_a_manifest_that_exists() -> None:
    given(MANIFEST).when(register).refused(ManifestUnknown(MANIFEST_ID))
    given(MANIFEST, made).when(register).then(trained)
    given(MANIFEST, made, trained).when(register).then()
    for name in ("", "x" * (LONGEST_MODEL + 1)):
        given(MANIFEST, made).when(RegisterModel(MANIFEST_ID, name, NOON)).refused(ModelNotNamed(LONGEST_MODEL))
