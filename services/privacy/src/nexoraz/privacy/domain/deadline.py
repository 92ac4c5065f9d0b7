"""The deadline clock: when the law wants a request done.

Source: GDPR Art. 12(3) "within one month of receipt", counted by Regulation 1182/71 Art. 3: the period ends with the
expiry of the last hour of the day of the following month that bears the same date, or the month's last day.
"""

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta


def one_month_after(received_at: datetime) -> datetime:
    """The first moment (UTC) at which a request received then is late."""
    return _months_after(received_at, 1)


def extended(received_at: datetime) -> datetime:
    """The same with the one extension "by two further months" (GDPR Art. 12(3))."""
    return _months_after(received_at, 3)


def _months_after(received_at: datetime, months: int) -> datetime:
    received = received_at.astimezone(UTC)
    year, month = divmod(received.year * 12 + received.month - 1 + months, 12)
    month += 1
    last_day = monthrange(year, month)[1]
    day = received.date().replace(year=year, month=month, day=min(received.day, last_day))
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
