//! Amazon EC2: networks.

mod availability_zones;
mod region;

pub use availability_zones::AvailabilityZones;
pub use region::Region;

resources!["ec2": ; lookups: AvailabilityZones, Region];
