# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from agents import Tpm, World
from cli import ok


@pytest.fixture(scope="session", autouse=True)
def _no_tpm_is_left():
    yield
    Tpm.remove()


@pytest.fixture(scope="module")
def world():
    """Factory, rendezvous and owner as they are by default, for the tests of a file."""
    w = World()
    yield w
    w.close()


@pytest.fixture
def files(tmp_path):
    """Writes JSON or text to a new file and gives its path."""
    def write(value, name=None):
        path = tmp_path / (name or "f%d" % len(list(tmp_path.iterdir())))
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        path.chmod(0o600)
        return path
    return write


@pytest.fixture
def jwk(files):
    """Makes a key: what the command says, and the file of its private JWK."""
    def make(kind):
        key = ok("key", "generate", "--type", kind)
        return key, files(key["privateJwk"])
    return make


@pytest.fixture
def store(tmp_path, files):
    """A sealed file of keys: its URI, and the words that open it."""
    pw = files("correct horse\n", "pw")
    return ("soft:%s" % (tmp_path / "keys"), "--passphrase-file", pw)
