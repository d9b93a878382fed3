//! Network interfaces that outlive their owner and hold a subnet, a security group or a network.
//!
//! Load balancers, Lambda functions, EKS clusters and databases leave their interfaces behind for minutes, Lambda for up to
//! 20. A delete waits for them until the deadline of the operation, and removes those that nothing is attached to any more.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html>

use std::time::{Duration, Instant};

use aws_sdk_ec2::types::{NetworkInterface, NetworkInterfaceStatus};
use plat::provider::ProviderError;

use super::describe::filter;
use crate::client::Aws;
use crate::error::provider_error;
use crate::retry::interceptor::deadline;
use crate::retry::{self, Class};

const FIRST_PAUSE: Duration = Duration::from_millis(500);

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// As many interfaces as an error names.
const NAMED: usize = 5;

/// Descriptions of interfaces whose owner leaves them behind, detached: Lambda functions and the VPC CNI of EKS.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>, provider-aws#10044, amazon-vpc-cni-k8s#608
const LEFT_BEHIND: [&str; 3] = ["AWS Lambda VPC ENI", "aws-K8S-", "aws-k8s-branch-eni"];

/// Deletes what interfaces may hold. `filter_name` and `id` select them; a refusal with one of the codes `gone` means that
/// the thing itself does not exist.
pub(super) async fn delete<T, F, Fut>(aws: &Aws, filter_name: &str, id: &str, gone: &[&str], call: F) -> Result<(), ProviderError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, ProviderError>>,
{
    let deadline = deadline().unwrap_or_else(Instant::now);
    let mut pause = FIRST_PAUSE;
    loop {
        let refusal = match call().await {
            Ok(_) => return Ok(()),
            Err(error) if gone.contains(&error.code.as_str()) => return Ok(()),
            Err(error) => error,
        };
        if retry::class("ec2", &refusal.operation, &refusal.code, &refusal.message) != Some(Class::Interfaces) {
            return Err(refusal);
        }
        // A missing permission to look leaves the refusal as it is.
        let holding = holding(aws, filter_name, id).await.unwrap_or_default();
        if Instant::now() + pause > deadline {
            return Err(held(refusal, &holding));
        }
        for interface in holding.iter().filter(|interface| is_left_behind(interface)) {
            remove(aws, interface).await;
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.6).min(LONGEST_PAUSE);
    }
}

async fn holding(aws: &Aws, filter_name: &str, id: &str) -> Result<Vec<NetworkInterface>, ProviderError> {
    let pages = aws.ec2().describe_network_interfaces().filters(filter(filter_name, [id])).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeNetworkInterfaces", e))
}

fn is_left_behind(interface: &NetworkInterface) -> bool {
    let description = interface.description().unwrap_or_default();
    interface.status() == Some(&NetworkInterfaceStatus::Available) && LEFT_BEHIND.iter().any(|start| description.starts_with(start))
}

/// Its owner may be quicker, or attach it again: the next look shows it.
async fn remove(aws: &Aws, interface: &NetworkInterface) {
    let call = aws.ec2().delete_network_interface().set_network_interface_id(interface.network_interface_id.clone());
    let _ = call.send().await;
}

/// Adds what still holds the thing.
fn held(mut refusal: ProviderError, holding: &[NetworkInterface]) -> ProviderError {
    if holding.is_empty() {
        return refusal;
    }
    let mut named: Vec<String> = holding.iter().take(NAMED).map(owner).collect();
    if holding.len() > NAMED {
        named.push(format!("and {} more", holding.len() - NAMED));
    }
    let message = refusal.message.trim_end_matches('.');
    refusal.message = format!(
        "{message}; held by network interfaces: {}; delete what owns them and apply again, or set a longer `@timeout`",
        named.join(", ")
    );
    refusal
}

/// `eni-1 ("ELB app/web/50dc6c49", requested by amazon-elb, attached to i-1)`
fn owner(interface: &NetworkInterface) -> String {
    let attachment = interface.attachment();
    let mut about = Vec::new();
    about.extend(interface.description().filter(|text| !text.is_empty()).map(|text| format!("\"{text}\"")));
    about.extend(interface.requester_id().map(|id| format!("requested by {id}")));
    let attached = attachment.and_then(|attachment| attachment.instance_id().or(attachment.instance_owner_id()));
    about.extend(attached.map(|to| format!("attached to {to}")));
    let id = interface.network_interface_id().unwrap_or("an interface");
    if about.is_empty() { id.to_owned() } else { format!("{id} ({})", about.join(", ")) }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::NetworkInterfaceAttachment;
    use plat::provider::ErrorKind;

    use super::*;

    fn interface(description: &str, status: NetworkInterfaceStatus) -> NetworkInterface {
        NetworkInterface::builder().network_interface_id("eni-1").description(description).status(status).build()
    }

    #[test]
    fn only_detached_ones_of_lambda_and_the_vpc_cni_are_removed() {
        for description in ["AWS Lambda VPC ENI-web-1234", "aws-K8S-i-0123456789"] {
            assert!(is_left_behind(&interface(description, NetworkInterfaceStatus::Available)), "{description}");
            assert!(!is_left_behind(&interface(description, NetworkInterfaceStatus::InUse)), "{description}");
        }
        for description in ["", "ELB app/web/1", "my own AWS Lambda VPC ENI"] {
            assert!(!is_left_behind(&interface(description, NetworkInterfaceStatus::Available)), "{description}");
        }
    }

    #[test]
    fn the_error_names_the_interfaces_and_their_owners() {
        let attachment = NetworkInterfaceAttachment::builder().instance_owner_id("amazon-elb").build();
        let one = NetworkInterface::builder().network_interface_id("eni-1").description("ELB app/web/1").attachment(attachment);
        let one = one.requester_id("amazon-elb").build();
        let refusal = ProviderError::new(ErrorKind::Refused, "DeleteSubnet", "The subnet has dependencies.");
        let told = held(refusal.clone(), std::slice::from_ref(&one)).message;
        assert!(told.contains("eni-1 (\"ELB app/web/1\", requested by amazon-elb, attached to amazon-elb)"), "{told}");
        assert!(held(refusal.clone(), &vec![one; 8]).message.contains("and 3 more"));
        assert_eq!(held(refusal.clone(), &[]), refusal);
    }
}
