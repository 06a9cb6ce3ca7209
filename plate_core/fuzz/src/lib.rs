//! Everything that reads what others wrote, and what must hold of whatever it reads.
//!
//! Marks, patterns, amounts, days and the law's files as people write them; with the feature `packed` also entries, records,
//! payments and settings as an inventory packs them. [`readers`] has what must hold, [`known`] the inputs from which others
//! are made. Two programs make them: `plate_core/simulation/src/fuzz`, by blind chance and quickly, and `main.rs` beside
//! this, in which libFuzzer is led by what its inputs reach.
//!
//! The feature is for the short form of the proof: without the inventory it is built in half the time.
#![forbid(unsafe_code)]

pub mod known;
pub mod law;
#[cfg(feature = "packed")]
mod packed;
pub mod readers;
#[cfg(feature = "packed")]
mod written;

/// Declares what is fuzzed: variant, name, and what reads it.
macro_rules! targets {
    ($( $(#[$only:meta])? $variant:ident $name:literal $meaning:literal )+) => {
        /// What reads an input.
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        pub enum Target { $( $(#[$only])? #[doc = $meaning] $variant, )+ }

        impl Target {
            /// All of them.
            pub const ALL: &[Target] = &[$( $(#[$only])? Target::$variant, )+];

            /// Its name at the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( $(#[$only])? Target::$variant => $name, )+ }
            }
        }
    };
}

targets! {
    Marks "marks" "Marks as people type them."
    Patterns "patterns" "The pattern language."
    Tariffs "tariffs" "A file of a tariff, on top of the whole law."
    Laws "laws" "One file of the law, its path on the first line, among the others as they are."
    Amounts "amounts" "Amounts, days, numbers of applicants."
    #[cfg(feature = "packed")] Ids "ids" "Ids of a feed's entries."
    #[cfg(feature = "packed")] Settings "settings" "A pool's settings as text."
    #[cfg(feature = "packed")] Entries "entries" "Entries of a feed."
    #[cfg(feature = "packed")] Records "records" "Live records."
    #[cfg(feature = "packed")] Payments "payments" "Payments."
    #[cfg(feature = "packed")] Pools "pools" "A pool's settings as they are packed."
}

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|target| target.name() == name)
    }

    /// An input for people: text as it is, what is packed in hexadecimal digits.
    #[must_use]
    pub fn shown(self, input: &[u8]) -> String {
        match self {
            #[cfg(feature = "packed")]
            Self::Entries | Self::Records | Self::Payments | Self::Pools => {
                input.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            _ => String::from_utf8_lossy(input).into_owned(),
        }
    }
}

/// The panic that is planted for a control.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Plant {
    /// None.
    #[default]
    Nothing,
    /// Behind the marks with digits 777: blind chance meets one of them soon.
    Common,
    /// Behind the marks that begin with 613QZ, one in 676,000: their characters are compared one after the other, so who
    /// sees how far he came finds them, and blind chance does not.
    Rare,
}

impl Plant {
    /// The plant of this name; a control names it.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "common" => Some(Self::Common),
            "rare" => Some(Self::Rare),
            _ => None,
        }
    }
}
