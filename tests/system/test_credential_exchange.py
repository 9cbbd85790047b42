# SPDX-License-Identifier: Apache-2.0
"""`berth credentials` between two real daemons: issued, shown, revoked."""
import json

import pytest

import cli
from agents import Agent, free_port, wait_for
from cli import fails, ok

DEGREE = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential", "Degree"],
          "credentialSubject": {"degree": "BSc"}}
DIF = {"vc+jwt": "jwt_vc", "di": "ldp_vc", "dc+sd-jwt": "dc+sd-jwt"}
SD = {"vct": "urn:example:degree", "degree": "BSc", "grade": 1}


def raw(*args):
    return cli.raw(*args).decode()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    agents = []
    for name in ("issuer", "holder"):
        a = Agent(folder, name, "owner", port=free_port())
        a.set("egress", hosts="issuer.test=127.0.0.1, holder.test=127.0.0.1")
        a.set("credentials any", unchecked="issuer")
        agents.append(a.start())
    issuer, holder = agents
    url = raw("invite", "--oob", "--socket", issuer.admin_sock).strip()
    raw("connect", url, "--wait", cli.PATIENCE_S, "--socket", holder.admin_sock)
    yield agents
    for a in agents:
        a.stop()


def peer(agent):
    return next(p["did"] for p in agent.get("/v1/peers") if "moved" not in p and "via" in p)


def exchange(agent, thid, state):
    def there():
        return next((e for e in agent.get("/v1/exchanges") if e["thid"] == thid and e["state"] == state), None)
    return wait_for(there, lambda: f"{state}: {agent.get('/v1/exchanges')}\n{agent.log()[-3000:]}")


@pytest.mark.parametrize("format_, claims", [("vc+jwt", DEGREE), ("di", DEGREE), ("dc+sd-jwt", SD)])
def test_issued_shown_and_revoked(pair, tmp_path, format_, claims):
    issuer, holder = pair
    at_issuer, at_holder = ("--socket", str(issuer.admin_sock)), ("--socket", str(holder.admin_sock))
    file = tmp_path / "claims.json"
    file.write_text(json.dumps(claims))
    sent = ok("credentials", "offer", file, "--to", peer(issuer), "--format", format_, "--json", *at_issuer)
    offered = exchange(holder, sent["thid"], "offer-received")
    wait_for(lambda: issuer.get("/v1/status")["queue"]["out"] == 0, issuer.log)     # or it is sent again, later
    holder.restart()
    assert "offer-received" in raw("credentials", "exchanges", *at_holder)
    raw("credentials", "accept", offered["id"][:12], *at_holder)
    held = exchange(holder, sent["thid"], "done")["held"]
    exchange(issuer, sent["thid"], "done")
    assert held in raw("credentials", *at_holder)
    mine = next(c for c in holder.get("/v1/credentials") if c["id"] == held)
    assert mine["format"] == format_ and mine["issuer"].startswith(issuer.identity("owner")["did"])

    pex = tmp_path / "pex.json"
    pex.write_text(json.dumps({"id": "q", "input_descriptors": [{"id": "d", "format": {DIF[format_]: {}}, "constraints": {
        "fields": [{"path": ["$.credentialSubject.degree", "$.degree"]}]}}]}))
    asked = ok("credentials", "ask", "--to", peer(issuer), "--pex", pex, "--json", *at_issuer)
    request = exchange(holder, asked["thid"], "request-received")
    fails("E_NOMATCH", "credentials", "accept", request["id"], "--credential", "0" * 32, *at_holder)
    raw("credentials", "accept", request["id"], *at_holder)     # whatever answers it
    exchange(issuer, asked["thid"], "done")
    exchange(holder, asked["thid"], "done")
    report = ok("credentials", "exchanges", asked["id"], "--json", *at_issuer)
    assert report["verified"] is True and "error" not in report and "BSc" in json.dumps(report["report"])
    assert "grade" not in report["report"]["credential"]
    assert report["report"]["policy"] == {"rules": ["any"], "assumed": ["issuer"], "stale": []}
    if "sd-jwt" in format_:
        asked = ok("credentials", "ask", "--to", peer(issuer), "--pex", pex, "--json", *at_issuer)
        request = exchange(holder, asked["thid"], "request-received")
        raw("credentials", "accept", request["id"], "--credential", held, "--disclose", "/grade", *at_holder)
        exchange(issuer, asked["thid"], "done")
        assert ok("credentials", "exchanges", asked["id"], "--json", *at_issuer)["report"]["credential"]["grade"] == 1

    raw("credentials", "revoke", sent["id"], "--comment", "left", *at_issuer)
    wait_for(lambda: next(c for c in holder.get("/v1/credentials") if c["id"] == held).get("revoked"), holder.log)
    assert "revoked      yes" in raw("credentials", "show", held, *at_holder)
    assert any(held in row["detail"] and "revoked" in row["detail"] for row in holder.get("/v1/audit"))
    for name in ((), ("--id", held)):
        again = ok("credentials", "import", *name, "--json", *at_holder, stdin=mine["credential"])
        assert again["id"] == held and again["revoked"] is True and again["thid"] == sent["thid"]
    asked = ok("credentials", "ask", "--to", peer(issuer), "--pex", pex, "--json", *at_issuer)
    request = exchange(holder, asked["thid"], "request-received")
    fails("E_STATUS", "credentials", "accept", request["id"], "--credential", held, *at_holder)
    out = fails("E_NOMATCH", "credentials", "accept", request["id"], *at_holder)
    assert "no credential answers the request" in str(out)


def test_refusals(pair, tmp_path):
    issuer, holder = pair
    at_issuer, at_holder = ("--socket", str(issuer.admin_sock)), ("--socket", str(holder.admin_sock))
    file = tmp_path / "claims.json"
    file.write_text(json.dumps(DEGREE))
    fails("E_USAGE", "credentials", "offer", file, *at_issuer)
    fails("E_USAGE", "credentials", "nonsense", *at_issuer)
    fails("E_NOMATCH", "credentials", "accept", "00000000", *at_issuer)
    fails("E_ALG", "credentials", "offer", file, "--to", peer(issuer), "--format", "x", *at_issuer)
    fails("E_TYPE", "credentials", "ask", "--to", peer(issuer), *at_issuer)
    sent = ok("credentials", "offer", file, "--to", peer(issuer), "--json", *at_issuer)
    offered = exchange(holder, sent["thid"], "offer-received")
    raw("credentials", "decline", offered["id"], *at_holder)
    assert exchange(issuer, sent["thid"], "abandoned")["problem"] == "e.p.abandoned"
    fails("E_TYPE", "credentials", "accept", offered["id"], *at_holder)


def test_issuers_by_policy(pair, tmp_path):
    """Of an issuer that no section names nothing is taken in, and nothing is believed."""
    issuer, holder = pair
    at_issuer, at_holder = ("--socket", str(issuer.admin_sock)), ("--socket", str(holder.admin_sock))
    file, dcql = tmp_path / "claims.json", tmp_path / "dcql.json"
    file.write_text(json.dumps(dict(SD, vct="urn:example:licence")))
    dcql.write_text(json.dumps({"credentials": [{"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:licence"]},
                                                 "claims": [{"path": ["grade"]}]}]}))

    def issue(state):
        sent = ok("credentials", "offer", file, "--to", peer(issuer), "--format", "dc+sd-jwt", "--json", *at_issuer)
        raw("credentials", "accept", exchange(holder, sent["thid"], "offer-received")["id"], *at_holder)
        return exchange(holder, sent["thid"], state)

    def ask(state):
        asked = ok("credentials", "ask", "--to", peer(issuer), "--dcql", dcql, "--json", *at_issuer)
        raw("credentials", "accept", exchange(holder, asked["thid"], "request-received")["id"], *at_holder)
        exchange(issuer, asked["thid"], state)
        return ok("credentials", "exchanges", asked["id"], "--json", *at_issuer)

    for agent in pair:
        agent.set("credentials licence", type="urn:example:licence", issuer="did:web:somebody.example")
    holder.restart()
    assert "held" not in issue("abandoned")
    holder.set("credentials licence", type="urn:example:licence", issuer=issuer.identity("owner")["did"])
    holder.restart()
    assert issue("done")["held"]
    issuer.restart()
    shown = ask("abandoned")
    assert shown["verified"] is False and shown["error"] == "E_AUTHZ" and "licence" in shown["detail"]
    assert b"E_AUTHZ" in cli.raw("credentials", "exchanges", shown["id"], *at_issuer)
    issuer.set("credentials licence", type="urn:example:licence", issuer=issuer.identity("owner")["did"])
    issuer.restart()
    shown = ask("done")
    assert shown["verified"] is True and shown["report"]["policy"]["rules"] == ["licence"]
