//! The short names things have in the store: fixed bytes, each of its own type so that none takes another's place.
//!
//! What is deliberately not here: how an applicant's pseudonym is made. It is a keyed HMAC of the IIN or BIN
//! whose key lives above this crate; here it is sixteen bytes that mean nothing to a reader (invariant 9).

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Declares a newtype over a fixed number of bytes, shown as lower-case hexadecimal.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $len:literal) => {
        $(#[$meta])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The id of exactly the right number of bytes, or `None`.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The id written as lower- or upper-case hexadecimal, or `None`.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                let mut bytes = [0; $len];
                if text.len() != 2 * $len || !text.is_ascii() {
                    return None;
                }
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
                }
                Some(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

id!(
    /// One request of one caller: the first 16 bytes of SHA-256(caller, 0, request id).
    ///
    /// A hundred billion requests collide with a chance of 1.5 in 10¹⁷ (birthday bound on 128 bits), and the
    /// caller is part of it, so nobody can aim at another's request.
    RequestId,
    16
);
id!(
    /// One hold: the bytes of the request that made it. A payment names it, and so does every later verb.
    HoldId,
    16
);
id!(
    /// One payment: the first 16 bytes of SHA-256(provider, 0, transaction).
    PaymentId,
    16
);
id!(
    /// An applicant's pseudonym: a keyed HMAC of the IIN or BIN, made above this crate.
    ApplicantId,
    16
);
id!(
    /// The first 8 bytes of a tariff revision's content hash.
    TariffId,
    8
);
id!(
    /// The first 8 bytes of a hash over what a request asks: the same id with another digest is another request.
    Digest,
    8
);

impl Digest {
    /// The digest of a caller's own bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(first(&Sha256::digest(bytes).into()))
    }
}

impl RequestId {
    /// The id of a request, scoped to its caller.
    ///
    /// ```
    /// use plate_inventory::id::RequestId;
    /// assert_ne!(RequestId::of("driver-1", "order-77"), RequestId::of("driver-2", "order-77"));
    /// ```
    #[must_use]
    pub fn of(caller: &str, request_id: &str) -> Self {
        Self(first(&scoped(caller.as_bytes(), request_id.as_bytes())))
    }

    /// The id of one part of an act that is too large for one call: its calls are requests of their own.
    #[must_use]
    pub fn part(self, pool: &str, number: u32) -> Self {
        let mut rest = pool.as_bytes().to_vec();
        rest.push(0);
        rest.extend_from_slice(&number.to_be_bytes());
        Self(first(&scoped(&self.0, &rest)))
    }
}

impl From<RequestId> for HoldId {
    fn from(request: RequestId) -> Self {
        Self(request.0)
    }
}

impl From<HoldId> for RequestId {
    fn from(hold: HoldId) -> Self {
        Self(hold.0)
    }
}

impl PaymentId {
    /// The id of a payment: the provider's own transaction, scoped to the provider.
    #[must_use]
    pub fn of(provider: &str, transaction: &str) -> Self {
        Self(first(&scoped(provider.as_bytes(), transaction.as_bytes())))
    }
}

impl From<PaymentId> for RequestId {
    /// A notification's request id is its payment: told twice, it has one effect.
    fn from(payment: PaymentId) -> Self {
        Self(payment.0)
    }
}

impl TariffId {
    /// The short name of a revision given as its 64 hexadecimal digits (or as many as 16 of them).
    #[must_use]
    pub fn from_revision(revision: &str) -> Option<Self> {
        Self::from_hex(revision.get(..16)?)
    }
}

/// SHA-256 over two texts with a zero byte between them. Callers hold no zero byte, so no two pairs share a text.
fn scoped(scope: &[u8], name: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(scope);
    hash.update([0]);
    hash.update(name);
    hash.finalize().into()
}

/// The first bytes of a hash.
pub(crate) fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = *from;
    }
    bytes
}
