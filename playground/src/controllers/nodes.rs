//! Writes what the Node controllers write on each Node: the labels that replaced the beta ones along with the beta
//! labels, and how long a kubelet may cache what it reads, which is zero in a cluster of fewer than a hundred
//! Nodes.

use futures::StreamExt;
use serde_json::Value;

use crate::api::write;
use crate::api::write::{Part, WriteOptions};
use crate::cluster::Cluster;
use crate::resource::NODES;
use crate::store::{Key, StoreError};

/// Labels, each with its deprecated equivalent.
const LABELS: [(&str, &str); 2] = [
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
];
const TTL: &str = "node.alpha.kubernetes.io/ttl";

/// Keeps the Nodes up to date until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let since = cluster.store.version();
        if let Err(error) = mark(&cluster) {
            tracing::warn!(%error, "cannot update Nodes");
        }
        match cluster.store.watch(&NODES, None, since) {
            Ok(mut nodes) => drop(nodes.next().await),
            Err(error) => tracing::warn!(%error, "cannot update Nodes"),
        }
        crate::controllers::request().await;
    }
}

fn mark(cluster: &Cluster) -> Result<(), StoreError> {
    for node in cluster.store.list(&NODES, None)?.0 {
        if marked(&node) == *node {
            continue;
        }
        let options = WriteOptions::system("kube-controller-manager");
        let key = Key::of(&NODES, &node)?;
        let written = write::update(cluster, &key, Part::Main, &options, |old| Ok(marked(old)));
        if let Err(refused) = written {
            // Most likely deleted meanwhile; the next round checks again.
            tracing::debug!(message = refused.message, "cannot update a Node's labels");
        }
    }
    Ok(())
}

fn marked(node: &Value) -> Value {
    let mut node = node.clone();
    for (label, older) in LABELS {
        if let Some(value) = node["metadata"]["labels"][label].as_str().map(str::to_owned) {
            node["metadata"]["labels"][older] = value.into();
        }
    }
    node["metadata"]["annotations"][TTL] = "0".into();
    node
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn beta_labels_follow_stable_labels() {
        let node =
            json!({"metadata": {"labels": {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "other"}}});
        let marked = marked(&node);
        let labels = json!({"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"});
        assert_eq!(marked["metadata"]["labels"], labels);
        assert_eq!(marked["metadata"]["annotations"], json!({TTL: "0"}));
    }
}
