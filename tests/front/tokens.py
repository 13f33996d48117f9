"""Access tokens as accounts would sign them; the public key goes over the bus as it does."""

import time
import uuid

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from markethall.contracts.messages import PublicKey
from markethall.contracts.topology import KEYS_BUCKET
from markethall.kit.bus import Bus
from markethall.kit.identity import ISSUER

KEY_ID = "test-key"


class Issuer:
    """A signing key and its tokens."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    async def announce(self, accounts: Bus) -> None:
        value = msgspec.msgpack.encode(PublicKey(KEY_ID, self._key.public_key().public_bytes_raw()))
        await accounts.jetstream.publish(f"$KV.{KEYS_BUCKET}.{KEY_ID}", value)

    def token(self, *roles: str) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": str(uuid.uuid4()), "iat": now, "exp": now + 600, "roles": list(roles)}
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": KEY_ID})
