# SPDX-License-Identifier: Apache-2.0
"""What an operator's monitoring reads: the format, the table in docs/metrics.md, and numbers
that move when what they count happens."""
import os
import pathlib
import re
import signal

import pytest

import shake
from agents import ApiError, World, wait_for
from cli import fails, raw
from prometheus import parse

TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md"


@pytest.fixture(scope="module")
def world():
    w = World()
    w.gw = w.gateway("GW-METRICS")
    w.onboard(w.gw, {"wifi": b"psk"})
    yield w
    w.close()


def metrics(agent):
    return parse(agent.get("/v1/metrics"))


def value(agent, name, labels=""):
    return metrics(agent)[name][1][labels]


def documented():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (?:`(\w+)`)? ?\|", TABLE.read_text(), re.M)
    return {name: (kind, label) for name, kind, label in rows}


def test_the_parser_is_strict():
    good = "# HELP a_total Words.\n# TYPE a_total counter\na_total{x=\"1\"} 2\na_total{x=\"2\"} 0\n"
    assert parse(good) == {"a_total": ("counter", {'x="1"': 2, 'x="2"': 0})}
    for bad in (good[:-1], good.replace("counter", "gauge"), good.replace('"2"', '"1"'), good.replace("# HELP a_total Words.\n", ""),
                good.replace(" 0\n", "  0\n"), good + good, good.replace("_total", ""), good.replace(" 2\n", " -2\n")):
        with pytest.raises((AssertionError, ValueError)):
            parse(bad)


@pytest.mark.parametrize("who", ["gw", "owner", "factory", "rv"])
def test_what_is_shown_is_what_the_table_says(world, who):
    shown, table = metrics(getattr(world, who)), documented()
    assert len(table) > 30 and set(shown) <= set(table)
    missing = set(table) - set(shown)
    assert missing <= {"berth_renewal_timestamp_seconds", "berth_renewals_due"}, missing
    for name, (kind, samples) in shown.items():
        assert kind == table[name][0], name
        for labels in samples:
            assert (labels.split("=")[0] if labels else "") == table[name][1], (name, labels)


def test_the_command_prints_the_same(world):
    printed = parse(raw("metrics", "--socket", world.gw.admin_sock).decode())
    assert set(printed) == set(metrics(world.gw))
    assert printed["berth_state"][1] == {'state="OPERATIONAL"': 1}
    fails("E_UNAVAILABLE", "metrics", "--socket", world.dir / "nobody.sock")


def test_numbers_move(world):
    gw, owner = world.gw, world.owner
    delivered, received = value(gw, "berth_messages_delivered_total"), value(owner, "berth_messages_received_total")
    assert delivered > 0 and received > 0 and value(owner, "berth_devices") == 1
    calls, signed = value(gw, "berth_keystore_operations_total"), value(gw, "berth_audit_signatures_total")
    gw.post("/v1/ping")
    wait_for(lambda: value(gw, "berth_messages_delivered_total") > delivered, "the ping is delivered")
    gw.post("/v1/audit/sign")
    assert value(gw, "berth_keystore_operations_total") > calls
    assert value(gw, "berth_audit_signatures_total") == signed + 1 and value(gw, "berth_audit_unsigned_rows") == 0

    refused = value(gw, "berth_api_refused_total", 'code="E_NOMATCH"')
    with pytest.raises(ApiError):
        gw.get("/v1/exchanges/none")
    assert value(gw, "berth_api_refused_total", 'code="E_NOMATCH"') == refused + 1


@pytest.mark.parametrize("process", ["keyd", "netd"])
def test_a_process_that_ends_is_counted_and_health_says_so(world, process):
    label = f'process="{process}"'
    before = value(world.gw, "berth_process_restarts_total", label)
    os.kill(world.gw.pids()[process], signal.SIGKILL)
    wait_for(lambda: value(world.gw, "berth_process_restarts_total", label) == before + 1, "the end is noticed")
    wait_for(lambda: world.gw.status()["health"]["state"] == "ok", "all is well again")
    assert value(world.gw, "berth_degraded_reasons") == 0


def test_a_degraded_agent_says_how_many_reasons(world):
    gw = world.gw
    aside = (gw.dir / "pass").rename(gw.dir / "aside")      # the next keyd opens nothing, until we have looked
    shake.kill(gw.pids()["keyd"], signal.SIGSTOP)           # it hangs: no call of it comes back
    try:
        wait_for(lambda: value(gw, "berth_degraded_reasons") > 0, "degraded")
        assert gw.status()["health"]["reasons"]
    finally:
        aside.rename(gw.dir / "pass")
    wait_for(lambda: value(gw, "berth_degraded_reasons") == 0, "well again")
