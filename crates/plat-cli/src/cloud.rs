//! The cloud that a command speaks to: AWS, or the sandbox.

use std::sync::Arc;

use plat::plan::Engine;
use plat::provider::Provider;
use plat::provider::sandbox::Sandbox;

use crate::failure::Failure;
use crate::project::Project;
use crate::secrets::Stores;
use crate::vault::Vault;

/// The region of the sandbox for a stack that names none.
const SANDBOX_REGION: &str = "us-east-1";

/// A provider with its secrets, and the region for a stack that names none.
pub struct Cloud {
    pub engine: Engine,
    pub region: Option<String>,
}

/// What a command may do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// No changing call is possible.
    ReadOnly,
    Change,
}

impl Cloud {
    /// Nothing is sent before the first question.
    pub async fn open(project: &Project, access: Access) -> Result<Self, Failure> {
        if project.sandbox() {
            project.safe_state_dir()?;
            let world = project.world();
            if let Some(folder) = world.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::new(format!("the folder `{}` cannot be made: {error}", folder.display())))?;
            }
            let sandbox = Sandbox::open(project.registry.clone(), &world).map_err(|error| Failure::new(error.to_string()))?;
            return Ok(Self::of(Arc::new(sandbox), project, Some(SANDBOX_REGION.to_owned())));
        }
        aws(project, access).await
    }

    fn of(provider: Arc<dyn Provider>, project: &Project, region: Option<String>) -> Self {
        let secrets = Arc::new(Stores { provider: provider.clone(), root: project.root().to_owned(), vault: Vault::default() });
        Self { engine: Engine { provider, secrets, registry: project.registry.clone() }, region }
    }
}

#[cfg(feature = "aws")]
async fn aws(project: &Project, access: Access) -> Result<Cloud, Failure> {
    let provider = plat_aws::provider(plat_aws::Settings { read_only: access == Access::ReadOnly, ..plat_aws::Settings::default() });
    let region = provider.default_region().await;
    Ok(Cloud::of(Arc::new(provider), project, region))
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "the same shape as with the feature")]
async fn aws(_: &Project, _: Access) -> Result<Cloud, Failure> {
    Err(Failure::new("this build of plat does not speak to AWS")
        .help("add `--sandbox` to use the embedded cloud, or build plat with the feature `aws`"))
}
