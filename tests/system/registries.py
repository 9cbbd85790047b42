# SPDX-License-Identifier: Apache-2.0
"""Registries for tests: web servers for adapters, with TLS under names that end in .test, an
authority of their own, and a configuration that reaches them; and an agent that asks."""
import contextlib
import http.server
import ssl
import threading

import pytest

from agents import ApiError, World, free_port
from ca import openssl
from cli import BUILD


class Server:
    """routes: path -> (code, headers, body), a function of the handler, or a body."""

    def __init__(self, folder, names=("a.test",), tls=True):
        self.routes, self.seen, self.open, self.most = {}, [], 0, 0     # connections, and the most there were at once
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle(self):
                with outer.lock:
                    outer.open += 1
                    outer.most = max(outer.most, outer.open)
                try:
                    super().handle()
                except OSError:
                    pass
                with outer.lock:
                    outer.open -= 1

            def answer(self):
                n = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(n)
                outer.seen.append((self.command, self.path, dict(self.headers), self.body))
                route = outer.routes.get(self.path, (404, {}, b""))
                if callable(route):
                    route = route(self)
                if route is None:
                    return
                code, headers, body = route if isinstance(route, tuple) else (200, {"Content-Type": "application/json"}, route)
                body = body.encode() if isinstance(body, str) else body
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *args):
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.port = self.httpd.server_port
        if tls:
            self.wrap(folder, names)
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def wrap(self, folder, names):
        self.pem = folder / ("server-%d.pem" % self.port)
        key = folder / ("server-%d.key" % self.port)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", self.pem,
                "-subj", "/CN=" + names[0], "-days", "30", "-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, key)
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def configuration(folder, adapters, names=("a.test",), servers=(), egress=""):
    """adapters: [(name of a shared object of ours, or its path, {option: value})], in their order."""
    authorities = folder / "authorities.pem"
    authorities.write_bytes(b"".join(s.pem.read_bytes() for s in servers))
    text = "[agent]\nclock-trusted = yes\n[egress]\nallow = 127.0.0.0/8\nhosts = %s\nca-file = %s\n%s\n" % (
        " ".join("%s=127.0.0.1" % n for n in names), authorities, egress)
    for i, (name, options) in enumerate(adapters):
        path = BUILD.resolve() / ("lib/berth/registry/%s.so" % name) if "/" not in str(name) else name
        text += "[adapter a%d]\npath = %s\n" % (i, path)
        text += "".join("%s = %s\n" % o for o in options.items())
    path = folder / "berth.conf"
    path.write_text(text)
    return path


def readable(folder):
    """For resolverd, whoever it runs as: pytest's folders are for their owner alone."""
    for d in [folder, *folder.parents][:3]:
        d.chmod(0o755)
    return folder


@contextlib.contextmanager
def asker(tls=None, **sections):
    """An agent with nothing to do but to resolve DIDs; tls: the name and authority of a server here."""
    w = World(links=())
    a = w.add("asker", "rendezvous", port=free_port(), **sections)
    if tls:
        a.set("egress", ca_file=tls[1], hosts=a.sections["egress"]["hosts"] + f", {tls[0]}=127.0.0.1")
    try:
        yield a.start()
    finally:
        w.close()


def ask(a, did):
    """The code of a ping: the DID has to be resolved, and there is no way to it."""
    with pytest.raises(ApiError) as e:
        a.post("/v1/ping", {"to": did})
    return e.value.code
