//! What each transaction does beside the requests: it seals what is due and holds the caps.

use jiff::Timestamp;
use rusqlite::Connection;
use wire::{AgentId, Day, Hour};

use super::Moment;
use super::memory::Memory;
use crate::store::{StoreFault, StoreSettings, batches, evict, history, identity, outbox, webhooks};

/// Most batches sealed in one transaction: it bounds how long the requests in it wait.
const MAX_SEALS_PER_TURN: u64 = 4;

/// Share of the cap that an eviction frees beyond what is needed, so that it is not done at every request.
const EVICTION_SLACK: u64 = 64;

/// Seals what is due and holds the caps. Returns how many batches were sealed.
pub(super) fn keep_house(
    connection: &Connection,
    settings: &StoreSettings,
    memory: &mut Memory,
    moment: Moment,
    clock_is_believed: bool,
) -> Result<u64, StoreFault> {
    let now = moment.wall;
    let now_s = now.as_second();
    let today = Hour::of_unix_s(now_s).day();
    if let Some(caps) = &settings.webhook {
        webhooks::by_size(connection, caps)?;
        memory.webhooks = webhooks::depth(connection)?;
    }
    if memory.maintenance_is_due(now) {
        if clock_is_believed {
            evict::by_age(connection, &settings.caps, now_s)?;
            webhooks::by_age(connection, settings.webhook.is_some(), now)?;
            memory.voters.calm(connection, today)?;
            memory.voters.prune(connection, today)?;
        }
        memory.webhooks = webhooks::depth(connection)?;
        memory.answers.prune(connection, moment)?;
        memory.recount(connection)?;
        memory.maintained_ms = now.as_millisecond();
    }
    if memory.history_rows > settings.history_rows {
        history::evict(connection, memory.history_rows - settings.history_rows)?;
        memory.history_rows = settings.history_rows;
    }
    if memory.voters.is_full() {
        // By a day of long ago nobody is too old, and only the longest unseen go.
        memory.voters.prune(connection, if clock_is_believed { today } else { Day(0) })?;
    }
    let sealed = match &settings.agent {
        Some(agent) => seal_due(connection, agent, settings, memory, now)?,
        None => 0,
    };
    if memory.outbox_bytes > settings.caps.max_bytes {
        let slack = settings.caps.max_bytes / EVICTION_SLACK;
        let freed = evict::by_size(connection, memory.outbox_bytes - settings.caps.max_bytes + slack)?;
        memory.outbox_bytes = memory.outbox_bytes.saturating_sub(freed.bytes);
        memory.waiting = memory.waiting.saturating_sub(freed.waiting);
        memory.drops_wait |= freed.waiting > 0;
    }
    Ok(sealed)
}

/// True if a transaction without requests would seal something, or set the time of the next seal.
pub(super) fn seal_is_due(memory: &Memory, settings: &StoreSettings, now: Timestamp) -> bool {
    if settings.agent.is_none() {
        return false;
    }
    memory.more_to_seal
        || match memory.seal_due_ms {
            Some(_) => interval_is_over(memory, settings, now),
            None => memory.waiting > 0 || memory.drops_wait,
        }
}

fn interval_is_over(memory: &Memory, settings: &StoreSettings, now: Timestamp) -> bool {
    let now_ms = now.as_millisecond();
    // A clock that stepped back must not put sealing off.
    memory.seal_due_ms.is_some_and(|due| now_ms >= due || due - now_ms > 2 * settings.seal_interval_ms)
}

fn seal_due(
    connection: &Connection,
    agent: &AgentId,
    settings: &StoreSettings,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<u64, StoreFault> {
    let interval_is_over = interval_is_over(memory, settings, now);
    let mut sealed = 0;
    memory.more_to_seal = false;
    if interval_is_over || memory.waiting >= settings.seal_records {
        let room = room(connection, agent, settings)?;
        let limit = usize::try_from(settings.seal_records).unwrap_or(usize::MAX);
        let some_wait = |memory: &Memory| memory.waiting > 0 || memory.drops_wait;
        while memory.waiting >= settings.seal_records || (interval_is_over && some_wait(memory)) {
            if sealed >= room.min(MAX_SEALS_PER_TURN) {
                memory.more_to_seal = sealed < room && memory.waiting >= settings.seal_records;
                break;
            }
            let Some(batch) = outbox::seal(connection, agent, limit, now.as_second())? else {
                memory.recount(connection)?;
                break;
            };
            sealed += 1;
            memory.waiting = memory.waiting.saturating_sub(batch.taken);
            memory.drops_wait = false;
            let taken = batch.taken_bytes + batch.taken * evict::ROW_OVERHEAD_BYTES;
            memory.outbox_bytes =
                (memory.outbox_bytes + batch.body_bytes + evict::ROW_OVERHEAD_BYTES).saturating_sub(taken);
        }
    }
    if sealed > 0 || interval_is_over {
        memory.seal_due_ms = None;
    }
    if memory.seal_due_ms.is_none() && (memory.waiting > 0 || memory.drops_wait) {
        memory.seal_due_ms = Some(now.as_millisecond() + jittered(settings.seal_interval_ms));
    }
    Ok(sealed)
}

/// How many batches may be sealed: none under another agent id, for two ids never share an epoch, and no more than the
/// outbox may hold unsettled.
fn room(connection: &Connection, agent: &AgentId, settings: &StoreSettings) -> Result<u64, StoreFault> {
    let me = identity::read(connection)?;
    if me.agent.is_some_and(|sealed_as| sealed_as != *agent) {
        return Ok(0);
    }
    let unsettled = batches::unsettled(connection, me.next_seq)?;
    Ok(settings.caps.max_unsettled_batches().saturating_sub(unsettled))
}

/// The interval, a fifth more or less: many agents do not come at once, and the hour of a seal tells less.
fn jittered(interval_ms: i64) -> i64 {
    let fifth = interval_ms / 5;
    interval_ms + rand::random_range(-fifth..=fifth)
}
