"""All tables of identity's own database."""

from sqlalchemy import MetaData, Table

from nexoraz.events.schema import KernelTables
from nexoraz.identity.adapters.challenges import challenges_table
from nexoraz.identity.adapters.credentials import credentials_table
from nexoraz.identity.adapters.factor_secrets import factor_secrets_table
from nexoraz.identity.adapters.mails import mails_table, sent_mails_table
from nexoraz.identity.adapters.private_keys import private_keys_table
from nexoraz.identity.adapters.standings import standings_table
from nexoraz.identity.adapters.suppressions import suppressions_table
from nexoraz.identity.adapters.throttles import throttles_table
from nexoraz.identity.adapters.usage import analytics_consents_table, usage_table, usage_totals_table
from nexoraz.identity.projections.accounts import accounts_table
from nexoraz.identity.projections.operators import operators_table
from nexoraz.identity.projections.provider_links import provider_links_table
from nexoraz.identity.projections.sessions import sessions_table
from nexoraz.service.auth import auth_tables
from nexoraz.service.idempotency import idempotency_table
from nexoraz.service.tables import allowances_table


class IdentityTables:
    """One MetaData with the kernel's, the chassis's and identity's tables; every column says what it holds."""

    def __init__(self) -> None:
        self.metadata = MetaData()
        self.kernel = KernelTables(self.metadata)
        self.auth = auth_tables(self.metadata)
        self.idempotency: Table = idempotency_table(self.metadata)
        self.allowances: Table = allowances_table(self.metadata)
        self.accounts = accounts_table(self.metadata)
        self.sessions = sessions_table(self.metadata)
        self.operators = operators_table(self.metadata)
        self.provider_links = provider_links_table(self.metadata)
        self.credentials = credentials_table(self.metadata)
        self.factor_secrets = factor_secrets_table(self.metadata)
        self.mails = mails_table(self.metadata)
        self.sent_mails = sent_mails_table(self.metadata)
        self.private_keys = private_keys_table(self.metadata)
        self.suppressions = suppressions_table(self.metadata)
        self.analytics_consents = analytics_consents_table(self.metadata)
        self.usage = usage_table(self.metadata)
        self.usage_totals = usage_totals_table(self.metadata)
        self.throttles = throttles_table(self.metadata)
        self.standings = standings_table(self.metadata)
        self.challenges = challenges_table(self.metadata)
