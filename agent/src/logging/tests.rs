use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::*;

/// Where lines go in a test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is written of one warning of ours, one trace of ours, and what libraries say.
fn written(shape: Shape, levels: &str) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = subscriber(shape, levels.parse().expect("levels"), move || writer.clone());
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(target: "agent::upload", { batch.seq = 7 }, "a batch was not taken");
        tracing::trace!(target: "intake::server", "nothing to do");
        tracing::info!(target: "hyper_util", "a library's news");
        tracing::debug!(target: "hyper_util::client", "connecting to 192.0.2.7:443");
        tracing::trace!(target: "agentish", "peer 192.0.2.7");
    });
    let bytes = lines.0.lock().expect("the lines").clone();
    String::from_utf8(bytes).expect("text")
}

// Aim: at the loudest level our own crates are heard, and what libraries say of peers is not.
#[test]
fn libraries_name_no_peer_at_any_level() {
    for shape in [Shape::Text { colours: false }, Shape::Journal, Shape::Json] {
        let text = written(shape, "trace");
        assert!(text.contains("nothing to do") && text.contains("a library's news"), "{text}");
        assert!(!text.contains("192.0.2.7"), "{text}");
        let text = written(shape, "warn");
        assert!(text.contains("a batch was not taken") && !text.contains("nothing to do"), "{text}");
    }
}

// Aim: a collector gets one object a line, with the message and each field beside it; the journal gets priorities.
#[test]
fn each_reader_gets_its_form() {
    let json = written(Shape::Json, "info");
    let objects: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(objects.len(), 2, "{json}");
    assert_eq!(objects[0]["message"], "a batch was not taken");
    assert_eq!((&objects[0]["batch.seq"], &objects[0]["level"]), (&7.into(), &"WARN".into()));
    assert!(objects[0]["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{json}");

    let journal = written(Shape::Journal, "trace");
    let begins: Vec<&str> = journal.lines().map(|line| &line[..3]).collect();
    assert_eq!(begins, ["<4>", "<7>", "<6>"], "{journal}");

    assert!(!written(Shape::Text { colours: false }, "trace").contains('\u{1b}'), "colours in a file");
    assert!(written(Shape::Text { colours: true }, "trace").contains('\u{1b}'), "no colours at a terminal");
}
