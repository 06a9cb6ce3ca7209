"""The letters and digits of a plate as strokes.

Here: one SVG path a character, on a box 10 wide and 18 high, meant to be stroked, not filled.
Deliberately not here: a font file. The metal's typeface is not free to ship, a substitute differs from
machine to machine, and 36 strokes weigh less than one request for a font.
Look next at ``plate.py``, which sets them.
"""

from types import MappingProxyType
from typing import Final

BOX_WIDTH: Final = 10.0
BOX_HEIGHT: Final = 18.0

STROKES: Final = MappingProxyType(
    {
        "0": "M3 0H7A3 3 0 0 1 10 3V15A3 3 0 0 1 7 18H3A3 3 0 0 1 0 15V3A3 3 0 0 1 3 0Z",
        "1": "M2 4L6.5 0V18",
        "2": "M0 4V3A3 3 0 0 1 3 0H7A3 3 0 0 1 10 3V5C10 9 0 13 0 18H10",
        "3": "M0 3A3 3 0 0 1 3 0H7A3 3 0 0 1 10 3V5.5A3 3 0 0 1 7 8.5H4M7 8.5A3 3 0 0 1 10 11.5V15"
        "A3 3 0 0 1 7 18H3A3 3 0 0 1 0 15",
        "4": "M7 18V0L0 12.5H10",
        "5": "M9.5 0H1V7.5H7A3 3 0 0 1 10 10.5V15A3 3 0 0 1 7 18H3A3 3 0 0 1 0 15",
        "6": "M8.5 0C3.5 2 0 6 0 11.5V15A3 3 0 0 0 3 18H7A3 3 0 0 0 10 15V11.5"
        "A3 3 0 0 0 7 8.5H3A3 3 0 0 0 0 11.5",
        "7": "M0 0H10C7 5 4.5 11 4.5 18",
        "8": "M3 0H7A3 3 0 0 1 10 3V5.5A3 3 0 0 1 7 8.5H3A3 3 0 0 1 0 5.5V3A3 3 0 0 1 3 0Z"
        "M3 8.5A3 3 0 0 0 0 11.5V15A3 3 0 0 0 3 18H7A3 3 0 0 0 10 15V11.5A3 3 0 0 0 7 8.5",
        "9": "M1.5 18C6.5 16 10 12 10 6.5V3A3 3 0 0 0 7 0H3A3 3 0 0 0 0 3V6.5"
        "A3 3 0 0 0 3 9.5H7A3 3 0 0 0 10 6.5",
        "A": "M0 18L5 0L10 18M2 12H8",
        "B": "M0 0V18H7A3 3 0 0 0 10 15V11.5A3 3 0 0 0 7 8.5H0M7 8.5"
        "A2.5 2.5 0 0 0 9.5 6V2.5A2.5 2.5 0 0 0 7 0H0",
        "C": "M10 4V3A3 3 0 0 0 7 0H3A3 3 0 0 0 0 3V15A3 3 0 0 0 3 18H7A3 3 0 0 0 10 15V14",
        "D": "M0 0H6A4 4 0 0 1 10 4V14A4 4 0 0 1 6 18H0Z",
        "E": "M10 0H0V18H10M0 8.5H8",
        "F": "M10 0H0V18M0 8.5H8",
        "G": "M10 4V3A3 3 0 0 0 7 0H3A3 3 0 0 0 0 3V15A3 3 0 0 0 3 18H7A3 3 0 0 0 10 15V9.5H6",
        "H": "M0 0V18M10 0V18M0 8.5H10",
        "I": "M5 0V18",
        "J": "M9 0V15A3 3 0 0 1 6 18H3A3 3 0 0 1 0 15V14",
        "K": "M0 0V18M10 0L0 10M3.5 7L10 18",
        "L": "M0 0V18H10",
        "M": "M0 18V0L5 10L10 0V18",
        "N": "M0 18V0L10 18V0",
        "O": "M5 0A5 5 0 0 1 10 5V13A5 5 0 0 1 0 13V5A5 5 0 0 1 5 0Z",
        "P": "M0 18V0H7A3 3 0 0 1 10 3V6.5A3 3 0 0 1 7 9.5H0",
        "Q": "M5 0A5 5 0 0 1 10 5V13A5 5 0 0 1 0 13V5A5 5 0 0 1 5 0ZM6 13L10.5 18.5",
        "R": "M0 18V0H7A3 3 0 0 1 10 3V6A3 3 0 0 1 7 9H0M5.5 9L10 18",
        "S": "M10 4V3A3 3 0 0 0 7 0H3A3 3 0 0 0 0 3V5.5A3 3 0 0 0 3 8.5H7"
        "A3 3 0 0 1 10 11.5V15A3 3 0 0 1 7 18H3"
        "A3 3 0 0 1 0 15V14",
        "T": "M0 0H10M5 0V18",
        "U": "M0 0V15A3 3 0 0 0 3 18H7A3 3 0 0 0 10 15V0",
        "V": "M0 0L5 18L10 0",
        "W": "M0 0L2.5 18L5 7L7.5 18L10 0",
        "X": "M0 0L10 18M10 0L0 18",
        "Y": "M0 0L5 9L10 0M5 9V18",
        "Z": "M0 0H10L0 18H10",
    }
)
