"""Choices about training, manifests with their photos, and models."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_choices",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("photo_id", sa.Text, primary_key=True),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("training_choices_photo_id", "training_choices", ["photo_id"])
    op.create_table(
        "manifests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "manifest_photos",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("photo_id", sa.Text, primary_key=True),
        sa.Column("manifest_id", sa.Text, primary_key=True),
    )
    op.create_index("manifest_photos_manifest_id", "manifest_photos", ["manifest_id", "photo_id"])
    op.create_table(
        "models",
        sa.Column("manifest_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
    )
