//! Regions: the two digits at the end of a mark.
//!
//! Which codes exist, and what they are called, is data ([`RegionInfo`], from `patterns/kz`); this type only
//! knows that a code has two digits and that 00 is none.

use crate::{bounds, fault::Origin, names::Names};
use std::fmt;

/// A region's code, 1 to 99, written with two digits.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Region(u8);

impl Region {
    /// The region with this code.
    ///
    /// ```
    /// use plate_algebra::Region;
    /// assert_eq!(Region::new(2).unwrap().to_string(), "02");
    /// assert!(Region::new(0).is_err());
    /// ```
    pub fn new(code: u8) -> Result<Region, bounds::OutOfBounds> {
        bounds::REGION_CODE.check(code.into())?;
        Ok(Region(code))
    }

    /// Reads exactly two ASCII digits, `01` to `99`.
    pub fn from_digits(text: &str) -> Option<Region> {
        match text.as_bytes() {
            [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => {
                Region::new((tens - b'0') * 10 + (units - b'0')).ok()
            }
            _ => None,
        }
    }

    /// The code as a number.
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// A region as the rule book declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionInfo {
    /// Its code.
    pub region: Region,
    /// What it is called.
    pub names: Names,
    /// Where it is declared.
    pub origin: Origin,
}
