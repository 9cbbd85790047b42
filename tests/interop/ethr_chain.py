# SPDX-License-Identifier: Apache-2.0
"""A local chain from npm with the registry's published byte code, and npm's resolver
for it (ethr/chain.mjs)."""
import http.server
import json
import threading
import urllib.request

import peers

FOLDER = peers.FOLDER / "ethr"


def install():
    peers.install(peers.HERE / "ethr", FOLDER)


class Chain(peers.Node):
    """url, registry, chain_id, accounts [{address, key}]; ask() as of a node script."""

    def __init__(self, name="dev", chain_id=1337, **more):
        super().__init__("chain.mjs", json.dumps(dict(more, name=name, chainId=chain_id)), folder=FOLDER)
        self.__dict__.update(json.loads(self.line()), name=name, chain_id=chain_id)

    def did(self, account):
        return f"did:ethr:{self.name}:{self.accounts[account]['address'].lower()}"

    def resolve(self, did):
        """npm's resolution result."""
        return self.ask("resolve", did=did)

    def rpc(self, method, *params):
        answer = self.ask("rpc", method=method, params=params)
        assert "error" not in answer, answer
        return answer["result"]

    def events(self, identity):
        return self.ask("events", identity=identity)["logs"]


class Proxy:
    """A node between ours and the chain's that changes what it says: change(call, result)
    is what goes back.  It is asked with None first, and HANG then keeps the whole exchange
    from the chain."""
    HANG = object()

    def __init__(self, url, change=lambda call, result: result):
        self.calls = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                calls = json.loads(body)
                proxy.calls += [c["method"] for c in (calls if isinstance(calls, list) else [calls])]
                if any(change(c, None) is proxy.HANG for c in (calls if isinstance(calls, list) else [calls])):
                    proxy.hung.set()
                    proxy.released.wait(peers.PATIENCE_S)
                    return
                request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
                answers = json.loads(urllib.request.urlopen(request, timeout=peers.PATIENCE_S).read())
                for call, answer in zip(calls, answers) if isinstance(calls, list) else [(calls, answers)]:
                    if "result" in answer:
                        answer["result"] = change(call, answer["result"])
                out = json.dumps(answers).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            def log_message(self, *args):
                pass

        self.hung, self.released = threading.Event(), threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
