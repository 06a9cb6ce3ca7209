"""The table of bad patterns: a cause, the pattern, and the code of the fault that must be named."""

from collections.abc import Iterator

from tests.api.bad_inputs import MARKS, Bad


def patterns() -> Iterator[Bad]:
    """Patterns that cannot be meant, at the search."""
    bad = {
        "a bracket that stays open": ("(777", "bracket_unclosed"),
        "a bracket that was never opened": ("777)", "bracket_unopened"),
        "nothing after an or": ("777 |", "operand_missing"),
        "nothing before an or": ("| 777", "operand_missing"),
        "a complement of nothing": ("!", "operand_missing"),
        "digits of nothing": ("digits()", "operand_missing"),
        "brackets within brackets within": ("(" * 34 + "7" + ")" * 34, "pattern_too_deep"),
        "a sign of another language": ("777$", "foreign_character"),
        "a letter no mark has": ("7Ж7", "foreign_character"),
        "a letter that only looks like Y": ("777 ҰҰҰ", "lookalike_not_y"),
        "four digits": ("7777", "shape_fits_no_format"),
        "a letter between digits": ("7A7", "shape_fits_no_format"),
        "digits before a region that is none": ("???AAA99", "region_unknown"),
        "a region of its own that is none": ("region(99)", "region_unknown"),
        "digits that are never issued": ("000", "digits_not_issued"),
        "a name of no pattern": ("@nope", "name_unknown"),
        "a word of no list": ("AAAAA", "word_unknown"),
        "a comma too many": ("digits(1,)", "sign_misplaced"),
        "a range of one digit": ("digits(9-1)", "wrong_length"),
        "a range that runs backwards": ("digits(900-100)", "range_reversed"),
        "a step of nothing": ("step(", "step_invalid"),
        "a mark of a foreigner": ("F1234", "foreign_format"),
    }
    for cause, (pattern, fault) in bad.items():
        query = {"params": {"pattern": pattern}}
        yield Bad(f"pattern: {cause}", "nobody", "GET", MARKS, 422, "pattern_invalid", query, None, fault)
