"""The presets, and a picture of what each makes. Open to everyone."""

import hashlib
from typing import Any

import msgspec
from flask import Response, request

from nexoraz.render.presets.catalogue import UnknownPreset, presets, preview
from nexoraz.render.web.schemas import PresetList
from nexoraz.service.app import Blueprint
from nexoraz.service.problems import not_found


def presets_blueprint() -> Blueprint:
    catalogue = Blueprint("presets", __name__, url_prefix="/presets", description="The looks that a photo can be given")

    @catalogue.route("", methods=["GET"])
    @catalogue.response(200, PresetList)
    def listed() -> dict[str, Any]:
        """Every preset, its price in credits, its scene as data, and a picture of what it makes."""
        items = [msgspec.to_builtins(preset) for preset in presets().values()]
        return {"items": [item | {"preview": f"/v1/render/presets/{item['id']}/preview"} for item in items]}

    @catalogue.route("/<string(maxlength=60):preset_id>/preview", methods=["GET"])
    @catalogue.response(200, content_type="image/webp", description="A WebP of at most 320 pixels a side.")
    @catalogue.alt_response(404, "NOT_FOUND")
    def picture(preset_id: str) -> Response:
        """What the preset makes of a photograph of a cup; may be kept for a day."""
        try:
            content = preview(preset_id)
        except UnknownPreset as unknown:
            raise not_found() from unknown
        response = Response(content, mimetype="image/webp")
        response.set_etag(hashlib.sha256(content).hexdigest()[:32])
        response.headers["Cache-Control"] = "public, max-age=86400"
        response.make_conditional(request)
        return response

    return catalogue
