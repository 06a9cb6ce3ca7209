//! The published mix: 200 patterns as drivers search for them.
//!
//! Half of what people ask for are digits (one dear number, a shape, a run), a quarter letters, a
//! quarter both; every second pattern names a region.

/// The 200 patterns, always the same.
pub fn patterns() -> Vec<String> {
    let digits = [
        "777", "001", "007", "100", "111", "555", "888", "999", "010", "070", "123", "7?7", "77?", "?77",
        "8?8", "1??", "?00", "0?0", "50?", "9?9",
    ];
    let shapes = ["aba", "aaa", "aab", "abb", "step(+1)", "step(-1)", "0##", "001-009", "500-599", "!aba"];
    let letters = ["AAA", "AB?", "A?A", "?AA", "KZ?", "B??", "ZZZ", "X?X", "M?M", "TO?"];
    let letter_shapes = ["aaa", "aba", "aab", "abb", "step(+1)"];
    let mut patterns: Vec<String> = Vec::new();
    let regions = (1..=20).cycle().map(|code| format!("{code:02}"));
    let mut region = regions.skip(1).step_by(3);
    let mut add = |pattern: String| {
        patterns.push(pattern.clone());
        patterns.extend(region.next().map(|code| format!("({pattern}) & region:{code}")));
    };
    digits.iter().for_each(|digits| add(format!("digits:{digits}")));
    shapes.iter().for_each(|shape| add(format!("digits:{shape}")));
    letters.iter().for_each(|letters| add(format!("series:{letters}")));
    letter_shapes.iter().for_each(|shape| add(format!("series:{shape}")));
    for (digits, letters) in digits.iter().zip(letters.iter().cycle()) {
        add(format!("digits:{digits} & series:{letters}"));
    }
    for (shape, letters) in shapes.iter().zip(letter_shapes.iter().cycle()) {
        add(format!("digits:{shape} & series:{letters}"));
    }
    for shape in &shapes {
        add(format!("digits:{shape} & series:!aaa"));
    }
    for free in ["7*7", "*77 A?A", "??? ???", "7*", "*7", "1?1 B*", "??? K*", "0?? ?O?", "*5 ??C", "9* A*"] {
        add(free.to_owned());
    }
    for code in 1..=5 {
        add(format!("digits:{code}?{code} | digits:{code}{code}? | series:A?A"));
    }
    patterns.truncate(200);
    patterns
}
