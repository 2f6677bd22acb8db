"""Sends notices by mail (SMTP)."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from control_plane.alerts.notices import Document, subject_of, text_of
from control_plane.alerts.webhook import UndeliveredError
from control_plane.settings import Security

_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """The operator's mail server."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    """The authorities to trust, in place of the system's."""


def send(server: MailServer, address: str, document: Document) -> None:
    """Send the notice, and wait until the server has taken it; raise UndeliveredError."""
    try:
        with _connection(server) as connection:
            if server.password_file is not None:
                connection.login(server.user, server.password_file.read_text().strip())
            connection.send_message(message_of(server.sender, address, document))
    except smtplib.SMTPResponseException as error:
        raise UndeliveredError(f"the mail server answers {error.smtp_code}") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, _ = error.recipients[address]
        raise UndeliveredError(f"the mail server refuses the recipient ({code})") from error
    except (smtplib.SMTPException, OSError) as error:
        reason = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
        raise UndeliveredError(f"the mail server can't be used ({reason})") from error


def _connection(server: MailServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=server.ca_file)
    if server.security is Security.TLS:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=trusted)
    connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
    if server.security is Security.STARTTLS:
        try:
            connection.starttls(context=trusted)
        except BaseException:
            connection.close()
            raise
    return connection


def message_of(sender: str, address: str, document: Document) -> EmailMessage:
    """The mail. `EmailMessage` encodes its headers, and refuses line ends in them."""
    message = EmailMessage()
    message["From"], message["To"] = sender, address
    message["Subject"] = subject_of(document)
    message["Message-ID"] = f"<{document['id']}@policy-control-plane>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_of(document))
    return message
