//! Initial texts that a user may start from.

use manifest::{Document, Edit, Path};

/// Returns a minimal Job with a suggested name.
pub fn empty(name: &str) -> String {
    named(EMPTY, name)
}

const EMPTY: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: x\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: []\n";

/// Returns a document under another name, quoted if needed.
pub fn named(text: &str, name: &str) -> String {
    let mut document = Document::parse(text);
    let edit = Edit::Set {
        path: Path::of(["metadata", "name"]),
        value: name.into(),
    };
    // A manifest from this module or the server always has a name to set.
    let _ = document.apply(0, &edit);
    document.text().to_owned()
}

/// Returns an example by its key in the URL.
pub fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "pi" => PI,
        "queue" => QUEUE,
        "indexed" => INDEXED,
        "policy" => POLICY,
        _ => return None,
    })
}

const PI: &str = r#"# π to 2000 digits, computed four times, two at once.
apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  backoffLimit: 5
  completions: 4
  parallelism: 2
  activeDeadlineSeconds: 300
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: pi
          image: perl:5.28.0
          imagePullPolicy: IfNotPresent
          command: ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]
          resources:
            limits:
              memory: 256Mi
"#;

const QUEUE: &str = r#"# Workers that take from a queue until it is empty: no completions, the first success means that all is done.
apiVersion: batch/v1
kind: Job
metadata:
  name: queue
spec:
  parallelism: 3
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: worker
          image: busybox:1.36
          imagePullPolicy: IfNotPresent
          command:
            - sh
            - -c
            # Put the real work here.
            - for item in 1 2 3; do echo "worked on $item"; sleep 1; done
          resources:
            limits:
              memory: 64Mi
"#;

const INDEXED: &str = r#"# Each Pod has a number from 0, in the variable JOB_COMPLETION_INDEX.
apiVersion: batch/v1
kind: Job
metadata:
  name: indexed
spec:
  completionMode: Indexed
  completions: 5
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: part
          image: busybox:1.36
          imagePullPolicy: IfNotPresent
          command: ["sh", "-c", "echo part $JOB_COMPLETION_INDEX of 5"]
          resources:
            limits:
              memory: 64Mi
"#;

const POLICY: &str = r#"# Exit code 42 is a mistake that no retry mends: the Job fails at once. Any other failure is retried.
apiVersion: batch/v1
kind: Job
metadata:
  name: policy
spec:
  backoffLimit: 6
  podFailurePolicy:
    rules:
      - action: FailJob
        onExitCodes:
          operator: In
          values: [42]
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          imagePullPolicy: IfNotPresent
          command: ["sh", "-c", "echo checking; exit 42"]
          resources:
            limits:
              memory: 64Mi
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::{Severity, validate};

    #[test]
    fn examples_are_valid_jobs() {
        for key in ["pi", "queue", "indexed", "policy"] {
            let document = Document::parse(example(key).unwrap());
            let errors: Vec<_> = validate(&document)
                .into_iter()
                .filter(|p| p.severity == Severity::Error)
                .collect();
            assert!(document.is_valid() && errors.is_empty(), "{key}: {errors:?}");
        }
        assert_eq!(example("other"), None);
    }

    #[test]
    fn names_are_quoted_as_strings() {
        for name in [
            "job", "true", "1", "0x1", "x: y", "a #b", "- a", "{a}", "x\ny", "\"", "'", "", "é", "null",
        ] {
            let document = Document::parse(empty(name));
            assert_eq!(
                document.get(0, &Path::of(["metadata", "name"])),
                Some(&name.into()),
                "{name}"
            );
            assert_eq!(document.entries().len(), 1);
        }
    }
}
