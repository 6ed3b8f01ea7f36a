//! `GET /telemetry.js`: the script by which a test page sends its result here.

use super::fixed::Fixed;

/// How long a browser uses the script without asking for a newer one, in seconds.
const MAX_AGE_S: u32 = 3_600;

/// The script.
pub(super) fn telemetry_js() -> Fixed {
    let script = include_bytes!("../../assets/telemetry.js").as_slice();
    Fixed::new(script, "text/javascript; charset=utf-8", MAX_AGE_S)
}
