//! What one keystroke costs: reading, a lens, an edit, validation, and all of them together.
#![allow(missing_docs, reason = "criterion_group makes a public function")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use manifest::{Document, Edit, Path, validate};

const HEAD: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\nspec:\n  backoffLimit: 4 # few\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n";
const CONTAINER: &str = "        - name: pi\n          image: perl:5.34.0\n          command: [perl, -Mbignum=bpi, -wle, print bpi(2000)]\n";

/// A Job with so many environment variables, two lines each.
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
    let mebibyte = job(24_000);
    for (name, text) in [
        ("pi", format!("{HEAD}{CONTAINER}")),
        ("200 lines", job(93)),
        ("1 MiB", mebibyte),
    ] {
        let path = Path::of(["spec", "backoffLimit"]);
        let document = Document::parse(text.clone());
        assert!(document.is_valid());
        let edit = Edit::Set {
            path: path.clone(),
            value: 0.into(),
        };
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        group.bench_function("parse", |bencher| {
            bencher.iter(|| Document::parse(black_box(text.clone())));
        });
        group.bench_function("lens", |bencher| {
            bencher.iter(|| document.get(0, black_box(&path)).cloned());
        });
        group.bench_function("edit", |bencher| {
            bencher.iter(|| document.clone().apply(0, black_box(&edit)));
        });
        group.bench_function("validate", |bencher| {
            bencher.iter(|| validate(black_box(&document)));
        });
        group.bench_function("keystroke", |bencher| {
            bencher.iter(|| {
                let mut document = document.clone();
                let splices = document.apply(0, black_box(&edit));
                (splices, document.get(0, &path).cloned(), validate(&document))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
