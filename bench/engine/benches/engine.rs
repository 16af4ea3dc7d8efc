//! Benchmarks of one keystroke: parsing, path lookups, an edit, validation, and all of them together.
#![allow(missing_docs, reason = "criterion_group makes a public function")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use manifest::{Document, Edit, Path, Schema, Splice, schema, validate};

const HEAD: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\nspec:\n  backoffLimit: 4 # few\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n";
const CONTAINER: &str = "        - name: pi\n          image: perl:5.34.0\n          command: [perl, -Mbignum=bpi, -wle, print bpi(2000)]\n";

/// Returns a Job with this many environment variables, two lines each.
fn job(variables: usize) -> String {
    let mut text = format!("{HEAD}{CONTAINER}          env:\n");
    for index in 0..variables {
        let _ = write!(
            text,
            "            - name: V{index} # c\n              value: \"{index}\"\n"
        );
    }
    text
}

fn engine(criterion: &mut Criterion) {
    let known: Schema =
        serde_json::from_str(include_str!("../../../manifest/src/schema/bundled.json")).unwrap_or_default();
    assert!(known.for_kind("batch/v1", "Job").is_some());
    let mebibyte = job(17_800);
    for (name, text) in [
        ("pi", format!("{HEAD}{CONTAINER}")),
        ("200 lines", job(93)),
        ("1 MiB", mebibyte),
    ] {
        let path = Path::of(["spec", "backoffLimit"]);
        let document = Document::parse(text.clone());
        assert!(document.is_valid());
        let set = |value: i64| Edit::Set {
            path: path.clone(),
            value: value.into(),
        };
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        group.bench_function("parse", |bencher| {
            bencher.iter(|| Document::parse(black_box(text.clone())));
        });
        group.bench_function("lens", |bencher| {
            bencher.iter(|| document.get(0, black_box(&path)).cloned());
        });
        group.bench_function("validate", |bencher| {
            bencher.iter(|| validate(black_box(&document)));
        });
        group.bench_function("check", |bencher| {
            bencher.iter(|| schema::check(black_box(&document), &known));
        });
        let middle = text.len() / 2;
        group.bench_function("complete", |bencher| {
            bencher.iter(|| schema::complete(black_box(&document), &known, middle));
        });
        // The user sets a number in the form: the text is edited, parsed, looked up and validated.
        group.bench_function("keystroke", |bencher| {
            let (mut document, mut value) = (document.clone(), 4);
            bencher.iter(|| {
                value = (value + 1) % 10;
                let before = document.clone();
                let splices = document.apply(0, black_box(&set(value)));
                drop(before);
                (splices, document.get(0, &path).cloned(), validate(&document))
            });
        });
        // The user types a character at the end of the text and deletes it.
        group.bench_function("typing", |bencher| {
            let mut document = document.clone();
            let end = text.len() - 2;
            bencher.iter(|| {
                document.splice(&[Splice::insert(end, "x")]);
                let problems = validate(&document);
                document.splice(&[Splice::new(end..end + 1, "")]);
                problems
            });
        });
        group.finish();
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
