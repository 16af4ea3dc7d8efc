//! Validates the arguments of server functions: an unknown argument is rejected, as the API server does with fields
//! (`fieldValidation=Strict`). The framework would silently ignore it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use leptos::server_fn::ServerFn;
use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use app::api::{
    AskClusters, AskJob, AskJobs, AskManifest, AskMatchingJobs, AskOffers, AskRights, AskSessions,
    AskWorkspace, CreateObjects, DeleteJobs, DescribeJob, RerunJob, SuspendJob,
};

/// The arguments of each server function, by path.
static ARGUMENTS: LazyLock<HashMap<&'static str, &'static [&'static str]>> = LazyLock::new(|| {
    HashMap::from([
        of::<AskWorkspace>(),
        of::<AskClusters>(),
        of::<AskSessions>(),
        of::<AskJobs>(),
        of::<AskMatchingJobs>(),
        of::<AskJob>(),
        of::<AskManifest>(),
        of::<AskOffers>(),
        of::<AskRights>(),
        of::<CreateObjects>(),
        of::<RerunJob>(),
        of::<DeleteJobs>(),
        of::<SuspendJob>(),
        of::<DescribeJob>(),
    ])
});

fn of<F: ServerFn + DeserializeOwned>() -> (&'static str, &'static [&'static str]) {
    (F::PATH, fields::<F>())
}

/// Returns the field names of a struct, which its `Deserialize` implementation passes to the deserializer.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    struct FieldNames<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for FieldNames<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
            Err(serde::de::Error::custom("only the field names are needed"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &'static [&'static str] = &[];
    // Always fails, after the names have been recorded.
    let _ = T::deserialize(FieldNames(&mut fields));
    fields
}

/// Returns the first argument in `body` that the server function at `path` does not have. A body that is not an
/// object is left to the function.
pub fn unknown(path: &str, body: &[u8]) -> Option<String> {
    let known = ARGUMENTS.get(path)?;
    let Keys(keys) = serde_json::from_slice(body).ok()?;
    let unknown = keys.into_iter().find(|key| !known.contains(&key.as_ref()));
    unknown.map(Cow::into_owned)
}

/// The keys of an object.
struct Keys<'de>(Vec<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Keys<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Keys<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys<'de>, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    map.next_value::<IgnoredAny>()?;
                    // A call has five arguments at most.
                    if keys.len() < 16 {
                        keys.push(key);
                    }
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use leptos::server_fn::axum::server_fn_paths;

    use super::*;

    #[test]
    fn arguments_of_every_server_function_are_known() {
        for (path, _) in server_fn_paths() {
            assert!(ARGUMENTS.contains_key(path), "{path}");
        }
        assert_eq!(ARGUMENTS["/api/create"], ["project", "text", "dry_run", "done"]);
        assert_eq!(ARGUMENTS["/api/clusters"], [""; 0]);
    }

    #[test]
    fn unknown_argument_is_detected() {
        for (path, body, found) in [
            ("/api/jobs", r#"{"project": "demo"}"#, None),
            (
                "/api/jobs",
                r#"{"project": "demo", "force": true}"#,
                Some("force"),
            ),
            ("/api/jobs", r#"{"Project": "demo"}"#, Some("Project")),
            ("/api/jobs", r#"{"pro\u006aect": "demo"}"#, None),
            ("/api/clusters", r#"{"": 1}"#, Some("")),
            ("/api/clusters", "{}", None),
            ("/api/jobs", "[1", None),
        ] {
            assert_eq!(unknown(path, body.as_bytes()).as_deref(), found, "{path} {body}");
        }
    }
}
