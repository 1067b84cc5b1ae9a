"""The commands that start and stop an installation."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput
from modelops.polling import poll
from modelops.runner import state
from modelops.runner.layout import private, rotated
from modelops.runner.up import check_running_code, is_up, running, stop_installation

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

HOW_TO_STOP = "Ctrl-C or `./modelops down` stops it."


def up(installation: Installation, *, steps: Steps) -> int:
    """Start the installation, and keep it running until a signal stops it."""
    if is_up(installation):
        check_running_code(installation, command="up")
        steps.say(f"Already up.\n{welcome(installation)}")
        return 0
    started = time.monotonic()
    with running(installation, steps=steps):
        steps.say(f"Up after {time.monotonic() - started:.1f} s.\n{welcome(installation)}\n{HOW_TO_STOP}")
        _wait_for_interrupt()
    return 0


def up_detached(installation: Installation, *, steps: Steps) -> int:
    """Start the installation in a process of its own, and show that process's output until it is up."""
    if is_up(installation):
        check_running_code(installation, command="up")
        steps.say(f"Already up.\n{welcome(installation)}")
        return 0
    installation.layout.prepare()
    log = rotated(installation.layout.log("runner"))
    with open(log, "ab", opener=private) as output:
        position = output.tell()
        runner = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelops.runner", "up"],
            env=installation.environ | {"PYTHONPATH": str(installation.layout.root / "include"), "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        ready = False
        for _ in poll(every=0.2, within=math.inf):
            if ready or runner.poll() is not None:
                break
            holder = state.current(installation.layout)
            ready = holder is not None and holder.ready
            position = _print_from(log, position)
    except KeyboardInterrupt:
        runner.terminate()
        runner.wait()
        raise
    _print_from(log, position)
    return 0 if ready else runner.returncode or 1


def demo(installation: Installation, *, steps: Steps, exit_at_end: bool, by_hand: bool) -> int:
    """Start the installation unless it is up, run the demonstration, and keep an installation that it started running.

    Args:
        exit_at_end: stop the installation that it started.
        by_hand: wait for a person's answer at each approval.
    """
    from modelops.runner.demo import run_demo

    was_up = is_up(installation)
    with running(installation, steps=steps, command="demo", with_demo=True):
        code = int(run_demo(installation, steps, by_hand=by_hand))
        if code == 0 and not exit_at_end and not was_up:
            steps.say(HOW_TO_STOP)
            _wait_for_interrupt()
    return code


def down(installation: Installation, *, steps: Steps) -> int:
    """Stop all processes of the installation."""
    if not stop_installation(installation, steps=steps):
        steps.say("Nothing was running.")
    return 0


def reset(installation: Installation, *, steps: Steps, confirmed: bool, everything: bool) -> int:
    """Remove all state; with `everything`, the environments of models too."""
    home = installation.layout.home
    what = "all state" if everything else "all state except the models' environments"
    if not confirmed and not _confirm(f"Remove {what} in {home}: database, models, logs, passwords? [y/N] "):
        steps.say("Nothing was removed.")
        return 1
    stop_installation(installation, steps=steps)
    with steps.step("Removed"):
        kept = set() if everything else {installation.settings.machine.environments}
        for path in [path for path in home.iterdir() if path not in kept]:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not installation.embedded:
        steps.say("The databases on the server of MODELOPS_DATABASE_URL were not changed.")
    return 0


def welcome(installation: Installation) -> str:
    """The address of the web UI, and the accounts."""
    names = ", ".join(account.name for account in installation.accounts.values() if account.name != "observer")
    return f"{installation.url}  accounts: {names}  (passwords: {installation.layout.passwords})"


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise BadInput(
            "`reset` asks for confirmation, and stdin is not a terminal", where="./modelops reset", expected="--yes"
        )
    return input(question).strip().lower() in ("y", "yes")


def _print_from(log: Path, position: int) -> int:
    """Print a log from a position on; returns the new position."""
    with log.open("rb") as file:
        file.seek(position)
        text = file.read()
    sys.stdout.write(text.decode(errors="replace"))
    sys.stdout.flush()
    return position + len(text)


def _wait_for_interrupt() -> None:
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
