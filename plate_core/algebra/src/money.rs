//! Money: a number of MCI times the index of the day, in integer tiyn.
//!
//! A duty is written as a decimal number of MCI with at most two places (2.8, 0.35, 1.25), and the
//! index is a whole number of tenge. A hundredth of an MCI times a tenge is a tiyn, so the product
//! is exact and nothing is ever rounded. Deliberately not here: floating point, other currencies,
//! and the index itself (`mci.rs`).

use std::fmt;
use std::str::FromStr;

use crate::bounds::MCI_HUNDREDTHS;

/// The code of the only currency.
pub const CURRENCY: &str = "KZT";

/// An amount in tiyn, the hundredth of a tenge. Never negative in a tariff.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Tiyn(pub i64);

/// A number of MCI, kept in hundredths: `2.8` is 280.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct MciAmount(u32);

/// Why a text is no number of MCI.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MciAmountError {
    /// Not a plain decimal such as `2.8`.
    #[error("a number of MCI is a plain decimal with at most two places, such as 2.8")]
    Form,
    /// More than [`MCI_HUNDREDTHS`] allows.
    #[error("a number of MCI is at most {}", MCI_HUNDREDTHS.max / 100)]
    TooLarge,
}

impl MciAmount {
    /// From hundredths of an MCI.
    pub fn from_hundredths(hundredths: u32) -> Result<MciAmount, MciAmountError> {
        let checked = MCI_HUNDREDTHS.check(hundredths.into());
        checked.map(|_| MciAmount(hundredths)).map_err(|_| MciAmountError::TooLarge)
    }

    /// The number in hundredths: 280 for `2.8`.
    pub fn hundredths(self) -> u32 {
        self.0
    }

    /// The amount at an index of that many tenge; `None` if it does not fit into 64 bits.
    ///
    /// ```
    /// use plate_algebra::money::{MciAmount, Tiyn};
    /// let assigned: MciAmount = "2.8".parse().unwrap();
    /// assert_eq!(assigned.at_value(4325), Some(Tiyn(1_211_000))); // 12,110 tenge
    /// ```
    pub fn at_value(self, mci_value_tenge: i64) -> Option<Tiyn> {
        i64::from(self.0).checked_mul(mci_value_tenge).map(Tiyn)
    }
}

impl fmt::Display for MciAmount {
    /// The shortest decimal: `2.8`, `228`, `0.35`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match (rest, rest % 10) {
            (0, _) => write!(out, "{whole}"),
            (_, 0) => write!(out, "{whole}.{}", rest / 10),
            _ => write!(out, "{whole}.{rest:02}"),
        }
    }
}

impl FromStr for MciAmount {
    type Err = MciAmountError;

    fn from_str(text: &str) -> Result<MciAmount, MciAmountError> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let written = !whole.is_empty() && only_digits(whole) && only_digits(places);
        let dangling = text.ends_with('.') || places.len() > 2;
        let leading = whole.len() > 1 && whole.starts_with('0');
        if !written || dangling || leading {
            return Err(MciAmountError::Form);
        }
        let whole: u32 = whole.parse().map_err(|_| MciAmountError::TooLarge)?;
        let hundredths: u32 = format!("{places:0<2}").parse().map_err(|_| MciAmountError::Form)?;
        let total = whole.checked_mul(100).and_then(|sum| sum.checked_add(hundredths));
        MciAmount::from_hundredths(total.ok_or(MciAmountError::TooLarge)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number of MCI has one way to be written; everything else is refused rather than guessed.
    #[test]
    fn numbers_of_mci_are_plain_decimals() {
        let cases = [
            ("2.8", Ok(280)),
            ("228", Ok(22_800)),
            ("0.35", Ok(35)),
            ("1.25", Ok(125)),
            ("0", Ok(0)),
            ("10.00", Ok(1_000)),
            ("10000", Ok(1_000_000)),
            ("10000.01", Err(MciAmountError::TooLarge)),
            ("99999999999999", Err(MciAmountError::TooLarge)),
            ("2,8", Err(MciAmountError::Form)),
            ("2.805", Err(MciAmountError::Form)),
            (".8", Err(MciAmountError::Form)),
            ("2.", Err(MciAmountError::Form)),
            ("-1", Err(MciAmountError::Form)),
            ("+1", Err(MciAmountError::Form)),
            ("1e3", Err(MciAmountError::Form)),
            ("007", Err(MciAmountError::Form)),
            ("", Err(MciAmountError::Form)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<MciAmount>().map(MciAmount::hundredths), expected, "{text}");
        }
    }

    /// The eleven duties of 2026 in tiyn, worked out by hand at an index of 4,325 tenge.
    #[test]
    fn duties_are_exact_in_tiyn() {
        let cases = [
            ("2.8", 1_211_000),
            ("10", 4_325_000),
            ("15", 6_487_500),
            ("57", 24_652_500),
            ("72", 31_140_000),
            ("114", 49_305_000),
            ("137", 59_252_500),
            ("194", 83_905_000),
            ("228", 98_610_000),
            ("285", 123_262_500),
            ("4.05", 1_751_625),
        ];
        for (mci, tiyn) in cases {
            let amount: MciAmount = mci.parse().unwrap();
            assert_eq!(amount.at_value(4_325), Some(Tiyn(tiyn)), "{mci}");
        }
        assert_eq!(MciAmount(2).at_value(i64::MAX), None);
    }

    proptest! {
        /// What is written is read back as the same number.
        #[test]
        fn writing_and_reading_agree(hundredths in 0u32..=MCI_HUNDREDTHS.max as u32) {
            let amount = MciAmount::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(amount.to_string().parse::<MciAmount>(), Ok(amount));
        }
    }
}
