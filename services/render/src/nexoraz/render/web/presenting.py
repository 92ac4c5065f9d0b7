"""A job as its owner sees it."""

from dataclasses import asdict
from typing import Any

from nexoraz.render.projections.jobs import JobRecord
from nexoraz.render.web.schemas import JobView

OUTPUT = ("media_type", "width", "height", "size", "engine", "fallback")
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif"}


def presented(job: JobRecord) -> dict[str, Any]:
    """The job's JSON; `output` is null until the picture is there."""
    facts = asdict(job)
    output = None
    if job.output_id is not None:
        output = {name: facts[name] for name in OUTPUT} | {"href": f"/v1/render/jobs/{job.id}/output"}
    view: dict[str, Any] = JobView().dump(facts | {"output": output})
    return view


def file_name(job: JobRecord) -> str:
    """What the person's computer shall call the picture."""
    return f"{job.preset}-{job.id[:8]}.{EXTENSIONS.get(job.media_type or '', 'bin')}"
