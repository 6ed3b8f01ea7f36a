//! Proofs, run as doctests, that a record is closed: what must not compile, each beside what does.
//!
//! A record is made of fields that were checked, all of them named:
//! ```
//! fn check(fields: wire::RecordFields) -> Result<wire::Record, wire::RecordFault> { fields.try_into() }
//! fn name(mut fields: wire::RecordFields) { fields.country = wire::Country::parse("DE").ok(); }
//! ```
//! Not without the check:
//! ```compile_fail
//! fn skip(fields: wire::RecordFields) -> wire::Record { wire::Record(fields) }
//! ```
//! Not changed after it:
//! ```compile_fail
//! fn change(mut record: wire::Record) { record.vote_day = true; }
//! ```
//! No text goes in, not even where letters stand on the wire:
//! ```compile_fail
//! fn text(mut fields: wire::RecordFields) { fields.country = Some(String::from("DE")); }
//! ```
//! ```compile_fail
//! fn text(mut fields: wire::RecordFields) { fields.grade_overall = Some("A"); }
//! ```
//! No address does:
//! ```compile_fail
//! fn address(mut fields: wire::RecordFields, ip: std::net::Ipv4Addr) { fields.asn = Some(ip); }
//! ```
//! No number of any precision does:
//! ```compile_fail
//! fn precise(mut fields: wire::RecordFields) { fields.baseline = Some(12_345); }
//! ```
//! And no field is added unseen: every field's type is `Copy`, which neither `String` nor a map can be. A new field breaks
//! this list until it is added here.
//! ```
//! use wire::RecordFields;
//! fn plain<T: Copy + 'static>(_: T) {}
//! fn every_field_is_plain(fields: RecordFields) {
//!     let RecordFields {
//!         tested_hour, test_type, asn, asn_outcome, country, ip_version, vote_day, vote_month, baseline,
//!         download_increase, upload_increase, bidirectional_increase, download_rate, upload_rate, grade_overall,
//!         grade_download, grade_upload, grade_bidirectional, grade_gaming, grade_video_call, grade_streaming,
//!         grade_background, duration_s, client_version, asn_database_day,
//!     } = fields;
//!     plain((tested_hour, test_type, asn, asn_outcome, country, ip_version, vote_day, vote_month));
//!     plain((baseline, download_increase, upload_increase, bidirectional_increase, download_rate, upload_rate));
//!     plain((grade_overall, grade_download, grade_upload, grade_bidirectional));
//!     plain((grade_gaming, grade_video_call, grade_streaming, grade_background));
//!     plain((duration_s, client_version, asn_database_day));
//! }
//! ```
//! The proof itself works: a `String` is not plain.
//! ```compile_fail
//! fn plain<T: Copy + 'static>(_: T) {}
//! plain(String::new());
//! ```
