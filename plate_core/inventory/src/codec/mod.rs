//! How everything is packed: what the Lua functions read and write, byte for byte, written down once.
//!
//! A live record is the same bytes in the pool's `live` hash, in the change feed and in the journal, so
//! that rebuilding is copying. The functions in `src/functions` pack and unpack by these same tables; the
//! differential test holds the two together.
//!
//! All integers are little-endian. `u48` is six bytes: milliseconds since the epoch reach the year 10889
//! with it, a revision 281 billion steps of a pool, and Lua's doubles hold both exactly (2⁴⁸ < 2⁵³).
//! `text` is a length (u8) and that many bytes of UTF-8.
//!
//! ```text
//! record                                          payment
//!  0 state               u8                        0 state                u8
//!  1 extensions          u8                        1 refund reason        u8, 0 none
//!  2 revision            u48                       2 received_at_ms       u48
//!  8 deadline_ms         u48, 0 none               8 refunded_at_ms       u48, 0 not yet
//! 14 held_at_ms          u48                      14 payment id           16     body: packed by Rust,
//! 20 permit_deadline_ms  u48, 0 none              30 ordinal              u32    copied by Lua
//! 26 hold id             16     body: packed      34 hold id              16
//! 42 applicant           16     by Rust, copied   50 amount_tiyn          i64
//! 58 applicant kind      u8     by Lua            58 paid_at_ms           i64
//! 59 acquired            u8                       66 applicant            u8 0|1, 16
//! 60 key id              u8     quote             83 provider             text
//! 61 channel             u8                          transaction          text
//! 62 tariff              8
//! 70 amount_tiyn         i64                      act
//! 78 office              text   end of the quote   0 request              16
//!    actor               text                     16 channel              u8
//!    facts: (tag u8, length u8, bytes)*           17 on behalf of         u8 0 nobody, 1 applicant 16,
//!      tags 1..=239 facts of later states            2 applicant 16, representative 16
//!      tag 254 representative (16)                   actor                text
//!      tag 255 payment id (16), always last          office               text
//!
//! answer                                          feed entry
//!  0 outcome             u8                        0 layout               u8: 1 marks, 2 documents
//!  1 parts               u8, see below             1 server_ms            u48
//!  2 ordinal             u32, 2^32-1 none          7 first revision       u48
//!  6 revision            u48                      13 transitions          u16
//! 12 server_ms           u48                      15 pool                 text
//! 18 parts that are there, in this order:            transition*
//!    1 record            u16 length, record
//!    2 retry_at_ms       u48                      transition
//!    4 deadline reason   u8                        0 verb                 u8
//!    8 current tariff    8                         1 parts                u8: planes 1|2|4, and below
//!   16 payment           state u8, reason u8,      2 ordinal              u32, 2^32-1 none
//!                        late u8                     parts that are there, in this order:
//!   32 hold terms        deadline_ms u48,            8 record             u16 length, record
//!                        permit u48, reason u8,     16 act                u16 length, act
//!                        quote                      32 payment            u16 length, before u8, payment
//!   64 current revision  u48                        64 note               u16 length, UTF-8
//!  128 import counts     u16 length, counts        128 run                u16 length, (parts u8, ordinal u32)*
//!                                                      in layout 2, after the parts of each transition:
//!                                                      document           u8 0|1, name text, version u48,
//!                                                                         u32 length, content
//! ```
//!
//! An answer with *hold terms* is that of a hold that was given. Its record is made of the terms, of the
//! quote, and of what the request says and repeats whenever it comes again (its digest covers it). A recorded
//! hold so costs some 70 bytes and not 150. The quote stands in the answer because a retry may come with
//! another one: after midnight the same mark may cost something else.

pub mod answer;
mod bytes;
pub mod feed;
pub mod payment;
pub mod record;
pub mod settings;
pub(crate) mod steps;

pub use bytes::{Malformed, TooLong};

pub(crate) use bytes::{Reader, Writer};

/// The ordinal that stands for "no mark": the pool itself is meant.
pub const NO_ORDINAL: u32 = u32::MAX;
