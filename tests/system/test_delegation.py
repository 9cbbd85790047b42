# SPDX-License-Identifier: Apache-2.0
"""An owner whose keys are offline while its onboarding agent works, with real daemons."""
import json

from agents import World, free_port
from cli import fails, raw, ok


def test_the_owner_is_offline(tmp_path):
    w = World()
    try:
        port = free_port()
        w.hosts += ", agent.test=127.0.0.1"
        rv = {"did": w.rv.identity("rendezvous")["didLong"], "uri": w.rv.uri}
        issuer = w.factory.identity("issuer")["did"]
        agent = w.add("agent", "owner", port=port, rendezvous_a=rv, trust={"issuer": issuer}).start()
        other = w.add("other", "owner", trust={"issuer": issuer}).start()
        w.owner.stop()
        del w.owner.sections["rendezvous a"], w.owner.sections["listen"]       # it is reached by nobody
        w.owner.start()

        gw = w.gateway("GW-DELEGATE")
        w.sold(w.born(gw))
        chain, to = tmp_path / "chain", agent.identity("owner")["didLong"]
        at = ("--socket", w.owner.admin_sock)
        fails("E_EXPIRED", "devices", "delegate", gw.name, "--to", to, "--until", "2020-01-01T00:00:00Z", "--out", chain, *at)
        fails("E_USAGE", "devices", "delegate", gw.name, "--to", to, "--out", chain, *at)
        assert not chain.exists()
        raw("devices", "delegate", gw.name, "--to", to, "--until", "2099-01-01T00:00:00Z", "--out", chain, *at)
        assert set(json.loads(chain.read_text())) >= {"deviceCredential", "entries", "delegation"}
        owner = w.owner.identity("owner")["did"]
        w.owner.stop()

        fails("E_HOLDER", "devices", "import", chain, "--socket", other.admin_sock)
        assert ok("devices", "import", chain, "--json", "--socket", agent.admin_sock)[0]["serial"] == gw.name
        w.switched_on(gw, agent)
        assert gw.status()["ownerDid"] == owner
        gw.post("/v1/ping")
        assert gw.get("/v1/device")["ownerDid"] == owner
    finally:
        w.close()
