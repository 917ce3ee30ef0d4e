"""Secrets at rest: tickets and tokens are sealed before they reach a column."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reactor.core.errors import ReactorError


class VaultLocked(ReactorError):
    """A sealed value that none of the keys opens."""


def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"reactor secrets at rest").derive(
        secret_key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


class Vault:
    """Seals with the first key, opens with any."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        fernets = [_fernet(key) for key in secret_keys]
        self._newest, self._keys = fernets[0], MultiFernet(fernets)

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
