"""A job, and a batch of them, as their owner sees them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nexoraz.render.projections.jobs import JobRecord, columns
from nexoraz.render.web.schemas import STATES, BatchView, JobView

_JOB_VIEW, _BATCH_VIEW = JobView(), BatchView()
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


def presented_batch(batch_id: str, jobs: Sequence[JobRecord]) -> dict[str, Any]:
    """The JSON of a batch with at least one job. A job whose place another one took is not counted, nor shown."""
    standing = [job for job in jobs if job.retried_by is None]
    counts = Counter(job.state for job in standing)
    shown: dict[str, Any] = _BATCH_VIEW.dump(
        {
            "id": batch_id,
            "state": "ended" if all(job.ended for job in standing) else "running",
            "percent": sum(100 if job.ended else job.percent for job in standing) // len(standing),
            "credits": sum(job.credits for job in standing),
            "requested_at": min(job.requested_at for job in jobs),
            "counts": {state: counts[state] for state in STATES},
            "jobs": [view(job) for job in standing],
        }
    )
    return shown


def batch_version(jobs: Sequence[JobRecord]) -> int:
    """Grows with whatever happens to any of the jobs."""
    return sum(job.version for job in jobs)
