//! By what the store knows us: from the configuration and a file, or from the environment. Nothing here can be printed.

use std::fs;

use super::BucketFault;
use crate::config::BucketConfig;
use crate::durable::FileFault;

/// Names in the environment, as tools for S3 use them.
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// A key and its secret.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: String,
    /// Of a key that is good for a while only.
    pub(super) token: Option<String>,
}

impl Credentials {
    /// The key of the configuration with the secret from its file, or both from the environment.
    pub(super) fn find(config: &BucketConfig) -> Result<Self, BucketFault> {
        Self::find_in(config, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn find_in(config: &BucketConfig, variable: impl Fn(&str) -> Option<String>) -> Result<Self, BucketFault> {
        if let (Some(key_id), Some(path)) = (&config.access_key_id, &config.secret_file) {
            let secret = fs::read_to_string(path).map_err(FileFault::when("read", path))?.trim().to_owned();
            return if secret.is_empty() {
                Err(BucketFault::NoCredentials)
            } else {
                Ok(Self { key_id: key_id.clone(), secret, token: None })
            };
        }
        match (variable(KEY_ID), variable(SECRET)) {
            (Some(key_id), Some(secret)) => Ok(Self { key_id, secret, token: variable(TOKEN) }),
            _ => Err(BucketFault::NoCredentials),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a key comes with its secret from one place, the configuration first; half of one is none.
    #[test]
    fn a_key_comes_with_its_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        fs::write(&file, "from-file\n").unwrap();
        let set = BucketConfig {
            access_key_id: Some("ours".to_owned()),
            secret_file: Some(file.clone()),
            ..BucketConfig::default()
        };
        let environment = |name: &str| Some(format!("{name}-value"));
        let found = Credentials::find_in(&set, environment).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!((found.key_id.as_str(), found.secret.as_str(), found.token), ("ours", "from-file", None));
        let unset = BucketConfig::default();
        let found = Credentials::find_in(&unset, environment).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!((found.secret, found.token), (format!("{SECRET}-value"), Some(format!("{TOKEN}-value"))));
        let half = |name: &str| (name == KEY_ID).then(|| "half".to_owned());
        assert!(matches!(Credentials::find_in(&unset, half), Err(BucketFault::NoCredentials)));
        fs::write(&file, "\n").unwrap();
        assert!(matches!(Credentials::find_in(&set, environment), Err(BucketFault::NoCredentials)));
        fs::remove_file(&file).unwrap();
        assert!(matches!(Credentials::find_in(&set, environment), Err(BucketFault::File(_))));
    }
}
