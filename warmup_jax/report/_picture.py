"""The curve of a schedule as a small SVG, and the HTML of a description around it."""

import html

import numpy as np

from warmup_jax.report._measures import Curve
from warmup_jax.report._shown import show_value


def page(picture: str, table: list[list[str]], more: list[str], summary: str) -> str:
    """A picture, a table whose first row is its head, and what stands below them."""
    head, *rows = ([html.escape(cell) for cell in row] for row in table)
    lines = [
        "<div>",
        picture,
        "<table><thead><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr></thead><tbody>",
        *("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows),
        "</tbody></table>",
        *(f"<p>{html.escape(line)}</p>" for line in [*more, summary]),
        "</div>",
    ]
    return "\n".join(lines)


def picture(points: Curve, total: int, edges: list[int], width: int = 480, height: int = 120) -> str:
    """The curve, level from each step to the next one as the rate is, with a line where each stage begins; nothing
    where no value is finite.
    """
    values = points.values.astype(np.float64)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ""
    low, high = float(min(finite.min(), 0.0)), float(finite.max())
    top = high if high > low else low + 1.0
    scale = (height - 8) / (top - low)
    line = "".join(
        f"{'H' if k else 'M'}{step / total * width:.1f}{'V' if k else ' '}{4 + (top - value) * scale:.1f}"
        for k, (step, value) in enumerate(_thinned(points.steps, values, width))
    )
    lines = "".join(
        f'<path d="M{edge / total * width:.1f} 0V{height}" stroke="currentColor" opacity="0.25"/>' for edge in edges
    )
    lowest, highest = show_value(float(finite.min())), show_value(high)
    shown = lowest if lowest == highest else f"from {lowest} to {highest}"
    title = f"learning rate over {total:,} steps, {shown}"
    below = height + 14
    return (
        f'<svg viewBox="-4 0 {width + 8} {height + 20}" width="{width + 8}" height="{height + 20}" role="img" '
        f'style="display: block; max-width: 100%" aria-label="{title}"><title>{title}</title>{lines}'
        f'<path d="{line}H{width}" fill="none" stroke="#1f77b4" stroke-width="2"/>'
        f'<path d="M0 {height}H{width}" stroke="currentColor" opacity="0.3"/>'
        f'<g fill="currentColor" font-size="11" opacity="0.8"><text y="{below}">0</text>'
        f'<text x="{width}" y="{below}" text-anchor="end">{total:,} steps</text>'
        f'<text x="{width / 2}" y="{below}" text-anchor="middle">{shown}</text></g></svg>'
    )


def _thinned(steps: np.ndarray, values: np.ndarray, most: int) -> list[tuple[int, float]]:
    """Few enough points that look like all: of each column the first, the lowest, the highest and the last one."""
    kept: list[int] = []
    for part in np.array_split(np.arange(len(steps)), min(most, len(steps))):
        part = part[np.isfinite(values[part])]
        if len(part):
            kept += sorted({part[0], part[values[part].argmin()], part[values[part].argmax()], part[-1]})
    return [(int(steps[k]), float(values[k])) for k in kept]
