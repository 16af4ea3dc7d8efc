//! The document engine: Kubernetes manifests as lossless text.
