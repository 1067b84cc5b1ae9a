"""Reports what runs, since when, and whether it is healthy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from modelops.repository.catalogue import problems
from modelops.runner import state
from modelops.runner.commands import welcome
from modelops.runner.components import NAMES
from modelops.runner.health import PARTS, import_errors
from modelops.runner.processes import found

if TYPE_CHECKING:
    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

NOT_RUNNING = 3
"""The exit code when nothing runs, as that of service managers."""


def status(installation: Installation, *, steps: Steps) -> int:
    """Report what runs, since when, and whether it is healthy."""
    runner = state.current(installation.layout)
    if runner is None or runner.url is None:
        steps.say(f"Not running ({installation.layout.home}). `./modelops up` starts it.")
        return NOT_RUNNING
    health = _health(runner.url)
    well = runner.ready
    for name in ("runner", *(("postgres",) if installation.embedded else ()), *NAMES):
        process = runner.process if name == "runner" else found(runner.components.get(name, {}))
        said = health.get(name, "running") if process else "not running"
        well = well and said in ("running", "healthy")
        since = _duration(time.time() - process.create_time()) if process else ""
        steps.say(f"{name:<14} {process.pid if process else '':>8} {since:>10}  {said}")
    if not runner.is_of_this_release:
        well = False
        steps.say("! The code has changed since it was started: `./modelops down`, then `./modelops up`.")
    for error in import_errors(installation) if runner.ready else []:
        well = False
        steps.say(f"! A DAG file can't be imported: {error}")
    for problem in problems(installation.settings):
        steps.say(f"! {problem}")
    if not runner.ready:
        steps.say("It is just being started or stopped.")
    steps.say(welcome(installation))
    return 0 if well else 1


def _health(url: str) -> dict[str, str]:
    """What Airflow says of each of its programs."""
    try:
        answer = httpx.get(f"{url}/api/v2/monitor/health", trust_env=False, timeout=5).json()
        said = {part.replace("_", "-"): (answer.get(part) or {}).get("status") or "unknown" for part in PARTS}
    except (httpx.HTTPError, ValueError):
        return dict.fromkeys(("api-server", "scheduler", "triggerer", "dag-processor"), "unknown: no answer")
    return said | {"api-server": said["metadatabase"]}


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
