//! What a cloud said to a call, and what that means for a state.

use plat::state::objects::ObjectError;

/// An answer that was no success, or none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `None`: no answer came.
    status: Option<u16>,
    host: String,
    /// `NoSuchBucket`, where the cloud has a word for it.
    code: String,
    message: String,
    refused: bool,
}

/// Why a call was made: some answers mean one thing for a write and another one for a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Read,
    /// A write that wants no object to be there.
    Create,
    /// A write that wants the object to be as it was.
    Update,
    Other,
}

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// There is no such object.
    Absent,
    Error(ObjectError),
}

/// The hosts that give machines their credentials, and nothing else.
const METADATA: [&str; 2] = ["metadata.google.internal", "169.254.169.254"];

impl Answer {
    pub fn of(host: &str, status: u16, body: &str) -> Self {
        let (code, message) = words(body);
        Self { status: Some(status), host: host.to_owned(), code, message, refused: false }
    }

    /// No answer came.
    pub fn lost(host: &str, problem: &str) -> Self {
        Self { status: None, host: host.to_owned(), code: String::new(), message: problem.to_owned(), refused: false }
    }

    /// The call was not made.
    pub fn refused(problem: String) -> Self {
        Self { status: None, host: String::new(), code: String::new(), message: problem, refused: true }
    }

    /// `cloud`: `Google Cloud Storage`; `bucket`: `the bucket `b``; `login`: what gives credentials.
    pub fn meaning(&self, purpose: Purpose, cloud: &str, bucket: &str, login: &str) -> Meaning {
        let said = || match (self.code.as_str(), self.message.as_str()) {
            ("", "") => format!("{} answered {}", self.host, self.status.unwrap_or(0)),
            ("", message) => format!("{cloud} answered {}: {message}", self.status.unwrap_or(0)),
            (code, message) => format!("{cloud} answered {} {code}: {message}", self.status.unwrap_or(0)),
        };
        let error = match self.status {
            _ if self.refused => ObjectError::Refused(self.message.clone()),
            // Where there is no such machine: nobody has logged in, and this is none of the cloud's own.
            None | Some(400..=499) if METADATA.contains(&self.host.as_str()) => {
                ObjectError::Refused(format!("there are no credentials; {login}"))
            }
            None => ObjectError::InDoubt(self.message.clone()),
            Some(404) if ["NoSuchBucket", "ContainerNotFound"].contains(&self.code.as_str()) => {
                ObjectError::Refused(format!("there is no {bucket}; create it first"))
            }
            Some(404) if purpose == Purpose::Read => return Meaning::Absent,
            // The object of an update is gone.
            Some(404) if purpose == Purpose::Update => ObjectError::ConditionFailed,
            Some(412) => ObjectError::ConditionFailed,
            // Azure's word for an object that is there already.
            Some(409) if purpose == Purpose::Create && self.code == "BlobAlreadyExists" => ObjectError::ConditionFailed,
            Some(408 | 409 | 429 | 500..=599) => ObjectError::InDoubt(said()),
            Some(401) => ObjectError::Refused(format!("{}; {login}", said())),
            Some(_) => ObjectError::Refused(said()),
        };
        Meaning::Error(error)
    }
}

/// The code and message of a body, which is XML, or JSON of a login.
fn words(body: &str) -> (String, String) {
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.lines().next().unwrap_or_default().trim().to_owned())
    };
    if let Some(code) = element("Code") {
        return (code, element("Message").unwrap_or_default());
    }
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer: &str| json.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
    let code = text("/error").or_else(|| text("/error/status")).unwrap_or_default();
    (code, text("/error_description").or_else(|| text("/error/message")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, code: &str, purpose: Purpose) -> Meaning {
        let body = format!("<?xml version='1.0'?><Error><Code>{code}</Code><Message>m\nRequestId:1</Message></Error>");
        Answer::of("storage.example", status, &body).meaning(purpose, "the cloud", "bucket `b`", "log in")
    }

    fn refused(text: &str) -> Meaning {
        Meaning::Error(ObjectError::Refused(text.to_owned()))
    }

    fn in_doubt(text: &str) -> Meaning {
        Meaning::Error(ObjectError::InDoubt(text.to_owned()))
    }

    #[test]
    fn answers_mean_what_they_say() {
        let failed = Meaning::Error(ObjectError::ConditionFailed);
        assert_eq!(meaning(404, "NoSuchKey", Purpose::Read), Meaning::Absent);
        assert_eq!(meaning(404, "BlobNotFound", Purpose::Update), failed);
        assert_eq!(meaning(412, "PreconditionFailed", Purpose::Create), failed);
        assert_eq!(meaning(412, "ConditionNotMet", Purpose::Update), failed);
        assert_eq!(meaning(409, "BlobAlreadyExists", Purpose::Create), failed);
        // Somebody else holds a lease of Azure's own, or the container is being deleted: that is no verdict on the condition.
        assert_eq!(meaning(409, "ContainerBeingDeleted", Purpose::Create), in_doubt("the cloud answered 409 ContainerBeingDeleted: m"));
        assert_eq!(meaning(409, "BlobAlreadyExists", Purpose::Update), in_doubt("the cloud answered 409 BlobAlreadyExists: m"));
        for bucket in ["NoSuchBucket", "ContainerNotFound"] {
            for purpose in [Purpose::Read, Purpose::Create, Purpose::Update, Purpose::Other] {
                assert_eq!(meaning(404, bucket, purpose), refused("there is no bucket `b`; create it first"));
            }
        }
        assert_eq!(meaning(503, "ServerBusy", Purpose::Update), in_doubt("the cloud answered 503 ServerBusy: m"));
        assert_eq!(meaning(429, "SlowDown", Purpose::Create), in_doubt("the cloud answered 429 SlowDown: m"));
        assert_eq!(meaning(403, "AccessDenied", Purpose::Create), refused("the cloud answered 403 AccessDenied: m"));
        assert_eq!(meaning(401, "", Purpose::Read), refused("the cloud answered 401: m; log in"));
    }

    #[test]
    fn no_answer_is_doubt_and_no_machine_of_the_cloud_is_no_login() {
        let lost = |host: &str| Answer::lost(host, "connection reset").meaning(Purpose::Create, "the cloud", "bucket `b`", "log in");
        assert_eq!(lost("storage.example"), in_doubt("connection reset"));
        assert_eq!(lost("metadata.google.internal"), refused("there are no credentials; log in"));
        let nobody = Answer::of("169.254.169.254", 403, "").meaning(Purpose::Read, "the cloud", "bucket `b`", "log in");
        assert_eq!(nobody, refused("there are no credentials; log in"));
        let login = Answer::of("oauth2.example", 400, r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#);
        let said = refused("the cloud answered 400 invalid_grant: Token has been revoked.");
        assert_eq!(login.meaning(Purpose::Read, "the cloud", "bucket `b`", "log in"), said);
    }
}
