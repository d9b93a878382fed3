//! Tags that AWS services and Kubernetes controllers set on resources that plat manages.
//!
//! plat owns the tags of its resources: a tag that the configuration does not set is removed. These are left alone, unless the
//! configuration sets them. A stack adds its own with `external_tags`.

use plat::schema::ResourceSchema;

/// Keys, and beginnings of keys followed by `*`.
const EXTERNAL: [&str; 21] = [
    // Reserved by AWS: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
    "aws:*",
    // EKS marks the subnets, groups and volumes of its clusters: <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>
    "eks:*",
    "alpha.eksctl.io/*",
    // Kubernetes and its cloud provider for AWS: <https://cloud-provider-aws.sigs.k8s.io/prerequisites/>
    "kubernetes.io/*",
    "KubernetesCluster",
    // Also the cluster autoscaler's: <https://docs.aws.amazon.com/eks/latest/best-practices/cas.html>
    "k8s.io/*",
    // AWS Load Balancer Controller: <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/>
    "elbv2.k8s.aws/*",
    "ingress.k8s.aws/*",
    "service.k8s.aws/*",
    // VPC CNI and the VPC resource controller: <https://github.com/aws/amazon-vpc-cni-k8s>
    "node.k8s.amazonaws.com/*",
    "cluster.k8s.amazonaws.com/*",
    "vpcresources.k8s.aws/*",
    // CSI drivers: <https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md>
    "ebs.csi.aws.com/*",
    "efs.csi.aws.com/*",
    "CSIVolumeName",
    "CSIVolumeSnapshotName",
    // Karpenter: <https://karpenter.sh/docs/concepts/nodeclasses/#spectags>
    "karpenter.sh/*",
    "karpenter.k8s.aws/*",
    // ECS: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>
    "AmazonECSManaged",
    // Elastic Beanstalk: <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/applications-tagging-resources.html>
    "elasticbeanstalk:*",
    // AWS Backup and Data Lifecycle Manager: <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html>
    "dlm:*",
];

/// Declares whose tags are whose.
pub(crate) fn declare(mut schema: ResourceSchema) -> ResourceSchema {
    for attribute in schema.attributes.iter_mut().filter(|attribute| attribute.name == "tags" && attribute.is_input()) {
        attribute.owned = true;
        attribute.external_keys = &EXTERNAL;
    }
    schema
}
