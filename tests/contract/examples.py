"""A valid message of every published type, by its name without the service; participants say the same four."""

from typing import Any

ACCOUNT = "5f0f4f0e-3c1e-4c46-9d5c-1f2f7f6f4a10"
JOB = "0d9fb1f3-0c5c-4f58-8a55-5b1f6c6c6b11"
PHOTO = "f2a8c3f0-91a7-4a0b-8a4b-3a8a2d1c0e12"
REQUEST = "9b1c7a52-6b0f-4c1e-9f57-74d0f4a7cc13"
MOMENT = "2026-03-01T12:00:00Z"
SHA = "ab" * 32

EXAMPLES: dict[str, dict[str, Any]] = {
    "signing-key-published.v1": {"kid": "2026-03", "public_jwk": '{"kty":"OKP","crv":"Ed25519"}', "not_after": MOMENT},
    "account-registered.v1": {"account_id": ACCOUNT, "registered_at": MOMENT},
    "account-verified.v1": {"account_id": ACCOUNT, "region": "eu"},
    "session-revoked.v1": {"account_id": ACCOUNT, "session_id": REQUEST},
    "photo-uploaded.v1": {
        "account_id": ACCOUNT,
        "photo_id": PHOTO,
        "media_type": "image/jpeg",
        "width": 600,
        "height": 400,
        "size": 57_344,
        "uploaded_at": MOMENT,
    },
    "photo-deleted.v1": {"account_id": ACCOUNT, "photo_id": PHOTO},
    "photo-restored.v1": {"account_id": ACCOUNT, "photo_id": PHOTO},
    "render-requested.v1": {
        "account_id": ACCOUNT,
        "job_id": JOB,
        "photo_id": PHOTO,
        "preset": "marketplace-white",
        "credits": 1,
    },
    "render-completed.v1": {
        "account_id": ACCOUNT,
        "job_id": JOB,
        "output_id": REQUEST,
        "engine": "classical",
        "width": 2000,
        "height": 2000,
        "size": 912_004,
    },
    "render-failed.v1": {"account_id": ACCOUNT, "job_id": JOB, "reason": "photo-truncated"},
    "render-cancelled.v1": {"account_id": ACCOUNT, "job_id": JOB},
    "credits-purchased.v1": {"account_id": ACCOUNT, "purchase_id": REQUEST, "credits": 50},
    "credits-reserved.v1": {"account_id": ACCOUNT, "job_id": JOB, "credits": 1},
    "credits-refused.v1": {"account_id": ACCOUNT, "job_id": JOB, "needed": 3, "left": 1},
    "credits-spent.v1": {"account_id": ACCOUNT, "job_id": JOB, "credits": 1},
    "credits-released.v1": {"account_id": ACCOUNT, "job_id": JOB, "credits": 1},
    "credits-taken-back.v1": {"account_id": ACCOUNT, "refund_id": REQUEST, "credits": 5},
    "credits-returned.v1": {"account_id": ACCOUNT, "refund_id": REQUEST, "credits": 5},
    "plan-changed.v1": {"account_id": ACCOUNT, "plan": "pro"},
    "payment-problem.v1": {"account_id": ACCOUNT, "notice": "grace", "until": MOMENT},
    "erasure-requested.v1": {"account_id": ACCOUNT, "request_id": REQUEST, "participants": ["assets", "render"]},
    "residue-scan-requested.v1": {"account_id": ACCOUNT, "request_id": REQUEST, "participants": ["assets"]},
    "export-requested.v1": {
        "account_id": ACCOUNT,
        "request_id": REQUEST,
        "public_key": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
        "participants": ["assets"],
    },
    "notice-given.v1": {
        "account_id": ACCOUNT,
        "request_id": REQUEST,
        "type": "access",
        "notice": "deadline-extended",
        "reason": "complexity",
        "until": MOMENT,
    },
    "objection-recorded.v1": {"account_id": ACCOUNT, "request_id": REQUEST, "purpose": "training"},
    "request-completed.v1": {"request_id": REQUEST, "type": "erasure", "outcome": "completed"},
    "hold-placed.v1": {
        "account_id": ACCOUNT,
        "hold_id": REQUEST,
        "participant": "billing",
        "store": "purchases",
        "record_id": JOB,
        "category": "",
        "basis": "legal-claim: GDPR Art. 17(3)(e)",
        "until": MOMENT,
    },
    "hold-released.v1": {"account_id": ACCOUNT, "hold_id": REQUEST, "participant": "billing"},
    "hold-answered.v1": {
        "hold_id": REQUEST,
        "participant": "assets",
        "outcome": "placed",
        "records": 1,
        "answered_at": MOMENT,
    },
    "records-erased.v1": {
        "request_id": REQUEST,
        "participant": "assets",
        "cause": JOB,
        "lines": [
            {
                "category": "user.financial",
                "store": "purchases",
                "found": 1,
                "erased": 1,
                "retained": 0,
                "left": 0,
                "basis": "",
                "until": "",
            }
        ],
        "erased_at": MOMENT,
    },
    "retention-applied.v1": {
        "participant": "assets",
        "rule": "one-day",
        "store": "idempotency_keys",
        "action": "erase",
        "records": 12,
        "applied_at": MOMENT,
    },
    "participant-announced.v1": {"participant": "assets", "data_map_hash": SHA, "data_map": '{"service":"assets"}'},
    "erasure-receipted.v1": {
        "request_id": REQUEST,
        "participant": "assets",
        "outcome": "erased",
        "lines": [
            {
                "category": "user.content.private",
                "store": "objects/photos",
                "found": 2,
                "erased": 2,
                "retained": 0,
                "left": 0,
                "basis": "",
                "until": "",
            }
        ],
        "begun_at": MOMENT,
        "keys_destroyed": 2,
        "keys_destroyed_at": MOMENT,
        "key_epoch": 1,
        "key_digest": SHA,
        "bus_purged": 4,
    },
    "policy-change-announced.v1": {"policy_version": "2026-11-22", "summary": "Each choice has a receipt."},
    "policy-change-mailed.v1": {"account_id": ACCOUNT, "policy_version": "2026-11-22", "told_at": MOMENT},
    "consent-decided.v1": {
        "account_id": ACCOUNT,
        "purpose": "analytics",
        "given": True,
        "policy_version": "2025-10-15",
    },
    "residue-scanned.v1": {
        "request_id": REQUEST,
        "participant": "assets",
        "residue": 0,
        "lines": [{"store": "photos", "found": 0, "retained": 0}],
    },
    "export-part-written.v1": {
        "request_id": REQUEST,
        "participant": "assets",
        "parts": [{"name": "0001-9f3a1b2c", "sha256": SHA, "size": 65_562}],
        "records": 7,
    },
    "key-epoch-destroyed.v1": {
        "participant": "assets",
        "epoch": 1,
        "destroyed_at": MOMENT,
        "attested_at": MOMENT,
    },
}


def example(type_name: str) -> dict[str, Any]:
    """The example of `nexoraz.<service>.<name>.v<N>`."""
    return EXAMPLES[type_name.split(".", 2)[2]]
