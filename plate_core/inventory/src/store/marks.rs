//! What withhold, readmit and import share: one request that names many marks.

use super::call::Place;
use super::permits::{Admission, Claim, Need};
use super::{Store, StoreError, held};
use crate::act::Act;
use crate::codec::Writer;
use crate::id::Digest;
use crate::item::BATCH_MAX;
use crate::keys::Function;

/// What came of such a request: refused before its pool heard of it, or the pool's reply.
pub(super) enum Marked {
    Refused(Admission),
    Reply(Vec<u8>),
}

impl Store {
    /// Claims the request's id and carries it out. The layout of its arguments stands in `prelude/marks.lua`.
    pub(super) async fn mark(
        &self,
        function: Function,
        pool: &str,
        act: &Act,
        digest: Digest,
        note: &str,
        ordinals: &[u32],
    ) -> Result<Marked, StoreError> {
        if ordinals.is_empty() || ordinals.len() > BATCH_MAX {
            return Err(StoreError::BatchSize { found: ordinals.len(), most: BATCH_MAX });
        }
        let admissions = self.claim(&[Claim { id: act.id, digest, need: Need::Nothing }]).await?;
        if let Some(refused @ Admission::Refused { .. }) = admissions.first() {
            return Ok(Marked::Refused(refused.clone()));
        }
        let mut request = Writer::default();
        request.bytes(&act.id.0).bytes(&digest.0).part(note.as_bytes(), "reason")?.bytes(&held::act(act)?);
        let packed: Vec<u8> = ordinals.iter().flat_map(|ordinal| ordinal.to_le_bytes()).collect();
        self.call(function, Place::Pool(pool), &[request.0, packed]).await.map(Marked::Reply)
    }
}
