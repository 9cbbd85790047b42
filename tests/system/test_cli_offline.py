# SPDX-License-Identifier: Apache-2.0
"""`berth` without a daemon: every command, its results, codes and exit statuses."""
import json
import os
import subprocess

import pytest

from cli import BERTH, VECTORS, fails, ok, raw, run, token


# ---- the frame ----

def test_version_and_help():
    assert raw("--version").startswith(b"berth 0.")
    for args in (("--help",), ("-h",), ("help",)):
        assert b"berth COMMAND" in raw(*args)


def commands():
    for line in raw("--help").decode().splitlines():
        if line.startswith("  ") and len(line) > 22 and line[2] != " " and not line.startswith("  berth"):
            yield line[2:11].strip(), line[12:21].strip()


def test_every_command_has_help_with_examples():
    found = list(commands())
    assert ("jcs", "") in found
    for group, name in found:
        text = raw(group, *([name] if name else []), "--help").decode()
        assert "usage: berth " + group in text and "examples:\n  " in text
        assert ("berth %s %s" % (group, name)).strip() in text.split("examples:")[1]
        assert "usage: berth " + group in raw(group, "--help").decode()


@pytest.mark.parametrize("args", [
    (), ("nonsense",), ("key",), ("key", "nonsense"), ("jcs", "--nonsense"), ("jcs", "-x"), ("jcs", "a", "b"),
    ("jcs", "--pretty=1"), ("jcs", "--pretty", "--nonsense"), ("jcs", "/nonexistent/file"), ("--json",),
])
def test_wrong_usage_is_e_usage(args):
    out, _ = fails("E_USAGE", *args)
    assert out is None


def test_errors_are_one_line_even_with_hostile_words():
    fails("E_USAGE", "jcs", "a\nb\x1b[2J\n")
    fails("E_USAGE", "x\ny")


def test_full_disk_is_e_unavailable():
    r = subprocess.run([BERTH, "jcs"], input=b"[]", stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE)
    assert r.returncode == 4 and r.stderr.startswith(b"berth: E_UNAVAILABLE: stdout")


# ---- jcs ----

def test_jcs_vectors():
    names = sorted(p.stem for p in (VECTORS / "jcs/input").glob("*.json"))
    for name in names:
        want = (VECTORS / "jcs/output" / (name + ".json")).read_bytes()
        assert raw("jcs", VECTORS / "jcs/input" / (name + ".json")) == want
        assert raw("jcs", "-", stdin=(VECTORS / "jcs/input" / (name + ".json")).read_bytes()) == want
        assert raw("jcs", stdin=want) == want
    assert len(names) == 6


def test_jcs_takes_any_value():
    for text in ("null", "true", "0", '""', "[]"):
        assert raw("jcs", stdin=text) == text.encode()


@pytest.mark.parametrize("text", [
    "", "{", '{"a":1,"a":2}', '"\\u0000"', "01", "1e400", "9007199254740993", "\ufeff[]", "[] []", "[" * 33 + "]" * 33,
])
def test_jcs_refuses_what_is_not_i_json(text):
    fails("E_JSON", "jcs", stdin=text)


def test_jcs_size_cap():
    fits = b'"' + b"x" * ((1 << 20) - 2) + b'"'
    assert raw("jcs", stdin=fits) == fits
    fails("E_SIZE", "jcs", stdin=fits + b" ")


def test_locale_does_not_matter():
    env = {"LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}
    assert raw("jcs", stdin="[1.50,1e-7]", env=env) == b"[1.5,1e-7]"
