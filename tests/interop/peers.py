# SPDX-License-Identifier: Apache-2.0
"""What the interop tests share: other people's packages, a peer of theirs behind a
pipe, and the count of what went through, for the matrix of docs/interop.md."""
import collections
import hashlib
import json
import os
import pathlib
import select
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
BERTH = str(BUILD / "bin" / "berth")
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = BUILD / "interop"
PATIENCE_S = 120    # as tests/system/cli.py has it


def berth(*args, stdin="", status=0):
    r = subprocess.run([BERTH, *map(str, args)], input=stdin, text=True, capture_output=True, timeout=PATIENCE_S)
    assert status is None or r.returncode == status, r.stderr
    return r


def new_key(kind):
    """A private JWK and the public members of it."""
    jwk = json.loads(berth("key", "generate", "--type", kind).stdout)["privateJwk"]
    return jwk, {k: v for k, v in jwk.items() if k != "d"}


def install(source=HERE, folder=FOLDER):
    """The packages that package-lock.json pins, once for each content of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [HERE / "serve.mjs", *source.glob("*.mjs"), *source.glob("package*.json")]:
        shutil.copy(path, folder / path.name)
    want = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".berth-installed"
    if stamp.exists() and stamp.read_text() == want:
        return
    r = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], cwd=folder,
                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    assert r.returncode == 0, r.stdout
    stamp.write_text(want)


class Node:
    """One of the scripts here: a JSON request a line, a JSON answer a line."""

    def __init__(self, script, *args, folder=FOLDER):
        self.process = subprocess.Popen(["node", script, *map(str, args)], cwd=folder, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op, **q):
        self.process.stdin.write(json.dumps(dict(q, op=op)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def line(self, seconds=180):
        """The next; one at a time is all there ever is to read."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        assert ready, f"{self.process.args}: silent"
        line = self.process.stdout.readline()
        assert line, f"{self.process.args}: gone"
        return line

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)

    def accepts(self, op, **q):
        return "error" not in self.ask(op, **q)


class Matrix:
    """Rows of docs/interop.md: how many messages or credentials went which way."""
    HEADS = {"didcomm": ("peer", "direction", "envelope", "curve", "enc", "messages"),
             "credentials": ("peer", "direction", "format", "algorithm", "accepted", "altered and refused"),
             "ethr": ("step", "block", "owner", "verification methods", "services", "both resolvers agree")}

    def __init__(self):
        self.messages = collections.Counter()
        self.accepted, self.refused = collections.Counter(), collections.Counter()
        self.steps = []

    def message(self, peer, direction, envelope, curve="-", enc="-", n=1):
        self.messages[peer, direction, envelope, curve, enc] += n

    def credential(self, peer, direction, fmt, algorithm, accepted=0, refused=0):
        self.accepted[peer, direction, fmt, algorithm] += accepted
        self.refused[peer, direction, fmt, algorithm] += refused

    def step(self, *row):
        """One of the live chain's (test_ethr.py), in their order."""
        self.steps.append(row)

    def rows(self, name):
        if name == "ethr":
            return self.steps
        if name == "didcomm":
            return [(*row, n) for row, n in sorted(self.messages.items())]
        return [(*row, n, self.refused[row]) for row, n in sorted(self.accepted.items())]

    def table(self, name):
        lines = [self.HEADS[name], ("---",) * len(self.HEADS[name]), *self.rows(name)]
        return ["| " + " | ".join(map(str, line)) + " |" for line in lines]

    def totals(self, name):
        """A line for each peer and direction, for the end of the run."""
        sums = collections.Counter()
        if name == "ethr":
            return [f"vectors: did:ethr on a live chain, steps with both resolvers: {len(self.steps)}"] if self.steps else []
        for row in self.rows(name):
            sums[f"{row[0]}, {row[1]}"] += row[4] if name == "credentials" else row[5]
            if name == "credentials":
                sums[f"{row[0]}, {row[1]}, refused"] += row[5]
        return [f"vectors: {text}: {n}" for text, n in sorted(sums.items())]


matrix = Matrix()
