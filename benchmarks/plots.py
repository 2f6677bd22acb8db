"""Draws two kinds of plots as SVG, without a library."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 760
_ROW: Final = 26
_TOP: Final = 44
_LABELS: Final = 300
"""Width of the column of names next to the bars."""
_HEIGHT: Final = 340
"""Height of a plot with lines."""
_MARGIN: Final = 60
_COLOURS: Final = ("#3366cc", "#dc3912", "#109618", "#990099", "#ff9900", "#0099c6")


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """One bar per name."""
    most = max(values.values())
    parts = []
    for number, (name, value) in enumerate(values.items()):
        y = _TOP + number * _ROW
        length = (_WIDTH - _LABELS - 90) * value / most
        parts += [
            _text(_LABELS - 8, y + 14, name, "end"),
            f'<rect x="{_LABELS}" y="{y}" width="{length:.1f}" height="18" fill="{_COLOURS[0]}"/>',
            _text(_LABELS + length + 6, y + 14, f"{value:,.1f} {unit}"),
        ]
    return _svg(title, _TOP + len(values) * _ROW + 12, parts)


def lines(
    title: str, unit: str, places: Sequence[str], series: Mapping[str, Sequence[float]]
) -> str:
    """One line per name, across the places on the horizontal axis."""
    most = max(value for values in series.values() for value in values)
    step = (_WIDTH - 2 * _MARGIN - 160) / max(len(places) - 1, 1)
    floor, height = _HEIGHT - _MARGIN, _HEIGHT - _MARGIN - _TOP
    parts = list(_axes(unit, places, step, most))
    for number, (name, values) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(_MARGIN + i * step, floor - height * v / most) for i, v in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(_text(_WIDTH - 190, _TOP + 18 * number, name, fill=colour))
    return _svg(title, _HEIGHT, parts)


def _axes(unit: str, places: Sequence[str], step: float, most: float) -> Iterator[str]:
    floor, height = _HEIGHT - _MARGIN, _HEIGHT - _MARGIN - _TOP
    right = _MARGIN + step * (len(places) - 1)
    for quarter in range(5):
        y = floor - height * quarter / 4
        yield f'<line x1="{_MARGIN}" x2="{right:.1f}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield _text(_MARGIN - 6, y + 4, f"{most * quarter / 4:,.4g}", "end")
    for number, place in enumerate(places):
        yield _text(_MARGIN + number * step, floor + 20, place, "middle")
    yield _text(_MARGIN, _HEIGHT - 12, f"in {unit}")


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n<title>{escape(title)}</title>\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    )
    heading = f'<text x="12" y="24" font-size="15" fill="#222">{escape(title)}</text>'
    return "\n".join([head, heading, *parts, "</svg>"]) + "\n"
