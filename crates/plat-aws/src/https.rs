//! How plat reaches AWS: HTTPS by rustls with ring, the proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`), the system's certificates.
//!
//! The SDK's own default is the same but for aws-lc, whose C and assembly are half a minute of every build.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use aws_types::sdk_config::SharedAsyncSleep;

/// What the SDK's clients and the sources of credentials send their requests with.
pub fn client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let sleep = components.and_then(|components| components.sleep_impl());
        connect(settings.cloned(), sleep)
    })
}

/// One pool of connections, for requests that no client of the SDK makes.
pub fn connector() -> Connector {
    connect(None, None)
}

fn connect(settings: Option<HttpConnectorSettings>, sleep: Option<SharedAsyncSleep>) -> Connector {
    let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings);
    builder.set_sleep_impl(sleep);
    builder.tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build()
}
