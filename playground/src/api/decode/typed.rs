//! Round trip of a value through its Go type: unknown fields are dropped, wrong types refused, empty optional
//! fields omitted, and required ones filled.

use serde_json::{Map, Value};

use super::go_types;
use super::json_kind;
use super::schema::{Schema, Struct, Type};
use k8s_rules::Quantity;
use k8s_rules::machinery::go::quote;

/// Integers that are not pointers in Go: zero is omitted.
const PLAIN_INTEGERS: &[&str] = &[
    "AWSElasticBlockStoreVolumeSource.partition",
    "Condition.observedGeneration",
    "ContainerImage.sizeBytes",
    "ContainerPort.hostPort",
    "ContainerStateTerminated.signal",
    "Event.count",
    "EventSeries.count",
    "GCEPersistentDiskVolumeSource.partition",
    "JobStatus.active",
    "JobStatus.failed",
    "JobStatus.succeeded",
    "ObjectMeta.generation",
    "PodCondition.observedGeneration",
    "PodDisruptionBudgetStatus.observedGeneration",
    "PodStatus.observedGeneration",
    "Probe.failureThreshold",
    "Probe.initialDelaySeconds",
    "Probe.periodSeconds",
    "Probe.successThreshold",
    "Probe.timeoutSeconds",
    "ReplicationControllerSpec.minReadySeconds",
    "ReplicationControllerStatus.availableReplicas",
    "ReplicationControllerStatus.fullyLabeledReplicas",
    "ReplicationControllerStatus.observedGeneration",
    "ReplicationControllerStatus.readyReplicas",
    "ServicePort.nodePort",
    "ServiceSpec.healthCheckNodePort",
    "Status.code",
    "StatusDetails.retryAfterSeconds",
];
/// Booleans that are pointers in Go: `false` is kept.
const POINTER_FLAGS: &[&str] = &[
    "AzureDiskVolumeSource.readOnly",
    "CSIVolumeSource.readOnly",
    "ClusterTrustBundleProjection.optional",
    "ConfigMap.immutable",
    "ConfigMapEnvSource.optional",
    "ConfigMapKeySelector.optional",
    "ConfigMapProjection.optional",
    "ConfigMapVolumeSource.optional",
    "ContainerStatus.started",
    "CronJobSpec.suspend",
    "DeleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential",
    "DeleteOptions.orphanDependents",
    "FileKeySelector.optional",
    "JobSpec.manualSelector",
    "JobSpec.suspend",
    "NodeFeatures.supplementalGroupsPolicy",
    "NodeRuntimeHandlerFeatures.recursiveReadOnlyMounts",
    "NodeRuntimeHandlerFeatures.userNamespaces",
    "NodeSystemInfo.runningInUserNamespace",
    "OwnerReference.blockOwnerDeletion",
    "OwnerReference.controller",
    "PodSecurityContext.runAsNonRoot",
    "PodSpec.automountServiceAccountToken",
    "PodSpec.enableServiceLinks",
    "PodSpec.hostUsers",
    "PodSpec.setHostnameAsFQDN",
    "PodSpec.shareProcessNamespace",
    "Secret.immutable",
    "SecretEnvSource.optional",
    "SecretKeySelector.optional",
    "SecretProjection.optional",
    "SecretVolumeSource.optional",
    "SecurityContext.allowPrivilegeEscalation",
    "SecurityContext.privileged",
    "SecurityContext.readOnlyRootFilesystem",
    "SecurityContext.runAsNonRoot",
    "ServiceAccount.automountServiceAccountToken",
    "ServiceSpec.allocateLoadBalancerNodePorts",
    "WindowsSecurityContextOptions.hostProcess",
];
/// Strings that are pointers in Go: an empty one is kept.
const POINTER_STRINGS: &[&str] = &[
    "AppArmorProfile.localhostProfile",
    "AzureDiskVolumeSource.cachingMode",
    "AzureDiskVolumeSource.fsType",
    "AzureDiskVolumeSource.kind",
    "AzureFilePersistentVolumeSource.secretNamespace",
    "CSIVolumeSource.fsType",
    "ClusterTrustBundleProjection.name",
    "ClusterTrustBundleProjection.signerName",
    "Container.restartPolicy",
    "ContainerStatus.stopSignal",
    "CronJobSpec.timeZone",
    "DeleteOptions.propagationPolicy",
    "EndpointAddress.nodeName",
    "EndpointPort.appProtocol",
    "EphemeralContainer.restartPolicy",
    "GRPCAction.mode",
    "GRPCAction.service",
    "GlusterfsPersistentVolumeSource.endpointsNamespace",
    "HTTPGetAction.protocol",
    "HostPathVolumeSource.type",
    "ISCSIPersistentVolumeSource.initiatorName",
    "ISCSIVolumeSource.initiatorName",
    "JobSpec.completionMode",
    "JobSpec.managedBy",
    "JobSpec.podReplacementPolicy",
    "JobStatus.failedIndexes",
    "Lifecycle.stopSignal",
    "LoadBalancerIngress.ipMode",
    "LocalVolumeSource.fsType",
    "PersistentVolumeClaimSpec.storageClassName",
    "PersistentVolumeClaimSpec.volumeAttributesClassName",
    "PersistentVolumeClaimSpec.volumeMode",
    "PersistentVolumeClaimStatus.currentVolumeAttributesClassName",
    "PersistentVolumeSpec.volumeAttributesClassName",
    "PersistentVolumeSpec.volumeMode",
    "PodDNSConfigOption.value",
    "PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy",
    "PodFailurePolicyOnExitCodesRequirement.containerName",
    "PodResourceClaim.resourceClaimName",
    "PodResourceClaim.resourceClaimTemplateName",
    "PodResourceClaimStatus.resourceClaimName",
    "PodSchedulingGroup.podGroupName",
    "PodSecurityContext.fsGroupChangePolicy",
    "PodSecurityContext.seLinuxChangePolicy",
    "PodSecurityContext.supplementalGroupsPolicy",
    "PodSpec.hostnameOverride",
    "PodSpec.preemptionPolicy",
    "PodSpec.runtimeClassName",
    "PortStatus.error",
    "Preconditions.resourceVersion",
    "PriorityClass.preemptionPolicy",
    "ResourceHealth.message",
    "SeccompProfile.localhostProfile",
    "SecurityContext.procMount",
    "ServicePort.appProtocol",
    "ServiceSpec.internalTrafficPolicy",
    "ServiceSpec.ipFamilyPolicy",
    "ServiceSpec.loadBalancerClass",
    "ServiceSpec.trafficDistribution",
    "SuccessPolicyRule.succeededIndexes",
    "TopologySpreadConstraint.nodeAffinityPolicy",
    "TopologySpreadConstraint.nodeTaintsPolicy",
    "TypedLocalObjectReference.apiGroup",
    "TypedObjectReference.apiGroup",
    "TypedObjectReference.namespace",
    "VolumeMount.mountPropagation",
    "VolumeMount.recursiveReadOnly",
    "VolumeMountStatus.recursiveReadOnly",
    "WindowsSecurityContextOptions.gmsaCredentialSpec",
    "WindowsSecurityContextOptions.gmsaCredentialSpecName",
    "WindowsSecurityContextOptions.runAsUserName",
];

/// Times that are pointers in Go: omitted if absent. The others are written as null.
const POINTER_TIMES: &[&str] = &[
    "startTime",
    "completionTime",
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "timeAdded",
    "lastPhaseTransitionTime",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "expirationTimestamp",
];
/// Strings that are written even if empty.
const ALWAYS_STRINGS: &[&str] = &["Event.reportingComponent", "Event.reportingInstance"];

/// Whether empty optional fields are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empties {
    /// As in Go's value in memory, which validation sees.
    Keep,
    /// As in its serialization.
    Omit,
}

/// Lists that are written as null if they are absent or empty.
const ALWAYS_LISTS: &[&str] = &["PodFailurePolicy.rules", "ProjectedVolumeSource.sources"];

/// Decodes `value` according to `schema`; unknown fields are dropped and reported by path. The error is the
/// message of Go's decoder.
pub fn typed(
    value: Value,
    schema: &Schema,
    empties: Empties,
    unknown: &mut Vec<String>,
) -> Result<Value, String> {
    let mut reader = Reader {
        unknown,
        empties,
        mismatch: None,
    };
    let root = schema.structure().map_or("", |one| one.name.as_str());
    let place = Place {
        owner: root,
        go_path: "",
        path: "",
    };
    let value = reader.read(value, schema, &place)?.unwrap_or_default();
    // Go goes on after a value of a wrong type and reports the first at the end, but stops at once if a type's own
    // decoder fails.
    match reader.mismatch {
        Some(mismatch) => Err(mismatch),
        None => Ok(value),
    }
}

/// The reader's position.
struct Place<'a> {
    /// The Go struct that holds the field.
    owner: &'a str,
    /// The path in Go's errors: without list indexes.
    go_path: &'a str,
    /// The path in messages about unknown fields: with list indexes.
    path: &'a str,
}

struct Reader<'a> {
    unknown: &'a mut Vec<String>,
    empties: Empties,
    /// Message about the first value of a wrong type.
    mismatch: Option<String>,
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn mismatch(value: &Value, schema: &Schema, place: &Place) -> String {
    let mut found = json_kind(value).to_owned();
    if let (Value::Number(number), Type::Integer(_) | Type::IntOrString) = (value, &schema.holds) {
        // Go writes an exponent from 10²¹ on.
        found = match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if (9e15..1e21).contains(&float.abs()) => format!("number {float:.0}"),
            _ => format!("number {number}"),
        };
    }
    format!(
        "json: cannot unmarshal {found} into Go struct field {}.{} of type {}",
        place.owner,
        place.go_path,
        go_type(schema, place)
    )
}

/// Returns Go's name for the type of a field, of a list or of its items.
fn go_type(schema: &Schema, place: &Place) -> String {
    let field = place.go_path.rsplit('.').next().unwrap_or_default();
    match (go_types::named(place.owner, field), &schema.holds) {
        (Some(named), Type::String) if named.contains('.') => named.to_owned(),
        (Some(named), Type::String) => format!("v1.{named}"),
        (Some(named), Type::List(_)) => format!("[]v1.{named}"),
        _ => schema.go_type(),
    }
}

impl Reader<'_> {
    /// Returns the value as its type serializes it; `None` for null.
    fn read(&mut self, value: Value, schema: &Schema, place: &Place) -> Result<Option<Value>, String> {
        if value.is_null() {
            return Ok(None);
        }
        match (&schema.holds, value) {
            (Type::Struct(_), Value::Object(members)) => match schema.structure() {
                Some(structure) => self.structure(members, structure, place).map(Some),
                None => Ok(Some(members.into())),
            },
            (Type::Map(of), Value::Object(members)) => self.map(members, of, place).map(Some),
            (Type::List(of), Value::Array(items)) => self.list(items, of, place).map(Some),
            (Type::Any, value)
            | (Type::String | Type::IntOrString, value @ Value::String(_))
            | (Type::Boolean, value @ Value::Bool(_))
            | (Type::Number, value @ Value::Number(_)) => Ok(Some(value)),
            (Type::Integer(bits), Value::Number(number)) => {
                let fits = number
                    .as_i64()
                    .is_some_and(|whole| *bits == 64 || i32::try_from(whole).is_ok());
                let value = Value::Number(number);
                if fits {
                    return Ok(Some(value));
                }
                Ok(self.mistyped(mismatch(&value, schema, place)))
            }
            (Type::IntOrString, Value::Number(number))
                if number.as_i64().is_some_and(|whole| i32::try_from(whole).is_ok()) =>
            {
                Ok(Some(Value::Number(number)))
            }
            (Type::Quantity, value) => quantity(&value).map(Some),
            (Type::Time, Value::String(text)) => time(&text).map(Some),
            (Type::Bytes, Value::String(text)) => match bytes(text) {
                Ok(value) => Ok(Some(value)),
                Err(message) => Ok(self.mistyped(message)),
            },
            (Type::IntOrString | Type::Time, value) => Err(mismatch(&value, schema, place)),
            (_, value) => Ok(self.mistyped(mismatch(&value, schema, place))),
        }
    }

    /// Records a value of a wrong type, which Go leaves at its zero value.
    fn mistyped(&mut self, message: String) -> Option<Value> {
        self.mismatch.get_or_insert(message);
        None
    }

    fn structure(
        &mut self,
        members: Map<String, Value>,
        structure: &Struct,
        place: &Place,
    ) -> Result<Value, String> {
        let mut object = Map::with_capacity(members.len());
        for (name, value) in members {
            let path = join(place.path, &name);
            let Some(schema) = structure.fields.get(&name) else {
                self.unknown.push(format!("unknown field {}", quote(&path)));
                continue;
            };
            let go_path = match go_types::embedded(&structure.name, &name) {
                Some(embedded) => join(place.go_path, &format!("{embedded}.{name}")),
                None => join(place.go_path, &name),
            };
            let here = Place {
                owner: &structure.name,
                go_path: &go_path,
                path: &path,
            };
            let Some(value) = self.read(value, schema, &here)? else {
                continue;
            };
            let is_kept = self.empties == Empties::Keep;
            if is_kept || !omitted(&structure.name, &name, &value, schema, &structure.required) {
                object.insert(name, value);
            }
        }
        if self.empties == Empties::Keep {
            return Ok(object.into());
        }
        for (name, schema) in &structure.fields {
            let is_list = ALWAYS_LISTS.contains(&format!("{}.{name}", structure.name).as_str());
            let is_empty = object
                .get(name)
                .is_none_or(|list| list.as_array().is_some_and(Vec::is_empty));
            if is_list && is_empty {
                object.insert(name.clone(), Value::Null);
            }
            let is_time = matches!(schema.holds, Type::Time) && !POINTER_TIMES.contains(&name.as_str());
            if is_time && !object.contains_key(name) {
                object.insert(name.clone(), Value::Null);
            }
            let always = ALWAYS_STRINGS.contains(&format!("{}.{name}", structure.name).as_str());
            if always && !object.contains_key(name) {
                object.insert(name.clone(), "".into());
            }
            if let Some(default) = &schema.default
                && !object.contains_key(name)
            {
                let empty_struct = default.as_object().is_some_and(Map::is_empty);
                // Structs that are not pointers are always written, as are required zero values.
                if empty_struct && schema.structure().is_some() {
                    let filled = fill(schema);
                    if !(structure.name == "PodTemplateSpec" && name == "metadata") {
                        object.insert(name.clone(), filled);
                    }
                } else if structure.required.contains(name) {
                    object.insert(name.clone(), default.clone());
                }
            }
        }
        Ok(object.into())
    }

    fn map(&mut self, members: Map<String, Value>, of: &Schema, place: &Place) -> Result<Value, String> {
        let mut map = Map::with_capacity(members.len());
        for (key, value) in members {
            let path = join(place.path, &key);
            let here = Place {
                path: &path,
                ..*place
            };
            let empty = match of.holds {
                Type::String | Type::Bytes => Value::String(String::new()),
                Type::Quantity => Value::String("0".to_owned()),
                _ => Value::Null,
            };
            let value = self.read(value, of, &here)?.unwrap_or(empty);
            map.insert(key, value);
        }
        Ok(map.into())
    }

    fn list(&mut self, items: Vec<Value>, of: &Schema, place: &Place) -> Result<Value, String> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{}[{index}]", place.path);
            let here = Place {
                path: &path,
                ..*place
            };
            let item = match self.read(item, of, &here)? {
                Some(item) => item,
                None if of.structure().is_some() => self
                    .read(Value::Object(Map::new()), of, &here)?
                    .unwrap_or_default(),
                None => match of.holds {
                    Type::Integer(_) | Type::Number => 0.into(),
                    Type::Boolean => false.into(),
                    _ => Value::String(String::new()),
                },
            };
            list.push(item);
        }
        Ok(list.into())
    }
}

/// Returns an absent struct with the fields that are always written.
fn fill(schema: &Schema) -> Value {
    let mut ignored = Vec::new();
    typed(Value::Object(Map::new()), schema, Empties::Omit, &mut ignored).unwrap_or_default()
}

/// Reports whether Go's `omitempty` omits the field.
fn omitted(owner: &str, name: &str, value: &Value, schema: &Schema, required: &[String]) -> bool {
    let field = format!("{owner}.{name}");
    let field = field.as_str();
    if ALWAYS_STRINGS.contains(&field) || required.iter().any(|one| one == name) {
        return false;
    }
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && matches!(schema.holds, Type::Map(_)),
        Value::String(text) => text.is_empty() && !POINTER_STRINGS.contains(&field),
        Value::Bool(flag) => !flag && !POINTER_FLAGS.contains(&field),
        Value::Number(number) => number.as_i64() == Some(0) && PLAIN_INTEGERS.contains(&field),
        Value::Null => true,
    }
}

fn quantity(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.to_string(),
    };
    let quantity = Quantity::parse(text.trim()).map_err(|error| error.to_string())?;
    Ok(quantity.written(text.trim()).into())
}

/// The elements of Go's layout of RFC 3339, up to the seconds.
const LAYOUT: [&str; 11] = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];

/// Reads a time with any offset; times without fractional seconds are rewritten in UTC.
fn time(text: &str) -> Result<Value, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        let whole = !text.contains('.');
        return Ok(if whole {
            crate::clock::seconds(at).into()
        } else {
            text.into()
        });
    }
    // Go's error names the first layout element that does not match, and the rest of the text from there.
    let (mut rest, mut wanted) = (text, "Z07:00");
    for part in LAYOUT {
        let is_number = part.as_bytes()[0].is_ascii_digit();
        let fits = rest
            .get(..part.len())
            .is_some_and(|head| head == part || is_number && head.bytes().all(|byte| byte.is_ascii_digit()));
        if !fits {
            wanted = part;
            break;
        }
        rest = &rest[part.len()..];
    }
    Err(format!(
        "parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{rest}\" as \"{wanted}\""
    ))
}

fn bytes(text: String) -> Result<Value, String> {
    use base64::Engine as _;
    match base64::engine::general_purpose::STANDARD.decode(&text) {
        Ok(_) => Ok(text.into()),
        Err(base64::DecodeError::InvalidByte(at, _)) => {
            Err(format!("illegal base64 data at input byte {at}"))
        }
        Err(_) => Err(format!(
            "illegal base64 data at input byte {}",
            text.len() / 4 * 4
        )),
    }
}
