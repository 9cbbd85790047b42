# SPDX-License-Identifier: Apache-2.0
"""A certification authority made with openssl, for device certificates of every kind."""
import subprocess

from cli import PATIENCE_S

FOREVER = "99991231235959Z"     # IEEE 802.1AR: a device certificate need not end

CONF = """
[ca]
default_ca = it
[it]
dir = {dir}
database = $dir/index.txt
new_certs_dir = $dir
serial = $dir/serial
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 3650
policy = any
unique_subject = no
email_in_dn = no
copy_extensions = none
[any]
countryName = optional
organizationName = optional
commonName = optional
serialNumber = optional
[ca_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[device]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
authorityKeyIdentifier = keyid
[encipherment]
basicConstraints = CA:FALSE
keyUsage = critical,keyEncipherment
[no_usage]
basicConstraints = CA:FALSE
[ca_device]
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,keyCertSign
"""


def openssl(*args, stdin=None):
    r = subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, timeout=PATIENCE_S)
    assert r.returncode == 0, r.stderr.decode()
    return r.stdout


class Ca:
    def __init__(self, folder, name, above=None):
        self.dir = folder / name
        self.dir.mkdir()
        self.conf = self.dir / "ca.conf"
        self.conf.write_text(CONF.format(dir=self.dir))
        (self.dir / "index.txt").write_text("")
        (self.dir / "serial").write_text("4fa1b2c3d4e5f60718293a4b5c6d7e8f901a2b3b\n")     # 20 octets; its own
        self.pem = self.dir / "ca.pem"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.dir / "ca.key",
                "-subj", "/O=Maker/CN=" + name, "-out", self.dir / "ca.csr", "-config", "/etc/ssl/openssl.cnf")
        csr = (self.dir / "ca.csr").read_bytes()
        self.pem.write_bytes(above.sign(csr, "ca_ext") if above else self.sign(csr, "ca_ext", more=["-selfsign"]))

    def sign(self, csr, kind="device", end=FOREVER, start="20200101000000Z", more=()):
        """The certificate of a PEM request, PEM."""
        (self.dir / "in.csr").write_bytes(csr)
        openssl("ca", "-batch", "-notext", "-config", self.conf, "-extensions", kind, "-startdate", start, "-enddate", end,
                "-in", self.dir / "in.csr", "-out", self.dir / "out.pem", *more)
        return (self.dir / "out.pem").read_bytes()
