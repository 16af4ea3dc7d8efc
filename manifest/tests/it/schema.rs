//! The schema from a real cluster's OpenAPI documents: types, completion, hover, problems and forms.

use crate::support::{corpus, openapi};
use manifest::schema::{
    CompletionKind, Field, SchemaError, Type, check, complete, fields, hover, schema_problems,
};
use manifest::{Document, Path, Problem, Schema, Severity};
use serde_json::{Value, json};

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[test]
fn every_type_of_job_fields_is_known() {
    let schema = openapi::schema();
    for (at, kind) in [
        ("", Type::Object),
        ("spec", Type::Object),
        ("spec.parallelism", Type::Integer32),
        ("spec.activeDeadlineSeconds", Type::Integer),
        ("spec.suspend", Type::Boolean),
        ("spec.completionMode", Type::String),
        ("metadata.labels", Type::Map),
        ("metadata.labels.x", Type::String),
        ("metadata.creationTimestamp", Type::Time),
        ("spec.template.spec.containers", Type::List),
        ("spec.template.spec.containers[3].image", Type::String),
        ("spec.template.spec.containers[0].args[1]", Type::String),
        (
            "spec.template.spec.containers[0].livenessProbe.httpGet.port",
            Type::IntOrString,
        ),
        (
            "spec.template.spec.containers[0].resources.limits.cpu",
            Type::Quantity,
        ),
        ("spec.template.spec.volumes[0].emptyDir.sizeLimit", Type::Quantity),
        ("metadata.managedFields[0].fieldsV1", Type::Object),
    ] {
        let node = schema.at("batch/v1", "Job", &path(at));
        assert_eq!(node.map(|node| node.kind()), Some(kind), "{at}");
    }
    for at in [
        "spec.paralelism",
        "spec[0]",
        "metadata.labels.x.y",
        "spec.template.spec.containers.name",
    ] {
        assert!(schema.at("batch/v1", "Job", &path(at)).is_none(), "{at}");
    }
    assert!(schema.for_kind("batch/v1", "Jbo").is_none());
    let data = schema.at("v1", "Secret", &path("data.x")).unwrap();
    assert_eq!(data.kind(), Type::Bytes);
}

#[test]
fn node_has_documentation_choices_defaults_and_keys() {
    let schema = openapi::schema();
    let at = |text: &str| schema.at("batch/v1", "Job", &path(text)).unwrap();
    let container = at("spec.template.spec.containers[0]");
    assert_eq!(container.required(), ["name"]);
    assert_eq!(container.fields().next().unwrap().0, "args");
    assert_eq!(at("spec.template.spec.containers").list_keys(), ["name"]);
    let pull = at("spec.template.spec.containers[0].imagePullPolicy");
    assert_eq!(pull.choices(), ["Always", "IfNotPresent", "Never"]);
    assert!(pull.documentation().starts_with("Image pull policy."));
    let protocol = at("spec.template.spec.containers[0].ports[0].protocol");
    assert_eq!(protocol.default(), Some(&json!("TCP")));
    assert!(
        at("spec")
            .documentation()
            .starts_with("Specification of the desired behavior of a job.")
    );
    assert!(at("spec.template").requires("spec") || at("spec").requires("template"));
}

fn compare(
    older: manifest::schema::Node<'_>,
    newer: manifest::schema::Node<'_>,
    depth: usize,
    seen: &mut usize,
) {
    *seen += 1;
    assert_eq!(older.kind(), newer.kind());
    assert_eq!(older.documentation(), newer.documentation());
    assert_eq!(older.choices(), newer.choices());
    if depth == 0 {
        return;
    }
    let names =
        |node: manifest::schema::Node<'_>| node.fields().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(older), names(newer));
    for ((_, older), (_, newer)) in older.fields().zip(newer.fields()) {
        compare(older, newer, depth - 1, seen);
    }
    for (older, newer) in [(older.item(), newer.item()), (older.value(), newer.value())] {
        assert_eq!(older.is_some(), newer.is_some());
        if let (Some(older), Some(newer)) = (older, newer) {
            compare(older, newer, depth - 1, seen);
        }
    }
}

#[test]
fn version_2_equals_version_3() {
    let (older, newer) = (
        Schema::from_openapi_v2(&openapi::version_2()).unwrap(),
        openapi::schema(),
    );
    assert_eq!(
        older.kinds().collect::<Vec<_>>(),
        newer.kinds().collect::<Vec<_>>()
    );
    let mut seen = 0;
    let job = |schema: &Schema| schema.for_kind("batch/v1", "Job").is_some();
    assert!(job(&older) && job(&newer));
    compare(
        older.for_kind("batch/v1", "Job").unwrap(),
        newer.for_kind("batch/v1", "Job").unwrap(),
        12,
        &mut seen,
    );
    assert!(seen > 1000, "{seen}");
}

#[test]
fn other_documents_are_rejected() {
    let other = json!({"openapi": "3.0.0"});
    assert_eq!(
        Schema::from_openapi_v3([&other].into_iter()),
        Err(SchemaError::NoSchemas)
    );
    assert_eq!(Schema::from_openapi_v2(&other), Err(SchemaError::NoDefinitions));
    let circle = json!({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a",
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "B"}]}}});
    let schema = Schema::from_openapi_v2(&circle).unwrap();
    assert_eq!(
        schema.for_kind("v1", "B").map(|node| node.kind()),
        Some(Type::Any)
    );
}

#[test]
fn part_is_small_and_equal() {
    let schema = openapi::schema();
    let part = schema.part(&[("batch/v1", "Job")]);
    let sent = serde_json::to_string(&part).unwrap();
    assert!(sent.len() < 250_000, "{}", sent.len());
    let part: Schema = serde_json::from_str(&sent).unwrap();
    assert_eq!(part.kinds().count(), schema.kinds().count());
    assert!(part.for_kind("v1", "Pod").is_none());
    let at = path("spec.template.spec.containers[0].resources.limits.cpu");
    assert_eq!(part.at("batch/v1", "Job", &at).unwrap().kind(), Type::Quantity);
    assert_eq!(part.part(&[("batch/v1", "Job")]), part);
}

#[cfg(feature = "bundled-schema")]
#[test]
fn bundle_is_made_from_the_documents() {
    let kinds: Vec<_> = [
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
        ("v1", "ConfigMap"),
        ("v1", "Namespace"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "Pod"),
        ("v1", "Secret"),
        ("v1", "ServiceAccount"),
    ]
    .into();
    assert_eq!(Schema::bundled().unwrap(), openapi::schema().part(&kinds));
}

/// Returns the labels of the completions at `|` in a text, and the text after accepting one of them.
fn labels(schema: &Schema, text: &str) -> Vec<String> {
    let at = text.find('|').unwrap();
    let document = Document::parse(text.replacen('|', "", 1));
    complete(&document, schema, at)
        .into_iter()
        .map(|completion| completion.label)
        .collect()
}

fn accept(schema: &Schema, text: &str, label: &str) -> String {
    let at = text.find('|').unwrap();
    let text = text.replacen('|', "", 1);
    let found = complete(&Document::parse(text.clone()), schema, at);
    let completion = found
        .iter()
        .find(|completion| completion.label == label)
        .unwrap_or_else(|| panic!("{label} in {found:?}"));
    let mut after = text.clone();
    after.replace_range(completion.range.clone(), &completion.insert);
    after
}

const HEAD: &str = "apiVersion: batch/v1\nkind: Job\n";

#[test]
fn missing_keys_are_offered_required_ones_first() {
    let schema = openapi::schema();
    let text = format!("{HEAD}spec:\n  parallelism: 2\n  |\n  suspend: true\n");
    let found = labels(&schema, &text);
    assert_eq!(found[0], "template");
    assert!(found.contains(&"completions".to_owned()));
    assert!(!found.contains(&"parallelism".to_owned()) && !found.contains(&"suspend".to_owned()));
    // In a list item, after its dash and below it.
    let container = format!("{HEAD}spec:\n  template:\n    spec:\n      containers:\n        - ");
    assert_eq!(labels(&schema, &format!("{container}|"))[0], "name");
    assert_eq!(
        labels(&schema, &format!("{container}name: x\n          ima|"))[0],
        "args"
    );
    assert!(!labels(&schema, &format!("{container}name: x\n          ima|")).contains(&"name".to_owned()));
    // Below a list's key without a dash.
    let list = format!("{HEAD}spec:\n  template:\n    spec:\n      containers:\n        |\n");
    assert!(accept(&schema, &list, "image").ends_with("containers:\n        - image: \n"));
}

#[test]
fn broken_text_completes() {
    let schema = openapi::schema();
    for (broken, at) in [
        (
            "spec:\n  backoffLimit: 4\n  compl|\n  template:\n    spec: {\n",
            "completions",
        ),
        (
            "metadata: [\nspec:\n  template:\n    spec:\n      containers:\n        - name: x\n          ima|",
            "image",
        ),
        (
            "metadata:\n\tname: x\nspec:\n  template:\n    spec:\n      containers:\n      - name: x\n        resources:\n          |",
            "limits",
        ),
        (
            "metadata: {a: \"\nspec:\n  template:\n    spec:\n      restartPolicy: N|",
            "Never",
        ),
    ] {
        let found = labels(&schema, &format!("{HEAD}{broken}"));
        assert!(found.contains(&at.to_owned()), "{broken}: {found:?}");
    }
    let container = format!(
        "{HEAD}metadata: [\nspec:\n  template:\n    spec:\n      containers:\n      - name: x\n        ima|"
    );
    assert!(!labels(&schema, &container).contains(&"name".to_owned()));
}

#[test]
fn enum_values_and_booleans_are_offered() {
    let schema = openapi::schema();
    let pod = format!("{HEAD}spec:\n  suspend: |\n");
    assert_eq!(labels(&schema, &pod), ["true", "false"]);
    let text = format!("{HEAD}spec:\n  completionMode:|\n");
    assert_eq!(
        accept(&schema, &text, "Indexed"),
        format!("{HEAD}spec:\n  completionMode: Indexed\n")
    );
    let text = format!("{HEAD}spec:\n  completionMode: \"In|\" # c\n");
    assert_eq!(
        accept(&schema, &text, "Indexed"),
        format!("{HEAD}spec:\n  completionMode: Indexed # c\n")
    );
    let flow = format!("{HEAD}spec: {{template: {{spec: {{restartPolicy: |}}}}}}\n");
    assert_eq!(labels(&schema, &flow), ["Always", "Never", "OnFailure"]);
    assert_eq!(
        labels(&schema, "apiVersion: batch/v1\nkind: |\n")[1],
        "CronJobList"
    );
    assert!(labels(&schema, "kind: Job\napiVersion: |\n").contains(&"batch/v1".to_owned()));
    assert_eq!(labels(&schema, "|"), ["apiVersion", "kind", "metadata", "spec"]);
}

#[test]
fn inserted_text_follows_the_file_indentation() {
    let schema = openapi::schema();
    let four = format!("{HEAD}spec:\n    template:\n        |\n");
    assert_eq!(
        accept(&schema, &four, "spec"),
        format!("{HEAD}spec:\n    template:\n        spec:\n            \n")
    );
    let flush = format!("{HEAD}metadata:\n  finalizers:\n  - a/b\nspec:\n  template:\n    spec:\n      |\n");
    assert!(accept(&schema, &flush, "containers").ends_with("    spec:\n      containers:\n      - \n"));
    let crlf = format!("{HEAD}spec:\n  |\n").replace('\n', "\r\n");
    assert!(accept(&schema, &crlf, "template").ends_with("spec:\r\n  template:\r\n    \r\n"));
    let renamed = format!("{HEAD}spec:\n  para|lelisms: 3\n");
    assert_eq!(
        accept(&schema, &renamed, "parallelism"),
        format!("{HEAD}spec:\n  parallelism: 3\n")
    );
}

#[test]
fn json_completes_with_open_quotes_and_missing_commas() {
    let schema = openapi::schema();
    let head =
        "{\n  \"apiVersion\": \"batch/v1\",\n  \"kind\": \"Job\",\n  \"spec\": {\n    \"parallelism\": 2,\n";
    let found = labels(&schema, &format!("{head}    \"comp|\n  }}\n}}\n"));
    assert_eq!(found[0], "template");
    assert!(found.contains(&"completions".to_owned()) && !found.contains(&"parallelism".to_owned()));
    let text = format!("{head}    |\n    \"suspend\": true\n  }}\n}}\n");
    assert!(!labels(&schema, &text).contains(&"suspend".to_owned()));
    assert!(accept(&schema, &text, "template").contains("    \"template\": {}\n"));
    let text = format!("{head}    \"completionMode\": \"|\"\n  }}\n}}\n");
    assert!(accept(&schema, &text, "Indexed").contains("\"completionMode\": \"Indexed\"\n"));
    let text = format!(
        "{head}    \"template\": {{\"spec\": {{\"containers\": [{{\"name\": \"x\", \"im|\": 1}}]}}}}}}}}"
    );
    assert!(accept(&schema, &text, "image").contains("\"name\": \"x\", \"image\": 1}"));
    assert!(!labels(&schema, &text).contains(&"name".to_owned()));
    // `kind` may be after the cursor.
    let late = "{\"spec\": {\"|\"}, \"kind\": \"Job\", \"apiVersion\": \"batch/v1\"}";
    assert_eq!(labels(&schema, late)[0], "template");
}

#[test]
fn comments_block_scalars_and_free_strings_complete_nothing() {
    let schema = openapi::schema();
    for text in [
        "spec:\n  # para|\n",
        "metadata:\n  annotations:\n    x: |\n      spec|\n"
            .replacen("x: |", "x: >", 1)
            .as_str(),
        "metadata:\n  name: a |\n",
        "spec:\n  parallelism: |\n",
        "spec:\n  parallelism: 4\n    |\n",
        "metadata:\n  labels:\n    |\n",
    ] {
        assert_eq!(
            labels(&schema, &format!("{HEAD}{text}")),
            Vec::<String>::new(),
            "{text}"
        );
    }
    assert_eq!(complete(&Document::parse("a: ä"), &schema, 4), []);
    assert_eq!(complete(&Document::parse("a"), &schema, 99), []);
}

#[test]
fn every_job_completion_parses_at_its_path() {
    let schema = openapi::schema();
    let text = format!(
        "{HEAD}metadata:\n  name: a\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      |\n      containers:\n        - name: c\n"
    );
    let at = text.find('|').unwrap();
    let text = text.replacen('|', "", 1);
    let found = complete(&Document::parse(text.clone()), &schema, at);
    assert!(found.len() > 30);
    for completion in found {
        let mut after = text.clone();
        after.replace_range(completion.range.clone(), &completion.insert);
        let document = Document::parse(after.clone());
        assert!(document.is_valid(), "{after}");
        let place = Path::of(["spec", "template", "spec"]).key(completion.label.clone());
        assert!(document.get(0, &place).is_some(), "{after}");
        assert_eq!(completion.kind, CompletionKind::Field);
    }
}

#[test]
fn hover_shows_documentation() {
    let schema = openapi::schema();
    let text = format!("{HEAD}spec:\n  backoffLimit: 4 # few\n  template: {{}}\n");
    let document = Document::parse(text.clone());
    let at = |needle: &str| hover(&document, &schema, text.find(needle).unwrap());
    let found = at("backoffLimit").unwrap();
    assert_eq!(
        (found.path.to_string().as_str(), found.kind),
        ("spec.backoffLimit", Type::Integer32)
    );
    assert!(found.documentation.starts_with("Specifies the number of retries"));
    assert_eq!(&text[found.range], "backoffLimit");
    assert_eq!(at("4 # few").unwrap().path.to_string(), "spec.backoffLimit");
    assert_eq!(at("few"), None);
    assert_eq!(at("template").unwrap().path.to_string(), "spec.template");
    assert_eq!(hover(&Document::parse("a: 1"), &schema, 0), None);
}

fn reported(problems: &[Problem]) -> Vec<(&'static str, String)> {
    problems
        .iter()
        .map(|problem| (problem.code, problem.path.to_string()))
        .collect()
}

fn job(spec: &str) -> Document {
    Document::parse(format!(
        "{HEAD}metadata:\n  name: a\nspec:\n{spec}  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          image: x:1\n"
    ))
}

#[test]
fn unknown_fields_are_renamed_or_removed() {
    let schema = openapi::schema();
    let mut document = job("  paralelism: 2\n  wobble: {}\n");
    let problems = schema_problems(&document, &schema);
    assert_eq!(
        reported(&problems),
        [
            ("field.unknown.near", "spec.paralelism".to_owned()),
            ("field.unknown", "spec.wobble".to_owned()),
        ]
    );
    assert_eq!(&document.text()[problems[0].range.clone()], "paralelism");
    assert!(problems[0].text(manifest::Language::Zh).contains("parallelism"));
    for problem in problems {
        document = document.fixed(&problem).unwrap().0;
    }
    assert_eq!(schema_problems(&document, &schema), []);
    assert_eq!(document.get(0, &path("spec.parallelism")), Some(&json!(2)));
}

#[test]
fn types_enums_and_missing_fields_are_reported_once() {
    let schema = openapi::schema();
    let document = job("  parallelism: two\n  suspend: \"true\"\n  completionMode: Indexd\n");
    let text = document.text().replace(
        "      containers:",
        "      securityContext: {sysctls: [{name: net.core.somaxconn}]}\n      containers:",
    );
    let document = Document::parse(text);
    let problems = check(&document, &schema);
    let errors: Vec<_> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.path.to_string())
        .collect();
    assert_eq!(
        errors,
        ["spec.parallelism", "spec.suspend", "spec.completionMode"]
    );
    let expected: Vec<_> = problems
        .iter()
        .filter(|problem| problem.code == "field.expected")
        .collect();
    assert_eq!(expected.len(), 1);
    assert_eq!(expected[0].severity, Severity::Warning);
    // The type of a field without a rule is reported by the schema.
    let document = job("  ttlSecondsAfterFinished: 3000000000\n");
    assert!(
        reported(&schema_problems(&document, &schema))
            .contains(&("field.range", "spec.ttlSecondsAfterFinished".to_owned()))
    );
    let secret = Document::parse("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: hello}\n");
    assert_eq!(
        reported(&schema_problems(&secret, &schema)),
        [("field.base64", "data.x".to_owned())]
    );
}

#[test]
fn unknown_kind_of_known_group_is_an_error() {
    let schema = openapi::schema();
    let document = |api_version: &str, kind: &str| {
        let document = Document::parse(format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"
        ));
        reported(&schema_problems(&document, &schema))
    };
    assert_eq!(
        document("batch/v1", "Jbo"),
        [("object.kind.unknown", "kind".to_owned())]
    );
    assert_eq!(document("v1", "List"), []);
    assert_eq!(document("policy/v1", "PodDisruptionBudget"), []);
    assert_eq!(document("example.com/v1", "Thing"), []);
}

#[test]
fn real_manifests_raise_no_false_alarm() {
    let schema = openapi::schema();
    let mut alarms = Vec::new();
    let mut documents = 0;
    for (name, text) in corpus::files() {
        if corpus::is_sample(&name) {
            continue;
        }
        let document = Document::parse(text);
        documents += document.entries().len();
        for problem in schema_problems(&document, &schema) {
            alarms.push(format!(
                "{name}: {:?} {} at {} {:?}",
                problem.severity, problem.code, problem.path, problem.subjects
            ));
        }
    }
    assert!(documents > 100, "{documents}");
    insta::assert_snapshot!(alarms.join("\n"));
}

#[test]
fn form_has_every_field_of_any_subtree() {
    let schema = openapi::schema();
    let document = job("  suspend: false\n");
    let found = fields(&document, 0, &schema, &path("spec"));
    let of = |name: &str| found.iter().find(|field| field.name == name).unwrap();
    assert!(of("suspend").present && !of("parallelism").present);
    assert!(of("template").required && !of("suspend").required);
    // Servers drop it unless its feature gate was turned on.
    let has_scheduling = |fields: &[Field]| fields.iter().any(|field| field.name == "scheduling");
    assert!(!has_scheduling(&found));
    let written = job("  scheduling: {}\n");
    assert!(has_scheduling(&fields(&written, 0, &schema, &path("spec"))));
    assert_eq!(of("completionMode").choices, ["Indexed", "NonIndexed"]);
    let container = fields(&document, 0, &schema, &path("spec.template.spec.containers[0]"));
    assert_eq!(
        container.iter().find(|field| field.name == "env").unwrap().item,
        Some(Type::Object)
    );
    assert_eq!(container.iter().filter(|field| field.present).count(), 2);
    // A missing subtree.
    let probe = fields(
        &document,
        0,
        &schema,
        &path("spec.template.spec.containers[0].livenessProbe"),
    );
    assert!(probe.iter().all(|field| !field.present) && probe.len() > 8);
    assert_eq!(fields(&document, 0, &schema, &path("spec.nothing")), []);
    assert_eq!(fields(&document, 7, &schema, &path("spec")), []);
    let ports = fields(
        &document,
        0,
        &schema,
        &path("spec.template.spec.containers[0].ports[0]"),
    );
    let protocol = ports.iter().find(|field| field.name == "protocol").unwrap();
    assert_eq!(protocol.default, Some(Value::from("TCP")));
}
