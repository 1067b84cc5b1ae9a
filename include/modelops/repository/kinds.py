"""The kinds of folders in a ModelOps repository: models, models whose files are imported, and feature tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelops.domain.versions import VersionKind
from modelops.repository.definition import CONFIG, ModelDefinition, read_model
from modelops.repository.imported_definition import read_imported
from modelops.repository.task_definition import read_task
from modelops.repository.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelops.domain.feature_tasks import FeatureTask

Definition = TypeVar("Definition")


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[Definition]):
    """A kind of folder: `folder`/<name> with a file `marker`. `word` names it in messages.

    A file `also` marks a folder of this kind too, even without `marker`.

    `read` reads and checks a folder; its second argument, a reference, names the folder in messages. When a folder is
    pinned, `refuse` is called before, with the same arguments. Folders that were pinned before are read without it.

    `configuration` is the file with the section `resources`.
    """

    folder: str
    marker: str
    word: str
    read: Callable[[Path, str], Definition]
    configuration: str
    also: str | None = None
    refuse: Callable[[Path, str], None] | None = None

    @property
    def markers(self) -> tuple[str, ...]:
        return (self.marker,) if self.also is None else (self.marker, self.also)

    def marks(self, folder: Path) -> bool:
        """Whether the folder is of this kind, valid or not."""
        return any((folder / marker).is_file() for marker in self.markers)

    def folders(self, repository: Path) -> set[Path]:
        """The folders of this kind in a repository."""
        return {file.parent for marker in self.markers for file in (repository / self.folder).glob(f"*/{marker}")}

    @property
    def plural(self) -> str:
        return f"{self.word}s"

    @property
    def layout(self) -> str:
        """A sentence on where such a folder is and which file it has."""
        article = "an" if self.word[0] in "aeiou" else "a"
        return f"{article} {self.word} is a folder {self.folder}/<name> with a {self.marker}"


MODELS: Kind[ModelDefinition] = Kind(
    folder="model_definitions",
    marker="datasets.yaml",
    also="model.json",
    word="model",
    read=read_model,
    configuration=CONFIG,
    refuse=refuse_unsupported,
)
IMPORTED_MODELS: Kind[ModelDefinition] = Kind(
    folder="byom", marker="datasets.yaml", word="imported model", read=read_imported, configuration=CONFIG
)
TASKS: Kind[FeatureTask] = Kind(
    folder="feature_engineering_tasks",
    marker="task.yaml",
    word="feature task",
    read=read_task,
    configuration="task.yaml",
)
OF_VERSIONS: Mapping[VersionKind, tuple[Kind[Any], ...]] = {
    VersionKind.MODEL: (MODELS, IMPORTED_MODELS),
    VersionKind.FEATURE_TASK: (TASKS,),
}
"""The kinds of folders that versions of a kind are made from."""
NAMESAKES: tuple[tuple[Kind[Any], Kind[Any]], ...] = ((MODELS, IMPORTED_MODELS), (IMPORTED_MODELS, MODELS))
"""Pairs of kinds whose folders must have different names, because their versions are of one kind."""
