"""A description as HTML, with the curve as a small SVG."""

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
    """The curve, in the colour of the text around it, with a line where each stage begins."""
    low, high = min(float(points.values.min()), 0.0), float(points.values.max())
    scale = (height - 8) / (high - low) if high > low else 0.0
    chosen = np.unique(np.linspace(0, len(points.steps) - 1, 2 * width).astype(int))
    at = points.steps[chosen] / max(total - 1, 1) * width
    to = height - 4 - (points.values[chosen] - low) * scale
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(at, to, strict=True))
    lines = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="currentColor" stroke-opacity="0.25"/>'
        for x in (edge / total * width for edge in edges)
    )
    title = f"learning rate over {total:,} steps, from {show_value(low)} to {show_value(high)}"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{title}">'
        f'<title>{title}</title>{lines}<polyline points="{line}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/></svg>'
    )
