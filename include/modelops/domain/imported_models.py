"""Models whose files were made elsewhere: the terms of their import, and what the registry records of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ModelFileError
from modelops.domain.findings import Findings
from modelops.domain.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.model_files import Label

COLUMNS, CLASSES, POSITIVE = (f"the parameter {name}" for name in ("columns", "classes", "positive_class"))
BINARY_CLASSES: tuple[Label, ...] = (0, 1)
"""The classes of a binary model if neither the file nor the request has any."""
MAX_CLASSES = 1_000
MAX_COMPARED = 200
"""From so many names on, different numbers of inputs and features are the only thing that is said."""
MAX_TOLD = 20
"""Maximum errors of one comparison; each is compared with all names for a suggestion."""
MAX_SHOWN = 50
"""The definition of a version has at most so many inputs and outputs of the file, for people."""


class ImportedType(StrEnum):
    """What an imported model predicts."""

    BINARY = "binary"
    """One of two classes, with the probability of the positive one."""
    MULTICLASS = "multiclass"
    """One of several classes."""
    REGRESSION = "regression"
    """A number."""


class Mapped(StrEnum):
    """How the inputs of a file were assigned to features."""

    BY_NAME = "by_name"
    """The file names its inputs: each is the feature of its name, or the one that `columns` gives for it."""
    IN_ORDER = "in_order"
    """The file has one matrix without names: its columns are the features in the order of datasets.yaml."""


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What a request or the section `model` of config.json says of a file; None or empty: nothing.

    `columns` maps the names of inputs to features. `positive_class` is the text of one of the classes.
    """

    type: ImportedType | None = None
    classes: tuple[Label, ...] | None = None
    positive_class: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def over(self, defaults: ImportSettings) -> ImportSettings:
        """These settings, with the defaults for what they leave out."""
        return ImportSettings(
            type=self.type or defaults.type,
            classes=self.classes or defaults.classes,
            positive_class=self.positive_class or defaults.positive_class,
            columns=self.columns or defaults.columns,
        )

    def as_record(self) -> dict[str, Any]:
        """The settings as the registry stores them."""
        return {
            "type": self.type and str(self.type),
            "classes": None if self.classes is None else list(self.classes),
            "positive_class": self.positive_class,
            "columns": dict(self.columns),
        }


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The features in the order of the model's inputs, each with the name of its input; how they were assigned."""

    mapped: Mapped
    pairs: tuple[tuple[str, str], ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The features in the order of the model's inputs."""
        return tuple(feature for _, feature in self.pairs)


def map_inputs(
    names: Sequence[str] | None, count: int | None, features: Sequence[str], columns: Mapping[str, str], *, file: str
) -> Inputs:
    """Assign features to the inputs of a file.

    Args:
        names: the names of its inputs, in order; None: it has a matrix without names.
        count: the number of columns of the matrix; None: not known before rows are scored.
        features: the features of the dataset, in its order.
        columns: the name of an input → its feature, where these differ.
        file: the name of the file, for messages.

    Raises:
        ModelFileError: inputs and features don't match; SeveralErrors if there are several errors.
    """
    if names is None:
        return _in_order(count, features, columns, file)
    if len(names) != len(features) and max(len(names), len(features)) > MAX_COMPARED:
        raise ModelFileError(
            f"{file} has {len(names):,} inputs, and the datasets have {len(features):,} features",
            where="datasets.yaml (features)",
            expected="the features that the model was trained on",
        )
    findings = Findings()
    for name in columns:
        if name not in names:
            findings.errors.append(
                ModelFileError(
                    f"{file} has no input {name!r}{did_you_mean(name, names)}",
                    where=COLUMNS,
                    expected=f"names of its inputs: {_listed(names)}",
                )
            )
    pairs = tuple((name, columns.get(name, name)) for name in names)
    used: dict[str, str] = {}
    known = set(features)
    for name, feature in pairs:
        if len(findings.errors) >= MAX_TOLD:
            findings.raise_if_any()
        if feature not in known:
            findings.errors.append(_unknown_feature(name, feature, features, file, renamed=name in columns))
        elif feature in used:
            findings.errors.append(
                ModelFileError(
                    f"the inputs {used[feature]!r} and {name!r} of {file} have the same feature {feature!r}",
                    where=COLUMNS,
                    expected="a feature of its own for each input",
                )
            )
        used.setdefault(feature, name)
    for feature in features:
        if len(findings.errors) >= MAX_TOLD:
            findings.raise_if_any()
        if feature not in used:
            findings.errors.append(
                ModelFileError(
                    f"the feature {feature!r} is no input of {file}{did_you_mean(feature, names)}",
                    where="datasets.yaml (features)",
                    expected="the features that the model was trained on; or its name in the file, in columns",
                )
            )
    findings.raise_if_any()
    return Inputs(mapped=Mapped.BY_NAME, pairs=pairs)


def _in_order(count: int | None, features: Sequence[str], columns: Mapping[str, str], file: str) -> Inputs:
    if columns:
        raise ModelFileError(
            f"{file} has a matrix whose columns have no names, so columns can't map them",
            where=COLUMNS,
            expected="no columns: the features are taken in the order of datasets.yaml",
        )
    if count is not None and count != len(features):
        raise ModelFileError(
            f"{file} takes {count:,} features, and the datasets have {len(features):,}",
            where="datasets.yaml (features)",
            expected=f"the {count:,} features that the model was trained on, in the same order",
        )
    return Inputs(
        mapped=Mapped.IN_ORDER, pairs=tuple((f"column {number}", name) for number, name in enumerate(features, 1))
    )


def _unknown_feature(name: str, feature: str, features: Sequence[str], file: str, *, renamed: bool) -> ModelFileError:
    if renamed:
        return ModelFileError(
            f"{name!r} is mapped to the feature {feature!r}, which the datasets don't have"
            f"{did_you_mean(feature, features)}",
            where=COLUMNS,
            expected=f"features: {_listed(features)}",
        )
    return ModelFileError(
        f"the input {name!r} of {file} is no feature of the datasets{did_you_mean(name, features)}",
        where="datasets.yaml (features)",
        expected=f"this name, upper and lower case as in the file; or its feature in columns: {_listed(features)}",
    )


def classes_of(
    settings: ImportSettings, found: Sequence[Label] | None, *, file: str
) -> tuple[tuple[Label, ...] | None, Label | None]:
    """The classes in the order of a file's probabilities, and the positive one; both None for a regression.

    Classes in the settings replace those in the file one by one. Without any, those of a binary model are 0 and 1.
    Without a positive class in the settings, it is the second class.

    Raises:
        ModelFileError: they are missing, or don't fit the file or the type of the model.
    """
    assert settings.type is not None
    if settings.type is ImportedType.REGRESSION:
        if settings.classes or settings.positive_class is not None:
            raise ModelFileError(
                "a regression has no classes",
                where="the parameters classes and positive_class",
                expected="neither of them; or the type binary or multiclass",
            )
        return None, None
    given = settings.classes or ()
    if found and given and len(given) != len(found):
        raise ModelFileError(
            f"{file} has {len(found):,} classes, {_listed([*map(str, found)])}, and the request {len(given):,}",
            where=CLASSES,
            expected="as many classes as the file has, in its order; or no classes",
        )
    classes = given or tuple(found or ()) or (BINARY_CLASSES if settings.type is ImportedType.BINARY else ())
    if not classes:
        raise ModelFileError(
            f"{file} has no labels of its classes",
            where=CLASSES,
            expected="the classes in the order of the model's probabilities",
        )
    if len(classes) > MAX_CLASSES:
        raise ModelFileError(
            f"{file} has {len(classes):,} classes",
            where=CLASSES,
            expected=f"a model with at most {MAX_CLASSES:,} classes",
        )
    texts = [str(label) for label in classes]
    if len(set(texts)) != len(texts):
        raise ModelFileError(f"the classes {_listed(texts)} have one twice", where=CLASSES, expected="each class once")
    if settings.type is ImportedType.BINARY:
        return classes, _positive(settings, classes, texts)
    if settings.positive_class is not None:
        raise ModelFileError(
            "a model of several classes has no positive one",
            where=POSITIVE,
            expected="no positive_class; or the type binary",
        )
    return classes, None


def _positive(settings: ImportSettings, classes: Sequence[Label], texts: Sequence[str]) -> Label:
    if len(classes) != 2:
        raise ModelFileError(
            f"the type is binary, and there are {len(classes):,} classes: {_listed(texts)}",
            where="the parameter type",
            expected=ImportedType.MULTICLASS,
        )
    if settings.positive_class is None:
        return classes[1]
    if settings.positive_class not in texts:
        raise ModelFileError(
            f"the positive class is {settings.positive_class!r}{did_you_mean(settings.positive_class, texts)}",
            where=POSITIVE,
            expected=f"one of the classes {_listed(texts)}",
        )
    return classes[texts.index(settings.positive_class)]


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + rest
