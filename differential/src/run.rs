//! The runs: with a server, or with recorded responses.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::Live;
use crate::answer::Answer;
use crate::compare::{Difference, Subject, Tally};
use crate::expectations;
use crate::judge::{Judge, Subjects};
use crate::meant;
use crate::minimize::minimize;
use crate::mutate;
use crate::schema::Schema;
use crate::seeds;
use crate::texts;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

/// Requests that are sent at once.
const CONCURRENCY: usize = 8;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A request and how it was made.
struct Request {
    /// The Job, if the body is JSON.
    job: Option<Value>,
    body: String,
    how: Vec<String>,
}

/// Mutated Jobs in JSON.
pub async fn jobs(options: &Live) -> Result<ExitCode, Error> {
    let judge = Judge::new(&options.kubeconfig).await?;
    // Servers before 1.24 have the second version only.
    let path = if judge.server.minor < 24 {
        "/openapi/v2"
    } else {
        "/openapi/v3/apis/batch/v1"
    };
    let schema = Schema::from_document(&judge.server.read(path).await?);
    let mut accepted = Vec::new();
    let all = seeds::all();
    let total = all.len();
    for mut seed in all {
        schema.prune(&mut seed.job);
        let answer = judge.server.ask(JSON, &seed.job.to_string()).await;
        if answer.is_some_and(|answer| answer.is_accepted()) {
            accepted.push(seed);
        }
    }
    println!(
        "{} Jobs, {} of them accepted by Kubernetes 1.{}",
        total,
        accepted.len(),
        judge.server.minor
    );
    let mut random = Rng::with_seed(options.seed);
    let requests = std::iter::from_fn(|| {
        let seed = random.choice(&accepted)?;
        let mut job = seed.job.clone();
        let mut how = mutate::mutate(&mut job, schema.job(), &mut random);
        // Servers before 1.25 drop unknown fields.
        if judge.server.minor < 25 {
            schema.prune(&mut job);
        }
        how.insert(0, seed.name.clone());
        Some(Request {
            body: job.to_string(),
            job: Some(job),
            how,
        })
    });
    live(&judge, options, JSON, requests).await
}

/// Mutated texts in YAML.
pub async fn texts(options: &Live) -> Result<ExitCode, Error> {
    let judge = Judge::new(&options.kubeconfig).await?;
    let mut accepted = Vec::new();
    for seed in seeds::all() {
        let text = seed.text.unwrap_or_else(|| manifest::to_yaml(&seed.job));
        let answer = judge.server.ask(YAML, &text).await;
        if answer.is_some_and(|answer| answer.is_accepted()) {
            accepted.push((seed.name, text));
        }
    }
    println!(
        "{} texts accepted by Kubernetes 1.{}",
        accepted.len(),
        judge.server.minor
    );
    let mut random = Rng::with_seed(options.seed);
    let requests = std::iter::from_fn(|| {
        let (name, text) = random.choice(&accepted)?;
        let (body, mut how) = texts::mutate(text, &mut random);
        how.insert(0, name.clone());
        Some(Request { job: None, body, how })
    });
    live(&judge, options, YAML, requests).await
}

async fn live(
    judge: &Judge,
    options: &Live,
    content_type: &str,
    requests: impl Iterator<Item = Request>,
) -> Result<ExitCode, Error> {
    let mut record = options
        .record
        .as_ref()
        .map(File::create)
        .transpose()?
        .map(BufWriter::new);
    let end = options
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let start = Instant::now();
    let answered = stream::iter(requests.take(options.count)).map(|request| async move {
        let answer = judge.server.ask(content_type, &request.body).await;
        // The same text in JSON, as the document engine reads it: the server must store the same.
        let read = match &answer {
            Some(answer) if answer.is_accepted() && request.job.is_none() => {
                Some(engine(judge, &request.body).await)
            }
            _ => None,
        };
        (request, answer, read)
    });
    let mut answered = std::pin::pin!(answered.buffered(CONCURRENCY));
    // Of each group only the first case is kept.
    let (mut tally, mut examples) = (Tally::default(), HashMap::new());
    let mut count = 0;
    while let Some((request, answer, read)) = answered.next().await {
        let Some(answer) = answer else {
            tally.unanswered += 1;
            continue;
        };
        if let Some(record) = &mut record {
            let row = answer.row(
                request
                    .job
                    .as_ref()
                    .unwrap_or(&Value::String(request.body.clone())),
                &request.how,
            );
            writeln!(record, "{row}")?;
        }
        let case = judge
            .case(request.job.as_ref(), content_type, &request.body, &answer)
            .await;
        let mut is_first = tally.add(count, &case);
        if let Some(difference) = read.and_then(|read| read.difference(&answer)) {
            is_first |= tally.add_difference(count, difference);
        }
        if is_first {
            examples.insert(count, (request, answer));
        }
        count += 1;
        if end.is_some_and(|end| Instant::now() > end) {
            break;
        }
    }
    println!(
        "{} requests with seed {} in {} s\n",
        count,
        options.seed,
        start.elapsed().as_secs()
    );
    println!("{}", tally.table());
    for (difference, numbers) in largest(&tally, options.groups) {
        let Some((request, answer)) = numbers.first().and_then(|number| examples.get(number)) else {
            continue;
        };
        print_group(difference, numbers.len(), &request.how, answer);
        if difference.subject == Subject::Playground {
            print_answer(&judge.embedded(content_type, &request.body).await);
        }
        match &request.job {
            Some(job) => println!("    {}", minimize(judge, job, difference).await),
            None => {
                for line in request.body.lines() {
                    println!("    | {line}");
                }
            }
        }
    }
    Ok(finish(&tally, options.require))
}

/// What the server made of a text after the document engine had read it.
struct Read {
    answer: Option<Answer>,
}

async fn engine(judge: &Judge, text: &str) -> Read {
    let document = manifest::Document::parse(text);
    let Some(job) = document.value(0) else {
        return Read { answer: None };
    };
    Read {
        answer: judge.server.ask(JSON, &job.to_string()).await,
    }
}

impl Read {
    fn difference(&self, answer: &Answer) -> Option<Difference> {
        let group = match &self.answer {
            None => "not read, but accepted".to_owned(),
            Some(read) if !read.is_accepted() => format!(
                "read otherwise: {}",
                read.message.chars().take(80).collect::<String>()
            ),
            Some(read) if read.stored != answer.stored => "read otherwise: other values".to_owned(),
            Some(_) => return None,
        };
        Some(Difference {
            subject: Subject::Check,
            group,
        })
    }
}

/// Compares with recorded responses.
pub async fn replay(file: &Path, groups: usize) -> Result<ExitCode, Error> {
    let subjects = Subjects::new(None)?;
    let (mut tally, mut cases) = (Tally::default(), Vec::new());
    for line in BufReader::new(File::open(file)?).lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let Some(answer) = Answer::from_row(&row) else {
            continue;
        };
        let number = cases.len();
        let (job, body, content_type) = match &row["body"] {
            Value::String(text) => (None, text.clone(), YAML),
            job => (Some(job), job.to_string(), JSON),
        };
        tally.add(number, &subjects.case(job, content_type, &body, &answer).await);
        cases.push((row["how"].to_string(), body, answer));
    }
    println!("{}", tally.table());
    for (difference, numbers) in largest(&tally, groups) {
        let (how, body, answer) = &cases[numbers[0]];
        print_group(difference, numbers.len(), std::slice::from_ref(how), answer);
        println!("    {body}");
    }
    Ok(finish(&tally, false))
}

fn largest(tally: &Tally, count: usize) -> Vec<(&Difference, &Vec<usize>)> {
    let mut groups: Vec<_> = tally.groups.iter().collect();
    groups.sort_by_key(|(difference, numbers)| (difference.subject, std::cmp::Reverse(numbers.len())));
    let mut shown = Vec::new();
    for subject in [Subject::Rules, Subject::Check, Subject::Playground] {
        shown.extend(
            groups
                .iter()
                .filter(|(difference, _)| difference.subject == subject)
                .take(count)
                .copied(),
        );
    }
    shown
}

fn print_group(difference: &Difference, count: usize, how: &[String], answer: &Answer) {
    println!("{count} {:?} {}", difference.subject, difference.group);
    if let Some(reason) = meant::reason(&difference.group) {
        println!("    reason: {reason}");
    }
    println!("    {}", how.join(", "));
    print_answer(answer);
}

fn print_answer(answer: &Answer) {
    println!(
        "    {} {}",
        answer.code,
        answer.message.chars().take(600).collect::<String>()
    );
}

fn finish(tally: &Tally, is_required: bool) -> ExitCode {
    let unmet = expectations::unmet(tally);
    for line in &unmet {
        println!("NOT MET: {line}");
    }
    if is_required && !unmet.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
