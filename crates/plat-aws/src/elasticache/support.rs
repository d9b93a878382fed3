//! What the handlers of ElastiCache share.

crate::tags::tags_by_arn!(elasticache, aws_sdk_elasticache::types::Tag);
