# SPDX-License-Identifier: Apache-2.0
"""Real daemons for the tests: each with a folder, a configuration and a log of its
own, on free ports of 127.0.0.1, reached under names in .test; TPMs are swtpm."""
import base64
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import shake
from cli import PATIENCE_S, free_port
from openapi import Http

BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
BERTHD = str(BUILD / "bin/berthd")
BERTH = str(BUILD / "bin/berth")
PROCESSES = ("keyd", "netd", "resolverd")


class ApiError(Exception):
    def __init__(self, status, answer):
        super().__init__(f"{status} {answer}")
        self.status, self.answer, self.code = status, answer, answer.get("error")


def wait_for(condition, what, seconds=PATIENCE_S, every=0.03):
    """What condition yields once it is true; a failure says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{seconds} s were not enough: {what() if callable(what) else what}"
        time.sleep(every)


def call(sock, method, path, body=None, timeout=PATIENCE_S):
    shake.pause()
    http = Http(sock, timeout)
    try:
        status, _, raw = http.ask(method, path, body)
    finally:
        http.close()
    value = json.loads(raw) if raw[:1] in b"{[" else raw.decode()
    if status != 200:
        raise ApiError(status, value)
    return value


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read_if_there(path):
    """Of a process, which may end at any time: nothing then."""
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def children(pid):
    """Name of each process below pid -> its pid; the dead are not counted."""
    found = {}
    for p in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in read_if_there(p).split():
            name = read_if_there(f"/proc/{child}/comm").strip()
            if alive(child):
                found[name.removeprefix("berth-")] = int(child)
                found |= children(child)  # the starter's are the agent's
    return found


def alive(pid):
    """Zombies do not count: where nobody adopts orphans they stay for ever."""
    stat = read_if_there(f"/proc/{pid}/stat")
    return bool(stat) and stat[stat.rindex(")") + 2] not in "ZX"


def listens(path):
    """A socket file is there a little before anybody can connect to it."""
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines():
        words = line.split()
        if words[-1] == str(path) and int(words[3], 16) & 0x10000:     # __SO_ACCEPTCON
            return True
    return False


class Tpm:
    """A swtpm with EK certificates; the manufacturing is done once and copied."""
    made = None

    @classmethod
    def make(cls):
        if cls.made:
            return
        cls.made = d = pathlib.Path(tempfile.mkdtemp(prefix="berth-tpm."))
        (d / "state").mkdir()
        (d / "ca").mkdir()
        (d / "localca.conf").write_text(f"statedir={d}/ca\nsigningkey={d}/ca/key.pem\nissuercert={d}/ca/issuer.pem\n"
                                        f"certserial={d}/ca/serial\n")
        (d / "localca.options").write_text(
            "--platform-manufacturer Berth\n--platform-version 1\n--platform-model test\n")
        (d / "setup.conf").write_text(f"create_certs_tool={shutil.which('swtpm_localca')}\n"
                                      f"create_certs_tool_config={d}/localca.conf\n"
                                      f"create_certs_tool_options={d}/localca.options\nactive_pcr_banks=sha256\n")
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", str(d / "state"), "--config", str(d / "setup.conf"),
                        "--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--overwrite"],
                       check=True, stdout=subprocess.DEVNULL)
        roots = ""
        for pem in sorted((d / "ca").glob("*.pem")):
            text = pem.read_text()
            if "BEGIN CERTIFICATE" in text:
                roots += text[text.index("-----BEGIN CERTIFICATE"):]
        (d / "roots.pem").write_text(roots)

    @classmethod
    def remove(cls):
        if cls.made:
            shutil.rmtree(cls.made, ignore_errors=True)
            cls.made = None

    def __init__(self, folder, state="state"):
        self.make()
        self.dir = pathlib.Path(folder)
        self.dir.mkdir(exist_ok=True)
        if not (self.dir / state).exists():
            shutil.copytree(self.made / "state", self.dir / state)
        self.state, self.p = state, None
        self.sock = self.dir / "tpm.sock"
        self.tcti = f"swtpm:path={self.sock}"
        self.start()

    def start(self, state=None):
        self.state = state or self.state
        (self.dir / self.state).mkdir(exist_ok=True)
        for path in (self.sock, pathlib.Path(f"{self.sock}.ctrl")):
            path.unlink(missing_ok=True)
        self.p = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.dir / self.state}", "--server",
             f"type=unixio,path={self.sock},mode=0600", "--ctrl", f"type=unixio,path={self.sock}.ctrl,mode=0600",
             "--flags", "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in (self.sock, f"{self.sock}.ctrl"):
            wait_for(lambda: listens(path), f"swtpm at {path}")

    def kill(self):
        if self.p:
            self.p.kill()
            self.p.wait()
            self.p = None

    def transient_handles(self):
        """Ask when no keyd holds the TPM's only connection."""
        r = subprocess.run(["tpm2_getcap", "-T", self.tcti, "handles-transient"], stdout=subprocess.PIPE,
                           check=True, timeout=PATIENCE_S, text=True)
        return [line for line in r.stdout.splitlines() if line.strip()]


FORMS = {"nng": "nng+tcp://%s:%d", "tls": "nng+tls://%s:%d", "http": "http://%s:%d/didcomm",
         "https": "https://%s:%d/didcomm", "ws": "ws://%s:%d/ws", "wss": "wss://%s:%d/ws"}


class Agent:
    def __init__(self, folder, name, role, tpm=None, port=None, clock=True, link="nng", **sections):
        self.dir = pathlib.Path(folder) / name
        self.name, self.role, self.tpm, self.p = name, role, tpm, None
        self.state, self.run_dir = self.dir / "state", self.dir / "run"
        self.conf, self.logfile = self.dir / "berth.conf", self.dir / "log"
        self.admin_sock, self.app_sock = self.run_dir / "admin.sock", self.run_dir / "app.sock"
        self.libexec = None     # another folder of berth-keyd and the others
        self.program = BERTHD
        self.env = {}
        self.dir.mkdir(mode=0o755)
        self.state.mkdir(mode=0o700)
        (self.dir / "pass").write_text(os.urandom(16).hex())
        (self.dir / "pass").chmod(0o600)
        uri = f"tpm2:?dir={self.dir}/keys&tcti={tpm.tcti}" if tpm else f"soft:{self.dir}/keys"
        self.sections = {
            "agent": {"role": role, "name": name, "state-dir": self.state, "run-dir": self.run_dir,
                      "log-level": "debug", "clock-trusted": "yes" if clock else "no"},
            "keystore main": {"uri": uri, **({} if tpm else {"passphrase-file": self.dir / "pass"})},
            "egress": {"allow": "127.0.0.0/8"},
        }
        if port:
            self.port = port
            form = FORMS[link]
            self.uri = form % (f"{name}.test", port)
            self.sections["listen"] = {"uri": form % ("127.0.0.1", port), "announce": self.uri}
        for section, options in sections.items():
            self.set(section.replace("_", " "), **options)

    def set(self, section, **options):
        """None takes an option out; the file is written at the next start."""
        s = self.sections.setdefault(section, {})
        for key, value in options.items():
            s[key.replace("_", "-")] = value
            if value is None:
                del s[key.replace("_", "-")]

    def write(self, extra=""):
        text = ""
        for section, options in self.sections.items():
            text += f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
        self.conf.write_text(text + extra)
        self.conf.chmod(0o600)

    # --- life
    def spawn(self, **kw):
        self.write()
        with open(self.logfile, "a") as log:
            other = ["--libexec-dir", str(self.libexec)] if self.libexec else []
            self.p = subprocess.Popen([self.program, "--config", str(self.conf), *other], stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log, **{"env": {**os.environ, **self.env}, **kw})
        p = self.p
        shake.stumble(lambda: [p.pid, *children(p.pid).values()], lambda: self.p is p and p.poll() is None)
        shake.pause()
        return self

    def ready(self, seconds=PATIENCE_S):
        wait_for(lambda: self.answers() or self.p.poll() is not None, lambda: self.log()[-2000:], seconds)
        assert self.p.poll() is None, self.log()[-2000:]
        return self

    def start(self, **kw):
        return self.spawn(**kw).ready()

    def refuses_to_start(self, code, seconds=PATIENCE_S):
        """It ends by itself; its last line (one of its processes may say something yet) names the code."""
        before = len(self.log())
        self.spawn()
        try:
            status = self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop(signal.SIGKILL)
            raise AssertionError(f"it runs: {self.log()[before:]}") from None
        self.p = None
        lines = self.log()[before:].splitlines()
        own = [line for line in lines if line.startswith("berthd: ")]
        assert status != 0 and own and own[-1].startswith(f"berthd: {code}: "), (status, lines[-3:])
        return own[-1]

    def stop(self, sig=signal.SIGTERM):
        if not self.p:
            return None
        self.p.send_signal(sig)
        status = self.p.wait(PATIENCE_S)
        self.p = None
        return status

    def kill(self):
        """kill -9, and no process of it is left."""
        left = list(self.pids().values())
        self.stop(signal.SIGKILL)
        wait_for(lambda: not any(map(alive, left)), "the others to end with the core")

    def kill_one(self, name):
        """kill -9 of one of its processes, when it is there."""
        try:
            os.kill(self.pids()[name], signal.SIGKILL)
        except (KeyError, ProcessLookupError):
            return False
        return True

    def restart(self):
        self.kill()
        return self.start()

    def pids(self):
        """A child that has not become its program yet is called berthd, too, and is not the core."""
        return {**children(self.p.pid), "berthd": self.p.pid} if self.p else {}

    def log(self):
        return self.logfile.read_text(errors="replace") if self.logfile.exists() else ""

    def answers(self):
        try:
            return self.status()
        except (OSError, EOFError):
            return None

    # --- what it says
    def get(self, path, timeout=PATIENCE_S):
        return call(self.admin_sock, "GET", path, timeout=timeout)

    def post(self, path, body=None, timeout=PATIENCE_S):
        return call(self.admin_sock, "POST", path, {} if body is None else body, timeout)

    def app(self, path, body=None):
        return call(self.app_sock, "GET" if body is None else "POST", path, body)

    def status(self):
        return self.get("/v1/status")

    def state_is(self, *states):
        return (self.answers() or {}).get("state") in states

    def wait_state(self, *states, seconds=PATIENCE_S):
        wait_for(lambda: self.state_is(*states),
                 lambda: f"{self.name}: {states}, is {self.answers()}\n{self.log()[-3000:]}", seconds)
        return self.status()

    def identity(self, name):
        return next(i for i in self.get("/v1/identities") if i["name"] == name)

    def device(self, serial):
        return next((d for d in self.get("/v1/devices") if d.get("serial") == serial), None)


class World:
    """A factory, a rendezvous and an owner; gateways are born, sold and onboarded.
    links: who of them speaks http instead of nng, or by name what they speak."""

    def __init__(self, owner=None, factory=None, links=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
        self.dir.chmod(0o755)
        self.agents, self.tpms = [], []
        ports = {}
        for name in ("factory", "rv", "owner"):
            ports[name] = free_port()
        self.hosts = ", ".join(f"{n}.test=127.0.0.1" for n in ports)
        links = links if isinstance(links, dict) else dict.fromkeys(links, "http")
        link = {name: links.get(name, "nng") for name in ports}
        self.rv = self.add("rv", "rendezvous", port=ports["rv"], link=link["rv"]).start()
        rv = {"did": self.rv.identity("rendezvous")["didLong"], "uri": self.rv.uri}
        self.factory = self.add("factory", "factory", port=ports["factory"], link=link["factory"], rendezvous_a=rv, **(factory or {})).spawn()
        self.owner = self.add("owner", "owner", port=ports["owner"], link=link["owner"], rendezvous_a=rv, **(owner or {}))
        self.factory.ready()
        self.owner.set("trust", issuer=self.factory.identity("issuer")["did"])
        self.owner.start()

    def add(self, name, role, **kw):
        a = Agent(self.dir, name, role, **kw)
        a.sections["egress"]["hosts"] = self.hosts
        self.agents.append(a)
        return a

    def tpm(self, name):
        t = Tpm(self.dir / f"tpm-{name}")
        self.tpms.append(t)
        return t

    def trust_tpms(self):
        """The factory takes the EK certificates of our TPMs."""
        Tpm.make()
        if "ek-roots" not in self.factory.sections.get("trust", {}):
            self.factory.set("trust", ek_roots=Tpm.made / "roots.pem")
            self.factory.stop()
            self.factory.start()

    def gateway(self, name, tpm=False, **kw):
        if tpm:
            self.trust_tpms()
        policy = {"collect": 1, **kw.pop("policy", {})}
        device = {"serial": name, "model": "Box", **kw.pop("device", {})}
        return self.add(name, "gateway", clock=False, tpm=self.tpm(name) if tpm else None, policy=policy,
                        factory={"did": self.factory.identity("maker")["didLong"], "uri": self.factory.uri},
                        device=device, **kw)

    def born(self, gw):
        """Started, initialized at the factory, still without an owner."""
        gw.start()
        gw.wait_state("INITIALIZED", "SEEKING")
        return gw

    def chain(self, gw, owner=None):
        """The first owner's, from the factory; it sells a device once."""
        owner = owner or self.owner
        did = owner.identity("owner")["didLong"]
        device = wait_for(lambda: self.factory.device(gw.name), "the factory knows the device")["device"]
        return self.factory.post("/v1/devices/sell", {"device": device, "to": did})

    def sold(self, gw, owner=None):
        """To the owner, who has imported the chain."""
        owner = owner or self.owner
        return owner.post("/v1/devices/import", {"chain": self.chain(gw, owner)})["device"]

    def provisioned(self, gw, items, owner=None):
        for item, data in items.items():
            (owner or self.owner).post("/v1/provision", {"device": gw.name, "id": item, "type": "network", "data": b64(data)})

    def registered(self, gw, owner=None):
        owner = owner or self.owner
        wait_for(lambda: (owner.device(gw.name) or {}).get("state") not in (None, "IMPORTED", "CHAIN_OK"),
                 lambda: f"registration: {owner.device(gw.name)}")

    def onboard(self, gw, items=None, owner=None):
        """From birth to OPERATIONAL and ACTIVE."""
        self.born(gw)
        self.sold(gw, owner)
        self.provisioned(gw, items or {}, owner)
        return self.switched_on(gw, owner)

    def switched_on(self, gw, owner=None):
        """From a chain that was imported to OPERATIONAL and ACTIVE."""
        self.registered(gw, owner)
        gw.post("/v1/onboard")
        gw.wait_state("OPERATIONAL")
        self.active(gw, owner)
        return gw

    def active(self, gw, owner=None, seconds=PATIENCE_S):
        owner = owner or self.owner
        wait_for(lambda: (owner.device(gw.name) or {}).get("state") == "ACTIVE",
                 lambda: f"ACTIVE: {owner.device(gw.name)}\n{owner.log()[-2000:]}", seconds)

    def close(self):
        for a in self.agents:
            if a.p:
                a.stop(signal.SIGKILL)
        for t in self.tpms:
            t.kill()
        if not os.environ.get("BERTH_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
