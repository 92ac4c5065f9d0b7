"""Named valid messages that the tests of render speak in."""

from datetime import UTC, datetime

from nexoraz.render.domain.commands import (
    AdmitRender,
    AdvanceRender,
    CancelRender,
    CompleteRender,
    FailRender,
    RequestRender,
    RetryRender,
)
from nexoraz.render.domain.events import (
    RenderAdmitted,
    RenderAdvanced,
    RenderCancelled,
    RenderCompleted,
    RenderFailed,
    RenderRequested,
    RenderRetried,
)

ANN = "6f0d0a0c-0000-4000-8000-00000000a001"
JOB_ID = "6f0d0a0c-0000-4000-8000-00000000b001"
PHOTO = "6f0d0a0c-0000-4000-8000-00000000d001"
RETRY_ID = "6f0d0a0c-0000-4000-8000-00000000b002"
OUTPUT = "6f0d0a0c-0000-4000-8000-00000000e001"
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

request = RequestRender(ANN, JOB_ID, PHOTO, "marketplace-white", 1, NOON)
admit = AdmitRender(JOB_ID, NOON)
advance = AdvanceRender(JOB_ID, "cut-out", 10)
complete = CompleteRender(JOB_ID, OUTPUT, "image/jpeg", 2000, 2000, 345_678, "neural", False, NOON)
fail = FailRender(JOB_ID, "picture-truncated", NOON)
cancel = CancelRender(JOB_ID, NOON)
retry = RetryRender(JOB_ID, RETRY_ID, NOON)

requested = RenderRequested(ANN, JOB_ID, PHOTO, "marketplace-white", 1, NOON)
admitted = RenderAdmitted(ANN, JOB_ID, NOON)
advanced = RenderAdvanced(ANN, JOB_ID, "cut-out", 10)
completed = RenderCompleted(ANN, JOB_ID, OUTPUT, "image/jpeg", 2000, 2000, 345_678, "neural", False, NOON)
failed = RenderFailed(ANN, JOB_ID, "picture-truncated", NOON)
cancelled = RenderCancelled(ANN, JOB_ID, NOON)
retried = RenderRetried(ANN, JOB_ID, RETRY_ID, NOON)
