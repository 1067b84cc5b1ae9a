"""The plots of an evaluation, in one style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score, roc_curve

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

_BLUE, _ORANGE = "#2563eb", "#ea580c"
_INK, _GREY, _LINES = "#1f2937", "#6b7280", "#e5e7eb"


def roc(target: pd.Series, probability: pd.Series, path: Path) -> None:
    """How many late flights are found, against how many others are taken for late."""
    auc = roc_auc_score(target, probability)
    figure, axes = _plot("ROC curve", f"area under the curve {auc:.3f}; the dashed line is guessing")
    others, found, _ = roc_curve(target, probability)
    axes.fill_between(others, found, color=_BLUE, alpha=0.08, linewidth=0)
    axes.plot(others, found, color=_BLUE, linewidth=2)
    _diagonal(axes, 1)
    axes.set(xlabel="punctual flights taken for late", ylabel="late flights found")
    figure.savefig(path)


def calibration(target: pd.Series, probability: pd.Series, path: Path) -> None:
    """Of the flights that got about this probability, how many were late?"""
    figure, axes = _plot("Calibration", "ten groups of equal size; the dashed line is a perfect forecast")
    observed, predicted = calibration_curve(target, probability, n_bins=10, strategy="quantile")
    axes.plot(predicted, observed, color=_BLUE, linewidth=2, marker="o", markersize=6, clip_on=False)
    _diagonal(axes, min(1.0, 1.1 * max(observed.max(), predicted.max())))
    axes.set(xlabel="mean predicted probability", ylabel="share that was late")
    figure.savefig(path)


def scores(target: pd.Series, probability: pd.Series, path: Path) -> None:
    """What probabilities the late and the punctual flights got."""
    figure, axes = _plot("Scores", "each group adds up to 100%")
    edges = np.linspace(0, 1, 41)
    for value, name, colour in ((0, "punctual", _BLUE), (1, "late", _ORANGE)):
        group = probability[target == value]
        label = f"{name} ({len(group):,})"
        axes.hist(group, edges, weights=np.full(len(group), 1 / len(group)), color=colour, alpha=0.55, label=label)
    axes.legend(frameon=False, labelcolor=_INK)
    axes.set(xlabel="predicted probability", ylabel="share of the group", xlim=(0, 1))
    _percent(axes)
    figure.savefig(path)


def importance(falls: Mapping[str, float], path: Path) -> None:
    """The features that matter most, by what the AUC loses without them."""
    shown = sorted(falls.items(), key=lambda item: item[1])[-12:]
    figure, axes = _plot("Feature importance", "fall of the AUC when one feature's values are shuffled")
    bars = axes.barh([name for name, _ in shown], [fall for _, fall in shown], color=_BLUE, height=0.7)
    axes.bar_label(bars, fmt="%.3f", padding=4, color=_GREY, fontsize=9)
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)
    axes.axvline(0, color=_GREY, linewidth=1)
    axes.margins(x=0.12, y=0.01)
    figure.savefig(path)


def _plot(title: str, subtitle: str) -> tuple[Figure, Axes]:
    # A Figure of one's own needs no display and no global state, unlike pyplot.
    figure = Figure(figsize=(5.8, 5.6), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15))
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", pad=24, color=_INK, fontsize=14, fontweight="bold")
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, color=_GREY, fontsize=10)
    axes.grid(color=_LINES, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_GREY, labelcolor=_INK, length=0, pad=7)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.spines[:].set_visible(False)
    return figure, axes


def _diagonal(axes: Axes, limit: float) -> None:
    axes.plot([0, limit], [0, limit], color=_GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, limit), ylim=(0, limit), aspect="equal")
    _percent(axes)


def _percent(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
