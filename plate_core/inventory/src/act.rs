//! An act: who does it, on whose behalf, from which office, over which channel, under which request id.
//!
//! Every mutation carries one (ARCHITECTURE.md, invariant 7), and every transition repeats it in the journal.
//! The digest of what an act asks is made here as well, so that Rust, and nothing else, decides what "the
//! same request" means. Not here: what is asked of which mark ([`crate::item`]).

use sha2::{Digest as _, Sha256};

use crate::coded::coded;
use crate::id::{ApplicantId, Digest, RequestId, first};

coded! {
    /// Over which way a request came (docs/domain.md, section 1).
    pub enum Channel {
        /// The eGov Mobile application.
        EgovMobile = 1 "egov_mobile",
        /// The e-government portal.
        Portal = 2 "portal",
        /// The State Corporation's own application.
        TsonApp = 3 "tson_app",
        /// A self-service terminal.
        Kiosk = 4 "kiosk",
        /// An operator at a desk, for a citizen: the only channel under the operator's daily cap.
        Desk = 5 "desk",
        /// A chat assistant.
        Assistant = 6 "assistant",
        /// The payment side: the only one that makes anything paid.
        Payment = 7 "payment",
        /// The keeper: expiry, and what runs beside the API.
        Keeper = 8 "keeper",
        /// The registry of issued marks, when it is imported.
        Registry = 9 "registry",
    }
}

coded! {
    /// Whether a person (IIN) or a legal entity (BIN) applies. Their limits differ.
    pub enum ApplicantKind {
        /// Identified by an IIN.
        Person = 1 "person",
        /// Identified by a BIN, with a person who represents it.
        Entity = 2 "entity",
    }
}

/// For whom a mark is held or allotted.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Applicant {
    /// The pseudonym: a keyed HMAC of the IIN or BIN.
    pub id: ApplicantId,
    /// Person or entity.
    pub kind: ApplicantKind,
    /// Which key made the pseudonym, so that keys can be changed.
    pub key_id: u8,
    /// The pseudonym of the person who acts for an entity.
    pub representative: Option<ApplicantId>,
}

/// For whom something was done, as the journal names him.
///
/// A record knows the representative who held; a later step may be another one's, so each step names its own.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct OnBehalf {
    /// The applicant's pseudonym.
    pub applicant: ApplicantId,
    /// The pseudonym of the person who acted for an entity in this step.
    pub representative: Option<ApplicantId>,
}

impl From<Applicant> for OnBehalf {
    fn from(applicant: Applicant) -> Self {
        Self { applicant: applicant.id, representative: applicant.representative }
    }
}

/// Who does it, on whose behalf, from where, under which request id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Act {
    /// The request, scoped to its caller.
    pub id: RequestId,
    /// The caller's pseudonym: the actor that the journal names.
    pub caller: String,
    /// The office he sits in, or empty.
    pub office: String,
    /// Over which way the request came.
    pub channel: Channel,
    /// For whom; `None` where nobody in particular is meant (withhold, import, sweep).
    pub applicant: Option<Applicant>,
    /// A digest of the caller's own body, where the layer above wants more of it to tell requests apart
    /// than the verb's own arguments do; all zero otherwise.
    pub body: Digest,
}

impl Act {
    /// An act for an applicant.
    #[must_use]
    pub fn on_behalf(caller: &str, request_id: &str, channel: Channel, applicant: Applicant) -> Self {
        Self { applicant: Some(applicant), ..Self::of(caller, request_id, channel) }
    }

    /// An act for nobody in particular.
    #[must_use]
    pub fn of(caller: &str, request_id: &str, channel: Channel) -> Self {
        Self {
            id: RequestId::of(caller, request_id),
            caller: caller.to_owned(),
            office: String::new(),
            channel,
            applicant: None,
            body: Digest::default(),
        }
    }

    /// The operator under whose daily cap this act counts, if an operator does it.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        (self.channel == Channel::Desk).then_some(self.caller.as_str())
    }
}

/// Gathers what a request asks, field by field, into its digest.
///
/// Each field is written with its length before it, so that no two lists of fields give the same bytes.
/// Office and channel are left out on purpose: a retry may come over another way and is still the same request.
pub struct Asked(Sha256);

impl Asked {
    /// What `act` asks by `verb`: begins with the verb, the applicant and the caller's own body.
    #[must_use]
    pub fn by(verb: &str, act: &Act) -> Self {
        let mut asked = Self(Sha256::new()).bytes(verb.as_bytes());
        if let Some(applicant) = &act.applicant {
            asked = asked.bytes(&applicant.id.0).bytes(&[applicant.kind.code()]);
            if let Some(representative) = &applicant.representative {
                asked = asked.bytes(&representative.0);
            }
        }
        asked.bytes(&act.body.0)
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds an integer.
    #[must_use]
    pub fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// The digest of everything added.
    #[must_use]
    pub fn digest(self) -> Digest {
        Digest(first(&self.0.finalize().into()))
    }
}
