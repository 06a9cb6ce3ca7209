//! What comes first: the areas of an order by price or by beauty, prepared once for many searches.
//!
//! The scores of beauty of the whole country are some fifty areas of some thousand rectangles, 15 MB of masks.
//! They change with the law, not with the search, so what a search needs of them is made beforehand: the slices of
//! each rank in each class of regions that see it alike, and the digest that a cursor carries.

use std::sync::Arc;

use plate_algebra::{Area, FormatId, Pool, RegionMask};

use super::cursor::digest_of_areas;
use super::selection::Slices;

/// Areas in the order in which their marks are wanted. No mark should be in two of them; one that is comes with the
/// first, and with the second again.
pub struct Ranks {
    ranks: Vec<Rank>,
    digest: u64,
}

/// One area, cut by regions.
pub(super) struct Rank {
    format: FormatId,
    /// Regions that see the area alike, and what they see. An area's rectangles have either the same regions or none
    /// in common, so these are its classes of regions.
    classes: Vec<(RegionMask, Arc<Slices>)>,
}

impl Ranks {
    /// How many ranks there are; marks in none of them come behind the last.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whether there is none, so that all marks are of one rank.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn get(&self, rank: usize) -> Option<&Rank> {
        self.ranks.get(rank)
    }

    /// What the ranks together have in a pool, as far as it touches `within`.
    pub(super) fn all_in(&self, pool: Pool, within: &Slices) -> Slices {
        self.ranks
            .iter()
            .filter_map(|rank| rank.in_pool(pool))
            .map(|slices| slices.narrowed(within))
            .collect()
    }
}

impl Rank {
    /// What the rank has in a pool.
    pub(super) fn in_pool(&self, pool: Pool) -> Option<&Arc<Slices>> {
        let mut classes = self.classes.iter().filter(|_| self.format == pool.format);
        classes.find(|(regions, _)| regions.contains(pool.region)).map(|(_, slices)| slices)
    }
}

impl From<Vec<Area>> for Ranks {
    fn from(areas: Vec<Area>) -> Ranks {
        let rank = |area: &Area| {
            let mut classes: Vec<(RegionMask, Arc<Slices>)> = Vec::new();
            for rectangle in area.rectangles() {
                if classes.iter().all(|(regions, _)| *regions != rectangle.regions) {
                    let alike = area.rectangles().iter().filter(|other| other.regions == rectangle.regions);
                    classes.push((rectangle.regions, Arc::new(Slices::of(alike))));
                }
            }
            Rank { format: area.format, classes }
        };
        Ranks { digest: digest_of_areas(&areas), ranks: areas.iter().map(rank).collect() }
    }
}

impl std::fmt::Debug for Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ranks({} areas)", self.len())
    }
}
