//! What pages of networks and of countries show alike: uses at home and charts, of the subject beside those around it.

use super::{Subject, Told, change, distribution, evening, grades, share_words, spread, trend};
use crate::cut::Cut;
use crate::http::pages::chart::Chart;
use crate::http::pages::trouble::Trouble;
use crate::http::pages::uses;

/// All of it, for `templates/subject/charts.html`; what is not known is none.
pub(in crate::http::pages) struct Portrait {
    pub(in crate::http::pages) uses: Vec<uses::Told>,
    /// Share of good household tests, in words.
    pub(in crate::http::pages) household: Option<String>,
    pub(in crate::http::pages) spread: Option<Chart>,
    pub(in crate::http::pages) grades: Option<Chart>,
    pub(in crate::http::pages) months: Option<Chart>,
    pub(in crate::http::pages) blocks: Option<Chart>,
    /// What the last month changed, in a sentence.
    pub(in crate::http::pages) change: Option<String>,
    pub(in crate::http::pages) evening: Option<Chart>,
}

impl Portrait {
    /// The portrait of the first of these subjects beside the others, by a kind of test. `rows` are what is told of them in the
    /// usual window, with the names of the grades' chart; `household` is the first one's row of household tests.
    ///
    /// # Errors
    /// If the rows of the cut cannot be read.
    pub(in crate::http::pages) fn of(
        cut: &Cut,
        mode: &str,
        subjects: &[Subject],
        rows: &[(String, Option<Told>)],
        household: Option<&Told>,
    ) -> Result<Self, Trouble> {
        let own = subjects.get(..1).unwrap_or_default();
        let key = own.first().map_or("", |own| own.key.as_str());
        Ok(Self {
            uses: uses::uses(|quantity| distribution(cut, own.first()?, quantity)),
            household: household.and_then(Told::share).map(share_words),
            spread: spread(cut, subjects),
            grades: grades("Tests by grade", rows),
            // A third band would hide the first.
            months: trend(cut, "months", mode, "month", &subjects[..subjects.len().min(2)])?,
            blocks: trend(cut, "blocks", mode, "day", own)?,
            change: change(cut, key, mode)?,
            evening: evening(cut, subjects),
        })
    }
}
