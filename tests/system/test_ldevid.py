# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates of operational keys with real daemons, keys in a file and in a TPM, the
CA's in a file and in a token: openssl judges them, and a TLS server knows the gateway by
one whose key no application has."""
import base64
import hashlib
import os
import signal
import subprocess
import time

import pytest

import shake
from agents import ApiError, World, free_port, wait_for
from ca import Ca, openssl
from cli import PATIENCE_S, ROOT, fails, raw
from test_keystores import hsm, keyd, keystore     # noqa: F401, a fixture
from test_rotation import rotated
from test_watch import Stream

ME = os.geteuid()
APP = {"principal_app": {"uid": str(ME), "may": "self device identity:operational cert:ldevid key:ldevid"}}
NAME = "/O=Example/CN=Example gateways"


def text(pem, *more):
    return openssl("x509", "-noout", "-text", *more, stdin=pem.encode()).decode()


def number(pem):
    return openssl("x509", "-noout", "-serial", stdin=pem.encode()).decode().strip().removeprefix("serial=").lower()


class Owner:
    """A world whose owner has a CA."""

    def __init__(self, folder, owner=None, **ldevid):
        self.folder = folder
        self.w = World(owner=owner)
        self.owner = self.w.owner
        self.ca = self.owner.dir / "ldevid-ca.pem"      # beside berth.conf, where a daemon that runs can read it
        self.ca.write_bytes(raw("ldevid", "ca", "--subject", NAME, "--socket", self.owner.admin_sock))
        self.use(ca_cert=self.ca, **ldevid)

    def use(self, **ldevid):
        """SIGHUP is enough."""
        before = self.owner.log().count("berth.conf")
        self.owner.set("ldevid", **ldevid)
        self.owner.write()
        self.owner.p.send_signal(signal.SIGHUP)
        wait_for(lambda: self.owner.log().count("berth.conf") > before, self.owner.log)
        raw("ldevid", "crl", "--socket", self.owner.admin_sock)

    def verify(self, gw, *more):
        """The gateway's chain as openssl sees it; the answer of the API."""
        cert = gw.app("/v1/certs/ldevid")
        pem = self.folder / (gw.name + ".pem")
        pem.write_text(cert["chain"])
        out = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", self.ca, *more, pem],
                             capture_output=True, text=True)
        assert out.returncode == 0, out.stderr + text(cert["chain"])
        assert cert["serial"] == number(cert["chain"]) and "URI:" + cert["did"] in text(cert["chain"])
        return cert


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    o = Owner(tmp_path_factory.mktemp("ldevid"), subject="/O=Example/CN={model}/serialNumber={serial}", san="{serial}.gw.example")
    yield o
    o.w.close()


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_onboarded_renewed_and_gone(world, tpm):
    gw = world.w.gateway("GW-LD-TPM" if tpm else "GW-LD", tpm=tpm, **APP)
    world.w.onboard(gw)
    first = world.verify(gw)
    assert first["custody"] == ("hardware" if tpm else "sealed") and first["did"] == gw.status()["operationalDid"]
    said = text(first["chain"])
    for line in ("Subject: O = Example, CN = Box, serialNumber = " + gw.name, "Issuer: O = Example, CN = Example gateways",
                 "CA:FALSE", "Digital Signature", "TLS Web Client Authentication", f"DNS:{gw.name}.gw.example", "prime256v1"):
        assert line in said, said
    assert raw("ldevid", "show", "--socket", gw.admin_sock).decode() == first["chain"]
    assert world.owner.get(f"/v1/devices/{gw.name}")["ldevid"]["serial"] == first["serial"]
    before = gw.status()["operationalDid"]
    gw.post("/v1/rotate")
    rotated(world.w, gw, before)
    second = world.verify(gw)
    assert second["serial"] != first["serial"] and second["did"] == gw.status()["operationalDid"]
    gw.restart()
    assert world.verify(gw) == second
    crl = world.folder / "crl.pem"      # the first one is superseded
    crl.write_bytes(raw("ldevid", "crl", "--socket", world.owner.admin_sock))
    world.verify(gw, "-crl_check", "-CRLfile", crl)
    listed = openssl("crl", "-in", crl, "-CAfile", world.ca, "-noout", "-text").decode()
    assert first["serial"].upper() in listed and "Superseded" in listed and second["serial"].upper() not in listed
    world.owner.post(f"/v1/devices/{gw.name}/transfer")
    wait_for(lambda: gw.state_is("SEEKING"), gw.log)
    with pytest.raises(ApiError) as e:
        gw.app("/v1/certs/ldevid")
    assert e.value.code == "E_NOMATCH"
    wait_for(lambda: world.owner.device(gw.name)["state"] == "TRANSFERRED", world.owner.log)
    crl.write_bytes(raw("ldevid", "crl", "--socket", world.owner.admin_sock))
    assert second["serial"].upper() in openssl("crl", "-in", crl, "-noout", "-text").decode()
    gw.stop()


def test_suspended_and_back(world):
    gw = world.w.gateway("GW-LD-OUT", **APP)
    world.w.onboard(gw)
    cert, crl = world.verify(gw), world.folder / "hold.pem"
    world.owner.post(f"/v1/devices/{gw.name}/suspend")
    gw.wait_state("QUARANTINED")
    for path, body in (("/v1/certs/ldevid", None), ("/v1/certs/ldevid/csr", {}),
                       ("/v1/certs/ldevid/sign", {"role": "client", "hash": "A" * 43})):
        with pytest.raises(ApiError) as e:
            gw.app(path, body)
        assert e.value.code == "E_STATUS"
    crl.write_bytes(raw("ldevid", "crl", "--socket", world.owner.admin_sock))
    said = openssl("crl", "-in", crl, "-noout", "-text").decode()
    assert cert["serial"].upper() in said and "Certificate Hold" in said
    world.owner.post(f"/v1/devices/{gw.name}/resume")
    gw.restart()        # it would come back by itself, within the hour
    gw.wait_state("OPERATIONAL")
    crl.write_bytes(raw("ldevid", "crl", "--socket", world.owner.admin_sock))
    assert world.verify(gw, "-crl_check", "-CRLfile", crl) == cert
    gw.stop()


def test_applications_see_each_new_one(world):
    gw = world.w.gateway("GW-LD-WATCH", **APP)
    world.w.onboard(gw)
    stream, cert = Stream(gw.app_sock), gw.app("/v1/certs/ldevid")
    line = stream.next()
    assert line["state"]["certs"] == [{"name": "ldevid", "serial": cert["serial"], "notAfter": cert["notAfter"]}]
    before = gw.status()["operationalDid"]
    gw.post("/v1/rotate")
    line = stream.until("rotated")
    assert line["state"]["certs"][0]["serial"] == gw.app("/v1/certs/ldevid")["serial"] != cert["serial"]
    stream.close()
    rotated(world.w, gw, before)
    gw.set("principal app", may="self device identity:operational")
    gw.stop()
    gw.start()
    for path, body in (("/v1/certs/ldevid", None), ("/v1/certs/ldevid/csr", {}),
                       ("/v1/certs/ldevid/sign", {"role": "client", "hash": "A" * 43})):
        with pytest.raises(ApiError) as e:
            gw.app(path, body)
        assert e.value.status == 403
    stream = Stream(gw.app_sock)
    assert stream.next()["state"]["certs"] == []
    stream.close()
    gw.stop()


def test_requests_for_another_ca(world, tmp_path):
    gw = world.w.gateway("GW-LD-CSR", **APP)
    world.w.onboard(gw)
    key = openssl("x509", "-noout", "-pubkey", stdin=gw.app("/v1/certs/ldevid")["chain"].encode())
    csr = gw.app("/v1/certs/ldevid/csr", {"subject": "/O=Plant/CN=gw1", "san": ["gw1.plant.example"]})["csr"].encode()
    assert openssl("req", "-noout", "-pubkey", stdin=csr) == key
    assert b"DNS:gw1.plant.example" in openssl("req", "-verify", "-noout", "-text", stdin=csr)
    assert b"BEGIN CERT" in Ca(tmp_path, "other").sign(csr)
    assert gw.status()["operationalDid"].encode() in openssl("req", "-noout", "-subject",
                                                            stdin=raw("ldevid", "csr", "--socket", gw.admin_sock))
    for body, code in (({"subject": "x"}, "E_TYPE"), ({"san": ["a", "b", "c", "d"]}, "E_SIZE"), ({"san": [5]}, "E_TYPE"),
                       ({"san": ["a b"]}, "E_TYPE")):
        with pytest.raises(ApiError) as e:
            gw.app("/v1/certs/ldevid/csr", body)
        assert e.value.code == code, (body, e.value.answer)
    for body in ({"role": "client", "hash": "AA"}, {"role": "both", "hash": "A" * 43}, {"role": "client", "hash": "!"}):
        with pytest.raises(ApiError) as e:
            gw.app("/v1/certs/ldevid/sign", body)
        assert e.value.status == 400, body
    with pytest.raises(ApiError) as e:
        gw.app("/v1/certs/factory", None)
    assert e.value.status == 403
    gw.stop()


def test_the_signature_of_a_handshake(world, tmp_path):
    gw = world.w.gateway("GW-LD-SIGN", **APP)
    world.w.onboard(gw)
    (tmp_path / "pub").write_bytes(openssl("x509", "-noout", "-pubkey", stdin=gw.app("/v1/certs/ldevid")["chain"].encode()))
    for role in ("client", "server"):
        digest = hashlib.sha256(role.encode()).digest()
        a = gw.app("/v1/certs/ldevid/sign", {"role": role, "hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()})
        assert a["scheme"] == "ecdsa_secp256r1_sha256"
        (tmp_path / "sig").write_bytes(base64.urlsafe_b64decode(a["signature"] + "=="))
        what = b" " * 64 + f"TLS 1.3, {role} CertificateVerify".encode() + b"\0" + digest
        assert b"Verified OK" in openssl("dgst", "-sha256", "-verify", tmp_path / "pub", "-signature", tmp_path / "sig", stdin=what)
    gw.stop()


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    so = tmp_path_factory.mktemp("provider") / "berth.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", so, ROOT / "examples/tls-provider.c",
                    "-lcrypto"], check=True)
    return so.parent


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_a_server_knows_the_gateway(world, provider, tmp_path, tpm):
    """Mutual TLS 1.3 with openssl on both sides; the key stays where it is."""
    gw = world.w.gateway("GW-TLS-TPM" if tpm else "GW-TLS", tpm=tpm, **APP)
    world.w.onboard(gw)
    cert, mine = tmp_path / "cert", tmp_path / "gw.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key",
            "-out", cert, "-subj", "/CN=localhost", "-days", "30", "-config", "/etc/ssl/openssl.cnf")
    mine.write_text(gw.app("/v1/certs/ldevid")["chain"])
    for ca, known in ((world.ca, True), (cert, False)):
        port = free_port()
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", tmp_path / "key",
                                   "-CAfile", ca, "-Verify", "2", "-verify_return_error", "-tls1_3", "-www"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: f":{port:04X}" in open("/proc/net/tcp").read(), "a server that listens")
            r = subprocess.run(["openssl", "s_client", "-provider-path", provider, "-provider", "default", "-provider", "berth",
                                "-tls1_3", "-cert", mine, "-cert_chain", mine, "-key", "berth:ldevid", "-CAfile", cert,
                                "-verify_return_error", "-connect", f"127.0.0.1:{port}", "-quiet", "-ign_eof"],
                               input="GET / HTTP/1.0\r\n\r\n", capture_output=True, text=True, timeout=PATIENCE_S,
                               env={**os.environ, "BERTH_APP_SOCKET": str(gw.app_sock)})
        finally:
            server.kill()
            server.wait()
        assert (gw.name in r.stdout and "TLSv1.3" in r.stdout) == known, (r.stdout, r.stderr)
    gw.stop()


def test_a_ca_below_another_in_a_token(tmp_path, hsm):      # noqa: F811
    """The CA's key alone in an HSM, its certificate by a root that openssl has."""
    o = Owner(tmp_path, owner={"keystore_hsm": keystore(hsm, "ldevid", "ca")})
    try:
        root = Ca(tmp_path, "root")
        csr = raw("ldevid", "ca", "--request", "--subject", NAME, "--socket", o.owner.admin_sock)
        sub = root.sign(csr, "ca_ext")
        soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 10 * 86400))
        o.ca.write_bytes(root.sign(csr, "ca_ext", end=soon))
        o.use(ca_cert=o.ca)
        assert "the CA of [ldevid]" in str(o.owner.status()["health"]["reasons"])
        o.ca.write_bytes(sub + root.pem.read_bytes())
        o.use(ca_cert=o.ca, lifetime="2d", server="yes")
        assert o.owner.status()["health"]["reasons"] == []
        gw = o.w.gateway("GW-LD-HSM", **APP)
        o.w.onboard(gw)
        cert = gw.app("/v1/certs/ldevid")
        assert cert["chain"].count("BEGIN CERT") == 3 and "TLS Web Server Authentication" in text(cert["chain"])
        (tmp_path / "gw").write_text(cert["chain"])
        openssl("verify", "-x509_strict", "-CAfile", root.pem, "-untrusted", tmp_path / "gw", tmp_path / "gw")
        before = gw.status()["operationalDid"]
        shake.kill(keyd(o.owner, True), signal.SIGSTOP)        # "not now", until its keystore is back
        gw.post("/v1/rotate")
        wait_for(lambda: gw.state_is("OPERATIONAL") and gw.status()["operationalDid"] != before, gw.log)
        assert gw.app("/v1/certs/ldevid")["serial"] != cert["serial"]
        gw.stop()
    finally:
        o.w.close()


def test_what_an_owner_cannot_use(world, tmp_path):
    bad = tmp_path / "x.pem"
    gw = world.w.gateway("GW-LD-NONE", **APP)
    world.w.born(gw)
    fails("E_NOMATCH", "ldevid", "show", "--socket", gw.admin_sock)
    fails("E_NOMATCH", "ldevid", "ca", "--subject", NAME, "--socket", gw.admin_sock)
    fails("E_NOMATCH", "ldevid", "crl", "--socket", gw.admin_sock)
    gw.stop()
    fails("E_TYPE", "ldevid", "ca", "--subject", "x", "--socket", world.owner.admin_sock)
    fails("E_USAGE", "ldevid", "ca", "--subject", NAME, "--days", "0", "--socket", world.owner.admin_sock)
    other = Ca(tmp_path, "other")
    for content in (b"", b"text", other.sign(raw("ldevid", "ca", "--request", "--subject", NAME, "--socket", world.owner.admin_sock))):
        bad.write_bytes(content)
        world.owner.set("ldevid", ca_cert=bad)
        world.owner.stop()
        assert "ca-cert" in world.owner.refuses_to_start("E_CONFIG")
        world.owner.set("ldevid", ca_cert=world.ca)
        world.owner.start()
