//! How an input is made from known ones: pieces put together, cut, repeated, swapped, and bytes changed.

use plate_simulation::chance::Chance;

/// Numbers at the edges of what fields can hold.
const EDGES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/// An input made of some known one by up to eight changes.
pub fn bytes(known: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = known[chance.below(known.len())].clone();
    for _ in 0..chance.below(9) {
        change(&mut input, known, chance);
    }
    input
}

fn change(input: &mut Vec<u8>, known: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let to = at + chance.below(input.len() - at + 1).min(16);
    match chance.below(7) {
        0 if at < input.len() => input[at] ^= 1 << chance.below(8),
        1 if at < input.len() => input[at] = chance.one_of(&EDGES),
        2 => drop(input.drain(at..to)),
        3 => {
            let piece = input[at..to].to_vec();
            input.splice(at..at, piece);
        }
        4 => input.truncate(at),
        5 => {
            let other = &known[chance.below(known.len())];
            let from = chance.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => input.insert(at, chance.next() as u8),
    }
}

/// A text made of words, and seldom of anything else.
pub fn text(words: &[&str], chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(9) {
        match chance.below(12) {
            0 => text.push(char::from_u32(chance.below(0x3000) as u32).unwrap_or('\u{fffd}')),
            1 => text.push(char::from(b' ' + chance.below(95) as u8)),
            2 => text += &(chance.next() >> chance.below(64)).to_string(),
            _ => text += chance.one_of(words),
        }
    }
    text
}
