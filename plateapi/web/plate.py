"""The drawing of a plate: a mark as it would look on the metal, as one SVG.

Here: the one-line (520 x 112 mm) layout of ST RK 986. The two-line plate is another layout of the same mark
and is not drawn yet. Deliberately not here: style sheets and scripts, so that a drawing obeys the
strictest content security policy and can be saved, mailed or printed as it is.
"""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from plateapi.web.glyphs import BOX_HEIGHT, BOX_WIDTH, STROKES

PLATE_WIDTH_MM: Final = 520
PLATE_HEIGHT_MM: Final = 112

_INK: Final = "#111"
_FLAG_BLUE: Final = "#00afca"
_FLAG_GOLD: Final = "#fec50c"

# Large characters are 34 x 72 mm between stroke centres, the region's 25 x 54: narrower than the box, so that
# the stroke of 9 mm leaves light between neighbours.
_LARGE_SCALE: Final = (34 / BOX_WIDTH, 72 / BOX_HEIGHT)
_REGION_SCALE: Final = (25 / BOX_WIDTH, 54 / BOX_HEIGHT)
_COUNTRY_SCALE: Final = (1.0, 1.1)
_GLYPH_STEP_MM: Final = 51.0
_REGION_STEP_MM: Final = 39.0
_FIELD_LEFT_MM: Final = 62.0
_FIELD_RIGHT_MM: Final = 412.0
_SEGMENT_GAP_MM: Final = 14.0


def draw_plate(digits: str, series: str, region: str, *, title: str) -> str:
    """Draws a mark.

    ``digits``, ``series`` and ``region`` are the mark's segments, for example ``"777"``, ``"AAA"``, ``"02"``.
    ``title`` is what a screen reader says. Raises ``KeyError`` for a character no mark has.

    >>> draw_plate("777", "AAA", "02", title="777 AAA 02").startswith("<svg ")
    True
    """
    parts = [
        '<svg class="plate" xmlns="http://www.w3.org/2000/svg" role="img"'
        f' viewBox="0 0 {PLATE_WIDTH_MM} {PLATE_HEIGHT_MM}" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        *_draw_metal(),
        *_draw_field(digits, series),
        *_draw_region(region),
        "</svg>",
    ]
    return "".join(parts)


def _draw_metal() -> Iterator[str]:
    yield (
        f'<rect x="2" y="2" width="{PLATE_WIDTH_MM - 4}" height="{PLATE_HEIGHT_MM - 4}" rx="10" fill="#fff"'
        f' stroke="{_INK}" stroke-width="4"/>'
    )
    yield f'<path d="M424 4V108" stroke="{_INK}" stroke-width="4"/>'
    yield f'<rect x="14" y="26" width="36" height="24" fill="{_FLAG_BLUE}"/>'
    yield f'<circle cx="33" cy="37" r="5.5" fill="{_FLAG_GOLD}"/>'
    yield f'<path d="M17 27V49" stroke="{_FLAG_GOLD}" stroke-width="2.5"/>'
    yield from _draw_line("KZ", left=16, top=64, scale=_COUNTRY_SCALE, step=19)


def _draw_field(digits: str, series: str) -> Iterator[str]:
    """Digits and series stand in the middle of the field, whatever their number."""
    glyphs = len(digits) + len(series)
    width = glyphs * _GLYPH_STEP_MM + _SEGMENT_GAP_MM - (_GLYPH_STEP_MM - BOX_WIDTH * _LARGE_SCALE[0])
    left = (_FIELD_LEFT_MM + _FIELD_RIGHT_MM - width) / 2
    yield from _draw_line(digits, left=left, top=20, scale=_LARGE_SCALE, step=_GLYPH_STEP_MM)
    left += len(digits) * _GLYPH_STEP_MM + _SEGMENT_GAP_MM
    yield from _draw_line(series, left=left, top=20, scale=_LARGE_SCALE, step=_GLYPH_STEP_MM)


def _draw_region(region: str) -> Iterator[str]:
    yield from _draw_line(region, left=439, top=29, scale=_REGION_SCALE, step=_REGION_STEP_MM)


def _draw_line(
    text: str, *, left: float, top: float, scale: tuple[float, float], step: float
) -> Iterator[str]:
    for place, character in enumerate(text):
        x = round(left + place * step, 1)
        yield (
            f'<path transform="translate({x} {top}) scale({scale[0]:.3f} {scale[1]:.3f})"'
            f' d="{STROKES[character]}" fill="none" stroke="{_INK}" stroke-width="2.4"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )
