# SPDX-License-Identifier: Apache-2.0
"""Name servers for the tests: dnsmasq with services in it, and one that answers whatever it
is told to."""
import pathlib
import socket
import struct
import subprocess
import threading

from agents import free_port, wait_for

DOMAIN = "site.test"
PTR, TXT, SRV, A, AAAA = 12, 16, 33, 1, 28


class Dnsmasq:
    """Services {name: (did, host, port, [more text])}, hosts {name: [addresses]}."""

    def __init__(self, folder, services, hosts, listen="127.0.0.1"):
        self.port = free_port()
        self.server = f"[{listen}]:{self.port}" if ":" in listen else f"{listen}:{self.port}"
        conf = pathlib.Path(folder) / f"dnsmasq-{self.port}.conf"
        lines = [f"port={self.port}", f"listen-address={listen}", "bind-interfaces", "no-resolv", "no-hosts",
                 f"local=/{DOMAIN}/", "log-queries", "log-facility=-", "user="]
        for name, (did, host, port, *text) in services.items():
            full = f"{name}._berth._tcp.{DOMAIN}"
            lines += [f"ptr-record=_berth._tcp.{DOMAIN},{full}", f"srv-host={full},{host}.{DOMAIN},{port}",
                      f"txt-record={full}," + ",".join([f"did={did}", *text])]
        lines += [f"host-record={name}.{DOMAIN}," + ",".join(addresses) for name, addresses in hosts.items()]
        conf.write_text("\n".join(lines) + "\n")
        self.logfile = conf.with_suffix(".log")
        with open(self.logfile, "w") as log:
            self.p = subprocess.Popen(["/usr/sbin/dnsmasq", "-k", "--pid-file=", "-C", str(conf)], stdout=log, stderr=log)
        wait_for(lambda: "started" in self.log(), self.log)

    def log(self):
        return self.logfile.read_text()

    def asked(self, kind):
        return self.log().count(f"query[{kind}]")

    def close(self):
        self.p.kill()
        self.p.wait()


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(kind, data, name=b"\xc0\x0c"):
    return name + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


class Liar:
    """answer(kind, id and question as they came) says what is sent: octets, or None for nothing."""

    def __init__(self, answer):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.server = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.answer, self.asked, self.over = answer, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            asked, who = self.sock.recvfrom(4096)
            if self.over:
                return
            end = asked.index(b"\0", 12) + 5
            kind = struct.unpack(">H", asked[end - 4:end - 2])[0]
            self.asked.append(kind)
            said = self.answer(kind, asked[:2], asked[12:end])
            if said is not None:
                self.sock.sendto(said, who)

    def close(self):
        """Its thread goes first: the number of a socket that is closed under it is the next one's."""
        self.over = True
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()


def says(ident, question, records, flags=0x8580, count=None):
    return ident + struct.pack(">HHHHH", flags, 1, len(records) if count is None else count, 0, 0) + question + b"".join(records)
