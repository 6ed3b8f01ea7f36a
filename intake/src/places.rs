//! How much clients may hold at once: so many in all, and so many each, so that one cannot take what is for all.
//!
//! A limit on requests a minute does not bound what lasts: a download may take minutes. Here each holds a place until it
//! ends. What is remembered of a client is a keyed hash, and only while it holds something.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client::ClientAddress;

/// Length of the prefix that counts as one client over IPv6.
const CLIENT_PREFIX_BITS: u8 = 64;

/// Places for what lasts. Clones share them.
#[derive(Debug, Clone)]
pub struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all: Arc<Semaphore>,
    most_each: u32,
    hasher: RandomState,
    /// How many each client holds, by hash. It has no more entries than places are held.
    held: Mutex<HashMap<u64, u32>>,
}

/// A place that is held until this is dropped.
#[derive(Debug)]
pub struct Place {
    shared: Arc<Shared>,
    client: u64,
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// All are held.
    Full,
    /// This client holds as many as one may.
    ClientFull,
}

impl Places {
    /// Places for so many in all, and so many of one client.
    #[must_use]
    pub fn new(most: usize, most_each: u32) -> Self {
        let all = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared { all, most_each, hasher: RandomState::new(), held: Mutex::default() }))
    }

    /// A place for this client, at once or not at all.
    ///
    /// # Errors
    /// [`NoPlace`] if all are held, or too many by this client.
    pub fn take(&self, client: ClientAddress) -> Result<Place, NoPlace> {
        let permit = Arc::clone(&self.0.all).try_acquire_owned().map_err(|_| NoPlace::Full)?;
        let client = self.0.hasher.hash_one(client.unit(CLIENT_PREFIX_BITS).key_bytes());
        self.0.with(|held| {
            let count = held.get(&client).copied().unwrap_or(0);
            if count >= self.0.most_each {
                return Err(NoPlace::ClientFull);
            }
            held.insert(client, count + 1);
            Ok(())
        })?;
        Ok(Place { shared: Arc::clone(&self.0), client, _permit: permit })
    }
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<u64, u32>) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.with(|held| {
            let Entry::Occupied(mut count) = held.entry(self.client) else { return };
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> ClientAddress {
        ClientAddress::new([192, 0, 2, last].into())
    }

    /// Aim: one client cannot take what is for all, all together cannot take more than there is, and what is given back is
    /// forgotten.
    #[test]
    fn places_are_bounded_and_given_back() {
        let places = Places::new(3, 2);
        let mut held = vec![places.take(client(1)).unwrap(), places.take(client(1)).unwrap()];
        assert_eq!(places.take(client(1)).unwrap_err(), NoPlace::ClientFull);
        held.push(places.take(client(2)).unwrap());
        assert_eq!(places.take(client(3)).unwrap_err(), NoPlace::Full);
        held.remove(0);
        held.push(places.take(client(1)).unwrap());
        drop(held);
        assert_eq!(places.0.with(|held| held.len()), 0);
        assert_eq!(places.0.all.available_permits(), 3);
    }
}
