"""Numbers in words.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""


def counted(number: float, unit: str) -> str:
    """`3 epochs`."""
    shown = f"{number:,.0f}" if number == int(number) else f"{number:.6g}"
    return f"{shown} {unit}{'' if number == 1 else 's'}"


def show_value(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"
