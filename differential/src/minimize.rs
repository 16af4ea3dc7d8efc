//! Makes the example of a difference small.

use serde_json::Value;

use crate::compare::{Difference, differences};
use crate::judge::Judge;
use crate::mutate::{Step, paths, remove};

/// Requests to the server for one example.
const ATTEMPTS: usize = 120;

/// Removes parts of `job` as long as the difference stays.
pub async fn minimize(judge: &Judge, job: &Value, difference: &Difference) -> Value {
    let mut smallest = job.clone();
    let mut attempts = 0;
    let mut at = 0;
    while attempts < ATTEMPTS {
        let all = paths(&smallest);
        let Some(path) = all.get(at) else { break };
        // Without them it is no Job.
        if matches!(path.as_slice(), [Step::Key(key)] if key == "apiVersion" || key == "kind") {
            at += 1;
            continue;
        }
        let mut smaller = smallest.clone();
        remove(&mut smaller, path);
        attempts += 1;
        if judge.differs(&smaller, difference).await {
            // The next part has this part's place now.
            smallest = smaller;
        } else {
            at += 1;
        }
    }
    smallest
}

impl Judge {
    async fn differs(&self, job: &Value, difference: &Difference) -> bool {
        let body = job.to_string();
        let Some(answer) = self.server.ask("application/json", &body).await else {
            return false;
        };
        let case = self.case(Some(job), "application/json", &body, &answer).await;
        differences(&case).contains(difference)
    }
}
