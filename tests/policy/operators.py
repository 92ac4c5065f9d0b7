"""Somebody with the role of an operator, as an installation makes one."""

from nexoraz.local.__main__ import do
from nexoraz.local.layout import Layout
from tests.journey.demo import ROOT
from tests.journey.person import Person
from tests.journey.running import RunningSuite

PURPOSE = {"Nexoraz_Purpose": "request-handling"}


def operator(suite: RunningSuite) -> Person:
    """Registered, given the role by the command, signed in."""
    person = suite.person()
    person.register()
    assert do(Layout(ROOT, suite.var, suite.port), ["identity", "operator", "grant", person.email]) == 0
    person.sign_in()
    return person
