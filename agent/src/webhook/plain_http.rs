//! Where plain http may go: to loopback, and to the prefixes that the operator lists. A name is resolved here, and the
//! connection goes to the address that was looked at and to no other: a name that points elsewhere at its next resolution
//! gains nothing.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

/// The prefixes to which plain http may go, beside loopback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainHttp(pub Vec<IpNet>);

impl PlainHttp {
    /// True if plain http may go to this address.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.0.iter().any(|prefix| prefix.contains(&address))
    }
}

/// The name points to where plain http must not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("plain http is not allowed to any address of this name")]
pub struct NotPermitted;

/// Asks the system for the addresses of a name; blocks.
type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Resolves the receiver's name for the HTTP client.
#[derive(Clone)]
pub struct Resolver {
    /// What is allowed; none: every address is, because TLS proves whose it is.
    allowed: Option<Arc<PlainHttp>>,
    lookup: Arc<Lookup>,
    /// One look-up at a time: it holds a thread until the system answers, and the support desk needs threads, too.
    turn: Arc<Semaphore>,
}

impl Resolver {
    /// For https: every address that the system gives.
    #[must_use]
    pub fn any() -> Self {
        Self::with(None, Arc::new(ask_the_system))
    }

    /// For plain http: only addresses that are allowed.
    #[must_use]
    pub fn only(allowed: PlainHttp) -> Self {
        Self::with(Some(allowed), Arc::new(ask_the_system))
    }

    fn with(allowed: Option<PlainHttp>, lookup: Arc<Lookup>) -> Self {
        Self { allowed: allowed.map(Arc::new), lookup, turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allowed, lookup, turn } = self.clone();
        Box::pin(async move {
            let permit = turn.acquire_owned().await?;
            let mut addresses = tokio::task::spawn_blocking(move || {
                // Held until the system has answered, also if nobody waits for it any more.
                let _permit = permit;
                lookup(name.as_str())
            })
            .await??;
            if let Some(allowed) = allowed {
                addresses.retain(|address| allowed.permits(*address));
                if addresses.is_empty() {
                    return Err(NotPermitted.into());
                }
            }
            // Port 0 stands for the URL's.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

fn ask_the_system(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

#[cfg(test)]
pub(super) mod tests {
    //! Aim: plain http reaches loopback and what the operator lists, and nothing else, also if a name changes its mind.

    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// An address kept for documentation: nobody is there.
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    /// A resolver of names that point to loopback when it is first asked, and elsewhere from then on.
    pub(in crate::webhook) fn rebinding() -> Resolver {
        let asked = AtomicBool::new(false);
        let lookup = move |_: &str| {
            let again = asked.swap(true, Ordering::SeqCst);
            Ok(vec![if again { ELSEWHERE } else { Ipv4Addr::LOCALHOST.into() }])
        };
        Resolver::with(Some(PlainHttp::default()), Arc::new(lookup))
    }

    /// A resolver of names that point elsewhere.
    pub(in crate::webhook) fn elsewhere() -> Resolver {
        Resolver::with(Some(PlainHttp::default()), Arc::new(|_: &str| Ok(vec![ELSEWHERE])))
    }

    async fn addresses(resolver: &Resolver, name: &str) -> Result<Vec<SocketAddr>, String> {
        let name = name.parse().expect("a name");
        resolver.resolve(name).await.map(Iterator::collect).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn only_permitted_addresses_come_out() {
        fn lookup(name: &str) -> io::Result<Vec<IpAddr>> {
            match name {
                "mixed.example" => Ok(["192.0.2.7", "10.1.2.3", "::ffff:10.9.9.9", "2001:db8::1"]
                    .map(|text| text.parse().expect("an address"))
                    .to_vec()),
                "outside.example" => Ok(vec![ELSEWHERE]),
                _ => Err(io::Error::other("no such name")),
            }
        }
        let allowed = PlainHttp(vec!["10.0.0.0/8".parse().expect("a prefix")]);
        let resolver = Resolver::with(Some(allowed), Arc::new(lookup));
        let mixed = addresses(&resolver, "mixed.example").await.expect("two are allowed");
        assert_eq!(mixed, ["10.1.2.3:0", "[::ffff:10.9.9.9]:0"].map(|text| text.parse().expect("an address")));
        assert_eq!(addresses(&resolver, "outside.example").await, Err(NotPermitted.to_string()));
        assert_eq!(addresses(&resolver, "nowhere.example").await, Err("no such name".to_owned()));
        let https = Resolver::with(None, Arc::new(lookup));
        assert_eq!(addresses(&https, "mixed.example").await.expect("all are allowed").len(), 4);
    }

    #[test]
    fn prefixes_are_held_against_the_address_that_is_meant() {
        let listed =
            PlainHttp(vec!["10.0.0.0/8".parse().expect("a prefix"), "2001:db8::/32".parse().expect("a prefix")]);
        for (address, permitted) in [
            ("127.0.0.1", true),
            ("127.255.0.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.255.255.255", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8:9::1", true),
            ("11.0.0.0", false),
            ("0.0.0.0", false),
            ("::", false),
            ("169.254.169.254", false),
            ("2001:db9::1", false),
            ("64:ff9b::a00:1", false),
        ] {
            assert_eq!(listed.permits(address.parse().expect("an address")), permitted, "{address}");
        }
    }
}
