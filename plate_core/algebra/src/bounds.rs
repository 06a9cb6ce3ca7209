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
    why: "a rectangle is 2,344 bytes (128 + 2,200 + 16), so 1,024 of them are 2.4 MB a pattern",
};

/// Rectangles of one area of a pattern in a file of the rule book.
pub const RECTANGLES_REVIEWED: Bound = Bound {
    slug: "too_many_rectangles",
    what: "the number of rectangles",
    min: 0,
    max: 8_192,
    why: "99 regions with the digits of the region and some classes beside; 8,192 of them are 19 MB",
};

/// Words of masks that compiling a pattern touches, of one that anybody may send.
pub const PATTERN_WORK_PUBLIC: Bound = Bound {
    slug: "pattern_too_costly",
    what: "the number of words of masks that a pattern needs",
    min: 0,
    max: 3 << 18,
    why: "a word costs 5 to 8 ns with all around it, so 786,432 of them are about 5 ms of the loop",
};

/// Words of masks that compiling a pattern touches, of one in a file of the rule book.
pub const PATTERN_WORK_REVIEWED: Bound = Bound {
    slug: "pattern_too_costly",
    what: "the number of words of masks that a pattern needs",
    min: 0,
    max: 1 << 26,
    why: "half a second for one rule, at the time when a rule book is loaded and nobody waits",
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

/// Bytes of one file of the rule book.
pub const FILE_BYTES: Bound = Bound {
    slug: "file_too_large",
    what: "the number of bytes of a file",
    min: 0,
    max: 1 << 20,
    why: "the longest file of patterns/kz has ten thousand; a draft comes from the network, so there is an end",
};

/// Faults of all files of a rule book together.
pub const RULE_BOOK_FAULTS: Bound = Bound {
    slug: "too_many_faults",
    what: "the number of faults listed",
    min: 0,
    max: 500,
    why: "a file of noise must not answer with a gigabyte of complaints",
};

/// Characters of a name, a note or a reason in a file.
pub const TEXT_CHARS: Bound = Bound {
    slug: "text_too_long",
    what: "the number of characters of a text",
    min: 1,
    max: 2_000,
    why: "a note of a page; names and reasons are shown whole",
};

/// Characters of an identifier in a file.
pub const IDENTIFIER_CHARS: Bound = Bound {
    slug: "id_invalid",
    what: "the number of characters of an identifier",
    min: 1,
    max: 64,
    why: "it becomes a key in JSON and a column in reports",
};

/// The number by which formats are ordered.
pub const FORMAT_NUMBER: Bound = Bound {
    slug: "out_of_range",
    what: "a format's number",
    min: 0,
    max: 255,
    why: "it orders the formats, of which there are at most 32",
};

/// The lowest digits that a format issues.
pub const DIGITS_FROM: Bound =
    Bound { slug: "out_of_range", what: "the lowest digits", min: 0, max: 999, why: "three digits at most" };

/// Tiers of one tariff.
pub const TIERS: Bound = Bound {
    slug: "too_many_tiers",
    what: "the number of tiers of a tariff",
    min: 1,
    max: 253,
    why: "a tier is a byte in a column, and two codes say that there is none",
};

/// Rules of one tariff.
pub const RULES: Bound = Bound {
    slug: "too_many_rules",
    what: "the number of rules of a tariff",
    min: 1,
    max: 255,
    why: "a rule is a byte in a table, and one code says that none wins",
};

/// Classes of one axis of a tariff's tables.
pub const CLASSES: Bound = Bound {
    slug: "too_many_classes",
    what: "the number of classes of digits or of series",
    min: 1,
    max: 255,
    why: "a class is a byte in a table, and one code says that there is none",
};

/// Patterns of beauty of one rule book.
pub const TAGS: Bound = Bound {
    slug: "too_many_tags",
    what: "the number of patterns of beauty",
    min: 0,
    max: 64,
    why: "the tags of a mark are the bits of one word",
};

/// Points of one pattern of beauty.
pub const BEAUTY_POINTS: Bound = Bound {
    slug: "out_of_range",
    what: "the points of a pattern of beauty",
    min: 0,
    max: 1_000,
    why: "the dearest of patterns/kz has a hundred; sixty-four of them still fit 32 bits",
};

/// Letters of a word by which people may ask for a pattern of beauty.
pub const SAID_LETTERS: Bound = Bound {
    slug: "said_invalid",
    what: "the number of letters of a word of search",
    min: 4,
    max: 64,
    why: "three letters could be a series",
};

/// A duty in hundredths of an MCI.
pub const MCI_HUNDREDTHS: Bound = Bound {
    slug: "mci_invalid",
    what: "a number of MCI in hundredths",
    min: 0,
    max: 1_000_000,
    why: "the dearest duty known is 285 MCI; a slip of two places (28500) must not become a price",
};

/// The monthly calculation index.
pub const MCI_VALUE_TENGE: Bound = Bound {
    slug: "out_of_range",
    what: "the MCI in tenge",
    min: 1,
    max: 1_000_000,
    why: "4,325 in 2026; times 10,000 MCI it is 10^12 tiyn, far from the end of 64 bits",
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
    PATTERN_WORK_PUBLIC,
    PATTERN_WORK_REVIEWED,
    STEP,
    FAULTS,
    FILE_BYTES,
    RULE_BOOK_FAULTS,
    TEXT_CHARS,
    IDENTIFIER_CHARS,
    FORMAT_NUMBER,
    DIGITS_FROM,
    TIERS,
    RULES,
    CLASSES,
    TAGS,
    BEAUTY_POINTS,
    SAID_LETTERS,
    MCI_HUNDREDTHS,
    MCI_VALUE_TENGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, sample::select};

    proptest! {
        /// Each bound takes what lies in it, refuses what does not, and says so with its own numbers.
        #[test]
        fn bounds_take_what_lies_in_them(bound in select(ALL.to_vec()), value in prop_oneof![0_u64..40, any::<u64>()]) {
            let inside = (bound.min..=bound.max).contains(&value);
            match bound.check(value) {
                Ok(taken) => prop_assert!(inside && taken == value),
                Err(error) => {
                    prop_assert!(!inside);
                    let sentence = error.to_string();
                    for part in [bound.what.to_owned(), bound.min.to_string(), bound.max.to_string(), value.to_string()] {
                        prop_assert!(sentence.contains(&part), "{}", sentence);
                    }
                }
            }
        }
    }

    /// The ends themselves are allowed, what lies one beyond is not, and every limit is argued.
    #[test]
    fn ends_are_allowed() {
        for bound in ALL {
            assert!(bound.check(bound.min).is_ok() && bound.check(bound.max).is_ok());
            assert!(bound.min == 0 || bound.check(bound.min - 1).is_err());
            assert!(bound.check(bound.max + 1).is_err());
            assert!(!bound.why.is_empty(), "{}", bound.slug);
        }
    }
}
