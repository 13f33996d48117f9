"""Access tokens: what is believed, and what is not."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from markethall.contracts.messages import PublicKey
from markethall.kit.bus import Bus
from markethall.kit.errors import Forbidden, Unauthenticated
from markethall.kit.identity import (
    ADMIN,
    ISSUER,
    MAX_REMEMBERED,
    Identity,
    InvalidToken,
    KeyRing,
    KeysUnavailable,
    require_admin,
    require_user,
)
from markethall.kit.settings import Settings

KEY = Ed25519PrivateKey.generate()
KID = "k1"
USER = uuid.UUID("6f1c1c1e-7f1e-4a51-8f3c-111111111111")
SESSION = uuid.UUID("6f1c1c1e-7f1e-4a51-8f3c-222222222222")


@pytest.fixture
def ring() -> KeyRing:
    ring = empty_ring()
    ring.add(public(KEY, KID))
    return ring


def empty_ring() -> KeyRing:
    return KeyRing(Bus(Settings(service="orders"), "orders"))


def public(key: Ed25519PrivateKey, kid: str, not_after: int | None = None) -> PublicKey:
    return PublicKey(kid=kid, public_key=key.public_key().public_bytes_raw(), not_after=not_after)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {"iss": ISSUER, "sub": str(USER), "sid": str(SESSION), "roles": [], "iat": now, "exp": now + 900}
    return {name: value for name, value in (sound | changes).items() if value is not ...}


def token(key: Any = KEY, kid: Any = KID, algorithm: str = "EdDSA", **changes: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def handmade(header: dict[str, Any], body: dict[str, Any], signature: bytes) -> str:
    parts = [json.dumps(header).encode(), json.dumps(body).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_a_sound_token_says_who_it_is(ring: KeyRing) -> None:
    identity = ring.verify(token(roles=[ADMIN]))
    assert (identity.user_id, identity.session_id, identity.roles) == (USER, SESSION, frozenset({ADMIN}))
    assert identity.is_admin
    assert ring.verify(token(sid=...)).session_id is None


def hmac_with_the_public_key(encoding: Encoding, layout: PublicFormat) -> str:
    """The classic confusion: the public key, which everyone has, taken for a shared secret."""
    secret = KEY.public_key().public_bytes(encoding, layout)
    header = {"alg": "HS256", "typ": "JWT", "kid": KID}
    signed = handmade(header, claims(), b"").rpartition(".")[0]
    return handmade(header, claims(), hmac.digest(secret, signed.encode(), hashlib.sha256))


FORGED = {
    "of a foreign key": token(Ed25519PrivateKey.generate()),
    "of a foreign key with another id": token(Ed25519PrivateKey.generate(), kid="k2"),
    "without a key id": token(kid=None),
    "alg none": handmade({"alg": "none", "kid": KID}, claims(), b""),
    "alg None": handmade({"alg": "None", "kid": KID}, claims(), b""),
    "alg missing": handmade({"kid": KID}, claims(), b"x" * 64),
    "key id of another type": handmade({"alg": "EdDSA", "kid": [KID]}, claims(), b"x" * 64),
    "hmac with the raw public key": hmac_with_the_public_key(Encoding.Raw, PublicFormat.Raw),
    "hmac with the public key as text": hmac_with_the_public_key(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "key of its own in the header": handmade(
        {"alg": "EdDSA", "kid": KID, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}, claims(), b"x" * 64
    ),
    "signature cut off": token().rpartition(".")[0] + ".",
    "another issuer": token(iss="https://elsewhere.example"),
    "no issuer": token(iss=...),
    "no expiry": token(exp=...),
    "no subject": token(sub=...),
    "no time of issue": token(iat=...),
    "a subject that is no id": token(sub="admin"),
    "a session that is no id": token(sid="1"),
    "a session of another type": token(sid=5),
    "roles that are no list": token(roles=ADMIN),
    "roles that are no texts": token(roles=[{"admin": True}]),
    "an expiry that is no number": handmade({"alg": "EdDSA", "kid": KID}, claims(exp="never"), b"x" * 64),
    "not valid yet": token(nbf=int(time.time()) + 86_400),
    "no token at all": "x",
    "empty parts": "..",
    "not base64": "%%%.%%%.%%%",
    "header that is no object": "W10.e30.AAAA",
    "far too long": "a" * 10_000,
    "deeply nested": base64.urlsafe_b64encode(b"[" * 1500).decode() + ".e30.AAAA",
    "other characters": "é\u0000🙂.e30.AAAA",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_is_not_ours_is_refused(ring: KeyRing, forged: str) -> None:
    for _ in range(2):
        with pytest.raises(InvalidToken) as refused:
            ring.verify(forged)
        assert refused.value.status == 401
        assert "invalid_token" in refused.value.headers["WWW-Authenticate"]


def test_changed_claims_do_not_pass_with_the_old_signature(ring: KeyRing) -> None:
    header, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(roles=[ADMIN])).encode()).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        ring.verify(f"{header}.{body}.{signature}")


def test_an_expired_token_says_so(ring: KeyRing) -> None:
    with pytest.raises(InvalidToken) as refused:
        ring.verify(token(iat=int(time.time()) - 1000, exp=int(time.time()) - 100))
    assert refused.value.code == "token_expired"


def test_a_remembered_token_expires_all_the_same(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = token()
    ring.verify(remembered)
    later = time.time() + 901
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(InvalidToken) as refused:
        ring.verify(remembered)
    assert refused.value.code == "token_expired"


def test_a_token_made_by_a_clock_that_is_ahead_is_good(ring: KeyRing) -> None:
    assert ring.verify(token(iat=int(time.time()) + 20)).user_id == USER


def test_a_retired_key_verifies_until_its_end(ring: KeyRing) -> None:
    ring.add(public(KEY, KID, not_after=int(time.time()) + 60))
    assert ring.verify(token()).user_id == USER
    ring.add(public(KEY, KID, not_after=int(time.time()) - 1))
    with pytest.raises(InvalidToken):
        ring.verify(token(jti="another"))


def test_without_any_key_nothing_can_be_said() -> None:
    with pytest.raises(KeysUnavailable) as refused:
        empty_ring().verify(token())
    assert refused.value.status == 503


def test_memory_of_tokens_is_bounded(ring: KeyRing) -> None:
    identity = Identity(USER, frozenset(), time.time() + 900)
    ring._verified.update((str(n), identity) for n in range(MAX_REMEMBERED))
    ring.verify(token())
    assert len(ring._verified) == MAX_REMEMBERED


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "Bearer x y", "Token x", "bearer", "x"])
def test_other_authorizations_are_refused(ring: KeyRing, header: str) -> None:
    with pytest.raises(InvalidToken):
        ring.identify(header)


def test_a_bearer_is_known_in_any_case(ring: KeyRing) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        identity = ring.identify(f"{scheme} {token()}")
        assert identity is not None
        assert identity.user_id == USER
    assert ring.identify(None) is None
    assert ring.identify("") is None


def test_who_may_what() -> None:
    user, admin = (Identity(USER, frozenset(roles), 0) for roles in ((), (ADMIN,)))
    assert require_user(user) is user
    assert require_admin(admin) is admin
    for needs in (require_user, require_admin):
        with pytest.raises(Unauthenticated):
            needs(None)
    with pytest.raises(Forbidden):
        require_admin(user)
