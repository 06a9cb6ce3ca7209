//! What extend, release, begin_payment and cancel share: how an item that names a hold is claimed and packed.

use super::carry::Carried;
use super::permits::{Claim, Lengthen, Need};
use crate::act::{Act, OnBehalf};
use crate::codec::feed::pack_act;
use crate::codec::{TooLong, Writer};
use crate::item::HeldItem;

/// The items' claims, each with its digest; with `lengthen`, their permits are to last longer.
pub(super) fn claims(items: &[HeldItem], verb: &str, pool: &str, lengthen: Option<Lengthen>) -> Vec<Carried> {
    let claim = |item: &HeldItem| {
        let need = lengthen
            .zip(item.act.applicant)
            .map_or(Need::Nothing, |(why, applicant)| Need::LongerPermit(why, item.hold, applicant.id));
        let claim = Claim { id: item.act.id, digest: item.digest(verb, pool), need };
        Carried { ordinal: item.ordinal, claim }
    };
    items.iter().map(claim).collect()
}

/// The argument of one item; the layout stands in `prelude/held.lua`.
pub(super) fn pack(item: &HeldItem, claim: &Claim, permit_deadline_ms: i64) -> Result<Vec<u8>, TooLong> {
    let applicant = item.act.applicant.map(|applicant| applicant.id).unwrap_or_default();
    let mut to = Writer::default();
    to.u32(item.ordinal)
        .u32(item.ordinal)
        .bytes(&item.act.id.0)
        .bytes(&claim.digest.0)
        .bytes(&item.hold.0)
        .bytes(&applicant.0)
        .u48(item.revision)
        .ms(permit_deadline_ms)
        .bytes(&act(&item.act)?);
    Ok(to.0)
}

/// An act as the feed names it.
pub(super) fn act(act: &Act) -> Result<Vec<u8>, TooLong> {
    pack_act(act.id, act.channel, act.applicant.map(OnBehalf::from), &act.caller, &act.office)
}
