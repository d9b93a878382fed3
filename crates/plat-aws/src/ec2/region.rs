use plat_derive::Resource;

/// The region that the lookup is made in.
///
/// ```plat
/// lookup here: aws.ec2.Region {}
/// output region: String = here.name
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.Region", lookup, id = name)]
pub struct Region {
    /// Name of the region, `us-west-2`.
    #[attr(computed)]
    pub name: String,
    /// Host name of EC2 in the region.
    #[attr(computed)]
    pub endpoint: String,
}

#[cfg(feature = "ec2")]
impl crate::service::LookupHandler for Region {
    async fn lookup(aws: &crate::client::Aws, _: Self) -> Result<Self, plat::provider::ProviderError> {
        let call = "DescribeRegions";
        let answer =
            aws.ec2().describe_regions().region_names(aws.region()).send().await.map_err(|e| crate::error::provider_error(call, e))?;
        let region = crate::error::exactly_one("aws.ec2.Region", answer.regions.unwrap_or_default())?;
        Ok(Self { name: region.region_name.unwrap_or_default(), endpoint: region.endpoint.unwrap_or_default() })
    }
}
