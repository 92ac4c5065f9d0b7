"""identity with every port in memory."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from nexoraz.events.event import Event
from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.registry import Registry
from nexoraz.events.sql_store import InlineProjection
from nexoraz.events.tasks import MemoryTaskQueue
from nexoraz.events.testing import FixedClock, MemorySealer
from nexoraz.identity.adapters.ceremonies import WebauthnCeremonies
from nexoraz.identity.adapters.memory import (
    MemoryAccounts,
    MemoryCredentials,
    MemoryHashes,
    MemoryMails,
    MemoryOperators,
    MemoryPasswords,
    MemoryPrivateKeys,
    MemorySessions,
    MemoryStandings,
    MemorySuppressions,
    MemoryThrottle,
    MemoryTransport,
    MemoryUsage,
)
from nexoraz.identity.adapters.memory_sign_in import (
    MemoryChallenges,
    MemoryFactorSecrets,
    MemoryPlaces,
    MemoryProviderLinks,
)
from nexoraz.identity.adapters.openid import OpenIdProviders, Registered
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.registration import Registering
from nexoraz.identity.application.session_starts import Client, SignedIn
from nexoraz.identity.application.use_cases import Ports, UseCases, use_cases
from nexoraz.identity.domain.events import EVENTS
from nexoraz.service.tokens import new_signing_key
from services.identity.tests.examples import ADULT, EMAIL, NOW, PASSWORD

REGISTRY = Registry.of(EVENTS)


@dataclass
class World:
    """identity and everything around it, within reach of a test."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    sealer: MemorySealer = field(default_factory=MemorySealer)
    passwords: MemoryPasswords = field(default_factory=MemoryPasswords)
    transport: MemoryTransport = field(default_factory=MemoryTransport)
    providers: dict[str, Registered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts, self.sessions = MemoryAccounts(), MemorySessions()
        self.mails, self.operators, self.waited = MemoryMails(self.clock), MemoryOperators(), 0.0
        self.provider_links = MemoryProviderLinks()
        inline: list[InlineProjection] = [self.accounts, self.sessions, self.operators, self.provider_links]
        self.queue, self.book = MemoryTaskQueue(), MemoryUsage()
        self.store = MemoryEventStore(REGISTRY, self.sealer, inline=inline, clock=self.clock)
        self.ports = Ports(
            store=self.store,
            accounts=self.accounts,
            sessions=self.sessions,
            operators=self.operators,
            credentials=MemoryCredentials(self.sealer),
            factor_secrets=MemoryFactorSecrets(self.sealer),
            mails=self.mails,
            usage=self.book,
            suppressions=MemorySuppressions(),
            queue=self.queue,
            private_keys=MemoryPrivateKeys(),
            throttle=MemoryThrottle(self.clock),
            hashes=MemoryHashes(),
            passwords=self.passwords,
            places=MemoryPlaces(),
            challenges=MemoryChallenges(self.clock),
            standings=MemoryStandings(),
            ceremonies=WebauthnCeremonies("https://nexoraz.test"),
            provider_links=self.provider_links,
            providers=OpenIdProviders(self.providers),
            transport=self.transport,
            pace=Pace(sleep=self._sleep),
            now=self.clock,
            new_id=lambda: str(uuid4()),
            new_key=new_signing_key,
            public_url="https://nexoraz.test",
        )
        self.use: UseCases = use_cases(self.ports)
        self.use.signing.ensure_key()

    def _sleep(self, seconds: float) -> None:
        self.waited += seconds

    def events(self) -> list[Event]:
        return [r.event for r in self.store.committed() if r.stream.name != "signing-keys"]

    def register(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        asked = Registering(email, password, "Ann", "DE", ADULT)
        checked = self.use.registration.check(asked, "198.51.100.7")
        self.use.registration.unit_of_work(lambda tx: self.use.registration.register(tx, checked))

    def letters(self) -> list[tuple[str, dict[str, str]]]:
        """Kind and facts of the mails that wait."""
        with self.store.transaction() as tx:
            waiting = [self.mails.waiting(tx, mail_id) for mail_id in self.mails.due]
        return [(mail.kind, dict(mail.facts)) for mail in waiting if mail]

    def token(self) -> str:
        """The newest verification token that was mailed."""
        return [facts["token"] for kind, facts in self.letters() if kind == "verify-address"][-1]

    def verify(self, token: str | None = None) -> bool:
        text = token or self.token()
        return self.use.registration.unit_of_work(lambda tx: self.use.registration.verify(tx, text))

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, code: str = "") -> SignedIn:
        client = Client("198.51.100.7", "Firefox/128.0 (X11; Linux)")
        return self.use.sign_in.sign_in(email, password, client, code)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def member(world: World) -> World:
    """A world in which Ann's account is verified."""
    world.register()
    assert world.verify()
    return world
