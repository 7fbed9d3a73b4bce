//! Real curl, as most people's first client.

use std::process::Command;
use std::time::Duration;

use crate::scratch::Scratch;

const LIMIT: Duration = Duration::from_secs(60);

/// What one run of curl gave.
#[derive(Debug, Clone)]
pub struct Curl {
    /// Its exit code: 0, or one of those in curl(1); 18 is a body cut short.
    pub exit_code: i32,
    /// The status of the last reply, 0 if there was none.
    pub status: u16,
    /// All heads that came, one behind another.
    pub heads: String,
    /// The body.
    pub body: Vec<u8>,
    /// What curl itself complained of.
    pub complaint: String,
}

impl Curl {
    /// Runs curl with these arguments (the URL among them), quietly, and with a limit of a minute.
    ///
    /// # Panics
    /// If it is not installed.
    #[must_use]
    pub fn run(arguments: &[&str]) -> Self {
        let folder = Scratch::new();
        let (heads, body) = (folder.join("heads"), folder.join("body"));
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--path-as-is", "--globoff", "--write-out", "%{http_code}"]);
        command.args(["--max-time", &LIMIT.as_secs().to_string()]);
        command.arg("--dump-header").arg(&heads).arg("--output").arg(&body).args(arguments);
        let output = command.output().unwrap_or_else(|error| panic!("cannot run curl ({error}): apt-get install curl"));
        let code = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_default();
        Self {
            exit_code: output.status.code().unwrap_or(-1),
            status: code,
            heads: std::fs::read_to_string(&heads).unwrap_or_default(),
            body: std::fs::read(&body).unwrap_or_default(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The value of the header `name` in the last head.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let last = self.heads.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        let lines = last.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{:?} is no JSON: {error}", self.text()))
    }

    /// Panics unless curl was content and the status is `status`; shows the reply.
    ///
    /// # Panics
    /// If it is otherwise.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!((self.exit_code, self.status), (0, status), "{}{}{}", self.heads, self.text(), self.complaint);
        self
    }
}
