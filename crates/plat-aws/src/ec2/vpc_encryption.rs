//! Encryption of the traffic in a VPC.

use plat_derive::Record;

use super::Vpc;
use plat::schema::Id;

/// Encryption in transit for a VPC: only seen, or enforced, and what is exempt from it.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct VpcEncryptionControl {
    /// `monitor` records what is not encrypted, `enforce` lets nothing else through.
    #[attr(optional, one_of("monitor", "enforce"))]
    pub mode: Option<String>,
    /// Is traffic through internet gateways exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub internet_gateway_exclusion: Option<String>,
    /// Is traffic through egress-only internet gateways exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub egress_only_internet_gateway_exclusion: Option<String>,
    /// Is traffic through NAT gateways exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub nat_gateway_exclusion: Option<String>,
    /// Is traffic through virtual private gateways exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub virtual_private_gateway_exclusion: Option<String>,
    /// Is traffic through VPC peering exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub vpc_peering_exclusion: Option<String>,
    /// Is traffic of Lambda functions exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub lambda_exclusion: Option<String>,
    /// Is traffic of VPC Lattice exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub vpc_lattice_exclusion: Option<String>,
    /// Is traffic of Elastic File System exempt?
    #[attr(optional, one_of("enable", "disable"))]
    pub elastic_file_system_exclusion: Option<String>,
    /// The network it belongs to.
    #[attr(computed)]
    pub vpc_id: Option<Id<Vpc>>,
    /// Id of the control.
    #[attr(computed)]
    pub vpc_encryption_control_id: Option<String>,
    /// State of the control.
    #[attr(computed)]
    pub state: Option<String>,
    /// More about the state.
    #[attr(computed)]
    pub state_message: Option<String>,
    /// What is exempt, as AWS has put it into effect.
    #[attr(computed)]
    pub resource_exclusions: Option<VpcEncryptionControlExclusions>,
}

/// What is exempt from encryption, by kind of resource.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct VpcEncryptionControlExclusions {
    /// Internet gateways.
    #[attr(computed)]
    pub internet_gateway: Option<VpcEncryptionControlExclusion>,
    /// Egress-only internet gateways.
    #[attr(computed)]
    pub egress_only_internet_gateway: Option<VpcEncryptionControlExclusion>,
    /// NAT gateways.
    #[attr(computed)]
    pub nat_gateway: Option<VpcEncryptionControlExclusion>,
    /// Virtual private gateways.
    #[attr(computed)]
    pub virtual_private_gateway: Option<VpcEncryptionControlExclusion>,
    /// VPC peering.
    #[attr(computed)]
    pub vpc_peering: Option<VpcEncryptionControlExclusion>,
    /// Lambda functions.
    #[attr(computed)]
    pub lambda: Option<VpcEncryptionControlExclusion>,
    /// VPC Lattice.
    #[attr(computed)]
    pub vpc_lattice: Option<VpcEncryptionControlExclusion>,
    /// Elastic File System.
    #[attr(computed)]
    pub elastic_file_system: Option<VpcEncryptionControlExclusion>,
}

/// Whether one kind of resource is exempt.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct VpcEncryptionControlExclusion {
    /// State of the exemption.
    #[attr(computed)]
    pub state: Option<String>,
    /// More about the state.
    #[attr(computed)]
    pub state_message: Option<String>,
}

#[cfg(feature = "ec2")]
mod wire {
    use aws_sdk_ec2::types as sdk;

    use super::{VpcEncryptionControl, VpcEncryptionControlExclusion, VpcEncryptionControlExclusions};

    impl VpcEncryptionControl {
        /// For CreateVpc.
        pub(in crate::ec2) fn configuration(&self) -> sdk::VpcEncryptionControlConfiguration {
            let exclusion = |text: &Option<String>| text.as_deref().map(sdk::VpcEncryptionControlExclusionStateInput::from);
            sdk::VpcEncryptionControlConfiguration::builder()
                .set_mode(self.mode.as_deref().map(sdk::VpcEncryptionControlMode::from))
                .set_internet_gateway_exclusion(exclusion(&self.internet_gateway_exclusion))
                .set_egress_only_internet_gateway_exclusion(exclusion(&self.egress_only_internet_gateway_exclusion))
                .set_nat_gateway_exclusion(exclusion(&self.nat_gateway_exclusion))
                .set_virtual_private_gateway_exclusion(exclusion(&self.virtual_private_gateway_exclusion))
                .set_vpc_peering_exclusion(exclusion(&self.vpc_peering_exclusion))
                .set_lambda_exclusion(exclusion(&self.lambda_exclusion))
                .set_vpc_lattice_exclusion(exclusion(&self.vpc_lattice_exclusion))
                .set_elastic_file_system_exclusion(exclusion(&self.elastic_file_system_exclusion))
                .build()
        }
    }

    impl From<sdk::VpcEncryptionControl> for VpcEncryptionControl {
        fn from(control: sdk::VpcEncryptionControl) -> Self {
            let exclusions = control.resource_exclusions.map(VpcEncryptionControlExclusions::from);
            // The words of the request, from the state that each exemption is in.
            let asked = |pick: fn(&VpcEncryptionControlExclusions) -> &Option<VpcEncryptionControlExclusion>| {
                let state = pick(exclusions.as_ref()?).as_ref()?.state.as_deref()?;
                Some(if state.starts_with("enabl") { "enable" } else { "disable" }.to_owned())
            };
            Self {
                mode: control.mode.map(|mode| mode.as_str().to_owned()),
                internet_gateway_exclusion: asked(|e| &e.internet_gateway),
                egress_only_internet_gateway_exclusion: asked(|e| &e.egress_only_internet_gateway),
                nat_gateway_exclusion: asked(|e| &e.nat_gateway),
                virtual_private_gateway_exclusion: asked(|e| &e.virtual_private_gateway),
                vpc_peering_exclusion: asked(|e| &e.vpc_peering),
                lambda_exclusion: asked(|e| &e.lambda),
                vpc_lattice_exclusion: asked(|e| &e.vpc_lattice),
                elastic_file_system_exclusion: asked(|e| &e.elastic_file_system),
                vpc_id: control.vpc_id.map(Into::into),
                vpc_encryption_control_id: control.vpc_encryption_control_id,
                state: control.state.map(|state| state.as_str().to_owned()),
                state_message: control.state_message,
                resource_exclusions: exclusions,
            }
        }
    }

    impl From<sdk::VpcEncryptionControlExclusions> for VpcEncryptionControlExclusions {
        fn from(exclusions: sdk::VpcEncryptionControlExclusions) -> Self {
            let read = |one: Option<sdk::VpcEncryptionControlExclusion>| {
                one.map(|one| VpcEncryptionControlExclusion {
                    state: one.state.map(|state| state.as_str().to_owned()),
                    state_message: one.state_message,
                })
            };
            Self {
                internet_gateway: read(exclusions.internet_gateway),
                egress_only_internet_gateway: read(exclusions.egress_only_internet_gateway),
                nat_gateway: read(exclusions.nat_gateway),
                virtual_private_gateway: read(exclusions.virtual_private_gateway),
                vpc_peering: read(exclusions.vpc_peering),
                lambda: read(exclusions.lambda),
                vpc_lattice: read(exclusions.vpc_lattice),
                elastic_file_system: read(exclusions.elastic_file_system),
            }
        }
    }
}
