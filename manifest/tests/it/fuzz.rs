//! Runs the fuzz targets over their corpus, the real manifests, and mutations of both: bounded, and deterministic.
//! `FUZZ_SEED=7 FUZZ_TIMES=50` tries other inputs, and multiplies their number.

use std::path::PathBuf;

use crate::support::{corpus, openapi, target};

/// Number of inputs of each target.
const INPUTS: usize = 20_000;

/// A pseudo-random number generator (Knuth's MMIX), for the same inputs in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// Returns the corpus of a target, and small manifests prefixed by bytes for choices.
fn seeds(name: &str, choices: usize) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let mut seeds: Vec<_> = files
        .into_iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "a corpus is there");
    if choices > 0 {
        let small = corpus::files().into_iter().filter(|(_, text)| text.len() < 1500);
        seeds.extend(small.map(|(_, text)| [vec![7; choices], text.into_bytes()].concat()));
    }
    seeds
}

/// Changes, removes or repeats some bytes of an input, or copies some from another.
fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const TELLING: &[u8] = b" \n\t:-#'\"{}[],&*!|>%@`0189.eKimn_yY~";
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(9)).min(input.len());
        match random.below(6) {
            0 if at < input.len() => input[at] = u8::try_from(random.below(256)).unwrap(),
            1 | 2 => input.insert(at, TELLING[random.below(TELLING.len())]),
            3 => drop(input.drain(at..end)),
            4 => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let part = other[from..(from + random.below(40)).min(other.len())].to_vec();
                input.splice(at..at, part);
            }
        }
    }
    input
}

fn run(name: &str, choices: usize, inputs: usize, body: impl Fn(&[u8])) {
    let seeds = seeds(name, choices);
    for seed in &seeds {
        body(seed);
    }
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let mut random = Random(number("FUZZ_SEED", 20));
    for _ in 0..inputs * usize::try_from(number("FUZZ_TIMES", 1)).unwrap() {
        body(&mutate(&seeds, &mut random));
    }
}

#[test]
fn parse() {
    run("parse", 3, INPUTS, target::parse);
}

#[test]
fn apply() {
    run("apply", 4, INPUTS, target::apply);
}

#[test]
fn quantity() {
    run("quantity", 0, 10 * INPUTS, target::quantity);
}

#[test]
fn schema() {
    let known = openapi::schema();
    run("schema", 2, INPUTS, |data| target::schema(&known, data));
}
