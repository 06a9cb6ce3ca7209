//! One declaration for a closed vocabulary: variant, stored number, slug.
//!
//! What is stored or sent is the number or the slug, never the order of the variants: a later variant may
//! be written where it reads best, and old bytes keep their meaning. Numbers are given by hand; the
//! compiler refuses one that is given twice, and warns of a slug that is.

/// Declares a fieldless enum whose every variant has a stored number and a slug.
macro_rules! coded {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $code:literal $slug:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant = $code, )+
        }

        impl $name {
            /// Every variant, in the order of the declaration.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )+];

            /// The number that stands for it in stored bytes. It never changes.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// Its name in documents, JSON and Lua.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $( $name::$variant => $slug, )+ }
            }

            /// The variant of a stored number; `None` for a number of a later version.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<$name> {
                match code { $( $code => Some($name::$variant), )+ _ => None }
            }

            /// The variant of a slug.
            #[must_use]
            pub fn from_slug(slug: &str) -> Option<$name> {
                match slug { $( $slug => Some($name::$variant), )+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.slug())
            }
        }
    };
}

pub(crate) use coded;
