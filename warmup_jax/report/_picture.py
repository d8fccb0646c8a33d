"""A description as HTML, with the curve as a small SVG."""

import html

import numpy as np

from warmup_jax.report.curves import curve
from warmup_jax.report.description import MOST_ROWS, Description, more, show_value, summary, table


def page(about: Description) -> str:
    """A picture, the table and the summary."""
    head, *rows = ([html.escape(cell) for cell in row] for row in table(about))
    lines = [
        "<div>",
        picture(about),
        "<table><thead><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr></thead><tbody>",
        *("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows),
        "</tbody></table>",
        *(f"<p>{line}</p>" for line in more(about)),
        f"<p>{html.escape(summary(about))}</p>",
        "</div>",
    ]
    return "\n".join(lines)


def picture(about: Description, width: int = 480, height: int = 120) -> str:
    """The curve, in the colour of the text around it."""
    points = curve(about.schedule, about.total)
    low, high = min(float(points.values.min()), 0.0), float(points.values.max())
    scale = (height - 8) / (high - low) if high > low else 0.0
    chosen = np.unique(np.linspace(0, len(points.steps) - 1, 2 * width).astype(int))
    at = points.steps[chosen] / max(about.total - 1, 1) * width
    to = height - 4 - (points.values[chosen] - low) * scale
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(at, to, strict=True))
    edges = "".join(
        f'<line x1="{row.first / about.total * width:.1f}" x2="{row.first / about.total * width:.1f}" '
        f'y1="0" y2="{height}" stroke="currentColor" stroke-opacity="0.25"/>'
        for row in about.stages[1:MOST_ROWS]
    )
    title = f"learning rate over {about.total:,} steps, from {show_value(low)} to {show_value(high)}"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{title}">'
        f'<title>{title}</title>{edges}<polyline points="{line}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/></svg>'
    )
