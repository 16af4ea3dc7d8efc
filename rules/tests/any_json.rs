//! Incomplete objects, as an editor has them while the user types, cause no panic and no duplicate reports.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]
#![recursion_limit = "512"]

use k8s_rules::{Options, Place, defaults, validation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Returns a Job that uses most features.
fn complete_job() -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "a", "generateName": "b-", "namespace": "demo", "labels": {"a": "b"},
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"},
            "finalizers": ["a.b/c"], "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}],
        },
        "spec": {
            "completions": 3, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
            "maxFailedIndexes": 1, "managedBy": "a.b/c", "manualSelector": true,
            "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["d"]}]},
            "podFailurePolicy": {"rules": [
                {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2], "containerName": "c"}},
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            ]},
            "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]},
            "template": {
                "metadata": {"labels": {"a": "b"}, "annotations": {"container.apparmor.security.beta.kubernetes.io/c": "x"}},
                "spec": {
                    "restartPolicy": "Never", "hostNetwork": true, "hostUsers": false, "os": {"name": "windows"},
                    "dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a"], "options": [{"name": "n"}]},
                    "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a"]}], "nodeSelector": {"a": "b"},
                    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
                    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}, "matchLabelKeys": ["a"]}],
                    "affinity": {
                        "nodeAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}], "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]},
                            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}],
                        },
                        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "z", "namespaces": ["n"], "matchLabelKeys": ["a"], "mismatchLabelKeys": ["a"], "labelSelector": {"matchLabels": {"a": "b"}}}}]},
                    },
                    "securityContext": {"runAsUser": 1, "supplementalGroups": [1], "sysctls": [{"name": "net.a", "value": "1"}], "seccompProfile": {"type": "Localhost"}, "windowsOptions": {"runAsUserName": "a\\b"}},
                    "resourceClaims": [{"name": "r", "resourceClaimName": "x"}],
                    "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
                    "overhead": {"cpu": "1m"},
                    "volumes": [
                        {"name": "v", "emptyDir": {"sizeLimit": "1Gi"}},
                        {"name": "w", "projected": {"sources": [
                            {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                            {"serviceAccountToken": {"path": "t"}},
                            {"downwardAPI": {"items": [{"path": "d", "fieldRef": {"fieldPath": "metadata.labels['a']"}}]}},
                            {"clusterTrustBundle": {"signerName": "a.b/c", "path": "x"}},
                            {"podCertificate": {"signerName": "a.b/c", "keyType": "ED25519", "keyPath": "y", "userAnnotations": {"a/b": "c"}}},
                        ]}},
                        {"name": "x", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}}}},
                        {"name": "y", "iscsi": {"targetPortal": "p", "iqn": "iqn.2001-04.com.example:x", "initiatorName": "naa"}},
                    ],
                    "containers": [{
                        "name": "c", "image": "i", "command": ["a"], "args": ["b"],
                        "env": [{"name": "E", "value": "1"}, {"name": "F", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}],
                        "envFrom": [{"prefix": "p", "configMapRef": {"name": "m"}}],
                        "ports": [{"name": "p", "containerPort": 80, "hostPort": 80}],
                        "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "2Mi"}, "requests": {"cpu": "1"}, "claims": [{"name": "r", "request": "q"}]},
                        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
                        "restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}],
                        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a", "mountPropagation": "None", "recursiveReadOnly": "Disabled"}],
                        "volumeDevices": [{"name": "x", "devicePath": "/d"}],
                        "livenessProbe": {"httpGet": {"port": "p", "httpHeaders": [{"name": "H", "value": "v"}]}, "periodSeconds": 1},
                        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}, "stopSignal": "SIGTERM"},
                        "securityContext": {"privileged": true, "allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"]}, "procMount": "Unmasked"},
                    }],
                    "initContainers": [{"name": "d", "image": "i", "restartPolicy": "Always"}],
                    "ephemeralContainers": [{"name": "e", "image": "i", "targetContainerName": "c"}],
                },
            },
        },
    })
}

/// Collects all paths of a value.
fn places(value: &Value, at: &mut Vec<Place>, all: &mut Vec<Vec<Place>>) {
    all.push(at.clone());
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                at.push(Place::Key(key.clone()));
                places(value, at, all);
                at.pop();
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                at.push(Place::Index(index));
                places(value, at, all);
                at.pop();
            }
        }
        _ => {}
    }
}

fn set(value: &mut Value, places: &[Place], new: Value) {
    let mut at = value;
    for place in places {
        let next = match place {
            Place::Key(key) => at.get_mut(key),
            Place::Index(index) => at.get_mut(*index),
        };
        let Some(next) = next else { return };
        at = next;
    }
    *at = new;
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2.0..1e19_f64).prop_map(Value::from),
        Just(json!("")),
        ".{0,12}".prop_map(Value::from),
        "[a-z./'\\[\\]-]{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-zA-Z/.-]{0,8}", inner), 0..4)
                .prop_map(|members| { members.into_iter().collect::<Map<_, _>>().into() }),
        ]
    })
}

fn validate(job: &Value) {
    for minor in [None, Some(20), Some(36)] {
        let options = Options {
            defaulted: false,
            minor,
        };
        let report = validation::job(job, &options);
        for mistyped in &report.mistyped {
            let duplicate = report.causes.iter().find(|cause| {
                let places: Vec<Place> = cause.path.places().collect();
                // A missing member of a list as a whole is reported at the list.
                places == mistyped.places
            });
            assert!(
                duplicate.is_none(),
                "reported twice: {mistyped:?} {duplicate:?}\n{job}"
            );
        }
        for cause in &report.causes {
            let _ = (cause.message(), cause.path.server(), cause.reason());
        }
        let _ = validation::job(
            job,
            &Options {
                defaulted: true,
                minor,
            },
        );
        let _ = validation::pod(job, &options);
        let _ = validation::object_meta(job, validation::NameRule::PathSegment, &options);
    }
    let mut pod = job.clone();
    defaults::pod_spec(&mut pod);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_value_does_not_panic(value in any_json()) {
        validate(&value);
        validate(&json!({"metadata": value, "spec": value}));
        validate(&json!({"spec": {"template": {"spec": value}}}));
    }

    #[test]
    fn arbitrary_value_at_arbitrary_path_does_not_panic(index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), value in any_json(), more in any_json()) {
        let mut job = complete_job();
        let mut all = Vec::new();
        places(&job, &mut Vec::new(), &mut all);
        set(&mut job, &all[index.index(all.len())], value);
        set(&mut job, &all[other.index(all.len())], more);
        validate(&job);
    }
}

/// Puts every type of value at every path.
#[test]
fn every_type_at_every_path_does_not_panic() {
    let job = complete_job();
    let mut all = Vec::new();
    places(&job, &mut Vec::new(), &mut all);
    assert!(all.len() > 300, "{}", all.len());
    for at in &all {
        for value in [
            json!(null),
            json!(true),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("x"),
            json!([]),
            json!([null]),
            json!({}),
            json!({"x": null}),
        ] {
            let mut job = job.clone();
            set(&mut job, at, value);
            validate(&job);
        }
    }
}
