//! AWS IAM: who may do what.

resources!["iam":];
