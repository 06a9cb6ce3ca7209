//! A plain write that a server takes when its memory is full, where it refuses the command itself.
//!
//! What frees memory or brings money must go on then, and so must what it hangs on: the mark before `WAIT`, and the
//! lease without which nothing expires. It is a script of its own and no function of the library, because a primary that
//! has only just come may not have the library yet.

use redis::Cmd;

const SET_FIELD: &str = "#!lua flags=allow-oom\nredis.call('HSET', KEYS[1], ARGV[1], ARGV[2])";

/// `HSET` of one field.
pub(super) fn set_field(key: &str, field: &str, value: i64) -> Cmd {
    let mut set = redis::cmd("EVAL");
    set.arg(SET_FIELD).arg(1).arg(key).arg(field).arg(value);
    set
}
