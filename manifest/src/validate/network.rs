//! Names and name resolution of a Pod (`validatePodDNSConfig`, `ValidateHostAliases`).

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

/// Most name servers and search domains (`MaxDNSNameservers`, `MaxDNSSearchPaths`).
const MAX_SERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
/// Most characters of all search domains together (`MaxDNSSearchListChars`).
const MAX_SEARCHES_LENGTH: usize = 2048;

impl Check<'_> {
    pub(super) fn network(&mut self, pod: &Map<String, Value>, at: &Path) {
        self.grammar(pod, at, "hostname", names::dns_label);
        self.grammar(pod, at, "subdomain", names::dns_label);
        self.grammar(pod, at, "hostnameOverride", names::dns_subdomain);
        let dns = self.mapping(pod, at, "dnsConfig");
        if dns.is_none() && pod.get("dnsPolicy").and_then(Value::as_str) == Some("None") {
            self.error("field.required", &at.key("dnsConfig"), &["dnsConfig"]);
        }
        if let Some(dns) = dns {
            let path = at.key("dnsConfig");
            self.dns(dns, &path);
            let none = pod.get("dnsPolicy").and_then(Value::as_str) == Some("None");
            if none && self.list(dns, &path, "nameservers").is_empty() {
                self.error("field.required", &path.key("nameservers"), &["nameservers"]);
            }
        }
        for (path, alias) in self.items(pod, at, "hostAliases") {
            if let Some(ip) = self.required(alias, &path, "ip") {
                self.address(ip, &path.key("ip"));
            }
            for (index, name) in self.list(alias, &path, "hostnames").iter().enumerate() {
                if let Some(name) = name.as_str().filter(|name| names::dns_subdomain(name).is_err()) {
                    self.error("field.grammar", &path.key("hostnames").index(index), &[name]);
                }
            }
        }
        if pod.get("hostUsers") == Some(&Value::Bool(false)) {
            for key in ["hostNetwork", "hostPID", "hostIPC"] {
                if pod.get(key) == Some(&Value::Bool(true)) {
                    self.forbidden(pod, at, key);
                }
            }
        }
    }

    fn dns(&mut self, dns: &Map<String, Value>, at: &Path) {
        self.at_most(dns, at, "nameservers", MAX_SERVERS);
        self.at_most(dns, at, "searches", MAX_SEARCHES);
        for (index, server) in self.list(dns, at, "nameservers").iter().enumerate() {
            if let Some(server) = server.as_str() {
                self.address(server, &at.key("nameservers").index(index));
            }
        }
        let searches = self.list(dns, at, "searches");
        let length: usize = searches
            .iter()
            .filter_map(Value::as_str)
            .map(|search| search.len() + 1)
            .sum();
        if length > MAX_SEARCHES_LENGTH + 1 {
            self.error(
                "dns.searches.long",
                &at.key("searches"),
                &[&MAX_SEARCHES_LENGTH.to_string()],
            );
        }
        for (index, search) in searches.iter().enumerate() {
            if let Some(search) = search.as_str().filter(|search| !is_search(search)) {
                self.error("field.grammar", &at.key("searches").index(index), &[search]);
            }
        }
        for (path, option) in self.items(dns, at, "options") {
            // The server names the option as a whole.
            if self.text(option, &path, "name").is_none_or(str::is_empty) {
                self.error("field.required", &path, &["name"]);
            }
        }
    }

    fn address(&mut self, text: &str, path: &Path) {
        if text.parse::<IpAddr>().is_err() {
            self.error("field.address", path, &[text]);
        }
    }
}

/// A search domain: a dot alone, or a subdomain with a dot at its end where wished; underscores are allowed (KEP-4427).
fn is_search(text: &str) -> bool {
    text == "." || names::dns_subdomain(&text.strip_suffix('.').unwrap_or(text).replace('_', "x")).is_ok()
}
