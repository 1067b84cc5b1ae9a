"""How user code ended, and what that means for the job."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from modelops.domain.errors import ChildLost, UserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTRY_FILES = {"train": "model_modules/training.py", "evaluate": "model_modules/evaluation.py"}

# Signals that come from people and from the system. The others a program brings upon itself.
_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
# Where a package's name isn't that of what it is imported as.
_PACKAGES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """What child.py says of an error: its type and message, where in the model it happened, and the traceback.

    `kind` is one of missing_function, not_run, exit, memory, missing_module, import, error; `name` is the module or the
    exit code that it concerns.
    """

    kind: str
    type: str
    message: str
    name: str
    where: str
    traceback: tuple[str, ...]


def judge(ending: int | None, outcome: Path, *, verb: str, memory: int | None, on_line: Callable[[str], None]) -> None:
    """Return if the code did what it should; else log its traceback and raise.

    Args:
        ending: as `run_guarded` gives it.
        outcome: the file that child.py writes as the last thing, if it gets so far.
        verb: the function that was to run.
        memory: the limit it had, in bytes.
        on_line: gets the traceback.

    Raises:
        UserCodeError: what the code did wrong.
        ChildLost: it was killed from outside.
    """
    if ending is None:
        raise ChildLost(f"the process that watched over {verb}() was killed; it and {verb}() are gone")
    if ending < 0 and -ending in _FROM_OUTSIDE:
        raise ChildLost(
            f"the process that ran {verb}() was killed from outside by {_name(-ending)};"
            " the system does that when the machine runs out of memory"
        )
    succeeded, failure = _read(outcome)
    if failure is not None:
        for line in failure.traceback:
            on_line(line)
        _raise(failure, verb=verb, memory=memory)
    if succeeded:
        if ending:
            # Libraries crash while Python shuts down; that says nothing about what the function has done.
            on_line(f"{verb}() had returned when its process ended with {_in_words(ending)}; its result stands")
        return
    raise UserCodeError(
        f"the process that ran {verb}() ended in the middle with {_in_words(ending)}",
        where=ENTRY_FILES[verb],
        expected=(
            f"a {verb}() that returns or raises an error"
            if ending >= 0
            else f"a {verb}() that doesn't crash: mostly the fault lies in a package with native code, or in its use"
            " (the log above says in which line); try another version in model_modules/requirements.txt"
            + (f", or less than the {_mebibytes(memory)} of memory that it may allocate" if memory else "")
        ),
    )


def _read(outcome: Path) -> tuple[bool, _Failure | None]:
    try:
        told = json.loads(outcome.read_bytes())
        if told.get("ok") is True:
            return True, None
        error = told["error"]
        fields = {field: _clean(error[field]) for field in ("kind", "type", "message", "name", "where")}
        return False, _Failure(**fields, traceback=tuple(map(_clean, error["traceback"])))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False, None


def _clean(text: object) -> str:
    """Half a surrogate pair, as in names of files that aren't UTF-8, would break whoever writes the log."""
    return str(text).encode("utf-8", errors="replace").decode("utf-8")


def _raise(failure: _Failure, *, verb: str, memory: int | None) -> NoReturn:
    """The domain error for what child.py found."""
    said = " ".join(failure.message.split())
    raised = f"{verb}() raised {failure.type}" + (f": {said}" if said else "")
    entry = ENTRY_FILES[verb]
    match failure.kind:
        case "missing_function":
            what, expected = f"{entry} has no function {verb}", f"def {verb}(context, **kwargs): in {entry}"
        case "not_run":
            what = f"{verb}() returned a {failure.type}, so none of its code has run"
            expected = f"an ordinary function {verb}(context, **kwargs), without yield and without async"
        case "exit":
            what = f"{verb}() left the program with sys.exit({failure.name})"
            expected = f"return when {verb}() is done, raise an exception when it can't go on"
        case "memory":
            what = f"{verb}() ran out of memory" + (f": it may allocate {_mebibytes(memory)}" if memory else "")
            what += f" ({said})" if said else ""
            expected = (
                "read the rows batch by batch (context.read_batches()), select fewer columns or rows,"
                " or have MODELOPS_CHILD_MEMORY (MiB) raised"
            )
        case "missing_module" if failure.name.split(".")[0] == "model_modules":
            what = f"the model has no module {failure.name}"
            expected = f"the file {failure.name.replace('.', '/')}.py in the model's folder, or another import"
        case "missing_module":
            package = failure.name.split(".")[0]
            what = f"the package {package!r} isn't in the model's environment"
            expected = (
                f"add it to model_modules/requirements.txt, by a line such as {_PACKAGES.get(package, package)};"
                " the environment holds what that file lists, and pyarrow"
            )
        case "import":
            what = raised
            expected = (
                "packages in model_modules/requirements.txt that are all there and fit together,"
                " and system libraries that this machine has"
            )
        case _:
            what = raised
            expected = f"a {verb}(context, **kwargs) that ends without an error; the traceback is in the log"
    raise UserCodeError(what, where=failure.where or entry, expected=expected)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _in_words(ending: int) -> str:
    if ending >= 0:
        return f"exit code {ending}"
    description = signal.strsignal(-ending)
    return _name(-ending) + (f" ({description.lower()})" if description else "")


def _mebibytes(memory: int) -> str:
    return f"{memory / 2**20:,.0f} MiB"
