# SPDX-License-Identifier: Apache-2.0
import pytest

from agents import Tpm


@pytest.fixture(scope="session", autouse=True)
def _no_tpm_is_left():
    yield
    Tpm.remove()
