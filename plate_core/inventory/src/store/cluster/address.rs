//! The URL of a cluster: `redis+cluster://user:password@host:port,host:port/?replicas=2`.
//!
//! Each node it names is one to ask at first; who the others are they say themselves. How many replicas must have a
//! write stands here too, so that everybody who is given the URL is held to the same. Not here: encryption, which the
//! engine does not speak to a single server either.

use super::super::StoreError;

/// What a cluster's URL begins with.
const SCHEME: &str = "redis+cluster://";

/// Where a cluster is first asked, and as whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seeds {
    /// `user:password@`, as it stands in the URL; empty for the default user.
    login: String,
    /// `host:port` each.
    pub(super) addresses: Vec<String>,
    /// How many replicas must have a write, where the URL says it.
    pub(super) replicas: Option<u16>,
}

/// More replicas than this nobody waits for.
const REPLICAS_MAX: u16 = 5;

/// Whether a URL names a cluster.
pub(in crate::store) fn names_a_cluster(url: &str) -> bool {
    url.starts_with(SCHEME)
}

impl Seeds {
    /// Reads the URL.
    pub(super) fn read(url: &str) -> Result<Self, StoreError> {
        let fault = |detail: &str| StoreError::Url { detail: detail.to_owned() };
        let rest =
            url.strip_prefix(SCHEME).ok_or_else(|| fault("a cluster's begins with redis+cluster://"))?;
        let (places, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (database, query) = path.split_once('?').unwrap_or((path, ""));
        if !matches!(database, "" | "0") {
            return Err(fault("a cluster has database 0 alone"));
        }
        let said = query.strip_prefix("replicas=").and_then(|number| number.parse().ok());
        let replicas = said.filter(|replicas| (1..=REPLICAS_MAX).contains(replicas));
        if replicas.is_none() && !query.is_empty() {
            return Err(fault("of a cluster only ?replicas=1 to 5 can be said"));
        }
        let (login, hosts) = match places.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), places),
        };
        let addresses: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        let whole = |address: &String| {
            address.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        if !addresses.iter().all(whole) {
            return Err(fault("each node is host:port, with commas between them"));
        }
        Ok(Self { login, addresses, replicas })
    }

    /// The URL of one node.
    pub(super) fn url_of(&self, address: &str) -> String {
        // A node tells an IPv6 address without the brackets that a URL has around it.
        match address.rsplit_once(':') {
            Some((host, port)) if host.contains(':') && !host.starts_with('[') => {
                format!("redis://{}[{host}]:{port}/", self.login)
            }
            _ => format!("redis://{}{address}/", self.login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any number of nodes, with a user or without one; what a node says of itself becomes a URL of its own.
    #[test]
    fn a_url_names_nodes() {
        for (url, login, addresses) in [
            ("redis+cluster://a:1/", "", vec!["a:1"]),
            ("redis+cluster://a:1,b:2,10.0.0.3:3", "", vec!["a:1", "b:2", "10.0.0.3:3"]),
            ("redis+cluster://plates:p%40ss@a:1,b:2/0", "plates:p%40ss@", vec!["a:1", "b:2"]),
            ("redis+cluster://:secret@[::1]:7001/", ":secret@", vec!["[::1]:7001"]),
        ] {
            let seeds = Seeds::read(url).unwrap();
            assert_eq!(
                (seeds.login.as_str(), &seeds.addresses),
                (login, &addresses.iter().map(|a| (*a).to_owned()).collect()),
                "{url}"
            );
        }
        let seeds = Seeds::read("redis+cluster://plates:secret@a:1/?replicas=2").unwrap();
        assert_eq!(seeds.replicas, Some(2));
        assert_eq!(seeds.url_of("b:2"), "redis://plates:secret@b:2/");
        assert_eq!(seeds.url_of("fe80::1:7001"), "redis://plates:secret@[fe80::1]:7001/");
    }

    /// What cannot be meant is refused, and the password is not repeated.
    #[test]
    fn a_url_that_cannot_be_meant_is_refused() {
        for url in [
            "redis+cluster://",
            "redis+cluster://a/",
            "redis+cluster://u:secret@a:1,:2/",
            "redis+cluster://u:secret@a:1,b:port/",
            "redis+cluster://u:secret@a:1/1",
            "redis+cluster://u:secret@a:1/?replicas=0",
            "redis+cluster://u:secret@a:1/?replicas=6",
            "redis+cluster://u:secret@a:1/?timeout=1",
            "redis://u:secret@a:1/",
        ] {
            let refused = Seeds::read(url).unwrap_err();
            assert!(
                matches!(&refused, StoreError::Url { detail } if !detail.contains("secret")),
                "{url}: {refused}"
            );
        }
    }
}
