//! How a service lists its types, and the object-safe side of a handler.

#[cfg(feature = "client")]
pub(crate) use handler::{Handler, LookupHandler, LookupOnly, Managed};

/// Lists the types of a service: `resources!["ec2": Vpc, Subnet; lookups: Region]`. The text is the service's feature.
macro_rules! resources {
    ($feature:literal: $($managed:ty),* $(; lookups: $($lookup:ty),+)?) => {
        /// The service's resource types and lookups.
        pub fn schemas() -> ::std::vec::Vec<::plat::schema::ResourceSchema> {
            ::std::vec![
                $(<$managed as ::plat::schema::Resource>::schema(),)*
                $($(<$lookup as ::plat::schema::Resource>::schema(),)+)?
            ]
        }

        #[cfg(feature = $feature)]
        pub(crate) fn handlers() -> ::std::vec::Vec<::std::boxed::Box<dyn $crate::service::Handler>> {
            ::std::vec![
                $(::std::boxed::Box::new($crate::service::Managed::<$managed>::default()),)*
                $($(::std::boxed::Box::new($crate::service::LookupOnly::<$lookup>::default()),)+)?
            ]
        }
    };
}

#[cfg(feature = "client")]
mod handler {
    use std::marker::PhantomData;

    use async_trait::async_trait;
    use plat::provider::{Asked, Change, ErrorKind, Existing, Operation, ProviderError, ResourceHandler, UNSEEN};
    use plat::schema::{Named, Resource};
    use plat::value::{ResolvedObject, Value};

    use crate::client::Aws;

    /// A handler with the types of its values left behind: objects in, objects out.
    #[async_trait]
    pub(crate) trait Handler: Send + Sync {
        fn type_name(&self) -> &'static str;
        async fn create(&self, aws: &Aws, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError>;
        async fn read(&self, aws: &Aws, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError>;
        async fn update(&self, aws: &Aws, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError>;
        async fn delete(&self, aws: &Aws, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError>;
        async fn find(&self, aws: &Aws, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError>;
        async fn lookup(&self, aws: &Aws, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError>;
    }

    /// A resource type that plat creates, changes and deletes.
    pub(crate) struct Managed<R>(PhantomData<fn() -> R>);

    impl<R> Default for Managed<R> {
        fn default() -> Self {
            Self(PhantomData)
        }
    }

    #[async_trait]
    impl<R: ResourceHandler<Aws>> Handler for Managed<R> {
        fn type_name(&self) -> &'static str {
            R::NAME
        }

        async fn create(&self, aws: &Aws, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
            let (id, read) = R::create(aws, op, Asked::new(inputs.clone()).decode()?).await?;
            Ok(Existing { id, attributes: resolved(&read)? })
        }

        async fn read(&self, aws: &Aws, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
            let found = R::read_visible(aws, ids).await?;
            found.iter().map(|found| found.as_ref().map(|(read, unseen)| reading(read, unseen)).transpose()).collect()
        }

        async fn update(&self, aws: &Aws, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
            resolved(&R::update(aws, op, id, change.decode()?).await?)
        }

        async fn delete(&self, aws: &Aws, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError> {
            R::delete(aws, op, id, R::from_object(prior)?).await
        }

        async fn find(&self, aws: &Aws, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
            R::find(aws, op, &R::from_object(inputs)?).await
        }

        async fn lookup(&self, aws: &Aws, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
            resolved(&R::lookup(aws, query).await?)
        }
    }

    /// A type that is only looked up.
    pub(crate) trait LookupHandler: Resource {
        /// Answers the query; what it leaves out is empty in `query`.
        fn lookup(aws: &Aws, query: Self) -> impl Future<Output = Result<Self, ProviderError>> + Send;
    }

    /// A [`LookupHandler`] as a [`Handler`] that changes nothing.
    pub(crate) struct LookupOnly<R>(PhantomData<fn() -> R>);

    impl<R> Default for LookupOnly<R> {
        fn default() -> Self {
            Self(PhantomData)
        }
    }

    impl<R: Named> LookupOnly<R> {
        fn refuse(what: &str) -> ProviderError {
            ProviderError::new(ErrorKind::Internal, what, format!("`{}` can only be looked up", R::NAME))
        }
    }

    #[async_trait]
    impl<R: LookupHandler> Handler for LookupOnly<R> {
        fn type_name(&self) -> &'static str {
            R::NAME
        }

        async fn create(&self, _: &Aws, _: &Operation<'_>, _: &ResolvedObject) -> Result<Existing, ProviderError> {
            Err(Self::refuse("create"))
        }

        async fn read(&self, _: &Aws, _: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
            Err(Self::refuse("read"))
        }

        async fn update(&self, _: &Aws, _: &Operation<'_>, _: &str, _: &Change) -> Result<ResolvedObject, ProviderError> {
            Err(Self::refuse("update"))
        }

        async fn delete(&self, _: &Aws, _: &Operation<'_>, _: &str, _: &ResolvedObject) -> Result<(), ProviderError> {
            Err(Self::refuse("delete"))
        }

        async fn find(&self, _: &Aws, _: &Operation<'_>, _: &ResolvedObject) -> Result<Option<String>, ProviderError> {
            Err(Self::refuse("find"))
        }

        async fn lookup(&self, aws: &Aws, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
            resolved(&R::lookup(aws, R::from_object(query)?).await?)
        }
    }

    /// A reading, with the names of what it could not see.
    fn reading<R: Resource>(read: &R, unseen: &[&str]) -> Result<ResolvedObject, ProviderError> {
        let read = resolved(read)?;
        if unseen.is_empty() {
            return Ok(read);
        }
        let mut object = read.into_object();
        object.retain(|name, _| !unseen.contains(&&**name));
        object.insert(UNSEEN.into(), Value::list(unseen.iter().map(|name| Value::str(*name))));
        Ok(ResolvedObject::new(object).unwrap_or_default())
    }

    fn resolved<R: Resource>(read: &R) -> Result<ResolvedObject, ProviderError> {
        ResolvedObject::new(read.to_object()).map_err(|unknown| {
            ProviderError::new(ErrorKind::Internal, "read", format!("`{}` of `{}` is not known", unknown.source.attribute, R::NAME))
        })
    }
}
