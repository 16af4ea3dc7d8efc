//! Situations of Jobs, each with the objects that lead to it: the source of `docs/states.md`.

#![allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]

use std::fmt::Write;
use std::path::Path;

use app::api::job::JobStatus;
use app::i18n::{Lang, Text};
use app::parts::job_status::label;
use app::parts::reason::{explain_in, help_in};
use serde_json::{Value, json};

use crate::jobs::status::derive;

/// A situation of a Job.
struct Situation {
    /// What has happened, for the document.
    what: &'static str,
    job: Value,
    pods: Vec<Value>,
    events: Vec<Value>,
}

fn job(spec: Value, status: Value) -> Value {
    json!({"metadata": {"name": "pi", "uid": "job-1"}, "spec": spec, "status": status})
}

fn active() -> Value {
    job(
        json!({"parallelism": 1}),
        json!({"active": 1, "ready": 0, "startTime": "2026-11-23T10:00:00Z"}),
    )
}

/// A Job with a condition.
fn ended(kind: &str, reason: &str, message: &str) -> Value {
    job(
        json!({}),
        json!({"conditions": [condition(kind, reason, message)]}),
    )
}

fn condition(kind: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": "True", "reason": reason, "message": message})
}

fn pod(spec: Value, status: Value) -> Value {
    json!({
        "metadata": {"name": "pi-x", "uid": "pod-1", "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": spec, "status": status,
    })
}

fn on_node(status: Value) -> Value {
    pod(json!({"nodeName": "node-1"}), status)
}

fn pending(state: Value) -> Value {
    on_node(json!({
        "phase": "Pending",
        "containerStatuses": [{"name": "main", "image": "perl:5", "restartCount": 0, "state": state}],
    }))
}

fn waits(reason: &str, message: &str) -> Value {
    pending(json!({"waiting": {"reason": reason, "message": message}}))
}

fn unscheduled(reason: &str, message: &str) -> Value {
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message});
    pod(json!({}), json!({"phase": "Pending", "conditions": [condition]}))
}

/// A Pod with three init containers, the second of which is in this state.
fn second_init(state: Value, last: Value, restarts: i64) -> Value {
    let names = ["fetch", "migrate", "warm"];
    let containers: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    let done = json!({"name": "fetch", "state": {"terminated": {"exitCode": 0}}});
    let second = json!({"name": "migrate", "state": state, "lastState": last, "restartCount": restarts});
    pod(
        json!({"nodeName": "node-1", "initContainers": containers}),
        json!({"phase": "Pending", "initContainerStatuses": [done, second]}),
    )
}

fn failed(code: i64, reason: &str) -> Value {
    let state = json!({"terminated": {"exitCode": code, "reason": reason}});
    on_node(json!({"phase": "Failed", "containerStatuses": [{"name": "main", "state": state}]}))
}

fn failed_whole(reason: &str, message: &str) -> Value {
    on_node(json!({"phase": "Failed", "reason": reason, "message": message}))
}

fn event(about: &str, reason: &str, message: &str, second: u8) -> Value {
    json!({
        "involvedObject": {"uid": about}, "reason": reason, "message": message,
        "lastTimestamp": format!("2026-11-23T10:00:{second:02}Z"),
    })
}

/// The Job controller could not create a Pod.
fn refused(message: &str) -> Vec<Value> {
    let message = format!("Error creating: pods \"pi-\" is forbidden: {message}");
    vec![event("job-1", "FailedCreate", &message, 1)]
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<Situation> {
    let mut all = Vec::new();
    let mut add = |what, job: Value, pods: Vec<Value>, events: Vec<Value>| {
        all.push(Situation {
            what,
            job,
            pods,
            events,
        });
    };
    let new = || job(json!({"parallelism": 1}), json!({}));
    let none = Vec::new;

    // Not running yet.
    add("A Job was just created", new(), none(), none());
    add(
        "Its controller is another one, which has not begun",
        job(json!({"managedBy": "kueue.x-k8s.io/multikueue"}), json!({})),
        none(),
        none(),
    );
    add(
        "A Pod waits for the scheduler",
        active(),
        vec![pod(json!({}), json!({"phase": "Pending"}))],
        none(),
    );
    add(
        "A Pod is on its node",
        active(),
        vec![waits("ContainerCreating", "")],
        none(),
    );
    add(
        "The image is being pulled",
        active(),
        vec![waits("ContainerCreating", "")],
        vec![event("pod-1", "Pulling", "Pulling image \"perl:5\"", 1)],
    );
    add(
        "The image has been pulled",
        active(),
        vec![waits("ContainerCreating", "")],
        vec![
            event("pod-1", "Pulling", "Pulling image \"perl:5\"", 1),
            event("pod-1", "Pulled", "Successfully pulled image", 2),
        ],
    );
    add(
        "Pods may not be read, and none is ready",
        active(),
        none(),
        none(),
    );

    // No Pod can be created.
    add(
        "`parallelism` is 0",
        job(
            json!({"parallelism": 0}),
            json!({"startTime": "2026-11-23T10:00:00Z"}),
        ),
        none(),
        none(),
    );
    add(
        "A quota on Pods is used up",
        new(),
        none(),
        refused("exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4"),
    );
    add(
        "A quota on several resources is used up",
        new(),
        none(),
        refused(
            "exceeded quota: team, requested: limits.cpu=2,pods=1, used: limits.cpu=7,pods=3, limited: limits.cpu=8,pods=10",
        ),
    );
    add(
        "The same event for the eleventh time",
        new(),
        none(),
        vec![event(
            "job-1",
            "FailedCreate",
            "(combined from similar events): Error creating: pods \"pi-\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4",
            1,
        )],
    );
    add(
        "A quota requires values",
        new(),
        none(),
        refused("failed quota: team: must specify limits.cpu for: main; limits.memory for: main"),
    );
    add(
        "The ServiceAccount is missing",
        new(),
        none(),
        refused("error looking up service account demo/builder: serviceaccount \"builder\" not found"),
    );
    add(
        "The priority class is missing",
        new(),
        none(),
        refused("no PriorityClass with name absent-prio was found"),
    );
    add(
        "The project enforces a Pod security level",
        new(),
        none(),
        refused(
            "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"main\" must set securityContext.allowPrivilegeEscalation=false)",
        ),
    );
    add(
        "A LimitRange sets a maximum",
        new(),
        none(),
        refused("maximum cpu usage per Container is 500m, but limit is 2"),
    );
    add(
        "A LimitRange is violated twice",
        new(),
        none(),
        refused(
            "[maximum cpu usage per Container is 500m, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 4Gi]",
        ),
    );
    add(
        "An admission webhook refuses",
        new(),
        none(),
        vec![event(
            "job-1",
            "FailedCreate",
            "Error creating: admission webhook \"policy.example.com\" denied the request: images must come from registry.example.com",
            1,
        )],
    );
    add(
        "Any other refusal",
        new(),
        none(),
        vec![event(
            "job-1",
            "FailedCreate",
            "Error creating: Internal error occurred: failed calling webhook",
            1,
        )],
    );

    // No node takes a Pod.
    add(
        "Nodes lack resources",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/3 nodes are available: 1 Too many pods, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        )],
        none(),
    );
    add(
        "No node has the label of the selector",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        )],
        none(),
    );
    add(
        "Nodes have taints",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/4 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) had untolerated taint(s), 2 node(s) were unschedulable.",
        )],
        none(),
    );
    add(
        "A resource that no node has",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
        )],
        none(),
    );
    add(
        "A claim is missing",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/1 nodes are available: persistentvolumeclaim \"data\" not found.",
        )],
        none(),
    );
    add(
        "A claim has no volume",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        )],
        none(),
    );
    add(
        "The cluster has no nodes",
        active(),
        vec![unscheduled(
            "Unschedulable",
            "no nodes available to schedule pods",
        )],
        none(),
    );
    add(
        "Only the event says so",
        active(),
        vec![pod(json!({}), json!({"phase": "Pending"}))],
        vec![event(
            "pod-1",
            "FailedScheduling",
            "0/1 nodes are available: 1 Insufficient cpu.",
            1,
        )],
    );
    add(
        "A scheduling gate is set",
        active(),
        vec![pod(
            json!({"schedulingGates": [{"name": "example.com/wait"}, {"name": "kueue.x-k8s.io/admission"}]}),
            json!({"phase": "Pending"}),
        )],
        none(),
    );

    // A Pod cannot start.
    add(
        "The image does not exist",
        active(),
        vec![waits("ErrImagePull", "manifest for perl:99 not found")],
        none(),
    );
    add(
        "The image still does not exist",
        active(),
        vec![waits("ImagePullBackOff", "Back-off pulling image \"perl:99\"")],
        none(),
    );
    add(
        "The name of the image is wrong",
        active(),
        vec![waits(
            "InvalidImageName",
            "Failed to apply default image tag \"Perl:5\"",
        )],
        none(),
    );
    add(
        "The image must be there and is not",
        active(),
        vec![waits(
            "ErrImageNeverPull",
            "Container image \"perl:5\" is not present with pull policy of Never",
        )],
        none(),
    );
    add(
        "A Secret of a variable is missing",
        active(),
        vec![waits("CreateContainerConfigError", "secret \"keys\" not found")],
        none(),
    );
    add(
        "The command does not exist",
        active(),
        vec![waits(
            "RunContainerError",
            "exec: \"nope\": executable file not found in $PATH",
        )],
        none(),
    );
    add(
        "A Secret of a volume is missing",
        active(),
        vec![waits("ContainerCreating", "")],
        vec![event(
            "pod-1",
            "FailedMount",
            "MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found",
            3,
        )],
    );
    add(
        "A volume was mounted at last",
        active(),
        vec![waits("ContainerCreating", "")],
        vec![
            event(
                "pod-1",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found",
                3,
            ),
            event(
                "pod-1",
                "Pulled",
                "Container image \"perl:5\" already present on machine",
                9,
            ),
        ],
    );
    add(
        "The node has no network",
        active(),
        vec![waits("ContainerCreating", "")],
        vec![event(
            "pod-1",
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: network plugin is not ready",
            3,
        )],
    );
    add(
        "The second of three init containers fails again and again",
        active(),
        vec![second_init(
            json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            json!({"terminated": {"exitCode": 9, "reason": "Error"}}),
            4,
        )],
        none(),
    );
    add(
        "The second of three init containers runs",
        active(),
        vec![second_init(json!({"running": {}}), json!(null), 0)],
        none(),
    );
    let sidecar = pod(
        json!({"nodeName": "node-1", "initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}),
        json!({"phase": "Pending", "initContainerStatuses": [{"name": "proxy", "state": {"running": {}}}], "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}]}),
    );
    add(
        "A sidecar runs, the container does not yet",
        active(),
        vec![sidecar],
        none(),
    );

    // Running.
    add(
        "A Pod runs",
        active(),
        vec![on_node(json!({"phase": "Running"}))],
        none(),
    );
    add(
        "A Pod runs, another cannot start",
        active(),
        vec![
            on_node(json!({"phase": "Running"})),
            waits("ImagePullBackOff", "Back-off pulling image"),
        ],
        none(),
    );
    let restarting = json!({"name": "main", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}});
    add(
        "A container waits to be restarted (`OnFailure`)",
        active(),
        vec![on_node(
            json!({"phase": "Running", "containerStatuses": [restarting]}),
        )],
        none(),
    );
    add(
        "The node does not respond",
        active(),
        vec![on_node(json!({"phase": "Running", "reason": "NodeLost"}))],
        none(),
    );
    add(
        "The phase is unknown",
        active(),
        vec![on_node(json!({"phase": "Unknown"}))],
        none(),
    );
    add(
        "76 of 200 are done, the next Pods wait",
        job(json!({}), json!({"active": 4, "ready": 0, "succeeded": 76})),
        vec![pod(json!({}), json!({"phase": "Pending"}))],
        none(),
    );
    add(
        "A Pod failed, the next one comes after the back-off",
        job(json!({}), json!({"failed": 1})),
        vec![failed(3, "Error")],
        none(),
    );
    add(
        "A failure that the failure policy ignores",
        job(json!({}), json!({"failed": 0})),
        vec![failed(5, "Error")],
        none(),
    );
    add(
        "A Pod was evicted",
        job(json!({}), json!({"failed": 1})),
        vec![failed_whole("Evicted", "The node was low on resource: memory.")],
        none(),
    );
    add(
        "Enough Pods have succeeded, others are ending",
        ended("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 0"),
        none(),
        none(),
    );
    add(
        "It has failed, Pods are ending",
        ended(
            "FailureTarget",
            "DeadlineExceeded",
            "Job was active longer than specified deadline",
        ),
        none(),
        none(),
    );

    // Ended, suspended.
    add(
        "It is suspended",
        job(json!({"suspend": true}), json!({})),
        none(),
        none(),
    );
    add(
        "It has completed",
        ended(
            "Complete",
            "CompletionsReached",
            "Reached expected number of succeeded pods",
        ),
        none(),
        none(),
    );
    add(
        "It has completed by its success policy",
        ended("Complete", "SuccessPolicy", "Matched rules at index 0"),
        none(),
        none(),
    );
    add(
        "All retries are used, the Pod is there",
        ended(
            "Failed",
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
        ),
        vec![failed(2, "Error")],
        none(),
    );
    add(
        "All retries are used, the Pod ran out of memory",
        ended(
            "Failed",
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
        ),
        vec![failed(137, "OOMKilled")],
        none(),
    );
    add(
        "All retries are used, the Pod was preempted",
        ended(
            "Failed",
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
        ),
        vec![failed_whole(
            "Preempting",
            "Preempted in order to admit critical pod",
        )],
        none(),
    );
    add(
        "All retries are used, the Pod is gone",
        ended(
            "Failed",
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
        ),
        none(),
        none(),
    );
    add(
        "The deadline has passed",
        ended(
            "Failed",
            "DeadlineExceeded",
            "Job was active longer than specified deadline",
        ),
        none(),
        none(),
    );
    add(
        "A failure policy rule matched",
        ended(
            "Failed",
            "PodFailurePolicy",
            "Container main for pod demo/pi-x failed with exit code 42 matching FailJob rule at index 0",
        ),
        vec![failed(42, "Error")],
        none(),
    );
    let mut indexes = ended("Failed", "FailedIndexes", "Job has failed indexes");
    indexes["status"]["failedIndexes"] = json!("0,3,6,9");
    add(
        "Indexes failed with the same exit code",
        indexes.clone(),
        vec![failed(2, "Error"), failed(2, "Error")],
        none(),
    );
    add(
        "Indexes failed with different exit codes",
        indexes.clone(),
        vec![failed(2, "Error"), failed(3, "Error")],
        none(),
    );
    add(
        "Indexes have failed for good, others run",
        job(
            json!({"completionMode": "Indexed", "completions": 10, "backoffLimitPerIndex": 0}),
            json!({"active": 1, "ready": 1, "failed": 2, "failedIndexes": "0,3"}),
        ),
        vec![
            on_node(json!({"phase": "Running"})),
            failed(2, "Error"),
            failed(2, "Error"),
        ],
        none(),
    );
    let mut too_many = ended(
        "Failed",
        "MaxFailedIndexesExceeded",
        "Job has exceeded the specified maximal number of failed indexes",
    );
    too_many["status"]["failedIndexes"] = json!("1-4");
    add("Too many indexes failed", too_many, none(), none());
    let mut leaving = job(json!({}), json!({"active": 1}));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-11-23T10:00:00Z");
    add("It is being deleted", leaving, none(), none());
    let mut left = ended("Complete", "CompletionsReached", "");
    left["metadata"]["deletionTimestamp"] = json!("2026-11-23T10:00:00Z");
    add("It has completed and is being deleted", left, none(), none());
    all
}

/// The state as both languages word it: state, reason, what helps.
fn worded(status: &JobStatus, lang: Lang) -> [String; 2] {
    let label = |text: Text| text.get(lang).to_owned();
    let mut state = label(label_of(status));
    if status.leaving {
        state += " · ";
        state += app::i18n::job_list::STATUS_TERMINATING.get(lang);
    }
    if let Some(reason) = &status.reason {
        let colon = if lang == Lang::Zh { "：" } else { ": " };
        write!(state, "{colon}{}", explain_in(lang, reason)).unwrap();
    }
    let help = status.reason.as_ref().and_then(|reason| help_in(lang, reason));
    [state, help.unwrap_or_default()]
}

fn label_of(status: &JobStatus) -> Text {
    label(status.kind)
}

/// The objects of a situation in one line, without what all have in common.
fn objects(situation: &Situation) -> String {
    let mut parts = Vec::new();
    let mut part = |name: &str, value: &Value| {
        let is_empty = value.as_object().is_none_or(serde_json::Map::is_empty);
        if !is_empty {
            parts.push(format!("{name} `{value}`").replace('|', "\\|"));
        }
    };
    part("Job spec", &situation.job["spec"]);
    part("status", &situation.job["status"]);
    for pod in &situation.pods {
        part("Pod spec", &pod["spec"]);
        part("status", &pod["status"]);
    }
    for event in &situation.events {
        let about = if event["involvedObject"]["uid"] == "job-1" {
            "Job"
        } else {
            "Pod"
        };
        let text = |field: &str| event[field].as_str().unwrap_or_default().replace('|', "\\|");
        parts.push(format!(
            "event of the {about} `{}: {}`",
            text("reason"),
            text("message")
        ));
    }
    parts.join("<br>")
}

#[test]
fn documentation_has_every_situation() {
    let mut document = String::from(
        "# States of Jobs\n\nHow the console words the state of a Job, and from which objects it derives it. Generated by \
         the tests of\n`server/src/jobs/status/`; `UPDATE=1 cargo test -p server situations` rewrites it.\n",
    );
    let all = all();
    for situation in &all {
        let events = situation.events.iter().collect();
        let status = derive(&situation.job, &situation.pods, &events);
        let [en, en_help] = worded(&status, Lang::En);
        let [zh, zh_help] = worded(&status, Lang::Zh);
        let line = |text: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!(" *{text}*")
            }
        };
        write!(
            document,
            "\n## {}\n\n- {en}.{}\n- {zh}。{}\n\n{}\n",
            situation.what,
            line(&en_help),
            line(&zh_help),
            objects(situation)
        )
        .unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == document, "run with UPDATE=1 to rewrite docs/states.md");
    assert!(all.len() >= 40);
}

/// Every word of a Chinese text is Chinese, but for names and the cluster's own messages.
#[test]
fn every_situation_is_worded_in_both_languages() {
    for situation in all() {
        let events = situation.events.iter().collect();
        let status = derive(&situation.job, &situation.pods, &events);
        let Some(reason) = &status.reason else { continue };
        let known = app::i18n::reason::wording(&reason.code);
        assert!(known.is_some(), "{}: {}", situation.what, reason.code);
        assert_ne!(
            explain_in(Lang::En, reason),
            explain_in(Lang::Zh, reason),
            "{}",
            situation.what
        );
        for lang in [Lang::En, Lang::Zh] {
            let text = explain_in(lang, reason);
            assert!(
                !text.contains('{') || reason.message.contains('{'),
                "{}: {text}",
                situation.what
            );
            assert!(!text.ends_with([':', '：', ' ']), "{}: {text}", situation.what);
        }
    }
}
