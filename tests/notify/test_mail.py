"""Mail, against a server that speaks as RFC 5321 says."""

import base64
import email
import email.policy

import pytest
from receiver import mail_server

from reactor.core.channels import parse_channels
from reactor.core.notices import Message
from reactor.notify import Undelivered, send

NOW = 1_790_000_000.0
MESSAGE = Message(
    "release.failed", NOW, ("⚠️ 小鹿点餐 2.3.1 was not released",), "https://reactor.example/ops"
)
USER, PASSWORD = "reactor@mail.example", "pass/word of mail"
LOGIN = "reactor%40mail.example:pass%2Fword%20of%20mail@"


def deliver(server, scheme="smtp", login=LOGIN, to="a@mail.example,b@mail.example"):
    url = f"{scheme}://{login}localhost:{server.port}/?from=reactor@mail.example&to={to}"
    (channel,) = parse_channels(url)
    send(channel, MESSAGE, server.outside, now=NOW, message_id="msg_1")


def refused(server, **more):
    with pytest.raises(Undelivered) as caught:
        deliver(server, **more)
    assert "pass" not in f"{caught.value!s}{caught.value!r}"
    return caught.value


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_letter_goes_out_over_tls_with_a_login(tmp_path, scheme):
    with mail_server(tmp_path, tls_at_once=scheme == "smtps") as server:
        deliver(server, scheme)
    (letter,) = server.letters
    read = email.message_from_bytes(letter, policy=email.policy.default)
    assert read["Subject"] == "⚠️ 小鹿点餐 2.3.1 was not released"
    assert (read["From"], read["To"]) == ("reactor@mail.example", "a@mail.example, b@mail.example")
    assert read["Message-ID"] == "<msg_1@mail.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content().splitlines() == MESSAGE.text.splitlines()
    (login,) = [words.split()[-1] for secure, words in server.spoken if words.startswith("AUTH")]
    assert base64.b64decode(login).decode() == f"\0{USER}\0{PASSWORD}"
    assert all(secure for secure, words in server.spoken if words.startswith(("AUTH", "MAIL", "RCPT")))


def test_a_password_never_travels_in_the_clear(tmp_path):
    with mail_server(tmp_path, offers_tls=False) as server:
        error = refused(server)
    assert error.for_good
    assert "offers no TLS" in str(error)
    assert not [words for _, words in server.spoken if words.startswith(("AUTH", "MAIL"))]


def test_a_relay_on_this_machine_needs_neither_tls_nor_a_login(tmp_path):
    with mail_server(tmp_path, offers_tls=False) as server:
        deliver(server, login="")
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("verb", "says", "for_good", "told"),
    [
        ("AUTH", "535 wrong", True, "the login with 535"),
        ("RCPT", "550 nobody of that name", True, "the recipients with 550"),
        ("RCPT", "451 later", False, "the recipients with 451"),
        ("MAIL", "421 busy", False, "the message with 421"),
        ("DATA", "554 spam", True, "the message with 554"),
    ],
)
def test_what_the_server_refuses_is_told_by_its_number(tmp_path, verb, says, for_good, told):
    with mail_server(tmp_path, says={verb: says}) as server:
        error = refused(server)
    assert told in str(error)
    assert error.for_good == for_good


def test_a_password_that_smtp_cannot_carry_is_told_and_not_shown(tmp_path):
    with mail_server(tmp_path) as server, pytest.raises(Undelivered) as caught:
        deliver(server, login="user:canary%E5%AF%86@")
    error = caught.value
    assert error.for_good
    assert "letters that SMTP cannot carry" in str(error)
    assert "canary" not in f"{error}{error!r}"
    assert error.__context__ is None or error.__suppress_context__


def test_a_server_that_is_not_there_is_tried_again(tmp_path):
    with mail_server(tmp_path) as server:
        pass
    error = refused(server)
    assert "no mail server there" in str(error)
    assert not error.for_good


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(tmp_path):
    with mail_server(tmp_path) as server:
        (channel,) = parse_channels(f"smtp://127.0.0.1:{server.port}/?from=a@b.example&to=c@d.example")
        with pytest.raises(Undelivered, match="certificate is not good"):
            send(channel, MESSAGE, server.outside, now=NOW, message_id="msg_1")
    assert server.letters == []
