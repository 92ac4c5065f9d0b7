"""What the mail system answers decides whether a mail is tried again."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from nexoraz.identity.adapters.smtp import SmtpTransport
from nexoraz.identity.application.letters import write
from nexoraz.identity.application.sending import RecipientRefused, TransportUnavailable
from nexoraz.local import ports
from nexoraz.service.settings import Secret
from services.identity.tests.examples import NOW
from services.identity.tests.integration.suite import Inbox

pytestmark = pytest.mark.real


class Moody(Inbox):
    """Answers RCPT with what it is told."""

    answer = "250 OK"

    async def handle_RCPT(self, _s: Any, _se: Any, envelope: Any, address: str, _o: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer


@pytest.fixture
def mail_system() -> Iterator[tuple[Moody, SmtpTransport]]:
    moody, port = Moody(), ports.free_range(1)
    controller = Controller(moody, hostname="127.0.0.1", port=port)
    controller.start()
    yield moody, SmtpTransport(Secret(f"smtp://127.0.0.1:{port}"), "Nexoraz <hello@nexoraz.test>")
    controller.stop()


def send(transport: SmtpTransport) -> None:
    transport.send("id-1", "ann@example.org", write("account-exists", {"url": "https://nexoraz.test"}), NOW)


def test_a_mail_arrives_with_headers_and_both_bodies(mail_system: tuple[Moody, SmtpTransport]) -> None:
    moody, transport = mail_system
    send(transport)
    [mail] = moody.messages
    assert isinstance(mail, EmailMessage)
    assert (mail["From"], mail["To"]) == ("Nexoraz <hello@nexoraz.test>", "ann@example.org")
    assert mail["Message-ID"] == "<id-1@nexoraz.test>" and mail["Auto-Submitted"] == "auto-generated"
    assert "https://nexoraz.test" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_mail_that_is_not_essential_carries_the_headers_of_one_click(mail_system: tuple[Moody, SmtpTransport]) -> None:
    moody, transport = mail_system
    link = "https://nexoraz.test/v1/identity/unsubscribe/token"
    letter = write("news-welcome", {"url": "https://nexoraz.test", "unsubscribe": link})
    transport.send("id-2", "ann@example.org", letter, NOW)
    send(transport)
    news, essential = moody.messages
    assert news["List-Unsubscribe"] == f"<{link}>"
    assert news["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert essential["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("450 later", TransportUnavailable), ("550 nobody here", RecipientRefused), ("421 busy", TransportUnavailable)],
)
def test_what_was_refused_now_is_not_what_was_refused_for_good(
    mail_system: tuple[Moody, SmtpTransport], answer: str, kind: type[Exception]
) -> None:
    moody, transport = mail_system
    moody.answer = answer
    with pytest.raises(kind) as refused:
        send(transport)
    assert "ann" not in str(refused.value)


def test_a_mail_system_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(TransportUnavailable):
        send(SmtpTransport(Secret(f"smtp://127.0.0.1:{ports.free_range(1)}"), "hello@nexoraz.test"))
