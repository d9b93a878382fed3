//! Amazon EKS: managed Kubernetes.

resources!["eks":];
