"""What a person's computer shall call a photo: from its title, without anything a path or a shell would understand."""

import re

from nexoraz.assets.domain.picture import AVIF, JPEG, PNG, WEBP

EXTENSIONS = {JPEG: "jpg", PNG: "png", WEBP: "webp", AVIF: "avif"}
UNSAFE = re.compile(r"""[\x00-\x1f\x7f/\\:*?"'<>|`$%;&~]+""")


def file_name(photo_id: str, title: str | None, media_type: str) -> str:
    """Never empty, never hidden, with the extension of what it is."""
    extension = EXTENSIONS[media_type]
    stem = UNSAFE.sub("-", title or "").strip(" .-")
    if stem.lower().endswith(f".{extension}"):
        stem = stem[: -len(extension) - 1].rstrip(" .-")
    return f"{stem or f'photo-{photo_id[:8]}'}.{extension}"
