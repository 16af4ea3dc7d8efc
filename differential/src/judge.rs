//! Asks the API server and everything that is compared with it about a request.

use std::path::Path;

use serde_json::Value;

use crate::answer::Answer;
use crate::compare::Case;
use crate::server::Server;
use crate::subjects;
use crate::subjects::Embedded;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The newest minor version of Kubernetes 1 that the rules know.
const NEWEST: u16 = 37;

/// Everything that is asked about a request.
pub struct Judge {
    /// The API server.
    pub server: Server,
    subjects: Subjects,
}

/// The subjects of the comparison.
pub struct Subjects {
    schema: manifest::Schema,
    embedded: Embedded,
    minor: Option<u16>,
}

impl Subjects {
    /// Prepares them for a minor version of Kubernetes 1, by default the newest.
    pub fn new(minor: Option<u16>) -> Result<Self, Error> {
        Ok(Self {
            schema: manifest::Schema::bundled()?,
            embedded: Embedded::new()?,
            minor,
        })
    }

    /// Asks them about a request that a server has answered.
    pub async fn case<'a>(
        &self,
        job: Option<&Value>,
        content_type: &str,
        body: &str,
        answer: &'a Answer,
    ) -> Case<'a> {
        let embedded = self.embedded.ask(content_type, body).await;
        let request = job.unwrap_or(&Value::Null);
        Case {
            answer,
            ruled: job.map(|job| subjects::rules(job, self.minor)),
            checked: subjects::check(body, &self.schema),
            is_same_message: answer.comparable(request) == embedded.comparable(request),
            embedded,
        }
    }
}

impl Judge {
    /// Connects to the server of the options.
    pub async fn new(kubeconfig: &Path) -> Result<Self, Error> {
        let server = Server::connect(kubeconfig).await?;
        let minor = (server.minor < NEWEST).then_some(server.minor);
        Ok(Self {
            server,
            subjects: Subjects::new(minor)?,
        })
    }

    /// Returns the playground's response.
    pub async fn embedded(&self, content_type: &str, body: &str) -> Answer {
        self.subjects.embedded.ask(content_type, body).await
    }

    /// Asks the subjects about a request that the server has answered.
    pub async fn case<'a>(
        &self,
        job: Option<&Value>,
        content_type: &str,
        body: &str,
        answer: &'a Answer,
    ) -> Case<'a> {
        self.subjects.case(job, content_type, body, answer).await
    }
}
