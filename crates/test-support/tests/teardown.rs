//! A test process leaves nothing behind, however it ends.
//!
//! Each test runs [`scene`] in a separate process, ends that process, and waits until the server's
//! processes, directory and shared memory are removed.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tasktrail_test_support::{Server, ServerOptions, simple_query, wait_until};
use tempfile::TempDir;

const SCENE: &str = "TASKTRAIL_SCENE";

#[test]
fn dropping_the_server_leaves_nothing() {
    let server = ServerOptions::default().start().unwrap();
    let traces = Traces::of(&server);
    let directory = server.directory().to_owned();
    drop(server);
    assert!(!directory.exists());
    assert!(traces.are_gone(), "{traces:?}");
}

#[test]
fn exiting_with_a_shared_server_leaves_nothing() {
    Stage::set("exits").ends_by(|process| {
        process.wait().unwrap();
    });
}

#[test]
fn killing_the_process_leaves_nothing() {
    Stage::set("runs").ends_by(|process| process.kill().unwrap());
}

#[test]
fn killing_the_process_while_the_server_is_frozen_leaves_nothing() {
    Stage::set("frozen").ends_by(|process| process.kill().unwrap());
}

#[test]
fn killing_the_process_after_the_server_leaves_nothing() {
    Stage::set("crashed").ends_by(|process| process.kill().unwrap());
}

#[test]
fn killing_the_process_while_the_server_is_created_leaves_nothing() {
    let mut stage = Stage::set("runs");
    wait_until("the directory of the server", || !stage.is_empty());
    stage.process.kill().unwrap();
    stage.process.wait().unwrap();
    wait_until("the directory of the server to be removed", || {
        stage.is_empty()
    });
}

/// Runs in the process that is ended.
#[test]
#[ignore = "run by the other tests"]
fn scene() {
    let Ok(scene) = env::var(SCENE) else { return };
    let server = Server::shared();
    let traces = Traces::of(server);
    match scene.as_str() {
        "frozen" => server.freeze(),
        "crashed" => server.kill(),
        _ => {}
    }
    // Not stdout, which has the output of the test harness.
    writeln!(io::stderr(), "{}", traces.0.join(" ")).unwrap();
    if scene != "exits" {
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
}

/// A process that runs a scene, with its own directory for temporary files.
struct Stage {
    temporary: TempDir,
    process: Child,
}

impl Stage {
    fn set(scene: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        // If the test runs as root, the server runs under another account.
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let process = Command::new(env::current_exe().unwrap())
            .args(["scene", "--exact", "--ignored", "--nocapture"])
            .env(SCENE, scene)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { temporary, process }
    }

    fn ends_by(mut self, end: impl FnOnce(&mut Child)) {
        let mut line = String::new();
        BufReader::new(self.process.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let traces = Traces(line.split_whitespace().map(str::to_owned).collect());
        assert!(traces.0.len() > 4, "{line}");
        assert!(!self.is_empty());
        end(&mut self.process);
        self.process.wait().unwrap();
        wait_until("the server to exit", || traces.are_gone());
        wait_until("its directory to be removed", || self.is_empty());
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.temporary.path())
            .unwrap()
            .next()
            .is_none()
    }
}

/// The ID of a server's shared memory, and its process IDs.
#[derive(Debug)]
struct Traces(Vec<String>);

impl Traces {
    fn of(server: &Server) -> Self {
        let pid_file = fs::read_to_string(server.directory().join("data/postmaster.pid")).unwrap();
        let shared_memory = pid_file
            .lines()
            .nth(6)
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap();
        let backends = simple_query::execute(
            server.addr(),
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
        );
        let mut traces = vec![shared_memory.to_owned(), server.pid().unwrap().to_string()];
        traces.extend(backends.unwrap().into_iter().flatten().flatten());
        Self(traces)
    }

    fn are_gone(&self) -> bool {
        let (shared_memory, processes) = self.0.split_first().unwrap();
        !processes.iter().any(|pid| is_alive(pid)) && !is_shared_memory(shared_memory)
    }
}

/// Zombies count as ended: in some containers, no process reaps orphans.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let exists = Command::new("sh")
        .args(["-c", "kill -0 $0 2>/dev/null", pid])
        .status()
        .unwrap();
    exists.success() && !stat.contains(") Z ")
}

fn is_shared_memory(id: &str) -> bool {
    let list = Path::new("/proc/sysvipc/shm");
    let segments = fs::read_to_string(list).unwrap_or_default();
    segments
        .lines()
        .any(|line| line.split_whitespace().nth(1) == Some(id))
}
