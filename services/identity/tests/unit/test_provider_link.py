"""Decisions about links to OpenID providers."""

from nexoraz.events.testing import given
from nexoraz.identity.domain.provider_link import (
    PROVIDER_LINKS,
    LinkProvider,
    ProviderAlreadyLinked,
    ProviderLinked,
    ProviderNotLinked,
    ProviderUnlinked,
    UnlinkProvider,
)
from services.identity.tests.examples import ANN, NOW

linked = ProviderLinked(ANN, "example-id", "subject", NOW)
unlinked = ProviderUnlinked(ANN, "example-id", "subject", NOW)
link = LinkProvider(ANN, "example-id", "subject", NOW)
unlink = UnlinkProvider(ANN, "example-id", NOW)


def test_a_provider_is_linked_once() -> None:
    given(PROVIDER_LINKS).when(link).then(linked)
    given(PROVIDER_LINKS, linked).when(link).then()
    given(PROVIDER_LINKS, linked).when(LinkProvider(ANN, "example-id", "another", NOW)).refused(ProviderAlreadyLinked())


def test_a_link_ends_and_may_be_made_again() -> None:
    given(PROVIDER_LINKS, linked).when(unlink).then(unlinked)
    given(PROVIDER_LINKS, linked, unlinked).when(unlink).refused(ProviderNotLinked())
    given(PROVIDER_LINKS, linked, unlinked).when(link).then(linked)


def test_providers_are_linked_beside_each_other() -> None:
    other = LinkProvider(ANN, "other-id", "subject", NOW)
    given(PROVIDER_LINKS, linked).when(other).then(ProviderLinked(ANN, "other-id", "subject", NOW))
