//! Marks as people type them, and their numbering.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use plate_algebra::{ForeignFormat, RegionInfo, ordinal::ROW_BITS};
use plate_algebra::{Format, Formats, Mark, Names, Ordinal, Origin, ParseError, Pool, Region, fixtures};
use proptest::{prelude::*, sample::Index};

fn formats() -> Formats {
    fixtures::kazakhstan().unwrap()
}

/// Everything on a line is the same mark: the first spelling is the canonical one.
#[test]
fn spellings_of_one_mark() {
    let table: [&[&str]; 7] = [
        &[
            "777AAA02",
            "777 AAA 02",
            "777-AAA-02",
            "777aaa02",
            "  777\tAAA\u{00A0}02 ",
            "777ААА02",
            "777 ааа 02",
        ],
        &[
            "001KBE16",
            "001КВЕ16",
            "001 кве 16",
            "KZ 001 KBE 16",
            "kz001kbe16",
            "００１ＫＢＥ１６",
            "001ｋｂｅ16",
        ],
        &["123MHO20", "123МНО20", "123 мно 20", "1 2 3 M H O 2 0", "123–MHO–20", "123\u{200B}MHO\u{FEFF}20"],
        &["999PCT01", "999РСТ01", "999рст01", "КZ 999 PCT 01"],
        &["100YXI10", "100УХІ10", "100 ухі 10"],
        &["010KZ02", "010 KZ 02", "KZ 010 KZ 02", "kz010kz02", "010кz02"],
        &["500ZZZ09", "500-ZZZ-09", "KZ-500-ZZZ-09"],
    ];
    let formats = formats();
    for line in table {
        for spelling in line {
            let mark = formats.parse(spelling).unwrap_or_else(|error| panic!("{spelling:?}: {error}"));
            assert_eq!(formats.text(mark), line[0], "{spelling:?}");
        }
    }
    let mark = formats.parse("001kbe16").unwrap();
    assert_eq!(formats.display(mark), "001 KBE 16");
    assert_eq!(formats.pool_id(mark.pool()), "person_car.16");
}

/// Text, then the slug, the position and the character that are named.
#[test]
fn what_is_refused_and_why() {
    let long = " ".repeat(65);
    let table: &[(&str, &str, Option<u32>, Option<char>)] = &[
        ("", "empty", None, None),
        (" - \u{200B}", "empty", None, None),
        (&long, "too_long", None, None),
        ("777ЖAA02", "foreign_character", Some(4), Some('Ж')),
        ("777 AӘA 02", "foreign_character", Some(6), Some('Ә')),
        ("777 ҚAA 02", "foreign_character", Some(5), Some('Қ')),
        ("777_AAA_02", "foreign_character", Some(4), Some('_')),
        ("777AAA02!", "foreign_character", Some(9), Some('!')),
        ("777AAA０！", "foreign_character", Some(8), Some('！')),
        ("７７７АҮА02", "lookalike_not_y", Some(5), Some('Ү')),
        ("777 ААұ 02", "lookalike_not_y", Some(7), Some('ұ')),
        ("H 1234 02", "foreign_format", None, None),
        ("f123416", "foreign_format", None, None),
        ("D 123 456", "foreign_format", None, None),
        ("KZ H 1234 02", "foreign_format", None, None),
        ("77 AA 02", "format_disabled", None, None),
        ("7", "wrong_shape", Some(2), None),
        ("777", "wrong_shape", Some(4), None),
        ("777A02", "wrong_shape", Some(5), Some('0')),
        ("777 AAAA 02", "wrong_shape", Some(8), Some('A')),
        ("777 AAA 2", "wrong_shape", Some(10), None),
        ("777 AAA 023", "wrong_shape", Some(11), Some('3')),
        ("7O7 AAA 02", "wrong_shape", Some(2), Some('O')),
        ("777 A0A 02", "wrong_shape", Some(6), Some('0')),
        ("AAA 777 02", "wrong_shape", Some(1), Some('A')),
        ("KZ", "wrong_shape", Some(3), None),
        ("KZ AAA 777 02", "wrong_shape", Some(4), Some('A')),
        ("950101300123", "wrong_shape", Some(4), Some('1')),
        ("777 AAA 21", "region_unknown", Some(9), None),
        ("777AAA00", "region_unknown", Some(7), None),
        ("000 AAA 99", "region_unknown", Some(9), None),
        ("000 AAA 02", "digits_not_issued", Some(1), None),
        ("KZ 000 AA 02", "digits_not_issued", Some(4), None),
    ];
    let formats = formats();
    for (text, slug, position, character) in table {
        let error = formats.parse(text).expect_err(text);
        assert_eq!(
            (error.slug(), error.position(), error.character()),
            (*slug, *position, *character),
            "{text:?}: {error}"
        );
    }
    for (text, id, name) in [
        ("H 1234 02", "foreign_owner", "Foreign owner"),
        ("D 123 456", "diplomatic", "Diplomatic"),
        ("77 AA 02", "motorcycle", "Motorcycle"),
    ] {
        let refused = formats.parse(text).expect_err(text);
        assert!(refused.to_string().contains(name), "{text}: {refused}");
        match refused {
            ParseError::ForeignFormat { format, names } | ParseError::FormatDisabled { format, names } => {
                assert_eq!((format.as_str(), names.en.as_str()), (id, name));
            }
            other => panic!("{text}: {other}"),
        }
    }
}

/// The sentences say which character, where and why, and what was expected instead.
#[test]
fn refusals_are_sentences() {
    let formats = formats();
    let sentence = |text: &str| formats.parse(text).unwrap_err().to_string();
    assert_eq!(sentence("7O7 AAA 02"), "character 2 should be a digit, found the letter O");
    assert_eq!(sentence("777 AA"), "character 7 should be a digit or a letter, found the end");
    assert_eq!(sentence("777 AAA 021"), "character 11 should be the end, found the digit 1");
    assert_eq!(sentence("777 АҮА 02"), "character 6, 'Ү', is a Kazakh letter and not the Latin Y");
    assert_eq!(sentence("000 AAA 02"), "the digits from character 1 on are not issued: they begin with 001");
    assert_eq!(sentence("777 AAA 21"), "there is no region 21 (character 9)");
}

/// A format that begins with letters can have the series KZ: the country is dropped only where it must be.
#[test]
fn the_country_is_dropped_only_where_the_text_cannot_be_read_with_it() {
    let origin = Origin::file("test", 1, 1);
    let front = Format::new("front", "LL NNN RR", true, 1, Names::default(), &origin).unwrap();
    let region = RegionInfo { region: Region::new(2).unwrap(), names: Names::default(), origin };
    let formats = Formats::new(vec![front], Vec::new(), vec![region]).unwrap();
    let text = |typed: &str| formats.parse(typed).map(|mark| formats.text(mark));
    assert_eq!(text("KZ 123 02").as_deref(), Ok("KZ12302"));
    assert_eq!(text("KZ KZ 123 02").as_deref(), Ok("KZ12302"));
    assert_eq!(text("KZ AB 123 02").as_deref(), Ok("AB12302"));
}

/// Every slug of the list is an answer somewhere in this file, and every answer is in the list.
#[test]
fn slugs_are_listed() {
    let formats = formats();
    let texts = [
        "",
        "Ж",
        "Ү",
        "H123402",
        "7",
        "77AA02",
        "777AAA21",
        "000AAA02",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    ];
    let mut seen: Vec<&str> = texts.iter().map(|text| formats.parse(text).unwrap_err().slug()).collect();
    let mut listed = ParseError::SLUGS.to_vec();
    seen.sort_unstable();
    listed.sort_unstable();
    assert_eq!(seen, listed);
}

/// Over the borders of every pool: ordinals and marks are each other's inverse, and nothing else is a mark.
#[test]
fn ordinals_are_a_bijection_at_the_borders_of_every_pool() {
    let formats = formats();
    for pool in formats.pools() {
        let rows = formats.get(pool.format).rows() as u16;
        for row in [0, 1, rows / 2, rows - 2, rows - 1] {
            for bit in 0..ROW_BITS as u16 {
                inverse(&formats, pool, row, bit);
            }
        }
        for row in (0..rows).step_by(13) {
            for bit in [0, 1, 2, 998, 999, 1000, 1023] {
                inverse(&formats, pool, row, bit);
            }
        }
        let beyond = Ordinal::new(rows, 1);
        assert_eq!(Mark::at(pool, beyond, &formats).unwrap_err().slug(), "row_beyond_series");
    }
}

fn inverse(formats: &Formats, pool: Pool, row: u16, bit: u16) {
    let ordinal = Ordinal::new(row, bit);
    assert_eq!((ordinal.row(), ordinal.bit()), (row, bit));
    assert_eq!(Ordinal::from_u32(ordinal.get()), Some(ordinal));
    let mark = Mark::at(pool, ordinal, formats);
    if (1..1000).contains(&bit) {
        let mark = mark.unwrap();
        assert_eq!((mark.pool(), mark.ordinal()), (pool, ordinal));
    } else {
        assert_eq!(mark.unwrap_err().slug(), "digits_not_issued");
    }
}

/// A whole pool of each format: the texts are all different, and each is read back as its mark.
#[test]
fn texts_are_a_bijection_over_whole_pools() {
    let formats = formats();
    for (id, format) in formats.enabled() {
        let region = formats.regions()[usize::from(id.0)].region;
        let pool = Pool { format: id, region };
        // Persons' pools are 26 times larger: every 26th series (each letter comes up in each place).
        let step = format.rows() as usize / 676;
        let mut last = String::new();
        for series in (0..format.rows() as u16).step_by(step) {
            for digits in 1..1000 {
                let mark = Mark::at(pool, Ordinal::new(series, digits), &formats).unwrap();
                let text = formats.text(mark);
                assert_eq!(formats.parse(&text), Ok(mark));
                // Digits stand first in the text, so within a series texts ascend with the ordinal.
                assert!(digits == 1 || text > last);
                last = text;
            }
        }
    }
}

/// Pools have names, and the names are read back.
#[test]
fn pools_have_names() {
    let formats = formats();
    let pools = formats.pools();
    assert_eq!(pools.len(), 40);
    for pool in &pools {
        assert_eq!(formats.pool(&formats.pool_id(*pool)), Some(*pool));
    }
    for unknown in
        ["", "person_car", "person_car.", "person_car.21", "person_car.2", "motorcycle.02", "lorry.02"]
    {
        assert_eq!(formats.pool(unknown), None, "{unknown}");
    }
}

/// A number of another rule book shows nothing and stops nobody.
#[test]
fn a_stale_format_number_is_inert() {
    let formats = formats();
    let stale = Mark { format: plate_algebra::FormatId(9), ..formats.parse("777AAA02").unwrap() };
    assert_eq!(formats.text(stale), "");
    assert_eq!(formats.check(stale).unwrap_err().slug(), "format_unknown");
    assert!(formats.whole(stale.format).is_empty());
}

/// The faults of formats and regions that cannot stand together.
#[test]
fn formats_that_cannot_stand_together() {
    let origin = Origin::file("formats/x.toml", 3, 1);
    let codes = |result: Result<Format, Vec<plate_algebra::Fault>>| {
        result.map(|_| ()).map_err(|faults| faults.iter().map(|fault| fault.code).collect::<Vec<_>>())
    };
    let format = |id, template| Format::new(id, template, true, 1, Names::default(), &origin);
    assert_eq!(codes(format("car", "NNN LLL RR")), Ok(()));
    assert_eq!(codes(format("Car", "NNN LLL RR")), Err(vec!["format_id_invalid"]));
    assert_eq!(codes(format("car", "NNNN LLL RR")), Err(vec!["digit_count_out_of_range"]));
    assert_eq!(codes(format("car", "NNN LLLL RR")), Err(vec!["letter_count_out_of_range"]));
    assert_eq!(codes(format("car", "NNN RR")), Err(vec!["letter_count_out_of_range"]));
    assert_eq!(codes(format("car", "NNN LLL R")), Err(vec!["template_invalid"]));
    assert_eq!(codes(format("car", "NNN-LLL RR")), Err(vec!["template_invalid"]));
    let empty = Format::new("car", "N L RR", true, 10, Names::default(), &origin);
    assert_eq!(codes(empty), Err(vec!["digits_from_out_of_range"]));

    let region = |code| RegionInfo {
        region: Region::new(code).unwrap(),
        names: Names::default(),
        origin: origin.clone(),
    };
    let together = |formats: Vec<Format>, foreign, regions| {
        let faults = Formats::new(formats, foreign, regions).map(|_| ()).unwrap_err();
        faults.iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let car = || format("car", "NNN LLL RR").unwrap();
    let twin = format("twin", "NN LLL NRR").unwrap();
    let front = format("front", "RRN LLL NN").unwrap();
    assert_eq!(together(vec![car(), car()], vec![], vec![region(1)]), ["format_duplicate"]);
    assert!(Formats::new(vec![car(), twin], vec![], vec![region(1)]).is_ok());
    assert_eq!(together(vec![front, car()], vec![], vec![region(1)]), ["format_shape_ambiguous"]);
    assert_eq!(together(vec![car()], vec![], vec![]), ["regions_missing"]);
    assert_eq!(together(vec![car()], vec![], vec![region(1), region(1)]), ["region_duplicate"]);
    assert_eq!(together(vec![], vec![], vec![region(1)]), ["format_count_out_of_range"]);
    let foreign = ForeignFormat::new("car", "[FH] NNNN RR", Names::default(), &origin).unwrap();
    assert_eq!(together(vec![car()], vec![foreign], vec![region(1)]), ["format_duplicate"]);
    for template in ["", "X", "[FH", "[] NN", "[f] NN"] {
        let faults = ForeignFormat::new("alien", template, Names::default(), &origin).unwrap_err();
        assert_eq!(faults[0].code, "template_invalid", "{template}");
    }
}

/// What people do to the characters of a mark without meaning another one.
fn disguise(text: &str, choices: &[Index], country: bool) -> String {
    let looks: &[(char, &str)] = &[
        ('A', "aАаＡ"),
        ('B', "bВв"),
        ('E', "eЕе"),
        ('K', "kКк"),
        ('M', "mМм"),
        ('H', "hНн"),
        ('O', "oОо"),
        ('P', "pРр"),
        ('C', "cСс"),
        ('T', "tТт"),
        ('Y', "yУу"),
        ('X', "xХх"),
        ('I', "iІі"),
        ('0', "０"),
        ('7', "７"),
    ];
    let mut disguised = if country { "Kz ".to_owned() } else { String::new() };
    for (sign, choice) in text.chars().zip(choices) {
        let alike = looks.iter().find(|(plain, _)| *plain == sign).map_or("", |(_, alike)| alike);
        let lower = sign.to_ascii_lowercase();
        let spellings: Vec<char> = [sign, lower].into_iter().chain(alike.chars()).collect();
        disguised.push(spellings[choice.index(spellings.len())]);
        disguised.push_str(["", "", "", " ", "-", "\u{00A0}"][choice.index(6)]);
    }
    disguised
}

fn any_mark() -> impl Strategy<Value = Mark> {
    (any::<Index>(), any::<Index>(), 1_u16..1000).prop_map(|(pool, series, digits)| {
        let formats = formats();
        let pools = formats.pools();
        let pool = pools[pool.index(pools.len())];
        let series = series.index(formats.get(pool.format).rows() as usize) as u16;
        Mark { format: pool.format, region: pool.region, series, digits }
    })
}

proptest! {
    /// However a mark is typed, it is read as itself.
    #[test]
    fn disguised_marks_are_read(
        mark in any_mark(),
        choices in prop::collection::vec(any::<Index>(), 8),
        country in any::<bool>(),
    ) {
        let formats = formats();
        let typed = disguise(&formats.text(mark), &choices, country);
        prop_assert_eq!(formats.parse(&typed), Ok(mark), "{}", typed);
        prop_assert_eq!(formats.parse(&formats.display(mark)), Ok(mark));
        prop_assert_eq!(Mark::at(mark.pool(), mark.ordinal(), &formats), Ok(mark));
    }

    /// Two marks share a text, or a pool and an ordinal, only if they are the same.
    #[test]
    fn different_marks_are_told_apart(one in any_mark(), other in any_mark()) {
        let formats = formats();
        let same_text = formats.text(one) == formats.text(other);
        let same_place = (one.pool(), one.ordinal()) == (other.pool(), other.ordinal());
        prop_assert_eq!(same_text, one == other);
        prop_assert_eq!(same_place, one == other);
        prop_assert_eq!(one.cmp(&other), (one.pool(), one.ordinal()).cmp(&(other.pool(), other.ordinal())));
    }

    /// Any text at all is a mark or a named refusal whose position lies in the text or right behind it.
    #[test]
    fn any_text_has_an_answer(text in "(?s).{0,70}") {
        match formats().parse(&text) {
            Ok(mark) => prop_assert!(formats().check(mark).is_ok()),
            Err(error) => {
                prop_assert!(ParseError::SLUGS.contains(&error.slug()));
                let length = text.chars().count() as u32;
                prop_assert!(error.position().is_none_or(|at| at >= 1 && at <= length + 1));
            }
        }
    }

    /// Texts made of what marks are made of, wrong in length and order, have an answer as well.
    #[test]
    fn any_mixture_of_digits_and_letters_has_an_answer(text in "[0-9A-Fkz АВ-]{0,12}") {
        if let Err(error) = formats().parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
