//! The Prometheus endpoint: its metrics, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;

use tasktrail_test_support::{ServerOptions, wait_until};

use super::imported::Imported;
use super::signals::{ended, send, spawn};
use super::tool::{command, run};

/// The tool while it serves, on a free port.
struct Serving {
    /// `None` after [`Serving::end`].
    child: Option<Child>,
    address: String,
}

impl Serving {
    fn of(url: &str) -> Self {
        Self::measuring(url, "1s")
    }

    fn measuring(url: &str, interval: &str) -> Self {
        let args = ["serve-metrics", "--listen", "127.0.0.1:0", "--database-url"];
        let mut child = spawn(
            command()
                .args(args)
                .args([url, "--stats-interval", interval]),
        );
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.strip_prefix("serving metrics at http://").unwrap();
        let address = url.trim_end().strip_suffix("/metrics").unwrap().to_owned();
        Self {
            child: Some(child),
            address,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal, and returns standard error and the exit code.
    fn end(mut self, signal: &str) -> (String, Option<i32>) {
        let child = self.child.take().unwrap();
        send(signal, &child);
        let (_, stderr, code) = ended(child);
        (stderr, code)
    }

    /// Waits until `/metrics` has this line.
    fn wait_for_line(&self, line: &str) {
        wait_until(line, || {
            self.get("/metrics").lines().any(|found| found == line)
        });
    }
}

/// Kills the process if the test fails.
impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn metrics_follow_the_contents_of_the_database_until_terminated() {
    let imported = Imported::new();
    let serving = Serving::of(&imported.database.url());

    serving.wait_for_line("tasktrail_tasks{status=\"completed\"} 1");
    serving.wait_for_line("tasktrail_entries{status=\"completed\"} 3");
    serving.wait_for_line("tasktrail_tasks{status=\"timed_out\"} 0");
    serving.wait_for_line("tasktrail_health_state 0");
    assert!(serving.get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    imported.run(&["cancel", "bob", "c"]).good();
    serving.wait_for_line("tasktrail_tasks{status=\"cancelled\"} 1");
    serving.wait_for_line("tasktrail_tasks{status=\"running\"} 0");

    let (stderr, code) = serving.end("TERM");
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn metrics_follow_a_database_that_stops_and_restarts() {
    let server = ServerOptions::default().start().unwrap();
    let url = format!("postgres://postgres@{}/postgres", server.addr());
    run(["migrate", "--database-url", &url]).good();
    let serving = Serving::of(&url);
    serving.wait_for_line("tasktrail_health_state 0");

    server.stop();

    serving.wait_for_line("tasktrail_health_state 2");
    assert!(serving.get("/healthz").starts_with("HTTP/1.1 503 "));
    server.restart();
    serving.wait_for_line("tasktrail_health_state 0");

    let (stderr, code) = serving.end("INT");
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn frozen_database_is_reported_with_and_without_measurements() {
    let server = ServerOptions::default().start().unwrap();
    let url = format!("postgres://postgres@{}/postgres", server.addr());
    run(["migrate", "--database-url", &url]).good();
    let measuring = Serving::of(&url);
    let not_measuring = Serving::measuring(&url, "0");
    for serving in [&measuring, &not_measuring] {
        serving.wait_for_line("tasktrail_health_state 0");
    }

    server.freeze();

    for serving in [&measuring, &not_measuring] {
        serving.wait_for_line("tasktrail_health_state 2");
    }
    assert!(!not_measuring.get("/metrics").contains("tasktrail_tasks{"));
    server.thaw();
}

#[test]
fn port_in_use_is_reported_with_its_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let url = "postgres://nobody@127.0.0.1:1/none";

    let refused = run(["serve-metrics", "--listen", &address, "--database-url", url]);

    let begins = format!("error: cannot listen on {address}: Address already in use");
    refused.failed(1, &begins, "");
}

#[test]
fn interval_out_of_range_is_refused() {
    let refused = run(["serve-metrics", "--stats-interval", "100ms"]);

    assert_eq!(refused.code, Some(2), "{refused:?}");
    let message = "must be between 1s and 1d, or 0 for never, got 100ms";
    assert!(refused.stderr.contains(message), "{refused:?}");
}
