"""A job as its owner sees it."""

from dataclasses import asdict
from typing import Any

from nexoraz.render.projections.jobs import JobRecord
from nexoraz.render.web.schemas import JobView

OUTPUT = ("media_type", "width", "height", "size", "engine", "fallback")


def presented(job: JobRecord) -> dict[str, Any]:
    """The job's JSON; `output` is null until the picture is there."""
    facts = asdict(job)
    output = None
    if job.output_id is not None:
        output = {name: facts[name] for name in OUTPUT} | {"href": f"/v1/render/jobs/{job.id}/output"}
    view: dict[str, Any] = JobView().dump(facts | {"output": output})
    return view
