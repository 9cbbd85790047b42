# SPDX-License-Identifier: Apache-2.0
"""`make install`, the systemd unit, the manual pages."""
import os
import re
import shutil
import subprocess

import pytest

from cli import BUILD, PATIENCE_S, ROOT


def make(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    r = subprocess.run(["make", "-s", "install", "B=%s" % os.path.relpath(BUILD, ROOT), *args], cwd=ROOT, env=env, timeout=5 * PATIENCE_S,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert r.returncode == 0, r.stdout.decode()


@pytest.fixture(scope="module")
def dest(tmp_path_factory):
    d = tmp_path_factory.mktemp("dest")
    make("DESTDIR=%s" % d, "PREFIX=/usr")
    return d


def test_files_are_where_debian_expects_them(dest):
    have = {str(p.relative_to(dest)) for p in dest.rglob("*") if not p.is_dir()}
    want = {"usr/bin/berth", "usr/bin/berthd", "usr/libexec/berth/berth-keyd", "usr/libexec/berth/berth-netd",
            "usr/libexec/berth/berth-resolverd", "usr/lib/libberth.a", "usr/lib/libberth.so", "usr/lib/libberth.so.0",
            "usr/lib/systemd/system/berthd.service", "usr/lib/sysusers.d/berth.conf", "usr/share/man/man1/berth.1",
            "usr/share/man/man3/libberth.3", "usr/share/man/man5/berth.conf.5", "usr/share/man/man8/berthd.8",
            "usr/lib/pkgconfig/berth.pc", "usr/share/doc/berth/berth.conf.example",
            "usr/share/doc/berth/README.md", "usr/share/doc/berth/openapi.yaml", "etc/berth/berth.conf"}
    want |= {"usr/lib/berth/registry/" + p.name for p in (BUILD / "lib/berth/registry").glob("*.so")}
    want |= {"usr/include/berth/" + p.name for p in (ROOT / "include/berth").glob("*.h")}
    assert want <= have, want - have
    assert not [p for p in have - want if not p.startswith("usr/share/doc/berth/")]


@pytest.mark.skipif(bool(subprocess.run(["grep", "-q", "libasan\\|libgcov\\|gcda", BUILD / "bin/berthd"]).returncode == 0), reason="not as shipped")
def test_programs_and_libraries_grow_no_more(dest, tmp_path):
    total = 0
    files = ["bin/berth", "bin/berthd", "lib/libberth.so.0", *(f"libexec/berth/berth-{p}" for p in ("keyd", "netd", "resolverd")),
             *(f"lib/berth/registry/{p.name}" for p in (dest / "usr/lib/berth/registry").iterdir())]
    for name in files:
        subprocess.run(["strip", "--strip-unneeded", "-o", tmp_path / "stripped", dest / "usr" / name], check=True, timeout=PATIENCE_S)
        total += (tmp_path / "stripped").stat().st_size
    assert total <= 1_500_000    # the budget (docs/BENCHMARKS.md)


@pytest.mark.parametrize("name", ["berth", "berthd"])
def test_what_was_installed_runs(dest, name):
    r = subprocess.run([dest / "usr/bin" / name, "--version"], stdout=subprocess.PIPE, timeout=PATIENCE_S)
    assert r.returncode == 0 and r.stdout.startswith(name.encode() + b" 0.")


def test_the_installed_daemon_takes_the_installed_configuration(dest):
    r = subprocess.run([dest / "usr/bin/berthd", "--check-config", dest / "etc/berth/berth.conf"], timeout=PATIENCE_S)
    assert r.returncode == 0


def test_the_installed_library_links(dest, tmp_path):
    (tmp_path / "a.c").write_text('#include <stdio.h>\n#include "berth/err.h"\nint main(void){puts(berth_err_name(BERTH_E_SIG));return 0;}\n')
    for lib in ([str(dest / "usr/lib/libberth.so")], ["-L%s/usr/lib" % dest, "-lberth"]):
        subprocess.run(["gcc", "-I%s/usr/include" % dest, "-o", tmp_path / "a", tmp_path / "a.c", *lib], check=True, timeout=PATIENCE_S)
        r = subprocess.run([tmp_path / "a"], stdout=subprocess.PIPE, env={"LD_LIBRARY_PATH": "%s/usr/lib" % dest}, timeout=PATIENCE_S)
        assert r.stdout == b"E_SIG\n"


def test_a_configuration_that_is_there_stays(dest):
    conf = dest / "etc/berth/berth.conf"
    conf.write_text("# mine\n")
    make("DESTDIR=%s" % dest, "PREFIX=/usr")
    assert conf.read_text() == "# mine\n"
    shutil.copy(ROOT / "docs/berth.conf.example", conf)


def test_unit_is_valid_and_confined(tmp_path):
    make("PREFIX=%s" % tmp_path)
    unit = tmp_path / "lib/systemd/system/berthd.service"
    assert "ExecStart=%s/bin/berthd --config %s/etc/berth/berth.conf\n" % (tmp_path, tmp_path) in unit.read_text()
    assert "@" not in re.sub("@(system-service|privileged|resources|chown)", "", unit.read_text())
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    assert r.returncode == 0 and "berthd.service" not in r.stdout.decode(), r.stdout.decode()
    r = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    assert r.returncode == 0, r.stdout.decode()[-3000:]
    print("measured: systemd-analyze security: " + re.search(r"exposure level for \S+ ([\d.]+)", r.stdout.decode()).group(1))


def options(text, section, option):
    out, at = [], None
    for line in text.splitlines():
        if m := re.match(section, line):
            at = m.group(1).split()[0]
        elif (m := re.match(option, line)) and at:
            out.append((at, m.group(1)))
    return out


def test_manual_page_has_every_option_of_the_example():
    example = options((ROOT / "docs/berth.conf.example").read_text(), r"\[(.+)\]", r"#([a-z-]+) =")
    page = options((ROOT / "docs/man/berth.conf.5").read_text(), r"\.Ss \[(.+)\]", r"\.It Ic ([a-z-]+)")
    assert page == example and len(page) > 40


def test_defaults_in_the_manual_page_are_those_of_the_example():
    example = re.findall(r"^#([a-z-]+) = (.+)$", (ROOT / "docs/berth.conf.example").read_text(), re.M)
    page = re.findall(r"^\.It Ic ([a-z-]+) No = (.+)$", (ROOT / "docs/man/berth.conf.5").read_text(), re.M)
    assert [(k, v.replace("\\-", "-")) for k, v in page] == example
