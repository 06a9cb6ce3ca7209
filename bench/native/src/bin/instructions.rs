//! What `bench/instructions.py` counts under callgrind: each `measured_*` function once, in the order below.
//!
//! Instructions repeat exactly where time does not, so they show what a tenth of a microsecond would hide.
//! Plain kernels search here: which vectors a machine has must not change the count.
//! Not here: preparation, which stands outside the counted functions, and the counting itself.

#![allow(clippy::expect_used, reason = "a bench may stop")]

use std::hint::black_box;

use plate_algebra::column::TextColumn;
use plate_algebra::{Acquired, Area, Mark, Origin, RuleBook};
use plate_bench::{country, law, mix};
use plate_scan::kernels::{Kernel, Level};
use plate_scan::{Order, Planes, Query};

/// How often the short ones are repeated, so that entering the function weighs nothing.
const TIMES: usize = 100;

fn main() {
    let book = law::book();
    measured_parse_written(&book);
    measured_parse_typed(&book);
    measured_parse_refused(&book);
    let marks: Vec<Mark> = TEXTS.iter().map(|text| book.formats().parse(text).expect("a mark")).collect();
    measured_classify_marks(&book, &marks);
    let (offsets, data) = buffers(&TEXTS.repeat(TIMES));
    measured_classify_column(&book, &offsets, &data);
    measured_explain(&book, marks[0]);
    measured_compile_glob(&book);
    measured_compile_word(&book);
    measured_compile_condition(&book);
    let planes = country::one_region(&book).planes();
    let planes = planes.with_kernel(Kernel::of(Level::Scalar).expect("plain code runs everywhere"));
    let glob = mix::area(&book, "7*7");
    measured_search_first_page(&planes, &glob);
    let last = mix::area(&book, "digits:777 & series:Z*");
    measured_search_last_row(&planes, &last);
    let condition = mix::area(&book, "digits:(aba & !707) & series:aba");
    measured_count_region(&planes, &condition);
}

/// Marks of every kind: dear and ordinary, persons' and entities'.
const TEXTS: [&str; 8] =
    ["777AAA02", "123ABC01", "707KZA20", "100AB07", "555TTT16", "010XYZ11", "919KAZ05", "001QQ03"];

#[inline(never)]
fn measured_parse_written(book: &RuleBook) {
    for text in TEXTS.repeat(TIMES) {
        black_box(book.formats().parse(black_box(text))).expect("a mark");
    }
}

#[inline(never)]
fn measured_parse_typed(book: &RuleBook) {
    for _ in 0..TIMES {
        black_box(book.formats().parse(black_box(" kz 777-ааа-02"))).expect("a mark");
    }
}

#[inline(never)]
fn measured_parse_refused(book: &RuleBook) {
    for _ in 0..TIMES {
        black_box(book.formats().parse(black_box("777AAA2"))).expect_err("no mark");
    }
}

#[inline(never)]
fn measured_classify_marks(book: &RuleBook, marks: &[Mark]) {
    let classifier = book.classifier(Acquired::Chosen, law::day()).expect("a tariff");
    for _ in 0..TIMES {
        black_box(classifier.classify_all(black_box(marks)));
    }
}

#[inline(never)]
fn measured_classify_column(book: &RuleBook, offsets: &[u8], data: &[u8]) {
    let column = TextColumn::new(offsets, data).expect("a column");
    black_box(book.classify_texts(black_box(column), Acquired::Chosen, law::day())).expect("a tariff");
}

#[inline(never)]
fn measured_explain(book: &RuleBook, mark: Mark) {
    black_box(book.explain(black_box(mark), Acquired::Chosen, law::day())).expect("a certificate");
}

#[inline(never)]
fn measured_compile_glob(book: &RuleBook) {
    black_box(book.pattern(black_box("7*7"), &Origin::input("bench"))).expect("a pattern");
}

#[inline(never)]
fn measured_compile_word(book: &RuleBook) {
    black_box(book.pattern(black_box("мирр 02"), &Origin::input("bench"))).expect("a pattern");
}

#[inline(never)]
fn measured_compile_condition(book: &RuleBook) {
    let text = black_box("digits:(aba & !707) & series:!aaa");
    black_box(book.pattern(text, &Origin::input("bench"))).expect("a pattern");
}

#[inline(never)]
fn measured_search_first_page(planes: &Planes, area: &Area) {
    assert_eq!(page(planes, area), 20);
}

#[inline(never)]
fn measured_search_last_row(planes: &Planes, area: &Area) {
    assert_eq!(page(planes, area), 1);
}

#[inline(never)]
fn measured_count_region(planes: &Planes, area: &Area) {
    assert!(black_box(planes.count_free(area)) > 0);
}

fn page(planes: &Planes, area: &Area) -> usize {
    let areas = std::slice::from_ref(area);
    let query = Query { areas, free_only: true, order: Order::Number, after: None, limit: 20 };
    black_box(planes.search(&query)).expect("a page").marks.len()
}

/// Texts in Arrow's layout.
fn buffers(texts: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let (mut offsets, mut data) = (0_i32.to_le_bytes().to_vec(), Vec::new());
    for text in texts {
        data.extend_from_slice(text.as_bytes());
        offsets.extend_from_slice(&i32::try_from(data.len()).expect("short texts").to_le_bytes());
    }
    (offsets, data)
}
