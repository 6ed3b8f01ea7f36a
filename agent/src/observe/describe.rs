//! What each metric means, as Prometheus shows it beside the figure.

use metrics::{Unit, describe_counter, describe_gauge};

/// Describes every metric that passes through the recorder; the histograms and the process describe themselves.
pub(super) fn all() {
    results();
    outbox();
    webhooks();
    describe_gauge!("agent_build_info", "1; the label is the program's version.");
}

fn results() {
    describe_counter!("agent_results_total", Unit::Count, "Results kept since start.");
    describe_counter!("agent_results_repeated_total", Unit::Count, "Submissions that had been kept before.");
    describe_counter!("agent_submissions_refused_total", Unit::Count, "Submissions refused, by the problem's slug.");
    describe_counter!(
        "agent_submissions_opted_out_total",
        Unit::Count,
        "Submissions with telemetry_enabled false: neither kept nor sent."
    );
    describe_counter!(
        "agent_submissions_from_loopback_total",
        Unit::Count,
        "Submissions without a client's address. If it rises, the web server in front passes no X-Forwarded-For."
    );
    describe_gauge!("agent_history_rows", Unit::Count, "Results in the history.");
    describe_counter!("agent_commits_total", Unit::Count, "Transactions committed since start.");
    describe_counter!(
        "agent_commits_failed_total",
        Unit::Count,
        "Transactions that failed; nothing in them was acknowledged."
    );
    describe_gauge!("agent_database_broken", "1 while the database takes no results: full disk, damage.");
    describe_counter!(
        "agent_damage_found_total",
        Unit::Count,
        "How often damage was found since the database was born, by part."
    );
    describe_counter!(
        "agent_damage_lost_rows_total",
        Unit::Count,
        "Rows that damage has cost since the database was born, by part; 0 if all was mended."
    );
    describe_gauge!(
        "agent_writer_pulse_age_seconds",
        Unit::Seconds,
        "Time since the database's writer last went round. More than 10: the disk does not answer."
    );
    describe_counter!(
        "agent_votes_forgotten_total",
        Unit::Count,
        "Clients forgotten while their vote still counted, because the memory of votes was full."
    );
    describe_counter!(
        "agent_support_refused_total",
        Unit::Count,
        "Requests and sign-ins at the support desk without the right key. If it rises, somebody guesses."
    );
    describe_counter!("agent_audit_lost_total", Unit::Count, "Entries of the audit log that could not be written.");
    describe_gauge!("agent_asn_database_age_seconds", Unit::Seconds, "Time since the ASN database was built.");
}

fn outbox() {
    describe_gauge!("agent_outbox_waiting_records", Unit::Count, "Records that wait for sealing.");
    describe_gauge!("agent_outbox_bytes", Unit::Bytes, "Size of the outbox: waiting, sealed and set aside.");
    describe_counter!("agent_batches_sealed_total", Unit::Count, "Batches sealed since start.");
    describe_gauge!(
        "agent_outbox_unsettled_batches",
        Unit::Count,
        "Sealed batches that the warehouse has not acknowledged."
    );
    describe_gauge!("agent_outbox_unsettled_records", Unit::Count, "Records in them.");
    describe_gauge!(
        "agent_outbox_oldest_unsettled_age_seconds",
        Unit::Seconds,
        "Time since the oldest of them was sealed; 0 if there is none."
    );
    describe_gauge!("agent_outbox_set_aside_batches", Unit::Count, "Batches set aside for a human to look at.");
    describe_counter!(
        "agent_upload_settled_total",
        Unit::Count,
        "Batches that the warehouse has acknowledged since start."
    );
    describe_counter!("agent_upload_failed_total", Unit::Count, "Attempts to send a batch that failed since start.");
    describe_gauge!(
        "agent_upload_last_settled_timestamp_seconds",
        Unit::Seconds,
        "When the warehouse last acknowledged a batch, in Unix time."
    );
    describe_gauge!("agent_upload_alarm", "1 while uploading waits for a human; `agent status` says for what.");
    describe_gauge!("agent_report_available", "1 if the database could be asked for the figures of this answer.");
}

fn webhooks() {
    describe_gauge!("agent_webhook_waiting", Unit::Count, "Deliveries to the provider's own system that wait.");
    describe_counter!("agent_webhook_delivered_total", Unit::Count, "Deliveries that the receiver took since start.");
    describe_counter!("agent_webhook_failed_total", Unit::Count, "Attempts to deliver that failed since start.");
    describe_counter!("agent_webhook_set_aside_total", Unit::Count, "Deliveries set aside since start.");
    describe_gauge!("agent_webhook_gone", "1 while the receiver says that it wants no more (410).");
    describe_gauge!("agent_webhook_set_aside", Unit::Count, "Deliveries set aside for a human to look at.");
    describe_counter!(
        "agent_webhook_dropped_total",
        Unit::Count,
        "Deliveries given up since the database was made, to hold the queue's bounds."
    );
    describe_gauge!(
        "agent_webhook_oldest_waiting_age_seconds",
        Unit::Seconds,
        "Time since the oldest waiting delivery was queued; 0 if there is none."
    );
}
