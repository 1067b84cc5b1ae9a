"""The packages of the Teradata ModelOps layout, and the names of them that models may use.

A model's process gets these names from `runtime/child/teradata.py`, so the packages are neither resolved nor installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_PACKAGES = ("aoa", "tmo", "teradatamodelops")
"""Names under which the client of Teradata ModelOps has been imported."""
DATABASE_PACKAGE = "teradataml"
STAND_INS = frozenset({*CLIENT_PACKAGES, DATABASE_PACKAGE})
"""Distributions that are left out of a requirements.txt."""
REQUIRED_PACKAGE = "pandas"
"""The package that these distributions install and that the stand-ins need."""
IN_DATABASE = ("teradatasqlalchemy", "teradatasql")
"""Packages without a stand-in: what uses them runs in a Teradata database."""

_CONTEXTS = {"aoa_create_context", "tmo_create_context"}
_STATISTICS = {"record_training_stats", "record_evaluation_stats", "record_scoring_stats"}
_OF_CLIENT = frozenset({"ModelContext", "save_plot", "copy_to_sql", *_CONTEXTS, *_STATISTICS})
_OF_DATABASE = frozenset(
    {"DataFrame", "copy_to_sql", "create_context", "get_connection", "get_context", "remove_context"}
)
_CLIENT_MODULES = (
    "", ".context", ".context.model_context", ".stats", ".stats.stats", ".util", ".util.artifacts", ".util.connections",
    ".util.context", ".util.wrappers",
)  # fmt: skip
_DATABASE_MODULES = ("", ".context", ".context.context", ".dataframe", ".dataframe.copy_to", ".dataframe.dataframe")

MODULES: Mapping[str, frozenset[str]] = {
    **{f"{client}{module}": _OF_CLIENT for client in CLIENT_PACKAGES for module in _CLIENT_MODULES},
    **{f"{DATABASE_PACKAGE}{module}": _OF_DATABASE for module in _DATABASE_MODULES},
}
"""The modules that have a stand-in, and the names in each."""
