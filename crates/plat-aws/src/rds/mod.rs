//! Amazon RDS: managed relational databases.

resources!["rds":];
