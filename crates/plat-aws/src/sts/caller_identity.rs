use plat_derive::Resource;

/// The account and the identity that plat's credentials belong to.
///
/// ```plat
/// lookup me: aws.sts.CallerIdentity {}
/// output account: String = me.account
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.sts.CallerIdentity", lookup, id = account)]
pub struct CallerIdentity {
    /// Id of the account, 12 digits.
    #[attr(computed)]
    pub account: String,
    /// ARN of the caller: a user, or a role with its session.
    #[attr(computed)]
    pub arn: String,
    /// Unique id of the caller. For a role: the role's id and the session's name, with a colon between them.
    #[attr(computed)]
    pub user_id: String,
}

#[cfg(feature = "client")]
impl crate::service::LookupHandler for CallerIdentity {
    async fn lookup(aws: &crate::client::Aws, _: Self) -> Result<Self, plat::provider::ProviderError> {
        let call = "GetCallerIdentity";
        let answer = aws.sts().get_caller_identity().send().await.map_err(|e| crate::error::provider_error(call, e))?;
        Ok(Self {
            account: answer.account.ok_or_else(|| crate::error::incomplete(call, "Account"))?,
            arn: answer.arn.unwrap_or_default(),
            user_id: answer.user_id.unwrap_or_default(),
        })
    }
}
