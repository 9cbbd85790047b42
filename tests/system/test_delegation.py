# SPDX-License-Identifier: Apache-2.0
"""An owner whose keys are offline while its onboarding agent works, with real daemons."""
import json

from agents import World, free_port
from cli import PATIENCE_S, fails, ok, raw


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

        gw = w.gateway("GW-DELEGATE", policy={"release_notice": 0})
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
        let_go(w, gw, agent, other, tmp_path)
    finally:
        w.close()


def let_go(w, gw, agent, buyer, tmp_path):
    """Its owner signs, the delegate carries, and the receipt is carried back."""
    signed, receipt, chain = tmp_path / "release", tmp_path / "receipt", tmp_path / "next"
    at, by = ("--socket", w.owner.admin_sock), ("--socket", agent.admin_sock)
    w.owner.start()
    fails("E_AUTHZ", "devices", "transfer", gw.name, *by)
    raw("devices", "transfer", gw.name, "--to", buyer.identity("owner")["didLong"], "--sign", signed, *at)
    fails("E_UNAVAILABLE", "devices", "transfer", gw.name, "--out", chain, *at)
    fails("E_AUTHZ", "devices", "transfer", gw.name, "--cancel", *at)
    told = ok("devices", "transfer", gw.name, "--release", signed, "--wait", PATIENCE_S, "--json", *by)
    assert told["state"] == "TRANSFERRED" and "chain" not in told
    receipt.write_text(told["receipt"] + "\n")
    raw("devices", "transfer", gw.name, "--receipt", receipt, "--out", chain, *at)
    assert len(json.loads(chain.read_text())["entries"]) == 2
    assert ok("devices", "import", chain, "--json", "--socket", buyer.admin_sock)[0]["serial"] == gw.name
    assert gw.status()["epoch"] == 1 and gw.status()["ownerDid"] is None
