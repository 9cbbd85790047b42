#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that mean no good: HTTP, with TLS and without, a proxy, and a name service.

hostile.py LOG SPEC...      says "ready" when all of them listen, and serves until killed
    http=ADDR:PORT          proxy=ADDR:PORT     dns=ADDR:PORT
    mute=ADDR:PORT          reads a little and closes
    https=ADDR:PORT,CERT[,VERSION]      CERT.pem and CERT.key; VERSION 1.0, 1.1: nothing newer
    name=NAME,ANSWER        ANSWER: addresses joined by "+"; several of those joined by "|" are
                            given in turns; "loop", an alias of itself; "slow", never; "=NAME", an alias

Each connection, request and query is a line of LOG.  What a server does is in the path of
the request: see class Talk."""
import gzip
import os
import socket
import ssl
import struct
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # of old TLS: that is what they are here for
LOG = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def log(*words):
    os.write(LOG, (" ".join(str(w) for w in words) + "\n").encode())


class Talk:
    """One connection; a method of this for each first segment of a path.  True: go on."""

    def __init__(self, sock, at):
        self.s, self.at, self.buf = sock, at, b""

    def line(self):
        while b"\r\n" not in self.buf:
            more = self.s.recv(65536)
            if not more:
                raise EOFError
            self.buf += more
        line, self.buf = self.buf.split(b"\r\n", 1)
        return line.decode("latin-1")

    def body(self, n):
        while len(self.buf) < n:
            more = self.s.recv(65536)
            if not more:
                raise EOFError
            self.buf += more
        body, self.buf = self.buf[:n], self.buf[n:]
        return body

    def request(self):
        self.method, self.path, _ = self.line().split(" ")
        self.fields = []
        while True:
            line = self.line()
            if not line:
                break
            self.fields.append(line)
        length = [f.split(":")[1] for f in self.fields if f.lower().startswith("content-length:")]
        self.content = self.body(int(length[0])) if length else b""
        log("request", self.at, self.method, self.path)
        word = (self.path.split("?")[0] + "/").split("/")[1].replace("-", "_").replace(".", "")
        return getattr(self, "do_" + word, self.do_ok)()

    def send(self, data):
        self.s.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def answer(self, body, *fields, code=200):
        if isinstance(body, str):
            body = body.encode()
        head = [f"HTTP/1.1 {code} x", f"Content-Length: {len(body)}", *fields]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return True

    def number(self):
        return int(self.path.split("?")[0].split("/")[2])

    def do_ok(self):
        return self.answer(f"at {self.at}", "Content-Type: application/json")

    def do_well_known(self):
        host = [f.split(" ")[1] for f in self.fields if f.lower().startswith("host:")][0]
        did = "did:web:" + host.replace(":", "%3A")
        return self.answer('{"id":"%s"}' % did, "Content-Type: application/did+json")

    def do_echo(self):
        return self.answer(f"{self.method} {self.path}\n" + "\n".join(self.fields) + "\n\n" + self.content.decode("latin-1"))

    def do_status(self):
        return self.answer("so it is", code=self.number())

    def do_redirect(self):
        return self.answer("elsewhere", "Location: " + self.path.partition("?")[2], code=302)

    def do_size(self):
        return self.answer(b"x" * self.number())

    def do_did(self):
        did = "did:web:owner.test:" + self.path[1:].replace("/did.json", "").replace("/", ":")
        return self.answer('{"id":"%s"}' % did, "Content-Type: application/did+json")

    def do_cache(self):
        return self.answer("fresh", "Cache-Control: public, max-age=60", "Age: 10")

    def do_cut(self):
        whole = b"HTTP/1.1 200 x\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n12345678"
        self.send(whole[:self.number()])

    def do_endless(self):
        self.send("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    def do_endless_plain(self):
        self.send("HTTP/1.1 200 x\r\n\r\n")
        while True:
            self.send(b"x" * 4096)

    def do_long(self):
        self.send("HTTP/1.1 200 x\r\nContent-Length: 10737418240\r\n\r\n")
        while True:
            self.send(b"x" * 4096)

    def do_headers(self):
        self.send("HTTP/1.1 200 x\r\n")
        while True:
            self.send("X-More: " + "x" * 1000 + "\r\n")

    def do_header(self):
        self.send("HTTP/1.1 200 x\r\nX-More: ")
        while True:
            self.send("x" * 1000)

    def do_interim(self):
        while True:
            self.send("HTTP/1.1 100 Continue\r\nX-More: x\r\n\r\n")

    def do_drip(self):
        self.send("HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n")
        while True:
            self.send("x")
            time.sleep(1)

    def do_silent(self):
        self.s.recv(1)

    def do_gzip(self):
        return self.answer(gzip.compress(bytes(1 << 24)), "Content-Encoding: gzip")

    def do_transfer_gzip(self):
        z = gzip.compress(bytes(1 << 24))
        self.send(f"HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{len(z):x}\r\n".encode() + z + b"\r\n0\r\n\r\n")
        return True

    def do_identity(self):
        return self.answer("plain", "Content-Encoding: identity")

    def do_short(self):
        self.send("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n0123456789")

    def do_more(self):
        self.send("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n0123456789HTTP/1.1 200 x\r\nContent-Length: 4\r\n\r\nevil")
        time.sleep(0.2)

    def do_close(self):
        pass

    def do_old(self):
        self.send("hello")

    def do_type(self):
        return self.answer("x", "Content-Type: " + "t" * self.number())

    def run(self):
        try:
            while self.request():
                pass
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.s.close()


class Mute(Talk):
    def run(self):
        self.s.recv(16)
        self.s.close()


class Proxy(Talk):
    """CONNECT to whatever name on the same machine: the port alone is looked at."""

    def run(self):
        try:
            method, target, _ = self.line().split(" ")
            while self.line():
                pass
            log("proxy", self.at, method, target)
            with socket.create_connection((self.at.split(":")[0], int(target.rsplit(":", 1)[1]))) as far:
                self.send("HTTP/1.1 200 x\r\n\r\n")
                back = threading.Thread(target=self.pump, args=(far, self.s), daemon=True)
                back.start()
                self.pump(self.s, far)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.s.close()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def context(cert, version):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.set_ciphers("ALL:@SECLEVEL=0")
    if version:
        c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, "TLSv1" if version == "1.0" else "TLSv" + version.replace(".", "_"))
    c.load_cert_chain(cert + ".pem", cert + ".key")
    return c


def serve_one(sock, at, ctx, kind):
    try:
        if ctx:
            sock = ctx.wrap_socket(sock, server_side=True)
    except OSError:
        sock.close()
        return
    kind(sock, at).run()


def accept(listener, at, ctx, kind):
    while True:
        sock, _ = listener.accept()
        log("connect", at)
        threading.Thread(target=serve_one, args=(sock, at, ctx, kind), daemon=True).start()


def listen(where, ctx=None, kind=Talk):
    addr, port = where.rsplit(":", 1)
    listener = socket.create_server((addr, int(port)), backlog=1024)
    threading.Thread(target=accept, args=(listener, where, ctx, kind), daemon=True).start()


# ---- the name service

NAMES, ASKED = {}, {}


def name_wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def record(name, kind, data):
    return name_wire(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def addresses(name, kind, answer):
    turns = answer.split("|")
    mine = turns[ASKED.setdefault((name, kind), 0) % len(turns)]
    ASKED[(name, kind)] += 1
    family = socket.AF_INET6 if kind == 28 else socket.AF_INET
    return [record(name, kind, socket.inet_pton(family, a)) for a in mine.split("+") if (":" in a) == (kind == 28)]


def records(name, kind, depth=0):
    answer = NAMES[name]
    if answer == "loop":
        return [record(name, 5, name_wire(name))] * 8
    if answer.startswith("="):
        return [record(name, 5, name_wire(answer[1:]))] + (records(answer[1:], kind, depth + 1) if depth < 8 else [])
    return addresses(name, kind, answer)


def reply(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    name, kind = ".".join(labels).lower(), struct.unpack(">H", query[at + 1:at + 3])[0]
    log("query", name, {1: "A", 28: "AAAA"}.get(kind, kind))
    if NAMES.get(name) == "slow":
        return None
    found = records(name, kind) if name in NAMES and kind in (1, 28) else []
    flags = 0x8580 if name in NAMES else 0x8583
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + query[12:at + 5] + b"".join(found)


def name_service(sock):
    while True:
        query, peer = sock.recvfrom(4096)
        answer = reply(query)
        if answer:
            sock.sendto(answer, peer)


def main():
    for spec in sys.argv[2:]:
        kind, rest = spec.split("=", 1)
        where, *more = rest.split(",")
        if kind == "http":
            listen(where)
        elif kind in ("proxy", "mute"):
            listen(where, kind=Proxy if kind == "proxy" else Mute)
        elif kind == "https":
            listen(where, context(more[0], more[1] if len(more) > 1 else None))
        elif kind == "name":
            NAMES[where] = more[0]
        elif kind == "dns":
            addr, port = where.rsplit(":", 1)
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((addr, int(port)))
            threading.Thread(target=name_service, args=(sock,), daemon=True).start()
        else:
            sys.exit(f"{spec}: what is that?")
    print("ready", flush=True)
    threading.Event().wait()


main()
