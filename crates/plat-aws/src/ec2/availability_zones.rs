use plat_derive::Resource;

/// The zones of the region that the account can use.
///
/// ```plat
/// lookup zones: aws.ec2.AvailabilityZones { state = "available" }
/// let two = zones.names.take(2)
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.AvailabilityZones", lookup)]
pub struct AvailabilityZones {
    /// Only zones in this state.
    #[attr(optional, default = "available", one_of("available", "information", "impaired", "unavailable", "constrained"))]
    pub state: String,
    /// Only zones that need no opting in, were opted in to, or were not. `opt-in-not-required` leaves out Local Zones and Wavelength.
    #[attr(optional, default = "opt-in-not-required", one_of("opt-in-not-required", "opted-in", "not-opted-in"))]
    pub opt_in_status: String,
    /// Names of the zones, `us-west-2a`, sorted. A name can mean another zone in another account.
    #[attr(computed, sample("{region}a", "{region}b", "{region}c"))]
    pub names: Vec<String>,
    /// Ids of the zones, `usw2-az1`, in the order of `names`. An id means the same zone in every account.
    #[attr(computed, sample("{region}-az1", "{region}-az2", "{region}-az3"))]
    pub zone_ids: Vec<String>,
}

#[cfg(feature = "ec2")]
impl crate::service::LookupHandler for AvailabilityZones {
    async fn lookup(aws: &crate::client::Aws, query: Self) -> Result<Self, plat::provider::ProviderError> {
        let call = "DescribeAvailabilityZones";
        let request = aws.ec2().describe_availability_zones().all_availability_zones(query.opt_in_status == "not-opted-in");
        let answer = request.send().await.map_err(|e| crate::error::provider_error(call, e))?;
        let fits = |zone: &aws_sdk_ec2::types::AvailabilityZone| {
            // Zones of a region that needs no opting in say nothing about it.
            let opt_in = zone.opt_in_status.as_ref().map_or("opt-in-not-required", |status| status.as_str());
            zone.state.as_ref().is_some_and(|state| state.as_str() == query.state) && opt_in == query.opt_in_status
        };
        let zones = answer.availability_zones.unwrap_or_default().into_iter().filter(fits);
        let mut zones: Vec<_> = zones.map(|zone| (zone.zone_name.unwrap_or_default(), zone.zone_id.unwrap_or_default())).collect();
        zones.sort();
        let (names, zone_ids) = zones.into_iter().unzip();
        Ok(Self { names, zone_ids, ..query })
    }
}
