//! `aws.iam.OIDCProvider`

use std::collections::BTreeMap;

use plat::schema::Arn;
use plat_derive::Resource;

/// Lets those in that an OpenID Connect issuer vouches for: the service accounts of a Kubernetes cluster, the jobs of a build system.
///
/// ```plat
/// lookup cluster: aws.eks.Cluster { name = "shop" }
/// resource accounts: aws.iam.OIDCProvider {
///   url            = cluster.open_id_connect_issuer_url
///   client_id_list = ["sts.amazonaws.com"]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.iam.OIDCProvider", import = arn, arn = arn, recovery = Name, claims = super::claims::oidc_provider, takes(create = "3s", update = "3s", delete = "2s"), rules = &[super::rules::PROVIDER])]
pub struct OidcProvider {
    /// Address of the issuer, `https://…`, as its tokens have it; one provider per address in an account.
    #[attr(required, replaces)]
    pub url: String,
    /// Audiences of the tokens that are let in; `sts.amazonaws.com` for the service accounts of EKS. At most 100.
    #[attr(optional, unordered)]
    pub client_id_list: Vec<String>,
    /// Fingerprints (SHA-1, 40 hexadecimal digits) of certificates that sign the issuer's own; at most 5. IAM looks it up unless said
    /// otherwise, and needs none for issuers whose certificate a well-known authority signed.
    #[attr(chosen, unordered, ignore_case)]
    pub thumbprint_list: Vec<String>,
    /// Labels of the provider.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the provider.
    #[attr(computed, sample("arn:aws:iam::{account}:oidc-provider/oidc.eks.{region}.amazonaws.com/id/{id}"))]
    pub arn: Arn<OidcProvider>,
}

#[cfg(feature = "iam")]
mod handler {
    use std::time::Duration as Wait;

    use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
    use aws_sdk_iam::types::Tag;
    use futures_util::{StreamExt, TryStreamExt, stream};
    use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::*;
    use crate::client::Aws;
    use crate::error::{incomplete, provider_error};
    use crate::query;
    use crate::tags::{self, TagChanges, Tags};
    use crate::wait::{Progress, until};

    /// IAM's calls of one kind at a time; its limits are low and per account.
    const PARALLEL: usize = 6;

    impl ResourceHandler<Aws> for OidcProvider {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let request = aws
                .iam()
                .create_open_id_connect_provider()
                .url(&desired.url)
                .set_client_id_list((!desired.client_id_list.is_empty()).then(|| desired.client_id_list.clone()))
                .set_thumbprint_list((!desired.thumbprint_list.is_empty()).then(|| desired.thumbprint_list.clone()))
                .set_tags(Some(wire_tags(&tags::with_operation(&desired.tags, op))?));
            let answer = request.send().await.map_err(|e| provider_error("CreateOpenIDConnectProvider", e))?;
            let arn = answer.open_id_connect_provider_arn;
            let arn = arn.ok_or_else(|| incomplete("CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"))?;
            op.accepted.accepted(&arn)?;
            let made = seen(aws, op, &arn).await?;
            Ok((arn, made))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let read = |arn: String| async move { Ok(get(aws, &arn).await?.map(|found| OidcProvider::from_wire(&arn, found))) };
            stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let iam = aws.iam();
            // Who is let in comes before who no longer is.
            for client in only_in(&desired.client_id_list, &prior.client_id_list) {
                let request = iam.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(id).client_id(client);
                request.send().await.map_err(|e| provider_error("AddClientIDToOpenIDConnectProvider", e))?;
            }
            for client in only_in(&prior.client_id_list, &desired.client_id_list) {
                let request = iam.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(id).client_id(client);
                request.send().await.map_err(|e| provider_error("RemoveClientIDFromOpenIDConnectProvider", e))?;
            }
            if !desired.thumbprint_list.is_empty() && !same_thumbprints(&prior.thumbprint_list, &desired.thumbprint_list) {
                let request = iam.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(id);
                let request = request.set_thumbprint_list(Some(desired.thumbprint_list.clone()));
                request.send().await.map_err(|e| provider_error("UpdateOpenIDConnectProviderThumbprint", e))?;
            }
            tag(aws, id, &prior.tags, &desired.tags).await?;
            seen(aws, op, id).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
            let request = aws.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(id);
            match request.send().await.map_err(|e| provider_error("DeleteOpenIDConnectProvider", e)) {
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
                answer => drop(answer?),
            }
            until("OIDCProviderDeleted", op.timeout, Wait::from_secs(1), || async {
                Ok(if get(aws, id).await?.is_none() { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let ours = |tag: &Tag| tag.key() == OPERATION_TAG && tag.value() == op.id;
            let Some(arn) = all(aws).await?.into_iter().find(|arn| is_of_issuer(arn, &desired.url)) else { return Ok(None) };
            Ok(get(aws, &arn).await?.filter(|found| found.tags().iter().any(ours)).map(|_| arn))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let arns = match (query::text(query, "arn"), query::text(query, "url")) {
                (Some(arn), _) => vec![arn],
                (None, Some(url)) => all(aws).await?.into_iter().filter(|arn| is_of_issuer(arn, &url)).collect(),
                (None, None) => all(aws).await?,
            };
            query::only(query, OidcProvider::read(aws, &arns).await?.into_iter().flatten())
        }
    }

    impl OidcProvider {
        /// The provider as IAM tells it: the address without its `https://`.
        fn from_wire(arn: &str, found: GetOpenIdConnectProviderOutput) -> OidcProvider {
            let url = found.url.unwrap_or_default();
            OidcProvider {
                url: if url.starts_with("https://") { url } else { format!("https://{url}") },
                client_id_list: found.client_id_list.unwrap_or_default(),
                thumbprint_list: found.thumbprint_list.unwrap_or_default(),
                tags: tags::user_tags(found.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value))),
                arn: arn.to_owned().into(),
            }
        }
    }

    /// An ARN ends in the issuer's address without its `https://`.
    fn is_of_issuer(arn: &str, url: &str) -> bool {
        let issuer = url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/');
        arn.split_once(":oidc-provider/").is_some_and(|(_, of)| of.trim_end_matches('/') == issuer)
    }

    fn only_in<'a>(some: &'a [String], others: &'a [String]) -> impl Iterator<Item = &'a String> {
        some.iter().filter(|one| !others.contains(one))
    }

    fn same_thumbprints(a: &[String], b: &[String]) -> bool {
        a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| one.eq_ignore_ascii_case(other)))
    }

    async fn get(aws: &Aws, arn: &str) -> Result<Option<GetOpenIdConnectProviderOutput>, ProviderError> {
        let request = aws.iam().get_open_id_connect_provider().open_id_connect_provider_arn(arn);
        match request.send().await.map_err(|e| provider_error("GetOpenIDConnectProvider", e)) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until IAM shows what was made a moment ago.
    async fn seen(aws: &Aws, op: &Operation<'_>, arn: &str) -> Result<OidcProvider, ProviderError> {
        until("OIDCProviderExists", op.timeout, Wait::from_secs(1), || async {
            Ok(get(aws, arn).await?.map_or(Progress::Pending, |found| Progress::Ready(OidcProvider::from_wire(arn, found))))
        })
        .await
    }

    async fn all(aws: &Aws) -> Result<Vec<String>, ProviderError> {
        let answer = aws.iam().list_open_id_connect_providers().send().await;
        let answer = answer.map_err(|e| provider_error("ListOpenIDConnectProviders", e))?;
        Ok(answer.open_id_connect_provider_list.unwrap_or_default().into_iter().filter_map(|entry| entry.arn).collect())
    }

    async fn tag(aws: &Aws, arn: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
        let changes = TagChanges::between(prior, desired);
        if !changes.set.is_empty() {
            let request = aws.iam().tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            let request = request.set_tags(Some(wire_tags(&changes.set)?));
            request.send().await.map_err(|e| provider_error("TagOpenIDConnectProvider", e))?;
        }
        if !changes.remove.is_empty() {
            let request = aws.iam().untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            let request = request.set_tag_keys(Some(changes.remove));
            request.send().await.map_err(|e| provider_error("UntagOpenIDConnectProvider", e))?;
        }
        Ok(())
    }

    fn wire_tags(tags: &Tags) -> Result<Vec<Tag>, ProviderError> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let all = tags.iter().map(tag).collect::<Result<_, _>>();
        all.map_err(|e| ProviderError::new(ErrorKind::Internal, "TagOpenIDConnectProvider", e.to_string()))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_issuer_is_known_by_its_address() {
            let arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/AB12";
            assert!(is_of_issuer(arn, "https://oidc.eks.us-west-2.amazonaws.com/id/AB12"));
            assert!(is_of_issuer(arn, "https://oidc.eks.us-west-2.amazonaws.com/id/AB12/"));
            for other in ["https://oidc.eks.us-west-2.amazonaws.com/id/AB1", "https://AB12", ""] {
                assert!(!is_of_issuer(arn, other), "{other}");
            }
        }

        #[test]
        fn addresses_are_read_with_their_scheme() {
            let found = |url: &str| GetOpenIdConnectProviderOutput::builder().url(url).build();
            assert_eq!(OidcProvider::from_wire("arn", found("token.example.com/a")).url, "https://token.example.com/a");
            assert_eq!(OidcProvider::from_wire("arn", found("https://token.example.com")).url, "https://token.example.com");
        }
    }
}
