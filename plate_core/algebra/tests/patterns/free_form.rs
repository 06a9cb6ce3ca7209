//! Free form: which reading counts, shown by spellings that mean the same.

use plate_algebra::{Area, Origin, Pattern, fixtures};

/// The areas of the enabled formats; two texts mean the same exactly if these are equal.
fn areas(text: &str) -> Vec<Area> {
    let formats = fixtures::kazakhstan().unwrap();
    let pattern = Pattern::compile(text, &Origin::input("search"), &formats)
        .unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    formats.enabled().map(|(id, _)| pattern.area(id).clone()).collect()
}

/// What drivers type for one and the same thing, line by line.
#[test]
fn spellings_of_the_same() {
    let table: [&[&str]; 16] = [
        &[
            "777AAA02",
            "777 AAA 02",
            "777-aaa-02",
            "kz 777 ААА 02",
            "KZ777ааа02",
            "７７７ＡＡＡ０２",
            "7 7 7 A A A 0 2",
        ],
        &["777", "KZ 777", "777*", "digits:777", "7 7 7", "(777)", "777-777"],
        &["777 02", "777*02", "digits:777 region:02", "777 & 02", "digits:777 & region:02", "02 & 777"],
        &["AAA", "ааа", "А А А", "series:AAA", "AAA*", "*AAA*"],
        &["aba AAA", "abaAAA", "digits:aba series:AAA", "digits:aba & series:AAA", "xyx ааа"],
        &["aba 02", "ABA 02", "series:ABA region:02"],
        &["*", "**", "* *", "???", "* * *", "! !*", "digits:*", "series:*"],
        &["KZ 02", "series:KZ region:02", "kz02"],
        &["7* 02", "digits:7?? region:02", "7??*02"],
        &["7*7", "digits:7?7 | (digits:7?? & region:?7)"],
        &["*77 A?A", "digits:?77 & series:A?A", "?77A?A"],
        &["{777,888} AAA 02", "(777|888) AAA 02", "777AAA02 | 888AAA02", "{888AAA,777AAA} 02"],
        &["!777 AAA", "AAA & !777", "(AAA) & !(777)"],
        &["!(777 AAA)", "!777 | !AAA"],
        &["digits:{001-003,777}", "{001-003,777}", "001-003 | 777", "digits:(001 | 002-003 | 777)"],
        &["series:A?? & !series:?A? 02", "series:(A?? & !?A?) region:02"],
    ];
    for line in table {
        let first = areas(line[0]);
        for text in &line[1..] {
            assert_eq!(areas(text), first, "{text:?} and {:?}", line[0]);
        }
    }
}

/// Letters are letters where that fits; only `digits:` makes a lone lower-case word a template of digits.
#[test]
fn lower_case_is_a_template_only_where_letters_cannot_stand() {
    assert_eq!(areas("aba"), areas("series:ABA"));
    assert_ne!(areas("aba"), areas("digits:aba"));
    assert_eq!(areas("aba ???"), areas("digits:aba format:person_car"));
    assert_eq!(areas("series:aba"), areas("series:xyx"));
    assert_ne!(areas("series:aba"), areas("series:ABA"));
}

/// The tightest operator first: `!`, standing side by side, `&`, `|`.
#[test]
fn precedence() {
    assert_eq!(areas("777 | 888 & AAA"), areas("777 | (888 & AAA)"));
    assert_eq!(areas("777 | 888 AAA"), areas("777 | (888 & AAA)"));
    assert_eq!(areas("!777 & AAA | 02"), areas("((!777) & AAA) | 02"));
    assert_eq!(areas("digits:(aba | aab & !77?)"), areas("digits:aba | digits:(aab & !77?)"));
}
