//! How many updates fit into a time budget.

/// The share of the time that is planned; the rest is a reserve for other load on the machine.
const PLANNED: f64 = 0.95;

/// A time budget and the costs of a training, all in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The time that is left, sampling at the end included.
    pub left: f64,
    /// One update.
    pub update: f64,
    /// One preview.
    pub preview: f64,
    /// Steps between two previews; 0: there are none. `None`: as many as a run has by default.
    pub preview_every: Option<u64>,
    /// Sampling at the end.
    pub sampling: f64,
}

impl Budget {
    /// How many updates fit; `None` if not even one does.
    ///
    /// # Example
    /// ```
    /// use ancestral_learn::Budget;
    ///
    /// let (left, update, preview, sampling) = (110.0, 0.25, 2.0, 10.0);
    /// let budget = Budget { left, update, preview, preview_every: Some(0), sampling };
    /// assert_eq!(budget.steps(), Some(380)); // 95 % of 100 s
    /// assert_eq!(Budget { preview_every: Some(8), ..budget }.steps(), Some(190));
    /// assert_eq!(Budget { preview_every: None, ..budget }.steps(), Some(342)); // five previews
    /// assert_eq!(Budget { left: 10.1, ..budget }.steps(), None);
    /// ```
    #[must_use]
    pub fn steps(&self) -> Option<u64> {
        let (update, previews) = match self.preview_every {
            None => (self.update, crate::recipe::PREVIEWS as f64 * self.preview),
            Some(0) => (self.update, 0.0),
            Some(every) => (self.update + self.preview / every as f64, 0.0),
        };
        let steps = (PLANNED * (self.left - self.sampling - previews) / update).floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and a time has far fewer updates than 2^53"
        )]
        (steps >= 1.0).then_some(steps as u64)
    }
}
