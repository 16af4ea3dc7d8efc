//! A cluster that cannot even be asked: its kubeconfig's plugin gives no credentials, or there is none of that name.

use app::api::backend::Backend;
use app::api::create::{CreateOutcome, Offers};
use app::api::error::ApiError;
use app::api::job::{JobDetail, JobList, JobRow};
use app::api::session::{ClusterChoice, Workspace};
use async_trait::async_trait;

use super::Choice;

/// Answers all with the reason; but the way to other clusters stays open.
pub struct Unopened {
    pub error: ApiError,
    pub choice: Choice,
}

impl Unopened {
    fn refuse<T>(&self) -> Result<T, ApiError> {
        Err(self.error.clone())
    }
}

#[async_trait]
impl Backend for Unopened {
    fn clusters(&self) -> ClusterChoice {
        self.choice.read()
    }

    async fn workspace(&self) -> Result<Workspace, ApiError> {
        self.refuse()
    }

    async fn jobs(&self, _: &str) -> Result<JobList, ApiError> {
        self.refuse()
    }

    async fn job(&self, _: &str, _: &str) -> Result<JobDetail, ApiError> {
        self.refuse()
    }

    async fn manifest(&self, _: &str, _: &str) -> Result<String, ApiError> {
        self.refuse()
    }

    async fn offers(&self, _: &str) -> Result<Offers, ApiError> {
        self.refuse()
    }

    async fn create(&self, _: &str, _: &str, _: bool, _: &[usize]) -> Result<CreateOutcome, ApiError> {
        self.refuse()
    }

    async fn rerun(&self, _: &str, _: &str) -> Result<JobRow, ApiError> {
        self.refuse()
    }

    async fn delete(&self, _: &str, _: &[String]) -> Result<Vec<Option<ApiError>>, ApiError> {
        self.refuse()
    }

    async fn suspend(&self, _: &str, _: &str, _: bool) -> Result<(), ApiError> {
        self.refuse()
    }

    async fn describe(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), ApiError> {
        self.refuse()
    }
}
