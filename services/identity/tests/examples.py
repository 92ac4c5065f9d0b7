"""Named valid messages of identity, from which tests build their own."""

from datetime import UTC, date, datetime, timedelta

from nexoraz.identity.domain.account import (
    AccountRegistered,
    AccountVerified,
    RegisterAccount,
    VerificationStarted,
    VerifyAccount,
)
from nexoraz.identity.domain.session import RefreshSession, SessionStarted, StartSession
from nexoraz.identity.domain.signing_key import EnsureSigningKey

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
ADULT = date(1990, 5, 17)

ANN = "0d4f2a4e-6c1b-4d8e-9a55-000000000001"
FIRST_TOKEN = "0d4f2a4e-6c1b-4d8e-9a55-00000000000a"
SECOND_TOKEN = "0d4f2a4e-6c1b-4d8e-9a55-00000000000b"
LAPTOP = "0d4f2a4e-6c1b-4d8e-9a55-0000000000f1"

EMAIL = "ann@example.org"
PASSWORD = "correct horse battery"

register_ann = RegisterAccount(ANN, EMAIL, "Ann", "DE", FIRST_TOKEN, "hash-of-first-secret", NOW)
ann_registered = AccountRegistered(ANN, EMAIL, "Ann", "DE", NOW)
first_verification = VerificationStarted(ANN, FIRST_TOKEN, "hash-of-first-secret", NOW + timedelta(hours=24))
verify_ann = VerifyAccount(ANN, FIRST_TOKEN, "hash-of-first-secret", NOW)
ann_verified = AccountVerified(ANN, FIRST_TOKEN, "eu", NOW)

start_on_laptop = StartSession(LAPTOP, ANN, "Firefox on Linux", "hash-0", NOW)
laptop_started = SessionStarted(LAPTOP, ANN, "Firefox on Linux", "hash-0", NOW, NOW + timedelta(days=30))
refresh_laptop = RefreshSession(LAPTOP, 0, "hash-0", "hash-1", NOW)

ensure_first_key = EnsureSigningKey("kid-1", '{"kid":"kid-1"}', NOW)
