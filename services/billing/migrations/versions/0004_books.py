"""Refunds, and both lines of every entry of the ledger. The database itself refuses an entry whose lines are not zero
together, and every change of a line; only an erasure or a rebuild removes lines, and all of an account's."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WRITE_OLD_LINES = """
INSERT INTO postings (account_id, entry, book, credits)
SELECT l.account_id, l.entry, b.book, b.sign * CASE l.kind WHEN 'spending' THEN -r.credits ELSE abs(l.credits) END
FROM ledger l
LEFT JOIN ledger r ON r.account_id = l.account_id AND r.reference = l.reference AND r.kind = 'reservation'
JOIN (VALUES ('purchase', 'sold', -1), ('purchase', 'free', 1), ('reservation', 'free', -1),
    ('reservation', 'reserved', 1), ('release', 'reserved', -1), ('release', 'free', 1),
    ('spending', 'reserved', -1), ('spending', 'spent', 1)) AS b (kind, book, sign) ON b.kind = l.kind
"""
BALANCED = """
CREATE FUNCTION entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(credits) FROM postings WHERE account_id = NEW.account_id AND entry = NEW.entry) <> 0 THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.entry USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
UNCHANGED = """
CREATE FUNCTION lines_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a line of the ledger never changes' USING ERRCODE = 'check_violation';
END $$
"""
TRIGGERS = (
    "CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON postings DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION entry_is_balanced()",
    "CREATE TRIGGER unchanged BEFORE UPDATE ON postings FOR EACH ROW EXECUTE FUNCTION lines_stay()",
    "CREATE TRIGGER unchanged BEFORE UPDATE ON ledger FOR EACH ROW EXECUTE FUNCTION lines_stay()",
)


def upgrade() -> None:
    op.create_table(
        "postings",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("entry", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("book", sa.Text, primary_key=True),
        sa.Column("credits", sa.Integer, nullable=False),
    )
    op.execute(WRITE_OLD_LINES)
    for statement in (BALANCED, UNCHANGED, *TRIGGERS):
        op.execute(statement)
    op.add_column("credit_accounts", sa.Column("held", sa.Integer, nullable=False, server_default="0"))
    op.add_column("purchases", sa.Column("refunded", sa.Integer, nullable=False, server_default="0"))
    op.add_column("purchases", sa.Column("review", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("purchase_id", sa.Text, nullable=False),
        sa.Column("refund", sa.Text, nullable=False, server_default=""),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("refunds_purchase_id", "refunds", ["purchase_id"])
    op.create_index("refunds_account_id", "refunds", ["account_id"])
