//! What one HTTP request asks of AWS, told from the request alone.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request, Uri};

/// How a service speaks, which decides what its errors look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Ec2,
    Query,
    Json,
    RestJson,
    RestXml,
}

/// One request, as the proxy got it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The access key id; it says who calls, so that the witness's calls are no part of the test.
    pub caller: String,
    pub region: String,
    /// `ec2`, as in the signature.
    pub service: String,
    /// `CreateVpc`
    pub operation: String,
    pub protocol: Protocol,
}

impl Call {
    pub async fn read(request: Request<Incoming>) -> Result<Self, String> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|e| format!("the body of the request broke off: {e}"))?.to_bytes();
        let (caller, region, service) = scope(&parts.headers).ok_or("the request is not signed")?;
        let (protocol, operation) = operation(&service, &parts.method, &parts.uri, &parts.headers, &body);
        Ok(Self { method: parts.method, uri: parts.uri, headers: parts.headers, body, caller, region, service, operation, protocol })
    }

    /// True for a call that can change something.
    pub fn mutates(&self) -> bool {
        const READS: [&str; 9] = ["Describe", "List", "Get", "Head", "Lookup", "Search", "Simulate", "BatchGet", "Decrypt"];
        !READS.iter().any(|prefix| self.operation.starts_with(prefix)) && !self.operation.starts_with("Assume")
    }

    /// The idempotency token that the caller gave, for the operations where AWS looks at it.
    pub fn token(&self) -> Option<String> {
        if !self.operation.starts_with("Create") {
            return None;
        }
        match self.protocol {
            Protocol::Ec2 => self.parameter("ClientToken"),
            Protocol::Json | Protocol::RestJson => {
                let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
                let token = body.get("clientRequestToken").or_else(|| body.get("ClientRequestToken"))?;
                token.as_str().map(str::to_owned)
            }
            Protocol::Query | Protocol::RestXml => None,
        }
    }

    /// True for what EKS keeps in a cluster besides its node groups, and for the tags of that.
    pub fn is_of_cluster_part(&self) -> bool {
        const PATHS: [&str; 3] = ["/addons", "/access-entries", "/pod-identity-associations"];
        const ARNS: [&str; 3] = [":addon/", ":access-entry/", ":podidentityassociation/"];
        let path = unescape(self.uri.path());
        let names = if path.starts_with("/tags/") { ARNS } else { PATHS };
        self.service == "eks" && names.iter().any(|name| path.contains(name))
    }

    /// A parameter of a form-encoded request.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form(&self.body).into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Access key id, region and service from the signature's scope: `Credential=AKID/20260101/us-west-2/ec2/aws4_request`.
fn scope(headers: &HeaderMap) -> Option<(String, String, String)> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let scope = text.split_once("Credential=")?.1.split(',').next()?;
    let mut parts = scope.split('/').map(str::to_owned);
    let caller = parts.next()?;
    let region = parts.nth(1)?;
    Some((caller, region, parts.next()?))
}

fn operation(service: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> (Protocol, String) {
    if let Some(target) = headers.get("x-amz-target").and_then(|t| t.to_str().ok()) {
        return (Protocol::Json, target.rsplit('.').next().unwrap_or(target).to_owned());
    }
    match service {
        "s3" => (Protocol::RestXml, s3_operation(method, uri)),
        "eks" => (Protocol::RestJson, eks_operation(method, uri.path())),
        _ => {
            let action = form(body).into_iter().find_map(|(key, value)| (key == "Action").then_some(value));
            let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
            (protocol, action.unwrap_or_else(|| format!("{method} {}", uri.path())))
        }
    }
}

fn eks_operation(method: &Method, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let noun = match parts.as_slice() {
        ["tags", ..] => "Resource",
        [_, _, "node-groups", ..] => "Nodegroup",
        [_, _, "addons", ..] => "Addon",
        [_, _, "access-entries", _, "access-policies", ..] => "AccessPolicy",
        [_, _, "access-entries", ..] => "AccessEntry",
        [_, _, "pod-identity-associations", ..] => "PodIdentityAssociation",
        [_, _, "updates", ..] => "Update",
        _ => "Cluster",
    };
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["tags", ..]) => "ListTagsForResource".to_owned(),
        ("POST", ["tags", ..]) => "TagResource".to_owned(),
        ("DELETE", ["tags", ..]) => "UntagResource".to_owned(),
        ("POST", [_, _, "updates"]) => "UpdateClusterVersion".to_owned(),
        ("GET", [_, _, "access-entries"]) => "ListAccessEntries".to_owned(),
        ("GET", [.., "access-policies"]) => "ListAssociatedAccessPolicies".to_owned(),
        ("POST", [.., "access-policies"]) => "AssociateAccessPolicy".to_owned(),
        ("DELETE", [.., "access-policies", _]) => "DisassociateAccessPolicy".to_owned(),
        ("POST", [.., "encryption-config", "associate"]) => "AssociateEncryptionConfig".to_owned(),
        ("POST", [.., "update-config"]) => format!("Update{noun}Config"),
        ("POST", [.., "update-version"]) => format!("Update{noun}Version"),
        ("POST", [_, _, _, _] | [_, _, _, _, "update"]) => format!("Update{noun}"),
        ("POST", _) => format!("Create{noun}"),
        ("DELETE", _) => format!("Delete{noun}"),
        (_, [_] | [_, _, _]) => format!("List{noun}s"),
        _ => format!("Describe{noun}"),
    }
}

fn s3_operation(method: &Method, uri: &Uri) -> String {
    let is_object = uri.path().trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let noun = if is_object { "Object" } else { "Bucket" };
    match method.as_str() {
        "GET" if is_object => "GetObject".to_owned(),
        "GET" => "ListObjects".to_owned(),
        "HEAD" => format!("Head{noun}"),
        "PUT" if is_object => "PutObject".to_owned(),
        "PUT" => "CreateBucket".to_owned(),
        "POST" => "PostObject".to_owned(),
        _ => format!("Delete{noun}"),
    }
}

pub fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (unescape(key), unescape(value))).collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits);
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eks_paths_name_their_operations() {
        let cases = [
            ("POST", "/clusters", "CreateCluster"),
            ("GET", "/clusters", "ListClusters"),
            ("GET", "/clusters/a", "DescribeCluster"),
            ("DELETE", "/clusters/a", "DeleteCluster"),
            ("POST", "/clusters/a/update-config", "UpdateClusterConfig"),
            ("POST", "/clusters/a/updates", "UpdateClusterVersion"),
            ("POST", "/clusters/a/encryption-config/associate", "AssociateEncryptionConfig"),
            ("GET", "/clusters/a/updates/u", "DescribeUpdate"),
            ("POST", "/clusters/a/node-groups", "CreateNodegroup"),
            ("GET", "/clusters/a/node-groups", "ListNodegroups"),
            ("GET", "/clusters/a/node-groups/n", "DescribeNodegroup"),
            ("POST", "/clusters/a/node-groups/n/update-config", "UpdateNodegroupConfig"),
            ("POST", "/clusters/a/node-groups/n/update-version", "UpdateNodegroupVersion"),
            ("DELETE", "/clusters/a/node-groups/n", "DeleteNodegroup"),
            ("POST", "/clusters/a/addons/x/update", "UpdateAddon"),
            ("GET", "/clusters/a/access-entries", "ListAccessEntries"),
            ("POST", "/clusters/a/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fb", "UpdateAccessEntry"),
            ("POST", "/clusters/a/access-entries/arn/access-policies", "AssociateAccessPolicy"),
            ("GET", "/clusters/a/access-entries/arn/access-policies", "ListAssociatedAccessPolicies"),
            ("DELETE", "/clusters/a/access-entries/arn/access-policies/p", "DisassociateAccessPolicy"),
            ("POST", "/clusters/a/pod-identity-associations/p", "UpdatePodIdentityAssociation"),
            ("POST", "/tags/arn:aws:eks:r:1:cluster%2Fa", "TagResource"),
        ];
        for (method, path, wanted) in cases {
            assert_eq!(eks_operation(&method.parse().unwrap(), path), wanted, "{method} {path}");
        }
    }

    #[test]
    fn forms_are_unescaped() {
        assert_eq!(form(b"Action=CreateVpc&Name=a%2Fb+c"), [("Action".into(), "CreateVpc".into()), ("Name".into(), "a/b c".into())]);
    }
}
