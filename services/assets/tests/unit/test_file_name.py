"""What a person's computer is told to call a photo."""

from hypothesis import given
from hypothesis import strategies as st

from nexoraz.assets.domain.file_name import file_name
from nexoraz.assets.domain.picture import JPEG, PNG
from services.assets.tests.examples import PHOTO_ID


def test_a_photo_without_a_title_is_called_by_its_id() -> None:
    assert file_name(PHOTO_ID, None, JPEG) == "photo-6f0d0a0c.jpg"
    assert file_name(PHOTO_ID, "...", JPEG) == "photo-6f0d0a0c.jpg"


def test_a_title_keeps_its_letters() -> None:
    assert file_name(PHOTO_ID, "Tasse à café", PNG) == "Tasse à café.png"
    assert file_name(PHOTO_ID, "cup.PNG", PNG) == "cup.png"


@given(st.text(max_size=120))
def test_no_title_makes_a_path_a_hidden_file_or_another_type(text: str) -> None:
    name = file_name(PHOTO_ID, text, JPEG)
    assert name.endswith(".jpg") and not name.startswith(".") and len(name) > 4
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
