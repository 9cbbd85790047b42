# SPDX-License-Identifier: Apache-2.0
import pytest

from agents import Tpm, World


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
