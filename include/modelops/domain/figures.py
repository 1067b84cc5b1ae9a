"""Formats numbers for people, with enough digits that two different numbers never look the same."""

from __future__ import annotations

import math
from decimal import Decimal

LEAST, MOST = 4, 17
"""Minimum and maximum significant digits; 17 distinguish every double from every other."""
SMALLEST, LARGEST = 1e-6, 1e15
"""Numbers outside of this range are written with a power of ten."""


def figure(number: float) -> str:
    """Format one number: an integer in full, any other to four significant digits."""
    return _shown(number, LEAST)


def figures(*numbers: float) -> tuple[str, ...]:
    """Format numbers that are compared: to four significant digits, or more until different numbers look different."""
    different = len({number for number in numbers if not math.isnan(number)})
    for digits in range(LEAST, MOST):
        shown = tuple(_shown(number, digits) for number in numbers)
        if len({one for one, number in zip(shown, numbers, strict=True) if not math.isnan(number)}) == different:
            return shown
    return tuple(_shown(number, MOST) for number in numbers)


def difference(new: float, old: float) -> str:
    """Format the change of a number, with its sign and four significant digits."""
    if math.isfinite(new) and math.isfinite(old):
        changed = new - old if isinstance(new, int) and isinstance(old, int) else _exact(new) - _exact(old)
        number: float = changed if isinstance(changed, int) else float(changed)
    else:
        number = new - old
    return _shown(number, LEAST) if number < 0 else f"+{_shown(number, LEAST)}"


def _exact(number: float) -> Decimal:
    """The number as a decimal, so that 0.000031 - 0.000012 is 0.000019, without a binary rounding error."""
    return Decimal(repr(number))


def _shown(number: float, digits: int) -> str:
    if isinstance(number, int):
        return f"{number:,}"
    size = abs(number)
    if not math.isfinite(number):
        return str(number)
    if number.is_integer() and size < LARGEST:
        return f"{int(number):,}"
    if not SMALLEST <= size < LARGEST:
        digits_part, _, power = f"{number:.{digits - 1}e}".partition("e")
        return f"{digits_part.rstrip('0').rstrip('.')}e{power}"
    places = max(digits - 1 - math.floor(math.log10(size)), 0)
    written = f"{number:,.{places}f}"
    return written.rstrip("0").rstrip(".") if places else written
