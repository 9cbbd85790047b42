# SPDX-License-Identifier: Apache-2.0
"""DIDComm's encryption a second time, of OpenSSL, hashlib and hmac alone, from RFC 7516
to 7518, RFC 3394 and draft-madden-jose-ecdh-1pu-04: what the C code makes must be opened
here, and the other way round.  A256CBC-HS512 only, one recipient."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import os
import subprocess

from agents import b64

# crv: openssl's arguments, what stands before the public octets in SubjectPublicKeyInfo, size
CURVES = {
    "X25519": (["X25519"], "302a300506032b656e032100", 32),
    "P-256": (["EC", "prime256v1"], "3059301306072a8648ce3d020106082a8648ce3d03010703420004", 32),
    "P-384": (["EC", "secp384r1"], "3076301006072a8648ce3d020106052b8104002203620004", 48),
    "P-521": (["EC", "secp521r1"], "30819b301006072a8648ce3d020106052b8104002303818600" + "04", 66),
}


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *map(str, args)], input=data, stdout=subprocess.PIPE, check=True).stdout


libcrypto = ctypes.CDLL(ctypes.util.find_library("crypto"))


def aes_key(kek, schedule):
    key = ctypes.create_string_buffer(512)      # an AES_KEY is smaller
    assert getattr(libcrypto, schedule)(kek, 256, key) == 0
    return key


def wrap(kek, key):
    """RFC 3394: openssl(1) has it for nobody, its library has."""
    out = ctypes.create_string_buffer(len(key) + 8)
    assert libcrypto.AES_wrap_key(aes_key(kek, "AES_set_encrypt_key"), None, out, key, len(key)) == len(out)
    return out.raw


def unwrap(kek, wrapped):
    out = ctypes.create_string_buffer(len(wrapped) - 8)
    assert libcrypto.AES_unwrap_key(aes_key(kek, "AES_set_decrypt_key"), None, out, wrapped, len(wrapped)) == len(out)
    return out.raw


def cbc_tag(cek, header, iv, ct):
    """RFC 7518 5.2.2.1."""
    data = header.encode() + iv + ct + (8 * len(header)).to_bytes(8, "big")
    return hmac.new(cek[:32], data, "sha512").digest()[:32]


def vec(data):
    return len(data).to_bytes(4, "big") + data


def concat_kdf(z, alg, apu, apv, tag=None, tag_length=True):
    """RFC 7518 4.6.2; the tag as in section 2.3 of the draft, tag_length=False as some had it."""
    info = vec(alg.encode()) + vec(apu) + vec(apv) + (256).to_bytes(4, "big")
    if tag is not None:
        info += vec(tag) if tag_length else tag
    return hashlib.sha256(b"\0\0\0\1" + z + info).digest()


class Key:
    """A private key in a file that openssl made."""

    def __init__(self, path, crv):
        self.path, self.crv = path, crv
        kind, *curve = CURVES[crv][0]
        openssl("genpkey", "-algorithm", kind, *(["-pkeyopt", "ec_paramgen_curve:" + curve[0]] if curve else []), "-out", path)
        size = CURVES[crv][2]
        der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        if crv == "X25519":
            self.jwk = {"kty": "OKP", "crv": crv, "x": b64(der[-size:])}
        else:
            self.jwk = {"kty": "EC", "crv": crv, "x": b64(der[-2 * size:-size]), "y": b64(der[-size:])}

    def agree(self, jwk):
        assert jwk["crv"] == self.crv
        der = bytes.fromhex(CURVES[self.crv][1]) + unb64(jwk["x"]) + unb64(jwk.get("y", ""))
        peer = self.path.with_suffix(".peer")
        peer.write_bytes(der)
        return openssl("pkeyutl", "-derive", "-inkey", self.path, "-peerkey", peer, "-peerform", "DER")


def seal(folder, message, kid, jwk, skid=None, key=None, apv=True, tag_length=True):
    """authcrypt by key, whose DID URL is skid; without them anoncrypt."""
    epk, alg = Key(folder / "epk.pem", jwk["crv"]), "ECDH-1PU+A256KW" if key else "ECDH-ES+A256KW"
    header = {"typ": "application/didcomm-encrypted+json", "alg": alg, "enc": "A256CBC-HS512", "epk": epk.jwk}
    hashed = hashlib.sha256(kid.encode()).digest() if apv else b""
    if key:
        header |= {"skid": skid, "apu": b64(skid.encode())}
    if apv:
        header["apv"] = b64(hashed)
    header = b64(json.dumps(header).encode())
    cek, iv = os.urandom(64), os.urandom(16)
    ct = openssl("enc", "-aes-256-cbc", "-K", cek[32:].hex(), "-iv", iv.hex(), data=json.dumps(message).encode())
    tag = cbc_tag(cek, header, iv, ct)
    z = epk.agree(jwk) + (key.agree(jwk) if key else b"")
    kek = concat_kdf(z, alg, skid.encode() if key else b"", hashed, tag if key else None, tag_length)
    return json.dumps({"protected": header, "recipients": [{"header": {"kid": kid}, "encrypted_key": b64(wrap(kek, cek))}],
                       "iv": b64(iv), "ciphertext": b64(ct), "tag": b64(tag)})


def unseal(text, kid, key, sender=None):
    """Opens what was encrypted to key; sender: the public key that an authcrypt must be by."""
    m = json.loads(text)
    header = json.loads(unb64(m["protected"]))
    kids = sorted(r["header"]["kid"] for r in m["recipients"])
    assert header["enc"] == "A256CBC-HS512" and header["apv"] == b64(hashlib.sha256(".".join(kids).encode()).digest())
    assert header["alg"] == ("ECDH-1PU+A256KW" if sender else "ECDH-ES+A256KW")
    apu = unb64(header.get("apu", ""))
    assert apu.decode() == header.get("skid", "")
    iv, ct, tag = unb64(m["iv"]), unb64(m["ciphertext"]), unb64(m["tag"])
    z = key.agree(header["epk"]) + (key.agree(sender) if sender else b"")
    kek = concat_kdf(z, header["alg"], apu, unb64(header["apv"]), tag if sender else None)
    cek = unwrap(kek, unb64(next(r["encrypted_key"] for r in m["recipients"] if r["header"]["kid"] == kid)))
    assert tag == cbc_tag(cek, m["protected"], iv, ct)
    return json.loads(openssl("enc", "-d", "-aes-256-cbc", "-K", cek[32:].hex(), "-iv", iv.hex(), data=ct))
