"""Handing mail to an SMTP server (RFC 5321)."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from nexoraz.identity.application.letters import Letter
from nexoraz.identity.application.sending import RecipientRefused, TransportUnavailable
from nexoraz.service.settings import Secret

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """See sending.Transport. One connection per mail.

    url: smtp://[user:password@]host:port, or smtps:// for TLS from the start; STARTTLS is used where it is offered.
    sender: an address, with or without a display name.
    """

    url: Secret
    sender: str

    def send(self, message_id: str, to: str, letter: Letter, date: datetime) -> None:
        message = self._message(message_id, to, letter, date)
        try:
            with self._connect() as server:
                server.send_message(message, parseaddr(self.sender)[1], [to])
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise (RecipientRefused if code >= 500 else TransportUnavailable)(f"SMTP {code}") from None
        except smtplib.SMTPResponseException as error:
            raise TransportUnavailable(f"SMTP {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise TransportUnavailable(type(error).__name__) from None

    def _message(self, message_id: str, to: str, letter: Letter, date: datetime) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(date)
        message["Message-ID"] = f"<{message_id}@{parseaddr(self.sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if letter.unsubscribe:
            message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url.reveal())
        host = parts.hostname or "localhost"
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server
