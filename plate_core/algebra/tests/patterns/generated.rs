//! Patterns made at random, against the slow reference.
//!
//! Two countries: a small one, whose every mark is judged for every pattern, and the real one, where whole
//! axes through some marks are judged: all 1,000 digit values, all series, all regions.

use crate::reference::{Country, Kinds, Seen, Tree, Values, holds};
use plate_algebra::{
    Area, Format, FormatId, Formats, Mark, Names, Origin, Pattern, Region, RegionInfo, fixtures,
};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::TestCaseResult,
};
use std::sync::LazyLock;

/// A country of 4 regions and 3 formats, one of them with its letters in two places: 99 × 26 + 9 × 676 + 9 ×
/// 676 marks a region, 58,968 in all.
fn small_country() -> Formats {
    let origin = Origin::file("small", 1, 1);
    let format =
        |id, template, enabled| Format::new(id, template, enabled, 1, Names::default(), &origin).unwrap();
    let formats = vec![
        format("short", "NN L RR", true),
        format("parted", "L N L RR", true),
        format("asleep", "N LL RR", false),
    ];
    let regions = [1, 2, 12, 77].map(|code| RegionInfo {
        region: Region::new(code).unwrap(),
        names: Names::default(),
        origin: origin.clone(),
    });
    Formats::new(formats, Vec::new(), regions.to_vec()).unwrap()
}

fn see(formats: &Formats, mark: Mark) -> Seen {
    let format = formats.get(mark.format);
    let text = formats.text(mark);
    let mut rest = text.as_str();
    let groups = format.template.split(' ').map(|group| {
        let (taken, behind) = rest.split_at(group.len());
        rest = behind;
        taken.to_owned()
    });
    Seen {
        format: format.id.clone(),
        groups: groups.collect(),
        digits: format.digits_text(mark.digits),
        series: format.series_text(mark.series),
        region: mark.region.to_string(),
    }
}

/// The small country with every mark of it, as it is seen; made once.
fn small_marks() -> &'static [(Mark, Seen)] {
    static MARKS: LazyLock<Vec<(Mark, Seen)>> = LazyLock::new(|| {
        let formats = small_country();
        let areas = formats.iter().map(|(id, _)| formats.whole(id));
        areas
            .flat_map(|area| area.iter().map(|mark| (mark, see(&formats, mark))).collect::<Vec<_>>())
            .collect()
    });
    &MARKS
}

fn country(formats: &Formats) -> Country {
    let of = |format: &Format| {
        let groups = format.template.split(' ');
        Kinds {
            enabled: format.enabled,
            number: groups.clone().map(|group| group.starts_with('N')).collect(),
            groups: groups.map(|group| group.replace(['N', 'R'], "9").replace('L', "A")).collect(),
        }
    };
    Country::new(formats.iter().map(|(_, format)| of(format)).collect())
}

/// The text of a tree. Brackets everywhere: which operator binds tighter has a test of its own.
fn render(tree: &Tree) -> String {
    let list = |parts: &[Tree], sign: &str| {
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", render(part))).collect();
        parts.join(sign)
    };
    match tree {
        Tree::Union(parts) => list(parts, " | "),
        Tree::Intersection(parts) => list(parts, "&"),
        Tree::Not(part) => format!("!({})", render(part)),
        Tree::Digits(values) => format!("digits:({})", render_values(values)),
        Tree::Series(values) => format!("series:{{{}}}", render_values(values)),
        Tree::Region(values) => format!("region:({})", render_values(values)),
        Tree::Format(id) => format!("format:{id}"),
        Tree::Shape(words) => words.join(" "),
    }
}

fn render_values(values: &Values) -> String {
    match values {
        Values::Union(parts) => {
            let parts: Vec<String> = parts.iter().map(render_values).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Values::Intersection(parts) => {
            let parts: Vec<String> = parts.iter().map(render_values).collect();
            format!("({})", parts.join(" & "))
        }
        Values::Not(part) => format!("!({})", render_values(part)),
        Values::Glob(glob) => glob.clone(),
        Values::Range(from, to) => format!("{from}-{to}"),
        Values::Step(step) => format!("step({step:+})"),
    }
}

/// How one character of a real mark is blurred: kept, `?`, `*`, or a template letter.
fn blurs(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..6, length)
}

/// A glob that the value fits, made by blurring its characters.
fn blur(value: &str, blurs: &[u8], templates: bool) -> String {
    let mut glob = String::new();
    for (sign, blur) in value.chars().zip(blurs) {
        match blur {
            0 | 1 => glob.push(sign),
            2 => glob.push('?'),
            3 if !glob.ends_with('*') => glob.push('*'),
            // The letter of a template says which character it hides, so equal ones get equal letters.
            4 if templates => glob.push(char::from(b'a' + (sign as u8) % 16)),
            _ => glob.push('?'),
        }
    }
    glob
}

/// Some mark of the country, by which a leaf is made so that it fits something.
fn some_mark(formats: &Formats) -> impl Strategy<Value = Mark> + use<> {
    let formats = formats.clone();
    let enabled: Vec<FormatId> = formats.enabled().map(|(id, _)| id).collect();
    (select(enabled), any::<Index>(), any::<Index>(), any::<Index>()).prop_map(
        move |(id, digits, series, region)| {
            let format = formats.get(id);
            Mark {
                format: id,
                region: formats.regions()[region.index(formats.regions().len())].region,
                series: series.index(format.rows() as usize) as u16,
                digits: format.digits_from + digits.index(format.digits_issued().into()) as u16,
            }
        },
    )
}

/// Which segment a set is about.
#[derive(Copy, Clone, Debug)]
enum Axis {
    Digits,
    Series,
    Region,
}

fn leaf_values(formats: &Formats, axis: Axis) -> BoxedStrategy<Values> {
    let formats = formats.clone();
    let steps = prop_oneof![Just(1), Just(-1), Just(2), Just(-3)];
    (some_mark(&formats), some_mark(&formats), blurs(3), 0_u8..8, steps)
        .prop_map(move |(mark, other, blurs, kind, step)| {
            let (seen, other) = (see(&formats, mark), see(&formats, other));
            let of = |seen: &Seen| match axis {
                Axis::Digits => seen.digits.clone(),
                Axis::Series => seen.series.clone(),
                Axis::Region => seen.region.clone(),
            };
            let (value, other) = (of(&seen), of(&other));
            match kind {
                0 if value.len() == other.len() => {
                    Values::Range(value.clone().min(other.clone()), value.max(other))
                }
                1 if value.len() > 1 && !matches!(axis, Axis::Region) => Values::Step(step),
                2 if matches!(axis, Axis::Digits) && value.len() == 3 => Values::Glob("?##".to_owned()),
                3 if matches!(axis, Axis::Digits) && value.len() == 2 => Values::Glob("##".to_owned()),
                _ => Values::Glob(blur(&value, &blurs, true)),
            }
        })
        .boxed()
}

fn values(formats: &Formats, axis: Axis) -> BoxedStrategy<Values> {
    leaf_values(formats, axis)
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Values::Union),
                prop::collection::vec(inner.clone(), 2..3).prop_map(Values::Intersection),
                inner.prop_map(|part| Values::Not(Box::new(part))),
            ]
        })
        .boxed()
}

/// Free form: a mark, whole or in part, blurred, in upper or lower case, with or without blanks.
fn shape(formats: &Formats) -> BoxedStrategy<Tree> {
    let formats = formats.clone();
    (some_mark(&formats), blurs(8), 0_u8..8, any::<(bool, bool, bool)>())
        .prop_map(move |(mark, blurs, part, (lower, joined, country))| {
            let seen = see(&formats, mark);
            let last = seen.groups.len();
            let range = match part {
                0 => 0..1,
                1 => 1..last,
                2 => last - 1..last,
                3 => 0..2,
                _ => 0..last,
            };
            let mut blurs = blurs.into_iter();
            let from = range.start;
            let mut words: Vec<String> = (from..)
                .zip(&seen.groups[range])
                .map(|(index, group)| {
                    let taken: Vec<u8> = blurs.by_ref().take(group.len()).collect();
                    let number = group.as_bytes()[0].is_ascii_digit() && index < last - 1;
                    // Only a number before letters can carry a template, see the rules of reading.
                    blur(group, &taken, number && part > 3)
                })
                .collect();
            if country {
                words.insert(0, "KZ".to_owned());
            }
            if lower {
                words.iter_mut().for_each(|word| word.make_ascii_lowercase());
            }
            if joined {
                words = vec![words.concat()];
            }
            Tree::Shape(words)
        })
        .boxed()
}

fn trees(formats: &Formats) -> BoxedStrategy<Tree> {
    let ids: Vec<String> = formats.iter().map(|(_, format)| format.id.clone()).collect();
    let leaf = prop_oneof![
        4 => shape(formats),
        2 => values(formats, Axis::Digits).prop_map(Tree::Digits),
        2 => values(formats, Axis::Series).prop_map(Tree::Series),
        1 => values(formats, Axis::Region).prop_map(Tree::Region),
        1 => select(ids).prop_map(Tree::Format),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Tree::Union),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Tree::Intersection),
            inner.prop_map(|part| Tree::Not(Box::new(part))),
        ]
    })
    .boxed()
}

/// Compiles a tree; `None` where a part of it can match no mark and is refused for that by name.
fn compile(tree: &Tree, formats: &Formats) -> Option<Pattern> {
    let text = render(tree);
    match Pattern::compile(&text, &Origin::file("generated", 1, 1), formats) {
        Ok(pattern) => Some(pattern),
        Err(faults) => {
            let fair = ["region_unknown", "digits_not_issued", "matches_nothing", "shape_fits_no_format"];
            assert!(faults.iter().all(|fault| fair.contains(&fault.code)), "{text}: {faults:?}");
            None
        }
    }
}

fn agree(tree: &Tree, seen: &Seen, country: &Country, area: &Area, mark: Mark) -> TestCaseResult {
    let expected = holds(tree, seen, country);
    prop_assert_eq!(area.contains(mark), expected, "{:?} in {}", seen, render(tree));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_global_rejects: 4096, ..ProptestConfig::default() })]

    /// In a small country every mark is judged as the reference judges it, and counted exactly once.
    #[test]
    fn every_mark_of_a_small_country(tree in trees(&small_country())) {
        let formats = small_country();
        let country = country(&formats);
        let pattern = compile(&tree, &formats);
        prop_assume!(pattern.is_some());
        let pattern = pattern.unwrap();
        let mut counts = [0; 3];
        for (mark, seen) in small_marks() {
            let area = pattern.area(mark.format);
            agree(&tree, seen, &country, area, *mark)?;
            counts[usize::from(mark.format.0)] += u64::from(area.contains(*mark));
        }
        for (area, count) in pattern.areas().iter().zip(counts) {
            prop_assert_eq!(area.count(), count, "the count of {}", render(&tree));
            prop_assert_eq!(area.iter().count() as u64, count);
            prop_assert!(area.iter().all(|mark| area.contains(mark)));
        }
    }

    /// In the real country whole axes through marks are judged as the reference judges them.
    #[test]
    fn axes_of_the_real_country(
        (tree, marks) in (
            trees(&fixtures::kazakhstan().unwrap()),
            prop::collection::vec(some_mark(&fixtures::kazakhstan().unwrap()), 4),
        )
    ) {
        let formats = fixtures::kazakhstan().unwrap();
        let country = country(&formats);
        let pattern = compile(&tree, &formats);
        prop_assume!(pattern.is_some());
        let pattern = pattern.unwrap();
        // Marks of the pattern itself, too: at random one of a narrow pattern is hardly ever met.
        let inside: Vec<Mark> = pattern.areas().iter().flat_map(|area| area.iter().take(2)).collect();
        for mark in marks.into_iter().chain(inside) {
            let format = formats.get(mark.format);
            let area = pattern.area(mark.format);
            for digits in format.digits_from..format.digit_values() {
                let mark = Mark { digits, ..mark };
                agree(&tree, &see(&formats, mark), &country, area, mark)?;
            }
            for series in (0..format.rows() as u16).step_by(11) {
                let mark = Mark { series, ..mark };
                agree(&tree, &see(&formats, mark), &country, area, mark)?;
            }
            for info in formats.regions() {
                let mark = Mark { region: info.region, ..mark };
                agree(&tree, &see(&formats, mark), &country, area, mark)?;
            }
        }
    }
}
