//! All formats together, with the regions: what reading and writing a mark needs.

use super::{ForeignFormat, Format, FormatId};
use crate::{
    area::Area,
    bounds,
    fault::{Fault, Origin},
    mark::{Mark, Pool},
    mask::RegionMask,
    names::Names,
    ordinal::OrdinalError,
    region::{Region, RegionInfo},
};

/// Every format the rule book knows, enabled or not, the foreign ones refused by name, and the regions.
#[derive(Clone, Debug)]
pub struct Formats {
    formats: Vec<Format>,
    foreign: Vec<ForeignFormat>,
    regions: Vec<RegionInfo>,
    region_mask: RegionMask,
    inert: Format,
}

impl Formats {
    /// Puts the declarations together; the order of `formats` decides their [`FormatId`].
    ///
    /// Faults: `format_count_out_of_range`, `format_duplicate`, `format_shape_ambiguous` (two templates
    /// with the same sequence of digits and letters, which no reader could tell apart),
    /// `region_duplicate`, `regions_missing`.
    pub fn new(
        formats: Vec<Format>,
        foreign: Vec<ForeignFormat>,
        mut regions: Vec<RegionInfo>,
    ) -> Result<Formats, Vec<Fault>> {
        let mut faults = Vec::new();
        if let Err(error) = bounds::FORMAT_COUNT.check(formats.len() as u64) {
            let origin =
                formats.last().map_or_else(|| Origin::file("formats", 1, 1), |format| format.origin.clone());
            faults.push(Fault::at(&origin, error.bound.slug, format!("{error}.")));
        }
        check_formats(&formats, &foreign, &mut faults);
        regions.sort_by_key(|info| info.region);
        check_regions(&regions, &mut faults);
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        let region_mask = regions.iter().map(|info| info.region).collect();
        Ok(Formats { formats, foreign, regions, region_mask, inert: inert_format() })
    }

    /// The format with this number. For a number of another rule book an inert format without any digit or
    /// letter, so that a stale number shows nothing instead of stopping the process.
    pub fn get(&self, id: FormatId) -> &Format {
        self.formats.get(usize::from(id.0)).unwrap_or(&self.inert)
    }

    /// The number of the format with this identifier, enabled or not.
    pub fn by_id(&self, id: &str) -> Option<FormatId> {
        self.iter().find(|(_, format)| format.id == id).map(|(number, _)| number)
    }

    /// Every format with its number, enabled or not.
    pub fn iter(&self) -> impl Iterator<Item = (FormatId, &Format)> {
        (0_u8..).map(FormatId).zip(&self.formats)
    }

    /// The enabled formats with their numbers.
    pub fn enabled(&self) -> impl Iterator<Item = (FormatId, &Format)> {
        self.iter().filter(|(_, format)| format.enabled)
    }

    /// The shapes refused by name.
    pub fn foreign(&self) -> &[ForeignFormat] {
        &self.foreign
    }

    /// The regions, ascending.
    pub fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }

    /// The region's declaration.
    pub fn region(&self, region: Region) -> Option<&RegionInfo> {
        self.regions.iter().find(|info| info.region == region)
    }

    /// Every declared region as a mask.
    pub fn region_mask(&self) -> RegionMask {
        self.region_mask
    }

    /// Every pool: enabled formats in their order, each with the regions ascending.
    pub fn pools(&self) -> Vec<Pool> {
        self.enabled()
            .flat_map(|(format, _)| self.regions.iter().map(move |info| Pool { format, region: info.region }))
            .collect()
    }

    /// The pool's name: `person_car.02`.
    pub fn pool_id(&self, pool: Pool) -> String {
        format!("{}.{}", self.get(pool.format).id, pool.region)
    }

    /// The pool with this name, if it is one of [`Formats::pools`].
    pub fn pool(&self, id: &str) -> Option<Pool> {
        let (format, region) = id.split_once('.')?;
        let format = self.by_id(format)?;
        let region = Region::from_digits(region)?;
        let exists = self.get(format).enabled && self.region_mask.contains(region);
        exists.then_some(Pool { format, region })
    }

    /// Every mark of a format: all issued digits, all series, all regions.
    pub fn whole(&self, format: FormatId) -> Area {
        Area::whole(format, self.get(format), self.region_mask)
    }

    /// The mark as it is written in files and addresses: `777AAA02`.
    pub fn text(&self, mark: Mark) -> String {
        let format = self.get(mark.format);
        let mut text = String::with_capacity(format.places.len());
        text.extend(format.places.iter().map(|place| format.character(mark, *place)));
        text
    }

    /// The mark as people read it, with the template's blanks: `777 AAA 02`.
    pub fn display(&self, mark: Mark) -> String {
        let format = self.get(mark.format);
        let mut places = format.places.iter();
        let shown = format.template.chars().filter_map(|sign| match sign {
            ' ' => Some(' '),
            _ => places.next().map(|place| format.character(mark, *place)),
        });
        let mut text = String::with_capacity(format.template.len());
        text.extend(shown);
        text
    }

    /// Whether the mark exists: its format and region are declared, its series and digits are issued. A
    /// mark of a disabled format exists, it only cannot be chosen.
    pub fn check(&self, mark: Mark) -> Result<(), OrdinalError> {
        let Some(format) = self.formats.get(usize::from(mark.format.0)) else {
            return Err(OrdinalError::FormatUnknown(mark.format.0));
        };
        if !self.region_mask.contains(mark.region) {
            return Err(OrdinalError::RegionUnknown(mark.region.code()));
        }
        if u32::from(mark.series) >= format.rows() {
            return Err(OrdinalError::RowBeyondSeries { row: mark.series, rows: format.rows() });
        }
        if mark.digits < format.digits_from || mark.digits >= format.digit_values() {
            return Err(OrdinalError::DigitsNotIssued(mark.digits));
        }
        Ok(())
    }
}

fn check_formats(formats: &[Format], foreign: &[ForeignFormat], faults: &mut Vec<Fault>) {
    for (index, format) in formats.iter().enumerate() {
        let mut before = formats.iter().take(index);
        if before.clone().any(|other| other.id == format.id) {
            let message = format!("the format {} is declared twice.", format.id);
            faults.push(Fault::at(&format.origin, "format_duplicate", message));
        } else if let Some(other) = before.find(|other| other.shape() == format.shape()) {
            let message = format!(
                "marks of {} and of {} look alike: both are {:?}.",
                other.id,
                format.id,
                format.shape()
            );
            faults.push(Fault::at(&format.origin, "format_shape_ambiguous", message));
        }
    }
    for (index, format) in foreign.iter().enumerate() {
        let twice = foreign.iter().take(index).any(|other| other.id == format.id)
            || formats.iter().any(|other| other.id == format.id);
        if twice {
            let message = format!("the format {} is declared twice.", format.id);
            faults.push(Fault::at(&format.origin, "format_duplicate", message));
        }
    }
}

fn check_regions(regions: &[RegionInfo], faults: &mut Vec<Fault>) {
    if regions.is_empty() {
        let origin = Origin::file("regions", 1, 1);
        faults.push(Fault::at(&origin, "regions_missing", "no region is declared."));
    }
    for (earlier, later) in regions.iter().zip(regions.iter().skip(1)) {
        if earlier.region == later.region {
            let message = format!("the region {} is declared twice.", later.region);
            faults.push(Fault::at(&later.origin, "region_duplicate", message));
        }
    }
}

fn inert_format() -> Format {
    Format {
        id: "unknown_format".to_owned(),
        template: String::new(),
        digit_count: 0,
        letter_count: 0,
        enabled: false,
        digits_from: 1,
        names: Names::default(),
        origin: Origin::file("formats", 1, 1),
        places: Vec::new(),
        shape: String::new(),
    }
}
