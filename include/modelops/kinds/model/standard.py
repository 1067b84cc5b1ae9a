"""The standard functions of a model that leaves files out, and the description of the stored estimator.

The estimator is loaded in the confined child only. This module reads its description, which is JSON;
child/standard.py writes both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelops.domain import bounds
from modelops.domain.errors import RequirementsError
from modelops.repository.definition import EVALUATION, OPTIONAL_FILES, SCORING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.plain_files import HeldFolder
    from modelops.repository.definition import ModelDefinition
    from modelops.runtime.environment import Lock

ABOUT = "model.skops.json"
MAX_BYTES = 2**16


def stored_estimator(output: HeldFolder) -> Mapping[str, str] | None:
    """The stored estimator: its class as `estimator`, its `kind` and the `format`; None if there is none."""
    try:
        with output.open(ABOUT) as file:
            about = bounds.read_json(file.read(MAX_BYTES))
        return {name: str(about[name]) for name in ("estimator", "format", "kind")}
    except (FileNotFoundError, ValueError, LookupError, TypeError):  # or a file of the model's own
        return None


def check_packages(definition: ModelDefinition, lock: Lock, *, where: str) -> None:
    """Check, before an environment is built, that the packages include those that the standard functions need.

    Raises:
        RequirementsError: a package is missing.
    """
    if lock.text is None or EVALUATION not in definition.left_out:
        return
    needed = ("scikit-learn", "skops") if SCORING in definition.left_out else ("scikit-learn",)
    missing = [name for name in needed if not re.search(rf"(?m)^{name}==", lock.text)]
    if missing:
        raise RequirementsError(
            f"the packages lack {' and '.join(missing)}, which a model without {EVALUATION} needs",
            where=where,
            expected=f"a line {' and a line '.join(missing)}; or {EVALUATION}"
            + (f" and {SCORING}" if SCORING in definition.left_out else ""),
        )


def standard_functions(definition: ModelDefinition, estimator: Mapping[str, str] | None) -> dict[str, str]:
    """The standard function for each file that was left out: file → its recorded name."""
    found = {file: OPTIONAL_FILES[file] for file in definition.left_out}
    if EVALUATION in found and estimator is not None:
        found[EVALUATION] = f"standard evaluation ({estimator['kind']})"
    if SCORING in found:
        del found[SCORING]
        if estimator is not None:
            found[SCORING] = f"standard ModelScorer ({estimator['kind']}), {estimator['format']}"
    return found
