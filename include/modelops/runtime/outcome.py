"""Translates how user code ended into the result or the error of the job."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from modelops.domain.errors import ChildLost, ModelOpsError, ResourceLimitError, UserCodeError
from modelops.domain.resources import seconds_text, size_text
from modelops.domain.teradata import IN_DATABASE
from modelops.plain_files import open_plain
from modelops.runtime.refusals import expected_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.resources import Allowance
    from modelops.runtime.guarded import Ending

MAX_OUTCOME_BYTES = 8 * 2**20
"""More than child/main.py ever writes."""
MAX_TRACEBACK_LINES, MAX_CHARACTERS = 301, 2_000
ENTRY_FILES = {
    "train": "model_modules/training.py",
    "evaluate": "model_modules/evaluation.py",
    "score": "model_modules/scoring.py",
    "run_task": "task.py",
    "describe": "the model file",
}

_EXPECTED_RESULT = (
    "a predict(data) that returns one prediction for each row of data, in the same columns and types for every batch: a"
    " data frame or a dict of columns, or a Series, list or array"
)
# Signals that people and the system send. A program causes the others itself.
FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
# Packages whose name differs from the name of their module.
_PACKAGES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "skops": "skops",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


# Helpers in the Teradata ModelOps layout that open a connection of the code's own.
_CONNECTION_HELPERS = re.compile(r"\b(?:aoa|tmo|vmo)_create_context\b")
_READ_FROM_CONTEXT = (
    "context.read_pandas() or context.read_batches() instead of a connection and a query: the context gives the rows"
)


class OverBudget(ModelOpsError):
    """More rows than the budget allows can't be scored.

    `position` is the position of the first such row in the stream, from 0; `reason` is why it can't be scored; `where`
    names the line or the file of the model.
    """

    def __init__(self, *, position: int, reason: str, where: str) -> None:
        self.position, self.reason, self.where = position, reason, where
        super().__init__(f"too many rows can't be scored; the first is at {position}: {reason}")


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """The texts that messages need about the code that a verb runs.

    `called` names the code, `signature` and `definition` show its Python, and `memory_advice` says how to use less
    memory. `owner` is the model or the feature task, and `requirements` the file that lists its packages.
    """

    called: str
    signature: str
    definition: str
    memory_advice: str
    owner: str = "model"
    requirements: str = "model_modules/requirements.txt"


def _function(name: str, **others: str) -> _Entry:
    return _Entry(
        called=f"{name}()",
        signature=f"{name}(context, **kwargs)",
        definition=f"def {name}(context, **kwargs):",
        memory_advice="read the rows batch by batch (context.read_batches()), select fewer columns or rows",
        **others,
    )


def _entry(verb: str, function: str | None) -> _Entry:
    if function is not None:
        return _function(function, owner="task", requirements="requirements.txt")
    return _ENTRIES[verb]


_ENTRIES = {
    "train": _function("train"),
    "evaluate": _function("evaluate"),
    "score": _Entry(
        called="ModelScorer",
        signature="ModelScorer",
        definition="class ModelScorer, with def predict(self, data):,",
        memory_advice="a smaller model, a predict(data) that makes fewer copies of its data",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error that child/main.py reports: type, message, place in the model, and traceback.

    `kind` is one of missing_function, not_run, exit, memory, missing_module, import, error, and when scoring
    wrong_result and over_budget; `name` is the module, the exit code or the row concerned, or what was
    expected.
    """

    kind: str
    type: str
    message: str
    name: str
    where: str
    traceback: tuple[str, ...]


def check_outcome(
    ending: Ending,
    outcome: Path,
    *,
    verb: str,
    allowance: Allowance,
    on_line: Callable[[str], None],
    function: str | None = None,
    file: str | None = None,
) -> None:
    """Return if the code succeeded; otherwise log its traceback and raise an error.

    Args:
        ending: as `run_guarded` gives it.
        outcome: the file that child/main.py writes last.
        verb: the function that was run.
        function: the name that a feature task gives to its function.
        file: what messages name as the place; None: the file of the function.
        allowance: the limits it had; its meter has what the job has used.
        on_line: gets the traceback.

    Raises:
        UserCodeError: what the code did wrong.
        ResourceLimitError: the limit that it exceeded.
        OverBudget: more rows than allowed can't be scored.
        ChildLost: it was killed from outside.
    """
    entry = _entry(verb, function)
    called, file = entry.called, file or ENTRY_FILES[verb]
    status = ending.status
    succeeded, failure = (False, None) if status is None else read_outcome(outcome)
    if ending.exceeded and not succeeded:
        for line in failure.traceback if failure else ():
            on_line(line)
        raise _over_limit(ending.exceeded, entry, file, allowance)
    if status is None:
        raise ChildLost(f"the guard process of {called} was killed or stopped, and {called} with it")
    if not ending.exceeded and -status in FROM_OUTSIDE:
        used = "" if ending.usage is None else f"; it had used {size_text(ending.usage.peak_memory)}"
        raise ChildLost(
            f"the process that ran {called} was killed from outside by {signal_name(-status)}"
            + (f"; the system does this when the machine runs out of memory{used}" if -status == signal.SIGKILL else "")
        )
    if failure is not None:
        for line in failure.traceback:
            on_line(line)
        _raise(failure, entry, file, allowance=allowance)
    if succeeded:
        if status:
            # Some libraries crash while Python shuts down. The function had returned, so its result is valid.
            on_line(f"{called} had returned before its process ended with {_in_words(status)}; its result is kept")
        return
    memory = allowance.limits.memory
    raise UserCodeError(
        f"the process that ran {called} ended in the middle with {_in_words(status)}",
        where=file,
        expected=(
            f"a {called} that returns or raises an error"
            if status >= 0
            else f"a {called} that doesn't crash: the cause is usually a package with native code, or its use"
            f" (the log above names the line); try another version in {entry.requirements}"
            + (
                f", or less than the {size_text(int(memory.value))} of memory that {memory.source} allows"
                if memory
                else ""
            )
        ),
    )


def _over_limit(key: str, entry: _Entry, file: str, allowance: Allowance) -> ResourceLimitError:
    """The error of code that the guard has ended; `key` is the field of Limits."""
    limit, used = getattr(allowance.limits, key), allowance.meter.total
    assert limit is not None
    assert used is not None
    shown = size_text if key == "memory" else seconds_text
    noun = {"memory": "of memory", "cpu_seconds": "of CPU time", "seconds": "of time"}[key]
    by_job = {
        "memory": f"its processes together had up to {size_text(max(used.peak_memory, used.peak_allocated))}",
        "cpu_seconds": f"the job's code has used {seconds_text(used.cpu_seconds)}",
        "seconds": f"the job's code has run for {seconds_text(used.seconds)}",
    }[key]
    advice = {
        "memory": entry.memory_advice + ", start fewer processes",
        "cpu_seconds": "less work: fewer rows, a smaller model, fewer rounds",
        "seconds": "less work: fewer rows, a smaller model, fewer rounds",
    }[key]
    return ResourceLimitError(
        f"{entry.called} used more than the {shown(limit.value)} {noun} that {limit.source} allows ({by_job})",
        where=file,
        expected=f"{advice}, or {limit.expected}",
    )


def read_outcome(outcome: Path) -> tuple[bool, Failure | None]:
    """Whether the child says that it succeeded, and the error that it reports."""
    try:
        with open_plain(outcome) as file:
            report = json.loads(file.read(MAX_OUTCOME_BYTES))
        if report.get("ok") is True:
            return True, None
        error = report["error"]
        fields = {field: _clean(error[field]) for field in ("kind", "type", "message", "name", "where")}
        return False, Failure(**fields, traceback=tuple(map(_clean, error["traceback"][:MAX_TRACEBACK_LINES])))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError, UserCodeError):
        return False, None


def _clean(text: object) -> str:
    """Replace unpaired surrogates, as in file names that aren't UTF-8, which the log can't contain; limit the length.

    A class of user code may have a name of any length, and another program than child/main.py may have written this.
    """
    return str(text)[:MAX_CHARACTERS].encode("utf-8", errors="replace").decode("utf-8")


_OWNERS = {"model_modules": "model", "shared_modules": "repository"}
"""The first name of a module that is pinned with a version → whose folder has it."""


def _raise(failure: Failure, entry: _Entry, file: str, *, allowance: Allowance) -> NoReturn:
    """Raise the domain error for a failure that child/main.py reported."""
    message = " ".join(failure.message.split())
    raised = f"{entry.called} raised {failure.type}" + (f": {message}" if message else "")
    match failure.kind:
        case "over_budget":
            raise OverBudget(position=int(failure.name), reason=failure.message, where=failure.where or file)
        case "wrong_result":
            what, expected = message, failure.name or _EXPECTED_RESULT
        case "missing_function":
            what, expected = f"{file} has no {message}", f"{entry.definition} in {file}"
        case "not_run":
            what = f"{entry.called} returned a {failure.type}, so none of its code has run"
            expected = f"an ordinary function {entry.signature}, without yield and without async"
        case "exit":
            what = f"{entry.called} left the program with sys.exit({failure.name})"
            expected = f"return when {entry.called} is done, raise an exception when it can't go on"
        case "memory":
            raise _out_of_memory(message, entry, failure.where or file, allowance)
        case "missing_module" if failure.name.split(".")[0] in _OWNERS:
            what, expected = _missing_of_own(failure.name)
        case "missing_module":
            what, expected = _missing(failure.name.split(".")[0], entry)
        case "import":
            what = raised
            expected = (
                f"packages in {entry.requirements} that are all there and fit together,"
                " and system libraries that this machine has"
            )
        case _ if failure.type == "KeyError" and (helper := _CONNECTION_HELPERS.search("\n".join(failure.traceback))):
            what = f"{entry.called} called {helper[0]}(), and there is no database connection for the code ({raised})"
            expected = _READ_FROM_CONTEXT
        case _:
            what = raised
            expected = expected_of(failure.type, message, failure.traceback) or _without_error(entry)
    raise UserCodeError(what, where=failure.where or file, expected=expected)


def _without_error(entry: _Entry) -> str:
    expected = f"a {entry.signature} that ends without an error; the traceback is in the log"
    if entry.owner == "model":
        expected += ", and `./modelops check` with the model's folder repeats it on a few rows"
    return expected


def _out_of_memory(message: str, entry: _Entry, where: str, allowance: Allowance) -> UserCodeError:
    """The error of code to which the system gave no more memory."""
    limit, used = allowance.limits.memory, allowance.meter.total
    reason = f" ({message})" if message else ""
    if limit is None:
        return UserCodeError(
            f"{entry.called} ran out of memory{reason}", where=where, expected=f"{entry.memory_advice}, or more memory"
        )
    peak = "" if used is None else f"; it had used {size_text(used.peak_memory)}"
    return ResourceLimitError(
        f"{entry.called} ran out of memory: it may allocate {size_text(int(limit.value))}, by {limit.source}"
        f"{peak}{reason}",
        where=where,
        expected=f"{entry.memory_advice}, or {limit.expected}",
    )


def _missing_of_own(module: str) -> tuple[str, str]:
    folder, _, inside = module.partition(".")
    owner = _OWNERS[folder]
    expected = f"the file {module.replace('.', '/')}.py" if inside else f"a folder {folder} with Python files"
    return f"the {owner} has no module {module}", f"{expected} in the {owner}'s folder, or another import"


def _missing(package: str, entry: _Entry) -> tuple[str, str]:
    what = f"the package {package!r} isn't in the {entry.owner}'s environment"
    if package in IN_DATABASE:
        return what, _READ_FROM_CONTEXT
    line = f"by a line such as {_PACKAGES.get(package, package)}"
    if package not in _PACKAGES:  # anybody may publish a package under the name of a module
        line += f" if the package that has the module {package} is called so: look it up in its documentation"
    return what, (
        f"add it to {entry.requirements}, {line}; the environment has the packages that this file lists, and pyarrow"
    )


def signal_name(number: int) -> str:
    """The name of a signal, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _in_words(ending: int) -> str:
    if ending >= 0:
        return f"exit code {ending}"
    description = signal.strsignal(-ending)
    return signal_name(-ending) + (f" ({description.lower()})" if description else "")
