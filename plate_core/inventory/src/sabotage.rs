//! Planted faults, for tests that must see a check fail. Not in a release: the `sabotage` feature brings it.
//!
//! Each is a change of one place in one file of the function library. A place that is not there exactly once
//! fails the assembly, so a sabotage cannot quietly become harmless when the code around it changes.

use crate::library::LibraryFault;

/// One planted fault.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Sabotage {
    /// Its name.
    pub name: &'static str,
    /// The file that it changes.
    pub file: &'static str,
    /// What stands there.
    pub find: &'static str,
    /// What it puts there.
    pub replace: &'static str,
}

impl Sabotage {
    /// The fault of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|sabotage| sabotage.name == name)
    }

    /// The text of a file with the fault in it, if it is the file that it changes.
    ///
    /// # Errors
    /// [`LibraryFault::PatchMisses`] when its text does not stand there exactly once.
    pub fn apply(&self, file: &'static str, text: &str) -> Result<String, LibraryFault> {
        if file != self.file {
            return Ok(text.to_owned());
        }
        match text.matches(self.find).count() {
            1 => Ok(text.replace(self.find, self.replace)),
            found => Err(LibraryFault::PatchMisses { name: self.name, file, found }),
        }
    }
}

/// Every planted fault.
pub const ALL: &[Sabotage] = &[];
