"""Programs that some tests of this folder ask."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def docker_compose() -> list[str]:
    """The command of Docker Compose 2 or newer; without it the test is skipped."""
    for name, *more in (["docker-compose"], ["docker", "compose"]):
        if (program := shutil.which(name)) is not None:
            command = [program, *more]
            asked = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
            if re.match(r"v?[2-9]", asked.stdout):
                return command
    pytest.skip("Docker Compose 2 isn't on the PATH; .ci/run says how tests get it")
