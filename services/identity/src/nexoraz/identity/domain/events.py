"""All private events of identity."""

from nexoraz.events.event import Event
from nexoraz.identity.domain.access_code import ACCESS_CODE_EVENTS
from nexoraz.identity.domain.account import ACCOUNT_EVENTS
from nexoraz.identity.domain.address_change import ADDRESS_CHANGE_EVENTS
from nexoraz.identity.domain.known_devices import KNOWN_DEVICE_EVENTS
from nexoraz.identity.domain.operator import OPERATOR_EVENTS
from nexoraz.identity.domain.passkey import PASSKEY_EVENTS
from nexoraz.identity.domain.password import PASSWORD_EVENTS
from nexoraz.identity.domain.policy_mail import PolicyChangeMailed
from nexoraz.identity.domain.provider_link import PROVIDER_LINK_EVENTS
from nexoraz.identity.domain.second_factor import SECOND_FACTOR_EVENTS
from nexoraz.identity.domain.session import SESSION_EVENTS
from nexoraz.identity.domain.signing_key import SIGNING_KEY_EVENTS

EVENTS: list[type[Event]] = [
    *ACCOUNT_EVENTS,
    *SESSION_EVENTS,
    *SIGNING_KEY_EVENTS,
    *OPERATOR_EVENTS,
    *ACCESS_CODE_EVENTS,
    PolicyChangeMailed,
    *PASSWORD_EVENTS,
    *KNOWN_DEVICE_EVENTS,
    *PASSKEY_EVENTS,
    *SECOND_FACTOR_EVENTS,
    *PROVIDER_LINK_EVENTS,
    *ADDRESS_CHANGE_EVENTS,
]
