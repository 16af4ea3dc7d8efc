//! Mutates a Job: fields absent, empty, of wrong types, at their bounds, repeated, renamed, combined.

use std::collections::BTreeMap;
use std::fmt;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::schema::{Node, Type};

/// Texts that are names, paths, enumerated values, references or labels at or beyond a bound.
const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "A_b",
    "a-b.c",
    "-a",
    "a-",
    "a..b",
    "über",
    "名",
    "a b",
    " a",
    "a ",
    "a/b",
    "a/b/c",
    "/",
    "/a",
    "a/",
    "example.com/a",
    "Example.com/a",
    "example.com/",
    "/abs",
    "/abs/../x",
    "../x",
    "./x",
    "..",
    "..a",
    "a/..",
    "a:b",
    "0",
    "1",
    "-1",
    "65535",
    "70000",
    "true",
    "null",
    "~",
    "$(X)",
    "$(POD_NAME)",
    "$$(X)",
    "127.0.0.1",
    "::1",
    "::ffff:1.2.3.4",
    "10.0.0.0/8",
    "1.2.3",
    "256.1.1.1",
    "010.1.1.1",
    "http",
    "HTTP",
    "tcp-1",
    "1-1",
    "a--b",
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "kubernetes.io/job-tracking",
    "kubernetes.io/os",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-uid",
    "job-name",
    "metadata.name",
    "metadata.labels['a']",
    "metadata.annotations['A b']",
    "metadata.annotations",
    "spec.nodeName",
    "status.podIP",
    "status.hostIPs",
    "limits.cpu",
    "requests.memory",
    "limits.hugepages-2Mi",
    "Always",
    "Never",
    "OnFailure",
    "IfNotPresent",
    "Exists",
    "DoesNotExist",
    "In",
    "NotIn",
    "Gt",
    "Lt",
    "Equal",
    "NoSchedule",
    "NoExecute",
    "PreferNoSchedule",
    "default",
    "Default",
    "None",
    "ClusterFirst",
    "system-node-critical",
    "system-cluster-critical",
    "\n",
    "a\nb",
    "\t",
    "=",
    "a=b",
    "\u{0}",
    "\u{7f}",
    "\u{200b}",
    "1e3",
    "010",
    "SIGTERM",
    "SIGRTMIN+3",
    "Local",
    "Localhost",
    "RuntimeDefault",
    "Unconfined",
    "ALL",
    "SYS_ADMIN",
    "CAP_NET_ADMIN",
    "TCP",
    "UDP",
    "SCTP",
    "Directory",
    "Socket",
    "Memory",
    "HugePages",
    "HugePages-2Mi",
    "ReadWriteOnce",
    "ReadWriteOncePod",
    "ReadWriteMany",
    "Block",
    "Filesystem",
    "Guaranteed",
    "FailJob",
    "Ignore",
    "Count",
    "FailIndex",
    "Indexed",
    "NonIndexed",
    "TerminatingOrFailed",
    "Failed",
    "True",
    "kubernetes.io/job-controller",
    "example.com/controller",
    "0-2",
    "0,2-4",
    "2,1",
    "1,1",
    "-3",
    "0-",
    "5-3",
    "DoNotSchedule",
    "ScheduleAnyway",
    "Honor",
    "linux",
    "windows",
    "a.b.c.d",
    "a_b",
    "1a",
    "a.",
    ".a",
    "A-B",
    "foregroundDeletion",
    "orphan",
    "v1",
    "apps/v1",
    "Pod",
    "sysctl.a/b",
    "kernel.shm_rmid_forced",
    "net..a",
    "s0",
];

/// Lengths of names at and beyond a bound: ports, label values and names, prefixes, subdomains.
const LENGTHS: &[usize] = &[15, 16, 52, 57, 58, 59, 62, 63, 64, 128, 253, 254, 316, 317, 1000];

/// Quantities, and what almost is one.
const QUANTITIES: &[&str] = &[
    "0",
    "1",
    "-1",
    "0.5",
    "500m",
    "-500m",
    "1e3",
    "1E3",
    "1E",
    "1Ki",
    "1ki",
    "1K",
    "1k",
    "1Mi",
    "1.5Gi",
    "100",
    "1n",
    "1u",
    "0.0000000001",
    "1e-3",
    "1.",
    ".5",
    "+1",
    "1 ",
    " 1",
    "abc",
    "",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "1Ei",
    "16Ei",
    "1mi",
    "0x1",
    "1,5",
    "0m",
    "00",
    "2Mi",
    "3Mi",
    "1Gi",
    "1.0001",
    "1e",
    "--1",
    "1e+3",
    "1.5",
    "1m",
    "1e-10",
    "4Ki",
    "1T",
    "1Pi",
];

const RESOURCES: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "hugepages-2Mi",
    "hugepages-1Gi",
    "hugepages-3Mi",
    "hugepages-",
    "hugepages-x",
    "nvidia.com/gpu",
    "example.com/foo",
    "foo",
    "storage",
    "pods",
    "kubernetes.io/x",
    "requests.nvidia.com/gpu",
    "requests.cpu",
    "limits.cpu",
    "CPU",
    "",
    "a/b/c",
    "attachable-volumes-aws",
];

const NUMBERS: &[i64] = &[
    i64::MIN,
    -2_147_483_649,
    -2_147_483_648,
    -101,
    -100,
    -2,
    -1,
    0,
    1,
    2,
    3,
    10,
    63,
    64,
    100,
    101,
    127,
    255,
    256,
    300,
    420,
    511,
    512,
    777,
    999,
    1000,
    1001,
    1024,
    3600,
    65_534,
    65_535,
    65_536,
    100_000,
    100_001,
    2_147_483_647,
    2_147_483_648,
    4_294_967_296,
    i64::MAX,
];

const TIMES: &[&str] = &[
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00+01:00",
    "2026-01-01T00:00:00.5Z",
    "2026-01-01",
    "",
    "x",
];

/// Fields that a request cannot set, or that decide where it is sent.
const SERVERS_OWN: [&str; 9] = [
    "status",
    "managedFields",
    "kind",
    "apiVersion",
    "namespace",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "selfLink",
];

/// A step from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The member of an object.
    Key(String),
    /// The item of a list.
    Index(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, ".{key}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Path of a part of a Job.
pub type Path = Vec<Step>;

/// Mutates `job` once or a few times, and describes how.
pub fn mutate(job: &mut Value, schema: Node<'_>, random: &mut Rng) -> Vec<String> {
    // Most rules concern one field; some only show when two are wrong, or in a combination.
    let times = [1, 1, 1, 2, 3][random.usize(..5)];
    (0..times).filter_map(|_| once(job, schema, random)).collect()
}

/// Returns the part of `job` at `path`.
pub fn part<'v>(job: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(job, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Returns the paths of all parts of `job`, outer ones first.
pub fn paths(job: &Value) -> Vec<Path> {
    fn walk(value: &Value, path: &mut Path, out: &mut Vec<Path>) {
        let parts: Vec<(Step, &Value)> = match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (Step::Key(key.clone()), value))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, value)| (Step::Index(at), value))
                .collect(),
            _ => return,
        };
        for (step, value) in parts {
            path.push(step);
            out.push(path.clone());
            walk(value, path, out);
            path.pop();
        }
    }
    let mut out = Vec::new();
    walk(job, &mut Vec::new(), &mut out);
    out
}

/// Removes the part at `path`.
pub fn remove(job: &mut Value, path: &[Step]) {
    let Some((last, parent)) = path.split_last() else {
        return;
    };
    match (part(job, parent), last) {
        (Some(Value::Object(map)), Step::Key(key)) => drop(map.shift_remove(key)),
        (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => drop(items.remove(*index)),
        _ => {}
    }
}

/// A part of a Job that can be mutated.
struct Place<'s> {
    path: Path,
    node: Node<'s>,
    /// Whether it is the value of a map, whose keys are the user's choice.
    is_entry: bool,
}

fn places<'s>(value: &Value, node: Node<'s>, path: &mut Path, out: &mut Vec<Place<'s>>) {
    let mut visit = |step: Step, value: &Value, node: Node<'s>, is_entry: bool| {
        path.push(step);
        out.push(Place {
            path: path.clone(),
            node,
            is_entry,
        });
        places(value, node, path, out);
        path.pop();
    };
    match (node.kind(), value) {
        (Type::Object, Value::Object(map)) => {
            for (key, value) in map {
                if let Some(node) = node.field(key).filter(|_| !SERVERS_OWN.contains(&key.as_str())) {
                    visit(Step::Key(key.clone()), value, node, false);
                }
            }
        }
        (Type::Map, Value::Object(map)) => {
            for (key, value) in map {
                visit(Step::Key(key.clone()), value, node.item(), true);
            }
        }
        (Type::List, Value::Array(items)) => {
            for (at, value) in items.iter().enumerate() {
                visit(Step::Index(at), value, node.item(), false);
            }
        }
        _ => {}
    }
}

fn once(job: &mut Value, schema: Node<'_>, random: &mut Rng) -> Option<String> {
    let mut all = Vec::new();
    places(job, schema, &mut Vec::new(), &mut all);
    // Fields of the same place in the schema count once: a Job with fifty variables is not only its variables.
    let mut groups: BTreeMap<String, Vec<Place<'_>>> = BTreeMap::new();
    for place in all {
        let name: String = place
            .path
            .iter()
            .filter(|step| matches!(step, Step::Key(_)))
            .map(Step::to_string)
            .collect();
        groups.entry(name).or_default().push(place);
    }
    let names: Vec<&String> = groups.keys().collect();
    let group = &groups[*random.choice(&names)?];
    let place = random.choice(group)?;
    let shown: String = place.path.iter().map(Step::to_string).collect();
    let node = place.node;
    // An object as a whole says less than a field in it.
    if node.kind() == Type::Object && random.f32() < 0.8 {
        return add(job, place, node, random).map(|field| format!("add {shown}.{field}"));
    }
    let (last, parent) = place.path.split_last()?;
    let is_item = matches!(last, Step::Index(_));
    match random.u8(..100) {
        0..12 => {
            remove(job, &place.path);
            Some(format!("remove {shown}"))
        }
        12..18 => {
            *part(job, &place.path)? = wrong(random);
            Some(format!("mistype {shown}"))
        }
        18..24 => {
            *part(job, &place.path)? = empty(node);
            Some(format!("empty {shown}"))
        }
        24..45 if is_item => {
            let copy = part(job, &place.path)?.clone();
            let Some(Value::Array(items)) = part(job, parent) else {
                return None;
            };
            let at = random.usize(..=items.len());
            items.insert(at, copy);
            Some(format!("repeat {shown}"))
        }
        45..55 if is_item => {
            let Some(Value::Array(items)) = part(job, parent) else {
                return None;
            };
            random.shuffle(items);
            Some(format!("shuffle {shown}"))
        }
        24..55 if place.is_entry => {
            let value = part(job, &place.path)?.clone();
            let key = if node.kind() == Type::Quantity && random.f32() < 0.85 {
                (*random.choice(RESOURCES)?).to_owned()
            } else {
                text(random)
            };
            remove(job, &place.path);
            part(job, parent)?.as_object_mut()?.insert(key.clone(), value);
            Some(format!("rename {shown} to {key:?}"))
        }
        _ => {
            *part(job, &place.path)? = value(node, random, 0);
            Some(format!("set {shown}"))
        }
    }
}

/// Adds a field to an object: usually one that it may have.
fn add(job: &mut Value, place: &Place<'_>, node: Node<'_>, random: &mut Rng) -> Option<String> {
    let object = part(job, &place.path)?.as_object_mut()?;
    let absent: Vec<(&str, Node<'_>)> = node
        .fields()
        .filter(|(name, _)| !object.contains_key(*name) && !SERVERS_OWN.contains(name))
        .collect();
    let (name, new) = match random.choice(&absent) {
        Some((name, field)) if random.f32() < 0.95 => ((*name).to_owned(), value(*field, random, 0)),
        _ => {
            let known = node.fields().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
            let name = random.choice(&known)?.clone();
            // Another case, or another object's field.
            let name = match random.u8(..3) {
                0 => name.to_uppercase(),
                1 => format!("{name}s"),
                _ => "foo".to_owned(),
            };
            (name, wrong(random))
        }
    };
    object.insert(name.clone(), new);
    Some(name)
}

fn wrong(random: &mut Rng) -> Value {
    let all = [
        json!("x"),
        json!(""),
        json!(1),
        json!(1.5),
        json!(true),
        json!([]),
        json!({}),
        json!(["x"]),
        json!([null]),
        json!({"x": "y"}),
        json!(null),
        json!([{}]),
        json!("1"),
        json!(-0.0),
        json!(1e30),
    ];
    all[random.usize(..all.len())].clone()
}

fn empty(node: Node<'_>) -> Value {
    match node.kind() {
        Type::Object | Type::Map | Type::Any => json!({}),
        Type::List => json!([]),
        Type::Number => json!(0),
        Type::Boolean => json!(false),
        Type::Text | Type::Quantity | Type::IntOrString | Type::Time => json!(""),
    }
}

fn text(random: &mut Rng) -> String {
    if random.f32() < 0.12 {
        let length = LENGTHS[random.usize(..LENGTHS.len())];
        return ["a", "a.", "A-", "é"][random.usize(..4)]
            .chars()
            .cycle()
            .take(length)
            .collect();
    }
    let one = TEXTS[random.usize(..TEXTS.len())];
    match random.u8(..20) {
        0 => format!("{one}{}", TEXTS[random.usize(..TEXTS.len())]),
        1 => format!("{}/{one}", TEXTS[random.usize(..TEXTS.len())]),
        _ => one.to_owned(),
    }
}

/// Returns a value of the type, plausible more often than not.
fn value(node: Node<'_>, random: &mut Rng, depth: u8) -> Value {
    let choices = node.choices();
    if !choices.is_empty() && random.f32() < 0.7 {
        return choices[random.usize(..choices.len())].clone();
    }
    match node.kind() {
        Type::Quantity => match random.u8(..20) {
            0 => json!(1),
            1 => json!(-1),
            2 => json!(1.5),
            3 => wrong(random),
            _ => json!(QUANTITIES[random.usize(..QUANTITIES.len())]),
        },
        Type::IntOrString => match random.u8(..3) {
            0 => json!(NUMBERS[random.usize(..NUMBERS.len())]),
            1 => json!(["http", "80", "1a", "a-b", "HTTP", "", "a--b", "-a"][random.usize(..8)]),
            _ => json!(text(random)),
        },
        Type::Time => json!(TIMES[random.usize(..TIMES.len())]),
        Type::Text => json!(text(random)),
        Type::Number if random.u8(..30) == 0 => json!(1.0),
        Type::Number => json!(NUMBERS[random.usize(..NUMBERS.len())]),
        Type::Boolean => json!(random.bool()),
        Type::List if depth > 4 => json!([]),
        Type::List => {
            let length = [0, 1, 1, 1, 2, 3][random.usize(..6)];
            (0..length)
                .map(|_| value(node.item(), random, depth + 1))
                .collect()
        }
        Type::Map => {
            let is_resource = node.item().kind() == Type::Quantity;
            let length = [0, 1, 1, 2, 3][random.usize(..5)];
            let entries = (0..length).map(|_| {
                let key = if is_resource && random.f32() < 0.9 {
                    RESOURCES[random.usize(..RESOURCES.len())].to_owned()
                } else {
                    text(random)
                };
                (key, value(node.item(), random, depth + 1))
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Type::Object if depth > 5 => json!({}),
        Type::Object => {
            let (needed, free): (Vec<_>, Vec<_>) = node
                .fields()
                .filter(|(name, _)| !SERVERS_OWN.contains(name))
                .partition(|(name, _)| node.requires(name));
            let mut object = Map::new();
            for (name, field) in needed {
                if random.f32() < 0.95 {
                    object.insert(name.to_owned(), value(field, random, depth + 1));
                }
            }
            for _ in 0..[0, 1, 1, 2, 3][random.usize(..5)] {
                if let Some((name, field)) = random.choice(&free) {
                    object.insert((*name).to_owned(), value(*field, random, depth + 1));
                }
            }
            Value::Object(object)
        }
        Type::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn the_same_seed_gives_the_same_jobs() {
        let schema = Schema::bundled();
        let made = |seed: u64| {
            let mut random = Rng::with_seed(seed);
            let mut jobs = Vec::new();
            for seed in crate::seeds::all().iter().take(20) {
                let mut job = seed.job.clone();
                let how = mutate(&mut job, schema.job(), &mut random);
                jobs.push((job, how));
            }
            jobs
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
    }

    #[test]
    fn every_field_of_a_job_is_reached() {
        let schema = Schema::bundled();
        let seeds = crate::seeds::all();
        let mut random = Rng::with_seed(3);
        let mut reached = std::collections::BTreeSet::new();
        for round in 0..30_000 {
            let mut job = seeds[round % seeds.len()].job.clone();
            for how in mutate(&mut job, schema.job(), &mut random) {
                reached.extend(how.rsplit(['.', ' ']).next().map(str::to_owned));
            }
        }
        for field in [
            "podReplacementPolicy",
            "managedBy",
            "seccompProfile",
            "matchLabelKeys",
            "divisor",
            "runAsUser",
        ] {
            assert!(reached.contains(field), "{field}");
        }
    }
}
