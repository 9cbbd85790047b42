# SPDX-License-Identifier: Apache-2.0
"""HTTP over a UNIX socket, and answers held against docs/openapi.yaml."""
import atexit
import json
import pathlib
import re
import shutil
import socket
import tempfile

import yaml

from cli import PATIENCE_S

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOC = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def public_folder():
    """A copy of this module, and of what it needs, that any user can import, wherever the source tree stands."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="berth-openapi-"))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    here = top / "tests/system"
    here.mkdir(parents=True)
    (top / "docs").mkdir()
    for name in "openapi.py", "cli.py", "shake.py":
        shutil.copy(pathlib.Path(__file__).with_name(name), here)
    shutil.copy(ROOT / "docs/openapi.yaml", top / "docs")
    for f in [top, *top.rglob("*")]:
        f.chmod(0o755 if f.is_dir() else 0o644)
    return str(here)


def deref(node):
    while isinstance(node, dict) and "$ref" in node:
        at = DOC
        for part in node["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        node = at
    return node


def operations():
    """(METHOD, path, operation) of the document."""
    for path, item in DOC["paths"].items():
        for method in ("get", "post", "put", "delete", "patch"):
            if method in item:
                yield method.upper(), path, item[method]


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def check(schema, value, at="$"):
    """The part of OpenAPI 3.0's schema language that the document uses."""
    schema = deref(schema)
    known = {"type", "required", "properties", "additionalProperties", "items", "enum", "pattern", "nullable",
             "maxLength", "minimum", "maximum", "maxItems", "allOf", "oneOf", "description", "example"}
    assert set(schema) <= known, f"{at}: openapi.py does not know {set(schema) - known}"
    if value is None:
        assert schema.get("nullable"), f"{at}: null"
        return
    for part in schema.get("allOf", []):
        check(part, value, at)
    if "oneOf" in schema:
        right = [s for s in schema["oneOf"] if isinstance(value, TYPES[deref(s)["type"]])]
        assert len(right) == 1, f"{at}: {value!r} is not one of {len(schema['oneOf'])}"
        check(right[0], value, at)
    t = schema.get("type")
    if t == "integer":
        assert isinstance(value, int) and not isinstance(value, bool), f"{at}: {value!r} is no integer"
    elif t:
        assert isinstance(value, TYPES[t]), f"{at}: {value!r} is no {t}"
    if "enum" in schema:
        assert value in schema["enum"], f"{at}: {value!r} is not one of {schema['enum']}"
    if "pattern" in schema:
        assert re.search(schema["pattern"], value), f"{at}: {value!r}"
    for name in schema.get("required", []):
        assert name in value, f"{at}: no {name}"
    for name, sub in schema.get("properties", {}).items():
        if name in value:
            check(sub, value[name], f"{at}.{name}")
    if schema.get("additionalProperties") is False:
        assert set(value) <= set(schema["properties"]), f"{at}: {set(value) - set(schema['properties'])} not documented"
    if "items" in schema:
        for i, sub in enumerate(value):
            check(schema["items"], sub, f"{at}[{i}]")


def check_answer(op, status, headers, body):
    """An answer is what the document says for that status, and JSON is parsed."""
    answers = op["responses"]
    answer = deref(answers.get(str(status), answers["default"]))
    (kind, media), = answer["content"].items()
    assert headers["content-type"].split(";")[0] == kind, headers
    value = json.loads(body) if kind == "application/json" else body.decode()
    check(media["schema"], value)
    assert headers["cache-control"] == "no-store"
    if status in (429, 503):
        assert int(headers["retry-after"]) > 0
    return value


def documented(method, path):
    """The operation that a request is one of, or None."""
    segments = path.split("?")[0].split("/")
    for m, template, op in sorted(operations(), key=lambda o: o[1].count("{")):
        parts = template.split("/")
        if m == method and len(parts) == len(segments) and all(
                p == s or p.startswith("{") and s for p, s in zip(parts, segments)):
            return op
    return None


class Http:
    """One connection, so that a test can send what no library would."""

    def __init__(self, path, timeout=PATIENCE_S):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.s.connect(str(path))   # blocking: with a timeout a full backlog would be EAGAIN at once
        self.s.settimeout(timeout)
        self.rest = b""

    def close(self):
        self.s.close()

    def send(self, data):
        self.s.sendall(data)

    def until(self, mark):
        while mark not in self.rest:
            more = self.s.recv(65536)
            if not more:
                raise EOFError(self.rest)
            self.rest += more
        head, self.rest = self.rest.split(mark, 1)
        return head

    def answer(self, head_only=False):
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        n = 0 if head_only else int(headers.get("content-length", 0))
        while len(self.rest) < n:
            more = self.s.recv(65536)
            if not more:
                raise EOFError(self.rest)
            self.rest += more
        body, self.rest = self.rest[:n], self.rest[n:]
        return int(lines[0].split()[1]), headers, body

    def ask(self, method, path, body=None, host="berth", extra=()):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *extra]
        if body is not None:
            lines.append(f"Content-Length: {len(data)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        status, headers, body = self.answer(method == "HEAD")
        op = documented(method, path)
        # what libmicrohttpd refuses by itself is not JSON
        if op and (status == 200 or headers.get("content-type") == "application/json"):
            check_answer(op, status, headers, body)
        return status, headers, body


def ask(socket_path, method, path, body=None, **kw):
    c = Http(socket_path)
    try:
        return c.ask(method, path, body, **kw)
    finally:
        c.close()
