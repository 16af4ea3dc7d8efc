//! Ports, the host network, DNS and hostnames.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

/// Limits of a resolver configuration.
const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCHES_TEXT: usize = 2048;
/// Maximum number of characters of a hostname.
const MAX_HOSTNAME: usize = 64;

/// Validates the ports of a container (`validateContainerPorts`).
pub(super) fn ports(container: Node<'_>) {
    let mut taken = HashSet::new();
    for port in container.structs("ports") {
        let name = port.text("name");
        if !name.is_empty() {
            let faults = names::port_name(name);
            port.get("name").faults(Rule::PortName, name, &faults);
            if faults.is_empty() && !taken.insert(name) {
                port.get("name").duplicate(Rule::PortDuplicate, name, &[name]);
            }
        }
        let is_mistyped = |key: &str| port.has(key) && port.get_number(key).is_none();
        match port.integer("containerPort") {
            None if is_mistyped("containerPort") => {}
            None | Some(0) => port
                .get("containerPort")
                .required(Rule::PortRange, &[], detail!("")),
            Some(number) => port_number(port.get("containerPort"), number),
        }
        if let Some(number) = port.integer("hostPort").filter(|number| *number != 0) {
            port_number(port.get("hostPort"), number);
        }
        let protocol = port.text("protocol");
        if protocol.is_empty() && !port.is_mistyped_text("protocol") {
            port.get("protocol").require();
        } else {
            port.one_of("protocol", &["SCTP", "TCP", "UDP"]);
        }
        port.text("hostIP");
    }
}

fn port_number(at: Node<'_>, number: i64) {
    if !(1..=65_535).contains(&number) {
        let detail = detail!("must be between 1 and 65535, inclusive");
        at.invalid(Rule::PortRange, number, &[], detail);
    }
}

/// Validates that no host port is used twice (`checkHostPortConflicts`).
pub(super) fn unique_host_ports(containers: &[Node<'_>]) {
    let mut taken = HashSet::new();
    // Each init container is checked separately, and the server reports it with index 0.
    for container in containers {
        for port in container.structs("ports") {
            let number = port.integer("hostPort").unwrap_or(0);
            if number == 0 {
                continue;
            }
            let text = format!("{}/{}/{number}", port.text("protocol"), port.text("hostIP"));
            if taken.contains(&text) {
                let args = [number.to_string()];
                port.get("hostPort")
                    .duplicate(Rule::PortHostDuplicate, text, &[&args[0]]);
            } else {
                taken.insert(text);
            }
        }
    }
}

/// Validates that host ports equal container ports with the host network (`validatePodHostNetworkDeps`).
pub(super) fn host_network(pod: Node<'_>) {
    if !pod.flag("hostNetwork") {
        return;
    }
    for container in pod.structs("containers") {
        for port in container.structs("ports") {
            let number = |key| port.integer(key).unwrap_or(0);
            let (host, own) = (number("hostPort"), number("containerPort"));
            if host != 0 && host != own {
                let detail = detail!("must match `containerPort` when `hostNetwork` is true");
                port.get("hostPort")
                    .invalid(Rule::PortHostNetwork, host, &[&own.to_string()], detail);
            }
        }
    }
}

/// Parses an address like Go's older parser, which accepts leading zeros.
fn parse_sloppy(text: &str) -> Option<IpAddr> {
    let v4 = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        let fits = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part.trim_start_matches('0').len() <= 3
                && part.parse::<u32>().is_ok_and(|number| number <= 255)
        };
        let stripped = || {
            let number = |part: &&str| {
                let digits = part.trim_start_matches('0');
                if digits.is_empty() {
                    "0".to_owned()
                } else {
                    digits.to_owned()
                }
            };
            parts.iter().map(number).collect::<Vec<_>>().join(".")
        };
        (parts.len() == 4 && parts.iter().all(fits)).then(stripped)
    };
    if !text.contains(':') {
        return v4(text)?.parse().ok();
    }
    let (head, tail) = text.rsplit_once(':')?;
    let tail = if tail.contains('.') {
        v4(tail)?
    } else {
        tail.to_owned()
    };
    format!("{head}:{tail}").parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// Validates an address in a field that predates strict parsing (`IsValidIPForLegacyField`).
pub(super) fn address(at: Node<'_>, text: &str) {
    let Some(parsed) = parse_sloppy(text) else {
        let detail = detail!("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        return at.invalid(Rule::FieldAddress, text, &[text], detail);
    };
    if !Feature::StrictIPCIDRValidation.is_on(at.options().minor) {
        return;
    }
    if text.parse::<IpAddr>().is_err() {
        let detail = detail!("must not have leading 0s");
        at.invalid(Rule::FieldAddress, text, &[text], detail);
    } else if matches!(parsed, IpAddr::V6(parsed) if parsed.to_ipv4_mapped().is_some()) {
        let detail = detail!("must not be an IPv4-mapped IPv6 address");
        at.invalid(Rule::FieldAddress, text, &[text], detail);
    }
}

/// `validatePodDNSConfig`.
pub(super) fn dns(pod: Node<'_>) {
    let config = pod.object("dnsConfig");
    let at = pod.get("dnsConfig");
    if pod.text("dnsPolicy") == "None" {
        if !pod.has("dnsConfig") {
            let detail = detail!("must provide `dnsConfig` when `dnsPolicy` is None");
            return at.required(Rule::FieldRequired, &["dnsConfig"], detail);
        }
        if config.is_some() && at.count("nameservers") == 0 {
            let detail = detail!("must provide at least one DNS nameserver when `dnsPolicy` is None");
            return at
                .get("nameservers")
                .required(Rule::FieldRequired, &["nameservers"], detail);
        }
    }
    let Some(config) = config else { return };
    let servers = config.items("nameservers");
    if servers.len() > MAX_NAMESERVERS {
        let detail = detail!("must not have more than {MAX_NAMESERVERS} nameservers");
        long_list(config.get("nameservers"), MAX_NAMESERVERS, detail);
    }
    for server in servers {
        if let Some(text) = server.as_text().or(server.value.is_null().then_some("")) {
            address(server, text);
        }
    }
    searches(config);
    for option in config.structs("options") {
        if option.text("name").is_empty() && !option.is_mistyped_text("name") {
            option.required(Rule::FieldRequired, &["name"], detail!("must not be empty"));
        }
        option.maybe_text("value");
    }
}

fn long_list(at: Node<'_>, max: usize, detail: std::borrow::Cow<'static, str>) {
    at.invalid(Rule::ListLong, at.value.clone(), &[&max.to_string()], detail);
}

fn searches(config: Node<'_>) {
    let searches = config.items("searches");
    let at = || config.get("searches");
    if searches.len() > MAX_SEARCHES {
        let detail = detail!("must not have more than {MAX_SEARCHES} search paths");
        long_list(at(), MAX_SEARCHES, detail);
    }
    let texts: Vec<&str> = searches
        .iter()
        .map(|one| one.as_text().unwrap_or_default())
        .collect();
    let length = texts.iter().map(|text| text.len() + 1).sum::<usize>();
    if length.saturating_sub(1) > MAX_SEARCHES_TEXT {
        let detail = detail!(
            "must not have more than {MAX_SEARCHES_TEXT} characters (including spaces) in the search list"
        );
        at().invalid(
            Rule::DnsSearchesLong,
            at().value.clone(),
            &[&MAX_SEARCHES_TEXT.to_string()],
            detail,
        );
    }
    for (one, text) in searches.iter().zip(texts) {
        if text != "." && (one.value.is_string() || one.value.is_null()) {
            let text = text.strip_suffix('.').unwrap_or(text);
            one.faults(Rule::FieldForm, text, &names::dns_subdomain_underscore(text));
        }
    }
}

/// `ValidateHostAliases`.
pub(super) fn aliases(pod: Node<'_>) {
    for alias in pod.structs("hostAliases") {
        let ip = alias.text("ip");
        if !alias.is_mistyped_text("ip") {
            address(alias.get("ip"), ip);
        }
        for name in alias.items("hostnames") {
            let text = name.as_text().unwrap_or_default();
            if name.value.is_string() || name.value.is_null() {
                name.name_faults(text, &names::dns_subdomain(text));
            }
        }
    }
}

/// `validatePodHostName`.
pub(super) fn hostname_override(pod: Node<'_>) {
    let Some(name) = pod.maybe_text("hostnameOverride") else {
        return;
    };
    let at = pod.get("hostnameOverride");
    for key in ["setHostnameAsFQDN", "hostNetwork"] {
        if pod.flag(key) {
            let detail = detail!("may not be specified when {key} is true");
            at.forbid(Rule::FieldConflict, &["hostnameOverride", key], detail);
        }
    }
    if name.len() > MAX_HOSTNAME {
        at.too_long(Rule::FieldLong, MAX_HOSTNAME);
    }
    at.name_faults(name, &names::dns_subdomain(name));
}

#[cfg(test)]
mod tests {
    use super::parse_sloppy;

    #[test]
    fn legacy_addresses_may_have_leading_zeros() {
        for text in ["10.0.0.1", "010.000.0.01", "::1", "::ffff:1.2.3.04"] {
            assert!(parse_sloppy(text).is_some(), "{text}");
        }
        for text in [
            "",
            "1.2.3",
            "1.2.3.256",
            "1.2.3.4.5",
            "::g",
            "1..2.3",
            "a.b.c.d",
            "１.2.3.4",
        ] {
            assert!(parse_sloppy(text).is_none(), "{text}");
        }
    }
}
