//! The shell process that runs the server and cleans up after it, see `supervisor.sh`.
//!
//! It is a separate process because it has to outlive a killed test process. It owns the directory
//! and the server from the start, so a kill at any time leaves nothing behind.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::account::Account;

/// How to create a server.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// `memory`, `disk`, or the parent of the server's directory.
    pub(super) place: &'a Path,
    /// A separate parent directory for the data.
    pub(super) data_in: Option<&'a Path>,
    /// A separate parent directory for the write-ahead log.
    pub(super) wal_in: Option<&'a Path>,
    /// The port of the primary, for a standby.
    pub(super) primary: Option<u16>,
    /// Lines for `pg_hba.conf`.
    pub(super) access: &'a str,
    /// Lines for `postgresql.conf`.
    pub(super) settings: &'a str,
}

/// Removes the server when dropped, and when this process ends.
#[derive(Debug)]
pub(super) struct Supervisor {
    process: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    postmaster: Option<u32>,
}

impl Supervisor {
    /// Creates the data directory, without starting the server. Also returns the parent directory.
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
            // Ctrl-C is for the test process only. The supervisor notices when that ends.
            .process_group(0)
            // initdb fails if its account has no access to the working directory.
            .current_dir("/")
            // Untranslated messages, and no search for the name of the local time zone.
            .envs([("LC_ALL", "C"), ("TZ", "UTC")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A process that reads the output of the tests to its end must not wait for the
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

    /// Runs `command`. The error is the output of the supervisor.
    pub(super) fn run(&mut self, command: &str) -> Result<(), String> {
        let commands = self
            .commands
            .as_mut()
            .ok_or("the supervisor of the server was stopped")?;
        writeln!(commands, "{command}")
            .map_err(|error| format!("the supervisor has exited: {error}"))?;
        let answer = self.answer();
        self.postmaster = answer.as_ref().ok().and_then(|pid| pid.parse().ok());
        answer.map(drop)
    }

    /// Returns the process ID of the postmaster, if it was running after the last command.
    pub(super) fn postmaster(&self) -> Option<u32> {
        self.postmaster
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut explanation = String::new();
        loop {
            let mut line = String::new();
            match self.answers.read_line(&mut line) {
                Ok(0) => return Err(format!("the supervisor has exited\n{explanation}")),
                Err(error) => {
                    return Err(format!(
                        "cannot read from the supervisor: {error}\n{explanation}"
                    ));
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
        // Nothing can be done if waiting fails.
        let _ = self.process.wait();
    }
}
