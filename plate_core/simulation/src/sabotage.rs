//! Mistakes that somebody could make, one in a run: each must be found, or the simulation proves nothing.

/// Declares the mistakes: variant, name, and what it does.
macro_rules! mistakes {
    ($( $variant:ident $name:literal $meaning:literal )+) => {
        /// One mistake.
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        pub enum Sabotage { $( #[doc = $meaning] $variant, )+ }

        impl Sabotage {
            /// All of them.
            pub const ALL: &[Sabotage] = &[$( Sabotage::$variant, )+];

            /// Its name at the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Sabotage::$variant => $name, )+ }
            }

            /// What it does.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Sabotage::$variant => $meaning, )+ }
            }
        }
    };
}

mistakes! {
    ForgetTheAnswer "forget_the_answer" "The store does not keep what a request id was answered."
    TakeNoPermit "take_no_permit" "A hold is admitted and its permit is not written."
    ExtendBeforeThePermit "extend_before_the_permit" "A hold's deadline is moved before its permit was lengthened."
    HoldAfterThePermit "hold_after_the_permit" "The pool does not look whether a hold's permit still lives."
    GivePermitBackTooEarly "give_permit_back_too_early"
        "A permit goes back although another pass of its id is under way."
    HoldAHeldMark "hold_a_held_mark" "A hold does not look who has the mark."
    IgnoreTheRevision "ignore_the_revision" "Verbs on a hold do not look at the revision that was read."
    ConfirmAnyHold "confirm_any_hold" "A late confirmation settles whatever hold the mark has by then."
    PriceAgainAtConfirm "price_again_at_confirm" "A confirmation reads the price again."
    ExpireWithoutLease "expire_without_lease" "A sweep expires although nobody vouches for the clock."
    SweepWithoutLookingAgain "sweep_without_looking_again" "A sweep ends what is on its list, whatever it is by now."
    LoseAFeedEntry "lose_a_feed_entry" "A call's transitions are not written to the feed."
    VouchForAnyClock "vouch_for_any_clock" "The keeper vouches for the clock without comparing it."
    TrimBeforeSync "trim_before_sync" "The keeper trims what it has appended before it is on disk."
    BothKeepersWrite "both_keepers_write" "The journal has no lock."
    AcknowledgeBeforeTheStore "acknowledge_before_the_store" "A worker says allotted before the store has answered."
    LoseAnAnswer "lose_an_answer" "The coalescer hands the answers of a batch to its items but for the last."
    AnswerTheNeighbour "answer_the_neighbour" "The coalescer hands each answer of a batch to the item after."
    DropARepeatedId "drop_a_repeated_id" "The coalescer sends an id that is in its batch twice only once."
    FailTheUnknown "fail_the_unknown" "A worker reports what was not answered as failed."
}

impl Sabotage {
    /// The mistake of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sabotage| sabotage.name() == name)
    }
}
