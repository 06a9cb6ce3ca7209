//! A civil day in the country's one time zone, and the moments at which it begins and ends.
//!
//! The law speaks of days, the store of milliseconds; this page is where the two meet.
//! Deliberately not here: a clock (time is always an argument) and a time zone database. The whole
//! country has kept UTC+5 since 1 March 2024, so a fixed offset is the rule and not a shortcut.
//! Look next at `mci.rs` and `tariff/`, which hold what is in force from which day.

use std::fmt;
use std::str::FromStr;

/// The country's offset from UTC: five hours, in milliseconds.
pub const UTC_OFFSET_MS: i64 = 5 * 60 * 60 * 1_000;

/// A day has no leap seconds here: the store counts 86,400 seconds a day, as Unix time does.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The years a date may have. Four digits, so that text order is date order.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// A civil day of the Gregorian calendar in Asia/Almaty (UTC+5). Ordered by time.
///
/// ```
/// use plate_algebra::date::Date;
/// let opening: Date = "2026-01-05".parse().unwrap();
/// assert_eq!(Date::at_ms(opening.begins_ms()), Some(opening));
/// assert_eq!(opening.begins_ms(), 1_767_553_200_000); // 2026-01-04T19:00:00Z
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

/// Why a text or three numbers are no date.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DateError {
    /// Not of the form `YYYY-MM-DD`.
    #[error("a date is written YYYY-MM-DD")]
    Form,
    /// The form is right, but the calendar has no such day.
    #[error("the calendar has no such day")]
    NoSuchDay,
}

impl Date {
    /// The day of that year (1 to 9999), month and day of the month.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Date, DateError> {
        let exists = YEARS.contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        match i16::try_from(year) {
            Ok(year) if exists => Ok(Date { year, month, day }),
            _ => Err(DateError::NoSuchDay),
        }
    }

    /// The day that a moment falls on, in milliseconds since the epoch; `None` outside the years 1 to 9999.
    pub fn at_ms(moment_ms: i64) -> Option<Date> {
        let local_ms = moment_ms.checked_add(UTC_OFFSET_MS)?;
        Date::from_days(local_ms.div_euclid(DAY_MS))
    }

    /// The moment at which the day begins in the country, in milliseconds since the epoch.
    pub fn begins_ms(self) -> i64 {
        self.days() * DAY_MS - UTC_OFFSET_MS
    }

    /// The next day; `None` after 9999-12-31.
    pub fn tomorrow(self) -> Option<Date> {
        Date::from_days(self.days() + 1)
    }

    /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`: years begin in March, so that
    /// the leap day is the last of its year and needs no case of its own.
    fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The inverse of [`Date::days`], by Howard Hinnant's `civil_from_days`.
    fn from_days(days: i64) -> Option<Date> {
        let shifted = days.checked_add(719_468)?;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date::new(i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?).ok()
    }
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Date, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError::Form);
        }
        let number = |range: std::ops::Range<usize>| -> Result<u16, DateError> {
            bytes[range].iter().try_fold(0, |sum, byte| match byte {
                b'0'..=b'9' => Ok(sum * 10 + u16::from(byte - b'0')),
                _ => Err(DateError::Form),
            })
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let small = |value: u16| u8::try_from(value).map_err(|_| DateError::NoSuchDay);
        Date::new(i32::from(year), small(month)?, small(day)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A date is read and written in one form only, and only days of the calendar are dates.
    #[test]
    fn only_days_of_the_calendar_are_dates() {
        let cases = [
            ("2026-01-05", Ok("2026-01-05")),
            ("2024-02-29", Ok("2024-02-29")),
            ("2000-02-29", Ok("2000-02-29")),
            ("1900-02-29", Err(DateError::NoSuchDay)),
            ("2026-02-29", Err(DateError::NoSuchDay)),
            ("2026-04-31", Err(DateError::NoSuchDay)),
            ("2026-13-01", Err(DateError::NoSuchDay)),
            ("2026-00-01", Err(DateError::NoSuchDay)),
            ("2026-01-00", Err(DateError::NoSuchDay)),
            ("0000-01-01", Err(DateError::NoSuchDay)),
            ("2026-1-5", Err(DateError::Form)),
            ("05.01.2026", Err(DateError::Form)),
            ("2026-01-05Z", Err(DateError::Form)),
            ("+026-01-05", Err(DateError::Form)),
            ("", Err(DateError::Form)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<Date>().map(|date| date.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }

    /// The day turns at 19:00 UTC, the midnight of Almaty, and not a millisecond sooner.
    #[test]
    fn the_day_turns_at_midnight_in_almaty() {
        let new_year: Date = "2026-01-01".parse().unwrap();
        assert_eq!(new_year.begins_ms(), 1_767_207_600_000);
        assert_eq!(Date::at_ms(new_year.begins_ms()), Some(new_year));
        assert_eq!(Date::at_ms(new_year.begins_ms() - 1).unwrap().to_string(), "2025-12-31");
        assert_eq!(Date::at_ms(i64::MAX), None);
        assert_eq!(Date::at_ms(i64::MIN), None);
    }

    proptest! {
        /// Every moment of a day belongs to that day, and the next day begins where it ends.
        #[test]
        fn days_and_moments_agree(days in -719_162i64..=2_932_896, within in 0i64..DAY_MS) {
            let date = Date::from_days(days).unwrap();
            prop_assert_eq!(date.days(), days);
            prop_assert_eq!(Date::at_ms(date.begins_ms() + within), Some(date));
            prop_assert_eq!(date.to_string().parse::<Date>(), Ok(date));
            if let Some(next) = date.tomorrow() {
                prop_assert_eq!(next.begins_ms(), date.begins_ms() + DAY_MS);
                prop_assert!(next > date);
            }
        }
    }
}
