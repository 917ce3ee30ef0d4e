"""Secrets at rest: tickets and tokens are sealed before they reach a column; the record's ends are signed."""

import base64
import hmac
import re
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reactor.core.errors import ReactorError


class VaultLocked(ReactorError):
    """A sealed value that none of the keys opens."""


def _derived(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())


def _fernet(secret_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret_key, b"reactor secrets at rest")))


def _named(signing_key: bytes) -> str:
    """By what a signature names its key; nothing of the key can be told from it."""
    return hmac.digest(signing_key, b"name", "sha256").hex()[:_NAME]


_NAME = 12
_SIGNATURE = re.compile(f"[0-9a-f]{{{_NAME}}}:[0-9a-f]{{64}}")


class Vault:
    """Seals and signs with the first key, opens and knows the signatures of any."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        fernets = [_fernet(key) for key in secret_keys]
        self._newest, self._keys = fernets[0], MultiFernet(fernets)
        signing = [_derived(key, b"reactor record") for key in secret_keys]
        self._signing = {_named(key): key for key in reversed(signing)}
        self._signer = _named(signing[0])

    def seal(self, secret: str) -> str:
        """The text that may be stored."""
        return self._keys.encrypt(secret.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The secret again; VaultLocked when it was sealed with a key that is gone."""
        try:
            return self._keys.decrypt(sealed.encode("ascii")).decode()
        except InvalidToken:
            raise VaultLocked(
                "a stored secret was sealed with another REACTOR_SECRET_KEY; nothing is lost: "
                "put the old key back behind the new one, separated by a comma"
            ) from None

    def reseal(self, sealed: str) -> str | None:
        """The same secret under the newest key; None when it is already, VaultLocked when no key opens it."""
        try:
            self._newest.decrypt(sealed.encode("ascii"))
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None

    def sign(self, text: bytes) -> str:
        """A signature of the text under the newest key, with the name of that key before it."""
        return self._signature(self._signer, text)

    def has_signed(self, text: bytes, signature: str) -> bool:
        """Whether it is the signature of this text; VaultLocked when it names a key that is gone."""
        if not _SIGNATURE.fullmatch(signature):
            return False
        name = signature[:_NAME]
        if name not in self._signing:
            raise VaultLocked(
                "the record was signed with another REACTOR_SECRET_KEY; nothing is lost: "
                "put the old key back behind the new one, separated by a comma"
            )
        return hmac.compare_digest(self._signature(name, text), signature)

    def is_newest(self, signature: str) -> bool:
        """Whether the signature names the newest key."""
        return signature[:_NAME] == self._signer

    def _signature(self, name: str, text: bytes) -> str:
        return f"{name}:{hmac.digest(self._signing[name], text, 'sha256').hex()}"
