"""Who has the role of an operator."""

from nexoraz.events.testing import given
from nexoraz.identity.domain.operator import (
    OPERATORS,
    GrantOperator,
    OperatorGranted,
    OperatorRevoked,
    RevokeOperator,
)
from services.identity.tests.examples import ANN, NOW

GRANTED, REVOKED = OperatorGranted(ANN, NOW), OperatorRevoked(ANN, NOW)


def test_the_role_is_given_once() -> None:
    given(OPERATORS).when(GrantOperator(ANN, NOW)).then(GRANTED)
    given(OPERATORS, GRANTED).when(GrantOperator(ANN, NOW)).then()


def test_the_role_is_taken_once_and_can_be_given_again() -> None:
    given(OPERATORS, GRANTED).when(RevokeOperator(ANN, NOW)).then(REVOKED)
    given(OPERATORS, GRANTED, REVOKED).when(RevokeOperator(ANN, NOW)).then()
    given(OPERATORS, GRANTED, REVOKED).when(GrantOperator(ANN, NOW)).then(GRANTED)


def test_nobody_had_it_before() -> None:
    given(OPERATORS).when(RevokeOperator(ANN, NOW)).then()
