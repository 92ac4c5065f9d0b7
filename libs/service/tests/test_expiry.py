"""What the chassis keeps is removed when it is without effect, and not before."""

import pytest
from sqlalchemy import Engine

from nexoraz.service.expiry import purge_chassis

pytestmark = pytest.mark.real

ROWS = """
insert into idempotency_keys (account_id, route, key_hash, fingerprint, status, answer, created_at)
values ('ada', 'POST /', '\\x01', '\\x', 201, '\\x', now() - interval '25 hours'),
       ('ada', 'POST /', '\\x02', '\\x', 201, '\\x', now() - interval '23 hours');
insert into revocations (subject, at) values ('old', now() - interval '2 days'), ('new', now());
insert into verification_keys (kid, jwk, not_after)
values ('ended', '{}', now() - interval '2 days'), ('in use', '{}', now() + interval '1 day');
"""


def test_only_what_has_expired_goes(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in ROWS.strip().split(";\n"):
            connection.exec_driver_sql(statement.rstrip(";"))
        purge_chassis(connection)
        left = {
            table: connection.exec_driver_sql(f"select {column} from {table}").scalars().all()
            for table, column in (("revocations", "subject"), ("verification_keys", "kid"))
        }
        assert left == {"revocations": ["new"], "verification_keys": ["in use"]}
        assert connection.exec_driver_sql("select key_hash from idempotency_keys").scalars().all() == [b"\x02"]
