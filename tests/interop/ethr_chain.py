# SPDX-License-Identifier: Apache-2.0
"""A local chain from npm with the registry's published byte code, and npm's resolver
for it (ethr/chain.mjs)."""
import json

import peers

FOLDER = peers.FOLDER / "ethr"


def install():
    peers.install(peers.HERE / "ethr", FOLDER)


class Chain(peers.Node):
    """url, registry, chain_id, accounts [{address, key}]; ask() as of a node script."""

    def __init__(self, name="dev", chain_id=1337, **more):
        super().__init__("chain.mjs", json.dumps(dict(more, name=name, chainId=chain_id)), folder=FOLDER)
        line = self.process.stdout.readline()
        assert line, "the chain did not start"
        self.__dict__.update(json.loads(line), name=name, chain_id=chain_id)

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
