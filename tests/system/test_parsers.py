# SPDX-License-Identifier: Apache-2.0
"""P13: every parser of foreign bytes is a fuzz target, and none takes more memory because
there is more to read.  Each target gets what it knows, repeated, and what parsers choke on,
once with as much as no caller hands it, and once with four times that: what it then takes
beyond the input itself is the same."""
import os
import pathlib
import re

import pytest

from agents import BUILD

ROOT = pathlib.Path(__file__).resolve().parents[2]

TARGETS = sorted(p.stem for p in (ROOT / "tests/fuzz").glob("fuzz_*.c"))
ONCE, MORE = 4 << 20, 16 << 20
SLACK = 2 << 20         # what a process' heap and pages differ by from run to run
SECONDS = 20            # of its own processor time
COPIES = {"fuzz_api": 1, "fuzz_routing": 1}        # that the target itself makes before it calls the parser
# These seal what an odd first octet precedes before they open it, and no file is that big.
PLAIN = ("fuzz_soft_file", "fuzz_tpm2_file", "fuzz_pkcs11_file")


# What no target calls by name, and one that reaches it (a debugger has seen it there).
REACHED = {
    "berth_aead_open": "fuzz_soft_file", "berth_b64url_decode": "fuzz_text_codecs", "berth_b64url_decode_fixed": "fuzz_chain",
    "berth_base58_decode": "fuzz_text_codecs",
    "berth_eth_data_parse": "fuzz_ethr_sent", "berth_ethr_history_read": "fuzz_ethr", "berth_object_open": "fuzz_chain",
    "berth_object_open_jws": "fuzz_chain", "berth_peer_service_decode": "fuzz_did_peer", "berth_sd_parse": "fuzz_sd_jwt",
    "berth_vc_token_open": "fuzz_vc", "berth_webvh_approvals_open": "fuzz_webvh",
}
# What none reaches, and why none has to, or what stands for it.
NO_TARGET = {
    "berth_backup_open": "unit/agent/cli/test_backup.c flips each byte and cuts each end; fuzz_backup is what is inside",
    "berth_cli_read": "a file of who calls", "berth_cli_read_json": "the same, then fuzz_json",
    "berth_cli_read_plain": "hands the file on to who calls", "berth_cli_read_token": "the same, then fuzz_jws", "berth_didcomm_unpack": "fuzz_unpack has what is behind it",
    "berth_netd_ws_open": "a link from what fuzz_ws has read", "berth_peer_start_parse": "the kernel's",
    "berth_peer_unit_parse": "the kernel's", "berth_pkcs11_read_attr": "a module's: unit/did/keystore/test_pkcs11.c",
    "berth_record_open": "sealed by us, or E_DECRYPT", "berth_status_open": "a folder; what is in it is fuzz_status_list",
    "berth_transcript_decode": "our own store's", "berth_trusted_open": "a path",
}


def parsers():
    """The functions of our headers that take octets and their number, and are named for reading them."""
    for folder in ("did", "didcomm", "vc", "agent", "include"):
        for header in (ROOT / folder).rglob("*.h"):
            for name, args in re.findall(r"\b(berth_\w*_(?:parse|decode|unpack|open|read)(?:_\w+)?)\(([^;]*?)\);", header.read_text(), re.S):
                if "size_t" in args and re.search(r"const uint8_t|const char|void \*", args):
                    yield name


def test_p13_every_parser_is_a_target_or_behind_one():
    text = "".join(p.read_text() for p in (ROOT / "tests/fuzz").glob("*.[ch]"))
    for name in sorted(set(parsers())):
        assert re.search(rf"\b{name}\b", text) or REACHED.get(name) in TARGETS or name in NO_TARGET, f"{name}: no fuzz target"
    assert {*REACHED, *NO_TARGET} <= set(parsers())     # who is gone leaves the lists


def largest(target):
    files = sorted((ROOT / "tests/fuzz/corpus" / target).iterdir(), key=lambda p: p.stat().st_size)
    return files[-1].read_bytes() or b"x"


def inputs(target):
    known = largest(target)
    first = known[:1]
    yield "a good one, over and over", known
    yield "arrays in arrays", b"["
    yield "objects in objects", b'{"a":'
    yield "one long word behind its first octet", first + b"A" * 4095
    yield "nothing but zeros", b"\0"
    yield "lengths that are lies", b"\xff"


def peak(target, data, tmp):
    """The most memory that a run of the target had, over that of one without any input."""
    path = tmp / "input"
    path.write_bytes(data)
    pid = os.posix_spawn(BUILD / "tests/fuzz" / target, [target, str(path)], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)])
    _, status, used = os.wait4(pid, 0)
    assert status == 0, f"{target} ended with {status}"
    assert used.ru_utime < SECONDS, f"{target} took {used.ru_utime:.1f} s"
    return used.ru_maxrss * 1024


def test_every_target_has_something_good():
    for target in TARGETS:
        assert len(largest(target)) > 1, target


@pytest.mark.parametrize("target", TARGETS)
def test_p13_more_to_read_takes_no_more_memory(target, tmp_path):
    for name, unit in inputs(target):
        before = b"\0" if target in PLAIN else b""
        once, more = (peak(target, before + (unit * (n // len(unit) + 1))[:n], tmp_path) for n in (ONCE, MORE))
        grown = more - once - (MORE - ONCE) * (1 + COPIES.get(target, 0))
        assert grown < SLACK, f"{target}: {name}: {grown >> 10} KiB more"
