//! What happened, step by step: always as a hash, by which two runs are compared, and as lines when somebody reads.

/// A mark: the number of its pool, and its ordinal.
pub type Place = (usize, u32);

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Line {
    /// In which step.
    pub step: u32,
    /// To which mark, if to one.
    pub mark: Option<Place>,
    /// What.
    pub text: String,
}

/// A run as it is told.
#[derive(Debug)]
pub struct Trace {
    /// The step that is being taken.
    pub step: u32,
    hash: u64,
    lines: Option<Vec<Line>>,
}

impl Trace {
    /// Nothing yet; with `kept`, lines are kept.
    #[must_use]
    pub fn new(kept: bool) -> Self {
        Self { step: 0, hash: 0xcbf2_9ce4_8422_2325, lines: kept.then(Vec::new) }
    }

    /// Adds what happened: its figures to the hash, its text to the lines.
    pub fn note(&mut self, mark: Option<Place>, figures: &[u64], text: impl FnOnce() -> String) {
        for figure in figures {
            self.hash = (self.hash ^ figure).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(Line { step: self.step, mark, text: text() });
        }
    }

    /// The hash of everything so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        self.lines.as_deref().unwrap_or_default()
    }
}
