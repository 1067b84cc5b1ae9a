"""The process of a ModelScorer: how it ends, and what it doesn't get."""

from __future__ import annotations

import os
import signal

import pyarrow as pa
import pytest

from modelops.domain.errors import ChildLost, UserCodeError
from modelops.domain.resources import Allowance
from modelops.runtime.scoring import run_scorer
from modelops.settings import LogBounds
from unit.runtime.models import HERE, Model
from unit.runtime.scorers import assignment, columns, failure_of, features, run, scorer


@pytest.mark.parametrize(
    ("imports", "death", "told"),
    [
        ("import os", "os._exit(0)", "ended in the middle with exit code 0"),
        ("import ctypes", "ctypes.string_at(0)", "ended in the middle with SIGSEGV"),
    ],
)
def test_a_scorer_that_dies_in_the_middle(model: Model, imports: str, death: str, told: str) -> None:
    scorer(model, f"if data['x'][0] == 2: {death}\n    return data['x']", imports=imports)
    error = failure_of(model, features(1.0), features(2.0))
    assert error.what.startswith(f"the process that ran ModelScorer {told}")
    assert error.where == "model_modules/scoring.py"


def test_killed_from_outside_is_not_the_scorers_fault(model: Model) -> None:
    scorer(model, f"os.kill(os.getpid(), {signal.SIGKILL})", imports="import os")
    with pytest.raises(ChildLost, match="that ran ModelScorer was killed from outside by SIGKILL"):
        run(model, features(1.0))


def test_a_fork_of_the_scorer_has_no_say(model: Model) -> None:
    """Neither one that raises an error nor one that returns sends an answer."""
    model.write(
        """
        import os

        class ModelScorer:
            def predict(self, data):
                for fork in (self.fails, self.returns):
                    pid = os.fork()
                    if pid == 0:
                        return fork()
                    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
                return data["x"]

            def fails(self):
                raise ValueError("in the fork")

            def returns(self):
                return [99]
        """,
        file="model_modules/scoring.py",
    )
    assert columns(*run(model, features(1.0))) == {"late": [1.0]}
    assert [line for line in model.lines if line in "01"] == ["1", "1"]


def test_the_pipes_do_not_reach_what_the_scorer_starts(model: Model) -> None:
    # A program that the scorer starts may not list them, but follow a link.
    links = "[f'/proc/self/fd/{n}' for n in range(20)]"
    script = f"import os; print([os.readlink(link) for link in {links} if os.path.lexists(link)])"
    listing = f"subprocess.check_output([sys.executable, '-c', {script!r}], close_fds=False, text=True)"
    scorer(model, f"print({listing})\n    return data['x']", imports="import subprocess, sys")
    run(model, features(1.0))
    told = "\n".join(model.lines)
    assert "/dev/null" in told, "these are its files"
    assert "received" not in told
    assert "sent" not in told


def test_the_scorer_gets_no_module_of_ours(model: Model) -> None:
    scorer(
        model,
        "print([name for name in sys.modules if 'modelops' in name])\n    return data['x']",
        imports="import sys",
    )
    run(model, features(1.0))
    assert model.lines == ["[]"]


def test_nobody_reads_any_more(model: Model) -> None:
    """The process ends, though predict() would take for ever."""
    scorer(model, "print('begun', flush=True)\n    time.sleep(1000)", imports="import time")
    sent = model.tmp_path / "sent"
    with pa.OSFile(str(sent), "wb") as file, pa.ipc.new_stream(file, features(1.0).schema) as writer:
        writer.write_batch(features(1.0))
    reader, sink = os.pipe()

    def on_line(line: str) -> None:
        assert line == "begun"
        os.close(reader)

    with sent.open("rb") as source, os.fdopen(sink, "wb"), pytest.raises(UserCodeError, match="with exit code 1"):
        run_scorer(
            assignment(model, ("late",)),
            environment=HERE,
            workdir=model.workdir,
            allowance=Allowance(),
            log_bounds=LogBounds(),
            on_line=model.hear(on_line),
            source_fd=source.fileno(),
            sink_fd=sink,
        )


HOSTILE = """
import os, signal, socket

def tried(*attempts):
    for attempt in attempts:
        try:
            attempt()
            print("done")
        except OSError as error:
            print(type(error).__name__)
"""


def test_a_hostile_scorer_reaches_nothing_of_others(model: Model) -> None:
    (model.tmp_path / "secret").write_text("of the installation")
    body = f"""
    tried(
        lambda: open({str(model.tmp_path / "secret")!r}),
        lambda: open(f"/proc/{{os.getppid()}}/environ").read(),
        lambda: open(__file__, "a"),
        lambda: open("../beside", "w"),
        lambda: os.symlink({str(model.tmp_path / "secret")!r}, "link") or open("link"),
        lambda: os.link({str(model.tmp_path / "secret")!r}, "link too"),
        lambda: os.kill(os.getppid(), signal.SIGKILL),
        lambda: socket.socket(socket.AF_UNIX),
        lambda: socket.create_connection(("127.0.0.1", 5432)),
    )
    return data["x"]
"""
    scorer(model, body, imports=HOSTILE)
    assert columns(*run(model, features(1.0)))
    assert "done" not in model.lines
    assert len(model.lines) == 9
