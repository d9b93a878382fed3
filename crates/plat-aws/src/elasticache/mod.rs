//! Amazon ElastiCache: managed Redis, Valkey and Memcached.

resources!["elasticache":];
