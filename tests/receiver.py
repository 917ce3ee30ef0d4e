"""Receivers of messages: a TLS server that is every host at once, and a mail server; both on loopback.

Nothing of the product is replaced but its way out: names lead to a made-up public address, and the line to
that address leads here. Certificate, SNI and Host are as on any day.
"""

import datetime as dt
import json
import socket
import ssl
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reactor.notify import Outside

PUBLIC = "93.184.216.34"
HOSTS = ("qyapi.weixin.qq.com", "open.feishu.cn", "oapi.dingtalk.com", "hooks.slack.com", "hooks.example")


def _certificate(hosts, folder):
    """A key, and a certificate of its own that is trusted where its file is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver of the tests")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(host) for host in hosts]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Request:
    """What one client sent."""

    host: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def http(body=b"ok", status="200 OK", headers=""):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(raw)}\r\n{headers}\r\n".encode() + raw


@dataclass
class Receiver:
    """Keeps every request; `answers` are given in order, the last for ever; each is bytes or a function."""

    path: object
    listener: socket.socket
    requests: list = field(default_factory=list)
    answers: list = field(default_factory=lambda: [http({"errcode": 0, "code": 0})])
    names: dict = field(default_factory=dict)
    dialled: list = field(default_factory=list)
    looked_up: list = field(default_factory=list)

    @property
    def outside(self):
        """The way out that leads here."""
        trust = ssl.create_default_context(cafile=str(self.path))
        return Outside(resolve=self._resolve, dial=self._dial, trust=lambda: trust, seconds=2.0)

    def _resolve(self, host, port):
        self.looked_up.append((host, port))
        found = self.names.get(host, [PUBLIC])
        if callable(found):
            return found()
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return found

    def _dial(self, address, port, seconds):
        self.dialled.append((address, port))
        return socket.create_connection(self.listener.getsockname(), timeout=seconds)

    def serve(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            raw.settimeout(5)
            with suppress(OSError), closing(context.wrap_socket(raw, server_side=True)) as line:
                self._answer(line)

    def _answer(self, line):
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += line.recv(65536)
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}
        while len(body) < int(headers["content-length"]):
            body += line.recv(65536)
        self.requests.append(Request(headers["host"], first.split()[1], headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer(line)
        else:
            line.sendall(answer)


@contextmanager
def receiving(folder, hosts=HOSTS):
    """A receiver as long as the block lasts."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        receiver = Receiver(_certificate(hosts, folder), listener)
        thread = threading.Thread(target=receiver.serve)
        thread.start()
        yield receiver
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


# -- mail ------------------------------------------------------------------------------------------------


@dataclass
class MailServer:
    """Enough of SMTP for one client: STARTTLS or TLS at once, AUTH, one letter; `says` overrides answers."""

    path: object
    listener: socket.socket
    tls_at_once: bool = False
    offers_tls: bool = True
    says: dict = field(default_factory=dict)
    letters: list = field(default_factory=list)
    spoken: list = field(default_factory=list)  # (was it encrypted, what was said)

    def __post_init__(self):
        self.port = self.listener.getsockname()[1]

    @property
    def outside(self):
        trust = ssl.create_default_context(cafile=str(self.path))
        return Outside(trust=lambda: trust, seconds=2.0)

    def serve(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            line.settimeout(5)
            with suppress(OSError), ExitStack() as opened:
                opened.callback(line.close)
                if self.tls_at_once:
                    line = opened.enter_context(context.wrap_socket(line, server_side=True))
                self._talk(line, context, opened)

    def _talk(self, line, context, opened):
        line.sendall(b"220 here\r\n")
        reader = opened.enter_context(line.makefile("rb"))
        while words := reader.readline().decode().strip():
            secure = isinstance(line, ssl.SSLSocket)
            self.spoken.append((secure, words))
            verb = words.split()[0].upper()
            if verb in self.says:
                line.sendall(f"{self.says[verb]}\r\n".encode())
            elif verb == "EHLO":
                offers = "250-STARTTLS\r\n" if self.offers_tls and not secure else ""
                line.sendall(f"250-here\r\n{offers}250 AUTH PLAIN\r\n".encode())
            elif verb == "STARTTLS":
                line.sendall(b"220 go\r\n")
                line = opened.enter_context(context.wrap_socket(line, server_side=True))
                reader = opened.enter_context(line.makefile("rb"))
            elif verb == "AUTH":
                line.sendall(b"235 welcome\r\n")
            elif verb == "DATA":
                line.sendall(b"354 go on\r\n")
                letter = b""
                while (more := reader.readline()) != b".\r\n":
                    letter += more
                self.letters.append(letter)
                line.sendall(b"250 taken\r\n")
            else:
                line.sendall(b"221 bye\r\n" if verb == "QUIT" else b"250 fine\r\n")
            if verb == "QUIT":
                return


@contextmanager
def mail_server(folder, **more):
    """A mail server as long as the block lasts."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = MailServer(_certificate(["localhost"], folder), listener, **more)
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()
