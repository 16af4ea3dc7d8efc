//! Computes the cells of a Service.

use serde_json::{Value, json};

use crate::http::table::cells::{NONE, joined, list, or_none, selector, text};

/// Returns one cell.
pub(super) fn cell(object: &Value, column: &str) -> Value {
    let spec = &object["spec"];
    let all = |list_of: &Value| joined(list(list_of).iter().map(text));
    match column {
        "Type" => text(&spec["type"]).into(),
        "Cluster-IP" => or_none(&spec["clusterIPs"][0]).into(),
        "External-IP" => match (text(&spec["type"]), all(&spec["externalIPs"])) {
            ("ExternalName", _) => text(&spec["externalName"]).into(),
            ("LoadBalancer", none) if none.is_empty() => {
                let ingress = list(&object["status"]["loadBalancer"]["ingress"]).iter();
                let given = ingress.map(|one| match text(&one["ip"]) {
                    "" => text(&one["hostname"]),
                    address => address,
                });
                match joined(given) {
                    none if none.is_empty() => "<pending>".into(),
                    given => given.into(),
                }
            }
            (_, none) if none.is_empty() => NONE.into(),
            (_, given) => given.into(),
        },
        "Port(s)" => {
            let ports: Vec<String> = list(&spec["ports"])
                .iter()
                .map(|one| {
                    let (port, protocol) = (&one["port"], text(&one["protocol"]));
                    match one["nodePort"].as_i64() {
                        Some(node) if node > 0 => format!("{port}:{node}/{protocol}"),
                        _ => format!("{port}/{protocol}"),
                    }
                })
                .collect();
            or_none(&ports.join(",").into()).into()
        }
        _ => selector(&json!({"matchLabels": spec["selector"]})).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_show_addresses_and_ports() {
        let cases = [
            (
                json!({"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}]}),
                ["<none>", "80/TCP"],
            ),
            (
                json!({"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30000, "protocol": "TCP"}]}),
                ["<pending>", "80:30000/TCP"],
            ),
            (
                json!({"type": "ExternalName", "externalName": "a.test"}),
                ["a.test", "<none>"],
            ),
        ];
        for (spec, wanted) in cases {
            let shown = ["External-IP", "Port(s)"].map(|column| cell(&json!({"spec": spec}), column));
            assert_eq!(shown, wanted, "{spec}");
        }
    }
}
