//! The shell process that runs the server and cleans up after it, see `supervisor.sh`.
//!
//! It is a process of its own because it must outlive a killed test process, and it owns directory
//! and server from the first moment, so there is no instant at which a kill would leave something
//! behind.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::account::Account;

/// What a supervisor is to make.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// `memory`, `disk`, or the directory to make that of the server in.
    pub(super) place: &'a Path,
    /// A directory for the data alone.
    pub(super) data_in: Option<&'a Path>,
    /// A directory for the write-ahead log.
    pub(super) wal_in: Option<&'a Path>,
    /// The port of the server to be the standby of.
    pub(super) primary: Option<u16>,
    /// Lines for `pg_hba.conf`.
    pub(super) access: &'a str,
    /// Lines for `postgresql.conf`.
    pub(super) settings: &'a str,
}

/// Removes everything when dropped, and when this process ends.
#[derive(Debug)]
pub(super) struct Supervisor {
    process: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    postmaster: Option<u32>,
}

impl Supervisor {
    /// Has the data directory made; the server is not running yet. Returns the directory of
    /// everything, too.
    pub(super) fn spawn(
        binaries: &Path,
        account: Option<Account>,
        plan: &Plan<'_>,
    ) -> Result<(Self, PathBuf), String> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", include_str!("supervisor.sh"), "supervisor"])
            .args([binaries, plan.place])
            .args([plan.data_in, plan.wal_in].map(|given| given.unwrap_or(Path::new(""))))
            .arg(
                plan.primary
                    .map_or_else(String::new, |port| port.to_string()),
            )
            .args([plan.access, plan.settings]);
        if let Some(Account { user, group }) = account {
            command.uid(user).gid(group);
        }
        let mut process = command
            // Ctrl-C is for the test process; the supervisor sees that one end.
            .process_group(0)
            // The working directory may be closed to the account, which initdb does not endure.
            .current_dir("/")
            // Messages that can be recognised, and no search for the name of the local time zone.
            .envs([("LC_ALL", "C"), ("TZ", "UTC")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Whoever reads the output of the tests to its end must not have to wait for the
            // supervisor.
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run /bin/sh: {error}"))?;
        let commands = process.stdin.take();
        let answers = process.stdout.take().ok_or("/bin/sh has no stdout")?;
        let mut supervisor = Self {
            process,
            commands,
            answers: BufReader::new(answers),
            postmaster: None,
        };
        let directory = supervisor.answer()?.into();
        Ok((supervisor, directory))
    }

    /// Has `order` carried out; an error says why it could not be.
    pub(super) fn order(&mut self, order: &str) -> Result<(), String> {
        let commands = self
            .commands
            .as_mut()
            .ok_or("the supervisor of the server is dismissed")?;
        writeln!(commands, "{order}")
            .map_err(|error| format!("the supervisor is gone: {error}"))?;
        let answer = self.answer();
        self.postmaster = answer.as_ref().ok().and_then(|pid| pid.parse().ok());
        answer.map(drop)
    }

    /// The process id of the postmaster, if it was running after the last order.
    pub(super) fn postmaster(&self) -> Option<u32> {
        self.postmaster
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut explanation = String::new();
        loop {
            let mut line = String::new();
            match self.answers.read_line(&mut line) {
                Ok(0) => return Err(format!("the supervisor is gone\n{explanation}")),
                Err(error) => {
                    return Err(format!("the supervisor is silent: {error}\n{explanation}"));
                }
                Ok(_) => {}
            }
            match line
                .trim_end()
                .split_once(' ')
                .unwrap_or((line.trim_end(), ""))
            {
                ("ok", answer) => return Ok(answer.to_owned()),
                ("failed", _) => return Err(explanation),
                _ => explanation.push_str(&line),
            }
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.commands.take());
        // Nothing to be done about a supervisor that cannot be waited for.
        let _ = self.process.wait();
    }
}
