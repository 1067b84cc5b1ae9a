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
from modelops.runner.up import check_running_code, is_up, running, take_down

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

HOW_TO_STOP = "Ctrl-C or `./modelops down` stops it."


def up(installation: Installation, *, steps: Steps) -> int:
    """Bring it up and keep it up until somebody stops it."""
    if is_up(installation):
        check_running_code(installation, command="up")
        steps.say(f"Already up.\n{welcome(installation)}")
        return 0
    started = time.monotonic()
    with running(installation, steps=steps):
        steps.say(f"Up after {time.monotonic() - started:.1f} s.\n{welcome(installation)}\n{HOW_TO_STOP}")
        _wait_for_the_end()
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
            position = _show_from(log, position)
    except KeyboardInterrupt:
        runner.terminate()
        runner.wait()
        raise
    _show_from(log, position)
    return 0 if ready else runner.returncode or 1


def demo(installation: Installation, *, steps: Steps, leave: bool, by_hand: bool) -> int:
    """Start the installation, run the demonstration, and keep it running unless told to exit or it ran before."""
    from modelops.runner.demo import run_demo

    others = is_up(installation)
    with running(installation, steps=steps, command="demo", with_demo=True):
        code = int(run_demo(installation, steps, by_hand=by_hand))
        if code == 0 and not leave and not others:
            steps.say(HOW_TO_STOP)
            _wait_for_the_end()
    return code


def down(installation: Installation, *, steps: Steps) -> int:
    """Stop everything that belongs to it."""
    if not take_down(installation, steps=steps):
        steps.say("Nothing was running.")
    return 0


def reset(installation: Installation, *, steps: Steps, sure: bool, everything: bool) -> int:
    """Remove all state; the environments of models stay unless everything shall go."""
    home = installation.layout.home
    what = "all state" if everything else "all state but the models' environments"
    if not sure and not _confirmed(f"Remove {what} in {home}: database, models, logs, passwords? [y/N] "):
        steps.say("Nothing was removed.")
        return 1
    take_down(installation, steps=steps)
    with steps.step("Removed"):
        kept = set() if everything else {installation.settings.machine.environments}
        for path in [path for path in home.iterdir() if path not in kept]:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not installation.embedded:
        steps.say("The databases on the server of MODELOPS_DATABASE_URL are as they were.")
    return 0


def welcome(installation: Installation) -> str:
    """Where the web UI is and who may sign in."""
    names = ", ".join(account.name for account in installation.accounts.values() if account.name != "observer")
    return f"{installation.url}  accounts: {names}  (passwords: {installation.layout.passwords})"


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise BadInput("`reset` asks first, and there is nobody to ask", where="./modelops reset", expected="--yes")
    return input(question).strip().lower() in ("y", "yes")


def _show_from(log: Path, position: int) -> int:
    with log.open("rb") as file:
        file.seek(position)
        text = file.read()
    sys.stdout.write(text.decode(errors="replace"))
    sys.stdout.flush()
    return position + len(text)


def _wait_for_the_end() -> None:
    # Being stopped is how this ends well.
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
