"""Servers and clients of one test, all closed at its end."""

import ipaddress
import ssl
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wire import APPID, CANARY, COMPONENT, Wire

from reactor import wechat


@pytest.fixture
def wire():
    with ExitStack() as stack:
        yield lambda *script, **named: stack.enter_context(closing(Wire(*script, **named)))


@pytest.fixture
def client(wire):
    # Asked for after `wire`, so that it lets go of its connections before the servers end.
    with ExitStack() as stack:

        def make(url, **named):
            named = {"component_appsecret": CANARY, "timeout": (1.0, 1.0)} | named
            return stack.enter_context(
                closing(wechat.WeChatClient(api_url=url, component_appid=COMPONENT, **named))
            )

        yield make


@pytest.fixture
def ask(wire, client):
    """Call one method against a server with this script."""

    def run(method, *script, **named):
        args = {
            "component_token": ("ticket",),
            "start_push_ticket": (),
            "create_preauthcode": (CANARY,),
            "query_auth": (CANARY, "code"),
            "authorizer_token": (CANARY, APPID, "refresh"),
            "authorizer_list": (CANARY, 0, 100),
            "authorizer_info": (CANARY, APPID),
            "gray_release": (CANARY, APPID, 20),
        }.get(method, (CANARY, APPID))
        run.server = wire(*script)
        run.records = []
        return getattr(client(run.server.url, **named).observing(run.records.append), method)(*args)

    return run


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: (server's context, path of the certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    cert = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    pem = cert.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context, str(folder / "cert.pem")
