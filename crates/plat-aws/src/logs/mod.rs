//! Amazon CloudWatch Logs.

resources!["logs":];
