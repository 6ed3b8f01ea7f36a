//! Finished answers, kept for those who ask the same: a hot question costs a look-up.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use lru::LruCache;

use crate::cut::Cut;
use crate::digest::Sha256;

/// Most answers that are kept.
const MAX_ANSWERS: NonZeroUsize = NonZeroUsize::new(4_096).expect("not 0");

/// Most bytes of all answers that are kept.
const MAX_BYTES: usize = 64 << 20;

/// An answer as it is sent.
#[derive(Debug)]
pub(in crate::http) struct Answer {
    pub(in crate::http) bytes: Bytes,
    /// The value of `Content-Type`.
    pub(in crate::http) content_type: &'static str,
    /// Where the next page is.
    pub(in crate::http) next: Option<HeaderValue>,
}

/// Names an answer by all that its bytes depend on: cut, question, form (format and encoding) and the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::http) struct Tag(String);

impl Tag {
    pub(in crate::http) fn new(cut: &Cut, path: &str, question: &str, form: &str) -> Self {
        let (id, hour) = (cut.document.id, &cut.publication.generated_at);
        let all = format!("{id} {hour} {path}?{question} {form} {}", env!("CARGO_PKG_VERSION"));
        let mut digest = Sha256::of(all.as_bytes()).to_string();
        digest.truncate(32);
        Self(format!("\"{digest}\""))
    }

    pub(in crate::http) fn header(&self) -> HeaderValue {
        HeaderValue::try_from(&self.0).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
    }

    /// True if who asks has the answer already (`If-None-Match`).
    pub(in crate::http) fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|value| value.split(','));
        known.any(|value| value.trim().trim_start_matches("W/") == self.0)
    }
}

/// The store. What was not asked for longest makes room.
pub(in crate::http) struct Answers {
    kept: Mutex<Kept>,
}

struct Kept {
    answers: LruCache<Tag, Arc<Answer>>,
    bytes: usize,
}

impl Default for Answers {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept { answers: LruCache::new(MAX_ANSWERS), bytes: 0 }) }
    }
}

impl Answers {
    pub(in crate::http) fn find(&self, tag: &Tag) -> Option<Arc<Answer>> {
        self.with(|kept| kept.answers.get(tag).cloned())
    }

    /// Keeps an answer, if it is not larger than the store.
    pub(in crate::http) fn keep(&self, tag: Tag, answer: Answer) -> Arc<Answer> {
        let answer = Arc::new(answer);
        self.with(|kept| kept.push(tag, Arc::clone(&answer)));
        answer
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn push(&mut self, tag: Tag, answer: Arc<Answer>) {
        if answer.bytes.len() > MAX_BYTES {
            return;
        }
        self.bytes += answer.bytes.len();
        if let Some((_, out)) = self.answers.push(tag, answer) {
            self.bytes -= out.bytes.len();
        }
        while self.bytes > MAX_BYTES {
            let Some((_, out)) = self.answers.pop_lru() else { break };
            self.bytes -= out.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: neither many answers nor large ones grow the store beyond its bounds, and what is asked for stays.
    #[test]
    fn the_store_is_bounded() {
        let answers = Answers::default();
        let tag = |number: usize| Tag(number.to_string());
        let answer = |bytes: usize| Answer { bytes: vec![0; bytes].into(), content_type: "", next: None };
        for number in 0..70 {
            answers.keep(tag(number), answer(1 << 20));
            assert!(answers.find(&tag(0)).is_some(), "{number}");
        }
        assert!(answers.find(&tag(1)).is_none() && answers.find(&tag(69)).is_some());
        answers.keep(tag(100), answer(MAX_BYTES + 1));
        assert!(answers.find(&tag(100)).is_none());
        // The same again counts once.
        for _ in 0..100 {
            answers.keep(tag(69), answer(1 << 20));
        }
        assert!(answers.with(|kept| kept.bytes) <= MAX_BYTES && answers.find(&tag(0)).is_some());
        for number in 1_000..10_000 {
            answers.keep(tag(number), answer(1));
        }
        assert_eq!(answers.with(|kept| (kept.answers.len(), kept.bytes)), (4_096, 4_096));
    }
}
