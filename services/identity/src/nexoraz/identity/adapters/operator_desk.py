"""`python -m nexoraz.identity operator grant | revoke | list`: the only way to the role of an operator.

Whoever can run it has the deployment's database and vault already. The log tells the account's id, never the address.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from nexoraz.identity.application.operators import Operators
from nexoraz.identity.domain.email_address import EmailAddressInvalid
from nexoraz.identity.domain.operator import AddressNotInUse
from nexoraz.service import logging as logs
from nexoraz.service.desks import operating_user

EXAMPLES = """examples:
  python -m nexoraz.identity operator grant ann@example.org
  python -m nexoraz.identity operator list
  python -m nexoraz.identity operator revoke ann@example.org
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `operator`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    action = parser.add_subparsers(dest="action", required=True)
    action.add_parser("list", help="everybody with the role: account, address, since when")
    for name, meaning in (("grant", "give the role to an account"), ("revoke", "take it, and end all its sessions")):
        action.add_parser(name, help=meaning).add_argument("email", help="a verified address")


def operate(operators: Operators, arguments: argparse.Namespace) -> int:
    """The exit status: 0 done, 1 there is no such account."""
    try:
        lines, account_id = _act(operators, arguments)
    except (AddressNotInUse, EmailAddressInvalid):
        sys.stderr.write("No account with that verified address.\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    who = operating_user()
    logs.get_logger().warning(
        "operator command", desk="operator", action=arguments.action, id=account_id, done=True, operator=who
    )
    return 0


def _act(operators: Operators, arguments: argparse.Namespace) -> tuple[Sequence[str], str | None]:
    if arguments.action == "list":
        lines = [
            f"{each.account_id}  {each.email}  since {each.granted_at:%Y-%m-%d %H:%M}Z" for each in operators.all()
        ]
        return lines or ["none"], None
    act: Callable[[str], str] = operators.grant if arguments.action == "grant" else operators.revoke
    account_id = act(arguments.email)
    told = "is an operator from the next sign-in on" if arguments.action == "grant" else "is no operator any more"
    return [f"{account_id} {told}"], account_id
