"""A job as its owner sees it."""

from typing import Any

from nexoraz.render.projections.jobs import JobRecord, columns
from nexoraz.render.web.schemas import JobView

_JOB_VIEW = JobView()
OUTPUT = ("media_type", "width", "height", "size", "engine", "fallback")


def view(job: JobRecord) -> dict[str, Any]:
    """What `JobView` shows of a job; `output` is None until the picture is there."""
    facts = columns(job)
    output = None
    if job.output_id is not None:
        output = {name: facts[name] for name in OUTPUT} | {"href": f"/v1/render/jobs/{job.id}/output"}
    return facts | {"output": output}


def presented(job: JobRecord) -> dict[str, Any]:
    """The job's JSON."""
    shown: dict[str, Any] = _JOB_VIEW.dump(view(job))
    return shown
