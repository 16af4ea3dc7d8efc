//! Watches: a cursor on the history of one type.
//!
//! A watch has no queue of its own, so a slow reader costs nothing: it reads the shared history from its cursor on,
//! and ends with [`StoreError::Gone`] when that part has been dropped.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::{self, BoxStream};
use serde_json::Value;
use tokio::sync::watch::Receiver;

use crate::resource::Resource;
use crate::store::{Store, StoreError};

/// Number of changes that a watch takes from the history at a time.
const BATCH: usize = 256;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It was removed.
    Deleted,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The object after the change; if removed, its last state with the removal's version.
    pub object: Arc<Value>,
    /// The object before the change.
    pub previous: Option<Arc<Value>>,
    /// The version of this change.
    pub resource_version: u64,
}

/// A stream of changes, in order. It ends only after yielding an error.
pub struct Watch {
    events: BoxStream<'static, Result<Arc<Event>, StoreError>>,
}

struct Cursor {
    store: Store,
    resource: &'static Resource,
    namespace: Option<String>,
    since: u64,
    notice: Receiver<u64>,
    ready: VecDeque<Arc<Event>>,
    ended: bool,
}

impl Watch {
    pub(super) fn new(
        store: Store,
        resource: &'static Resource,
        namespace: Option<&str>,
        since: u64,
        notice: Receiver<u64>,
    ) -> Self {
        let cursor = Cursor {
            store,
            resource,
            namespace: namespace.map(str::to_owned),
            since,
            notice,
            ready: VecDeque::new(),
            ended: false,
        };
        Self {
            events: Box::pin(stream::unfold(cursor, Cursor::step)),
        }
    }
}

impl Cursor {
    async fn step(mut self) -> Option<(Result<Arc<Event>, StoreError>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            self.notice.borrow_and_update();
            let changes = self
                .store
                .shared
                .state()
                .changes(self.resource, self.since, BATCH);
            match changes {
                Err(oldest) => {
                    self.ended = true;
                    let error = StoreError::Gone {
                        requested: self.since,
                        oldest,
                    };
                    return Some((Err(error), self));
                }
                Ok(changes) if changes.is_empty() => {
                    if self.notice.changed().await.is_err() {
                        return None;
                    }
                }
                Ok(changes) => {
                    self.since = changes.last().map_or(self.since, |last| last.resource_version);
                    let wanted = changes.into_iter().filter(|event| {
                        self.namespace.as_deref().is_none_or(|namespace| {
                            event.object["metadata"]["namespace"].as_str() == Some(namespace)
                        })
                    });
                    self.ready.extend(wanted);
                }
            }
        }
    }
}

impl Stream for Watch {
    type Item = Result<Arc<Event>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(context)
    }
}
