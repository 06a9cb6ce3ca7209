//! A limit on everything, each declared once: the declaration gives the check, the error text and, in the
//! tests, the generator.
//!
//! Each limit says in `why` where its number comes from. Nothing else in the crate writes such a number.

use thiserror::Error;

/// A closed interval of whole numbers that something must lie in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// Stable slug of the fault when it is broken.
    pub slug: &'static str,
    /// What is counted, as it stands in a sentence.
    pub what: &'static str,
    /// Smallest value allowed.
    pub min: u64,
    /// Largest value allowed.
    pub max: u64,
    /// Where the number comes from.
    pub why: &'static str,
}

/// A value outside its bound.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Error)]
#[error("{what} must be {min} to {max}, found {value}", what = .bound.what, min = .bound.min, max = .bound.max)]
pub struct OutOfBounds {
    /// The bound that was broken.
    pub bound: Bound,
    /// The value found.
    pub value: u64,
}

impl Bound {
    /// The value itself if it lies in the bound.
    pub const fn check(self, value: u64) -> Result<u64, OutOfBounds> {
        if value < self.min || value > self.max { Err(OutOfBounds { bound: self, value }) } else { Ok(value) }
    }
}

/// The code of a region.
pub const REGION_CODE: Bound = Bound {
    slug: "region_out_of_range",
    what: "a region's code",
    min: 1,
    max: 99,
    why: "two digits on the plate, and 00 is none",
};

/// Digits in a mark.
pub const DIGIT_COUNT: Bound = Bound {
    slug: "digit_count_out_of_range",
    what: "the number of digits (N) in a template",
    min: 1,
    max: 3,
    why: "10^3 = 1,000 digit values fit the 1,024 bits of a row; four digits would need 10,000",
};

/// Letters in a mark.
pub const LETTER_COUNT: Bound = Bound {
    slug: "letter_count_out_of_range",
    what: "the number of letters (L) in a template",
    min: 1,
    max: 3,
    why: "26^3 = 17,576 rows fit 16 bits; 26^4 = 456,976 do not, and would be 58 MB a region",
};

/// Formats in a rule book.
pub const FORMAT_COUNT: Bound = Bound {
    slug: "format_count_out_of_range",
    what: "the number of formats",
    min: 1,
    max: 32,
    why: "every pattern compiles once a format; the country has two, and a handful are imaginable",
};

/// Characters of a mark as it is typed.
pub const MARK_CHARS: Bound = Bound {
    slug: "too_long",
    what: "the number of characters of a mark",
    min: 1,
    max: 64,
    why: "a mark has at most 8 places (3 + 3 + 2), KZ two more; the rest is room for blanks and dashes",
};

/// Characters of a pattern that anybody may send.
pub const PATTERN_CHARS_PUBLIC: Bound = Bound {
    slug: "pattern_too_long",
    what: "the number of characters of a pattern",
    min: 1,
    max: 256,
    why: "a driver types about 10 characters and an expert 100; the longest pattern compiles in milliseconds",
};

/// Characters of a pattern in a file of the rule book.
pub const PATTERN_CHARS_REVIEWED: Bound = Bound {
    slug: "pattern_too_long",
    what: "the number of characters of a pattern",
    min: 1,
    max: 16_384,
    why: "a list of 4,000 words of three letters with their commas",
};

/// Brackets within brackets.
pub const PATTERN_NESTING: Bound = Bound {
    slug: "pattern_too_deep",
    what: "the nesting of brackets",
    min: 0,
    max: 16,
    why: "the reader recurses once a bracket, about 1 KB of stack each, and nobody reads sixteen of them",
};

/// Rectangles of one area of a pattern that anybody may send.
pub const RECTANGLES_PUBLIC: Bound = Bound {
    slug: "too_many_rectangles",
    what: "the number of rectangles",
    min: 0,
    max: 1_024,
    why: "a rectangle is 2,341 bytes (128 + 2,197 + 16), so 1,024 of them are 2.4 MB a pattern",
};

/// Rectangles of one area of a pattern in a file of the rule book.
pub const RECTANGLES_REVIEWED: Bound = Bound {
    slug: "too_many_rectangles",
    what: "the number of rectangles",
    min: 0,
    max: 8_192,
    why: "99 regions with the digits of the region and some classes beside; 8,192 of them are 19 MB",
};

/// The size of a step.
pub const STEP: Bound = Bound {
    slug: "step_invalid",
    what: "the size of a step",
    min: 1,
    max: 12,
    why: "A, M, Y is the widest ladder of three letters: 2 x 12 = 24 of 25; digits end at 0, 4, 8",
};

/// Faults in one answer.
pub const FAULTS: Bound = Bound {
    slug: "too_many_faults",
    what: "the number of faults listed",
    min: 0,
    max: 64,
    why: "more than anybody mends in one round",
};

/// Every bound, for the tests and for the reference page.
pub const ALL: &[Bound] = &[
    REGION_CODE,
    DIGIT_COUNT,
    LETTER_COUNT,
    FORMAT_COUNT,
    MARK_CHARS,
    PATTERN_CHARS_PUBLIC,
    PATTERN_CHARS_REVIEWED,
    PATTERN_NESTING,
    RECTANGLES_PUBLIC,
    RECTANGLES_REVIEWED,
    STEP,
    FAULTS,
];
