"""Ed25519 private keys in every form that users have them in."""

from __future__ import annotations

import base64
import sys
import textwrap

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from assetstream.exchanges.common.private_keys import (
    WITH_PUBLIC_KEY,
    Ed25519Signer,
    is_installed,
    one_line,
    private_key,
)
from assetstream.exchanges.common.values import Unreadable

#: RFC 8032, section 7.1, TEST 1: the secret key and the public one.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
LINE = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
PEM = f"-----BEGIN PRIVATE KEY-----\n{LINE}\n-----END PRIVATE KEY-----\n"
#: The same with the public key behind it, as ring and Java write it.
LONG = base64.b64encode(
    WITH_PUBLIC_KEY[0] + SEED + b"\x81\x21\x00" + bytes.fromhex(PUBLIC)
).decode()

PKCS8 = serialization.PrivateFormat.PKCS8
TEXT = serialization.Encoding.PEM


def pem(body: str) -> str:
    """Return the text of a file with this key."""
    lines = textwrap.wrap(body, 64)
    head, foot = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    return "\n".join([head, *lines, foot])


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        f"\r\n{PEM}".replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", " "),
        PEM.strip(),
        LINE,
        LONG,
        pem(LONG),
    ],
    ids=["file", "CRLF", "escaped", "blanks", "stripped", "line", "long", "long file"],
)
def test_every_form_of_a_key_is_the_same_line(text: str) -> None:
    """A file, what a shell or a container's settings make of it, its line alone."""
    assert private_key(one_line(text)) == LINE


def test_a_key_is_as_the_library_writes_it() -> None:
    """The 16 bytes before the key are the standard's."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(SEED)
    written = key.private_bytes(TEXT, PKCS8, serialization.NoEncryption()).decode()

    assert written == PEM


def encrypted() -> str:
    """Return a key that a passphrase protects."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(SEED)
    secret = serialization.BestAvailableEncryption(b"x")
    return key.private_bytes(TEXT, PKCS8, secret).decode()


def another() -> str:
    """Return a key of another kind."""
    key = ec.derive_private_key(7, ec.SECP256R1())
    return key.private_bytes(TEXT, PKCS8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (encrypted(), "is encrypted"),
        (another(), "is a private key, but not an Ed25519 one"),
        (pem("?").replace("?", "A"), "is a private key, but not an Ed25519 one"),
        (PEM[:60], "is not the whole file of a private key"),
        (PEM.replace("PRIVATE", "PUBLIC"), "is not the whole file"),
        (PEM.replace("END PRIVATE", "END RSA PRIVATE"), "is not the whole file"),
    ],
    ids=["encrypted", "another kind", "bad base64", "cut off", "public", "two files"],
)
def test_other_files_are_told_apart(text: str, fault: str) -> None:
    """The words name the fault, and no part of the key."""
    with pytest.raises(Unreadable, match=fault) as caught:
        private_key(one_line(text))

    assert LINE[-20:] not in str(caught.value)


@pytest.mark.parametrize("text", ["a" * 64, "b" * 40, LINE[:-4], LINE[:-1] + "?", ""])
def test_a_secret_of_the_exchange_is_no_private_key(text: str) -> None:
    """It is used as it is, line breaks included, which are refused elsewhere."""
    assert private_key(text) is None
    assert one_line(f"{text}\n") == f"{text}\n"


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        # RFC 8032, section 7.1, TEST 1.
        (
            "",
            base64.b64encode(
                bytes.fromhex(
                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555f"
                    "b8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
                )
            ).decode(),
        ),
        # The text of Binance's own example, whose key is not published, with the key
        # of TEST 1: golden value in the tests of a public client, made by OpenSSL.
        (
            "apiKey=4yNzx3yWC5bS6YTwEkSRaC0nRmSQIIStAUOh1b6kqaBrTLIhjCpI5lJH8q8R8WNO"
            "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL"
            "&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
            "Ws+5m/CMnpkko0uBFxGTZ2+fjqqBXsUjRiaz173fPhXTkhoDBYNZ6wcYNeWItdrGn1pvG7"
            "vkwx2fhmJdAZ3KDQ==",
        ),
    ],
    ids=["RFC 8032", "Binance"],
)
def test_worked_signatures(text: str, signature: str) -> None:
    """A signature is the same each time, so it can be compared."""
    signer = Ed25519Signer(LINE)

    assert [signer(text), signer(text)] == [signature, signature]
    assert repr(signer) == "<Ed25519Signer>"


def test_the_library_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for, and not imported."""
    assert is_installed()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert not is_installed()
