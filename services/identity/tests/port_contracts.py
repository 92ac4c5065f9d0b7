"""What each port promises. Fakes and real adapters run the same tests: subclass and give `ports` and `clock`."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from nexoraz.events.event import Stream
from nexoraz.events.store import VersionConflict
from nexoraz.events.testing import FixedClock
from nexoraz.identity.application.ports import KnownAccount, Rule
from nexoraz.identity.application.sending import SENT
from nexoraz.identity.application.standings import Standing
from nexoraz.identity.application.usage import Total
from nexoraz.identity.application.use_cases import Ports
from nexoraz.identity.domain.account import AccountRegistered, AccountVerified, AddressChanged
from nexoraz.identity.domain.operator import OperatorGranted, OperatorRevoked
from nexoraz.identity.domain.password import PasswordReplaced
from nexoraz.identity.domain.provider_link import ProviderLinked, ProviderUnlinked
from nexoraz.identity.domain.session import SessionRefreshed, SessionRevoked, SessionStarted
from services.identity.tests.examples import EMAIL, NOW

RULE = Rule("a rule", 2, timedelta(minutes=1))


def account(ports: Ports, email: str = EMAIL) -> str:
    """A registered account."""
    account_id = str(uuid4())
    with ports.store.transaction() as tx:
        registered = AccountRegistered(account_id, email, None, "DE", NOW)
        tx.append(Stream.of("account", account_id, account_id), 0, [registered])
    return account_id


def session(ports: Ports, account_id: str, device: str, minutes: int) -> UUID:
    """A session that started so many minutes after NOW."""
    session_id, at = uuid4(), NOW + timedelta(minutes=minutes)
    started = SessionStarted(str(session_id), account_id, device, "hash", at, at + timedelta(days=1))
    with ports.store.transaction() as tx:
        tx.append(Stream.of("session", str(session_id), account_id), 0, [started])
    return session_id


class PortsContract:
    def test_a_registered_account_is_found_by_its_address(self, ports: Ports) -> None:
        account_id = account(ports)
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, EMAIL) == KnownAccount(account_id, "")
            assert ports.accounts.find(tx, "bob@example.org") is None

    def test_an_address_belongs_to_one_account(self, ports: Ports) -> None:
        first = account(ports)
        with pytest.raises(VersionConflict):
            account(ports)
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, EMAIL) == KnownAccount(first, "")

    def test_a_verified_account_names_its_verification(self, ports: Ports) -> None:
        account_id = account(ports)
        with ports.store.transaction() as tx:
            verified = AccountVerified(account_id, "v1", "eu", NOW)
            tx.append(Stream.of("account", account_id, account_id), 1, [verified])
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, EMAIL) == KnownAccount(account_id, "v1")

    def test_an_account_whose_erasure_began_is_not_found(self, ports: Ports) -> None:
        account_id = account(ports)
        with ports.store.transaction() as tx:
            tx.tombstone(account_id)
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, EMAIL) is None

    def test_what_was_rolled_back_is_not_found(self, ports: Ports) -> None:
        account_id = str(uuid4())
        with pytest.raises(ConnectionError), ports.store.transaction() as tx:
            registered = AccountRegistered(account_id, EMAIL, None, "DE", NOW)
            tx.append(Stream.of("account", account_id, account_id), 0, [registered])
            ports.credentials.put(tx, account_id, "v1", "hash")
            ports.mails.post(tx, account_id, "account-exists", EMAIL, {})
            raise ConnectionError
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, EMAIL) is None
            assert ports.credentials.find(tx, account_id, "v1") is None

    def test_sessions_are_listed_newest_first_and_page_by_page(self, ports: Ports) -> None:
        ann, bob = str(uuid4()), str(uuid4())
        ids = [session(ports, ann, f"device {n}", n) for n in range(3)]
        session(ports, bob, "other", 9)
        with ports.store.transaction() as tx:
            first = ports.sessions.of_account(tx, ann, None, 2, NOW)
            rest = ports.sessions.of_account(tx, ann, (first[-1].created_at, first[-1].id), 2, NOW)
        assert [row.id for row in [*first, *rest]] == ids[::-1]
        assert [row.device for row in first] == ["device 2", "device 1"]

    def test_a_used_session_shows_when_and_a_revoked_or_expired_one_is_gone(self, ports: Ports) -> None:
        ann = str(uuid4())
        used, ended = (session(ports, ann, "device", n) for n in range(2))
        later = NOW + timedelta(hours=1)
        with ports.store.transaction() as tx:
            tx.append(Stream.of("session", str(used), ann), 1, [SessionRefreshed(str(used), 1, "hash", later)])
            tx.append(Stream.of("session", str(ended), ann), 1, [SessionRevoked(str(ended), ann, "x", later)])
        with ports.store.transaction() as tx:
            [row] = ports.sessions.of_account(tx, ann, None, 10, later)
            assert (row.id, row.last_used_at) == (used, later)
            assert ports.sessions.of_account(tx, ann, None, 10, NOW + timedelta(days=1)) == []

    def test_a_password_hash_is_found_by_its_verification_only(self, ports: Ports) -> None:
        ann = str(uuid4())
        with ports.store.transaction() as tx:
            ports.credentials.put(tx, ann, "v1", "one")
            ports.credentials.put(tx, ann, "v2", "two")
        with ports.store.transaction() as tx:
            assert ports.credentials.find(tx, ann, "v2") == "two"
            assert ports.credentials.find(tx, ann, "") is None
            ports.credentials.keep_only(tx, ann, "v2")
        with ports.store.transaction() as tx:
            assert ports.credentials.find(tx, ann, "v1") is None
            assert ports.credentials.find(tx, ann, "v2") == "two"

    def test_an_account_has_one_factor_secret_which_is_found_by_its_id(self, ports: Ports) -> None:
        ann = str(uuid4())
        with ports.store.transaction() as tx:
            assert ports.factor_secrets.find(tx, ann, "f1") is None
            ports.factor_secrets.put(tx, ann, "f1", "one")
        with ports.store.transaction() as tx:
            ports.factor_secrets.put(tx, ann, "f2", "two")
        with ports.store.transaction() as tx:
            assert ports.factor_secrets.find(tx, ann, "f1") is None
            assert ports.factor_secrets.find(tx, ann, "f2") == "two"
            ports.factor_secrets.delete(tx, ann)
        with ports.store.transaction() as tx:
            assert ports.factor_secrets.find(tx, ann, "f2") is None

    def test_a_mail_waits_until_it_is_settled(self, ports: Ports) -> None:
        ann = str(uuid4())
        with ports.store.transaction() as tx:
            mail_id = ports.mails.post(tx, ann, "verify-address", EMAIL, {"token": "t"})
        with ports.store.transaction() as tx:
            mail = ports.mails.waiting(tx, mail_id)
            assert mail is not None
            assert (mail.id, mail.account_id, mail.kind, mail.to) == (mail_id, ann, "verify-address", EMAIL)
            assert mail.facts == {"token": "t"}
            assert ports.mails.posted_since(tx, ann, "verify-address", NOW - timedelta(days=1)) == 1
        for _ in range(2):
            with ports.store.transaction() as tx:
                ports.mails.settle(tx, mail, SENT, NOW)
        with ports.store.transaction() as tx:
            assert ports.mails.waiting(tx, mail_id) is None
            assert ports.mails.posted_since(tx, ann, "verify-address", NOW - timedelta(days=1)) == 1
            assert ports.mails.posted_since(tx, ann, "verify-address", NOW + timedelta(days=1)) == 0
            assert ports.mails.posted_since(tx, ann, "account-exists", NOW - timedelta(days=1)) == 0

    def test_who_has_the_role_of_an_operator(self, ports: Ports) -> None:
        ann = account(ports)
        stream = Stream.of("operator", ann, ann)
        with ports.store.transaction() as tx:
            assert not ports.operators.has(tx, ann)
            tx.append(stream, 0, [OperatorGranted(ann, NOW)])
        with ports.store.transaction() as tx:
            assert ports.operators.has(tx, ann)
            assert ports.operators.all(tx) == [(ann, NOW)]
            tx.append(stream, 1, [OperatorRevoked(ann, NOW)])
        with ports.store.transaction() as tx:
            assert not ports.operators.has(tx, ann)
            assert ports.operators.all(tx) == []

    def test_attempts_are_counted_per_rule_and_subject(self, ports: Ports) -> None:
        assert [ports.throttle.count(RULE, "ann") for _ in range(3)] == [0, 0, 60]
        assert ports.throttle.count(RULE, "bob") == 0
        assert ports.throttle.count(Rule("another", 2, RULE.window), "ann") == 0

    def test_a_window_ends_by_itself(self, ports: Ports, clock: FixedClock) -> None:
        for _ in range(3):
            ports.throttle.count(RULE, "ann")
        clock.advance(seconds=59)
        assert ports.throttle.count(RULE, "ann") == 1
        clock.advance(seconds=1)
        assert ports.throttle.count(RULE, "ann") == 0

    def test_cleared_attempts_are_forgotten(self, ports: Ports) -> None:
        for _ in range(3):
            ports.throttle.count(RULE, "ann")
        ports.throttle.clear(RULE, "ann")
        assert ports.throttle.count(RULE, "ann") == 0

    def test_a_standing_follows_what_is_told_and_an_erased_account_has_none(self, ports: Ports) -> None:
        def told(account_id: str) -> Standing:
            with ports.store.transaction() as tx:
                ports.standings.set_plan(tx, account_id, "pro")
            with ports.store.transaction() as tx:
                ports.standings.add_credits(tx, account_id, 5)
            with ports.store.transaction() as tx:
                ports.standings.add_credits(tx, account_id, -2)
            with ports.store.transaction() as tx:
                return ports.standings.of(tx, account_id)

        assert told("ann") == Standing("pro", 3, 3)
        with ports.store.transaction() as tx:
            tx.tombstone("bob")
        assert told("bob") == Standing("free", 0, 0)

    def test_a_challenge_comes_back_once_in_time_and_for_what_it_was_given(
        self, ports: Ports, clock: FixedClock
    ) -> None:
        until = NOW + timedelta(minutes=10)
        first, second = (ports.challenges.give("sign-in", "", until) for _ in range(2))
        assert not ports.challenges.take("register", "", first)
        assert not ports.challenges.take("sign-in", "ann", first)
        assert ports.challenges.take("sign-in", "", first)
        assert not ports.challenges.take("sign-in", "", first)
        clock.advance(minutes=10)
        assert not ports.challenges.take("sign-in", "", second)

    def test_a_replaced_password_names_what_it_came_with(self, ports: Ports) -> None:
        ann = account(ports)
        with ports.store.transaction() as tx:
            tx.append(Stream.of("account", ann, ann), 1, [AccountVerified(ann, "v1", "eu", NOW)])
            tx.append(Stream.of("password", ann, ann), 0, [PasswordReplaced(ann, "c2", "reset", NOW)])
        with ports.store.transaction() as tx:
            assert ports.accounts.password_of(tx, ann) == "c2"
            assert ports.accounts.find(tx, EMAIL) == KnownAccount(ann, "c2")
            assert ports.accounts.password_of(tx, str(uuid4())) == ""

    def test_a_changed_address_is_found_and_the_old_one_is_free(self, ports: Ports) -> None:
        ann = account(ports)
        with ports.store.transaction() as tx:
            tx.append(Stream.of("account", ann, ann), 1, [AddressChanged(ann, "ann@example.net", NOW)])
        with ports.store.transaction() as tx:
            assert ports.accounts.find(tx, "ann@example.net") == KnownAccount(ann, "")
            assert ports.accounts.find(tx, EMAIL) is None
        bob = account(ports)
        with pytest.raises(VersionConflict), ports.store.transaction() as tx:
            tx.append(Stream.of("account", bob, bob), 1, [AddressChanged(bob, "ann@example.net", NOW)])

    def test_a_subject_is_found_while_it_is_linked_and_belongs_to_one_account(self, ports: Ports) -> None:
        ann, bob = account(ports), account(ports, "bob@example.org")
        linked, unlinked = (kind(ann, "example-id", "subject", NOW) for kind in (ProviderLinked, ProviderUnlinked))
        with ports.store.transaction() as tx:
            tx.append(Stream.of("provider-links", ann, ann), 0, [linked])
        with ports.store.transaction() as tx:
            assert ports.provider_links.find(tx, "subject") == ann
        with pytest.raises(VersionConflict), ports.store.transaction() as tx:
            also = ProviderLinked(bob, "example-id", "subject", NOW)
            tx.append(Stream.of("provider-links", bob, bob), 0, [also])
        with ports.store.transaction() as tx:
            tx.append(Stream.of("provider-links", ann, ann), 1, [unlinked])
        with ports.store.transaction() as tx:
            assert ports.provider_links.find(tx, "subject") is None

    def test_the_country_of_a_network(self, ports: Ports) -> None:
        assert ports.places.country("91.1.2.0/24") == "DE"
        assert ports.places.country("198.51.100.0/24") == ports.places.country("") == ""

    def test_a_private_key_is_found_by_its_id(self, ports: Ports) -> None:
        private = ports.new_key()
        with ports.store.transaction() as tx:
            ports.private_keys.put(tx, private)
        with ports.store.transaction() as tx:
            assert ports.private_keys.get(tx, private["kid"]) == private
            with pytest.raises(KeyError):
                ports.private_keys.get(tx, "another")

    def test_only_the_right_password_matches_its_hash(self, ports: Ports) -> None:
        hashed = ports.passwords.hash("right")
        assert ports.passwords.verify(hashed, "right")
        assert not ports.passwords.verify(hashed, "wrong")
        assert not ports.passwords.verify(None, "right")
        assert not ports.passwords.verify("no hash", "right")

    def test_equal_values_have_equal_hashes_within_a_purpose(self, ports: Ports) -> None:
        one = ports.hashes.keyed_hash("email", EMAIL)
        assert one == ports.hashes.keyed_hash("email", EMAIL)
        assert len({one, ports.hashes.keyed_hash("other", EMAIL), ports.hashes.keyed_hash("email", "x")}) == 3
        assert EMAIL not in one

    def test_an_address_that_said_stop_is_known_again(self, ports: Ports) -> None:
        for _ in range(2):
            with ports.store.transaction() as tx:
                ports.suppressions.add(tx, "hash of ann")
        with ports.store.transaction() as tx:
            assert ports.suppressions.has(tx, "hash of ann")
            assert not ports.suppressions.has(tx, "hash of bob")

    def test_verified_accounts_are_listed_page_by_page(self, ports: Ports) -> None:
        with ports.store.transaction() as tx:
            everybody = ports.accounts.after(tx, "", 100)
            assert everybody == sorted(everybody)
            assert ports.accounts.after(tx, "", 1) == everybody[:1]
            assert [a for a in everybody[:1] for a in ports.accounts.after(tx, a, 100)] == everybody[1:]

    def test_uses_are_counted_by_account_and_in_totals(self, ports: Ports) -> None:
        ann, bob, day = str(uuid4()), str(uuid4()), NOW.date()
        with ports.store.transaction() as tx:
            ports.usage.allow(tx, ann)
            ports.usage.allow(tx, ann)
        for account_id in (ann, ann, bob):
            with ports.store.transaction() as tx:
                ports.usage.count(tx, account_id, "help", day)
        with ports.store.transaction() as tx:
            assert (ports.usage.is_allowed(tx, ann), ports.usage.is_allowed(tx, bob)) == (True, False)
            assert list(ports.usage.totals(tx, day)) == [Total(day, "help", 2, 3)]
            assert list(ports.usage.totals(tx, day + timedelta(days=1))) == []
            ports.usage.forbid(tx, ann)
        with ports.store.transaction() as tx:
            assert not ports.usage.is_allowed(tx, ann)
