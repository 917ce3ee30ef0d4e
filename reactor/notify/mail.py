"""Mail by SMTP: over TLS, except to this machine itself; a password never travels in the clear."""

import ipaddress
import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from reactor.core.channels import Mail
from reactor.core.notices import Message
from reactor.notify.outside import Outside
from reactor.notify.undelivered import Undelivered
from reactor.notify.wire import why_not

_NOT_ASCII = "the mail server's name, user or password has letters that SMTP cannot carry; use plain ones"
_FOR_GOOD = 500  # from here on SMTP says that the same would be refused again


def send_mail(channel: Mail, message: Message, outside: Outside, message_id: str) -> None:
    """Hand it to the server; some recipients refused while others were not counts as sent."""
    try:
        with closing(_connect(channel, outside)) as server:
            _secure(channel, server, outside.trust)
            if channel.user is not None and channel.password is not None:
                server.login(channel.user, channel.password)
            server.send_message(_letter(channel, message, message_id))
            with suppress(smtplib.SMTPException, OSError):  # it is taken, however the server says goodbye
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise _refused("the recipients", codes[0]) from None
    except smtplib.SMTPResponseException as error:
        what = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the message"
        raise _refused(what, error.smtp_code) from None
    except smtplib.SMTPException as error:
        raise Undelivered(f"the mail server did not do it: {type(error).__name__}") from None
    except UnicodeError:  # its text shows what it stumbled over
        raise Undelivered.refused(_NOT_ASCII) from None
    except OSError as error:
        raise Undelivered(f"no mail server there: {why_not(error)}") from None


def _refused(what: str, code: int) -> Undelivered:
    return Undelivered(f"the mail server refused {what} with {code}", for_good=code >= _FOR_GOOD)


def _connect(channel: Mail, outside: Outside) -> smtplib.SMTP:
    if channel.implicit_tls:
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=outside.seconds, context=outside.trust())
    return smtplib.SMTP(channel.host, channel.port, timeout=outside.seconds)


def _secure(channel: Mail, server: smtplib.SMTP, trust: Callable[[], ssl.SSLContext]) -> None:
    if channel.implicit_tls:
        return
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=trust())
    elif channel.password is not None or not _is_this_machine(channel.host):
        raise Undelivered.refused("the mail server offers no TLS; use one that does, or smtps://")


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _letter(channel: Mail, message: Message, message_id: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = channel.sender
    letter["To"] = ", ".join(channel.recipients)
    letter["Subject"] = message.lines[0]
    letter["Date"] = format_datetime(datetime.fromtimestamp(message.at, UTC))
    # The same from try to try, so that a repetition is seen as one.
    letter["Message-ID"] = f"<{message_id}@{channel.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    return letter
