//! Traces: what a collector receives, and that an unavailable collector does not block the tool.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::imported::Imported;
use super::tool::{Run, command, ended};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn status(imported: &Imported, endpoint: &str) -> Run {
    let args = ["status", "alice", "a", "--database-url"];
    let mut tool = command();
    ended(
        tool.args(args)
            .arg(imported.database.url())
            .env(ENDPOINT, endpoint),
    )
}

/// Receives one request, and responds with 200.
fn take(stream: TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();
    (head, body)
}

#[test]
fn collector_receives_the_spans_of_a_command_and_of_its_calls() {
    let imported = Imported::new();
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let taken = thread::spawn(move || take(collector.accept().unwrap().0));

    status(&imported, &endpoint).good();

    let (head, body) = taken.join().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    let body = String::from_utf8_lossy(&body);
    for word in [
        "service.name",
        "tasktrail.command",
        "repository.operation",
        "task_history.summary",
        "outcome",
    ] {
        assert!(body.contains(word), "{word}: {body}");
    }
    for secret in ["alice", "127.0.0.1", imported.database.name()] {
        assert!(!body.contains(secret), "{secret}: {body}");
    }
}

#[test]
fn unavailable_collector_neither_fails_nor_delays_a_command() {
    let imported = Imported::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoints =
        [&gone, &silent].map(|listener| format!("http://{}", listener.local_addr().unwrap()));
    drop(gone);
    let answers = endpoints.map(|endpoint| {
        let began = Instant::now();
        let answer = status(&imported, &endpoint).good().stdout;
        (answer, began.elapsed())
    });

    for (answer, took) in answers {
        assert_eq!(answer, "completed (open)\n");
        // A request to an unresponsive collector times out after 10 s.
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn invalid_endpoint_is_invalid_usage() {
    let imported = Imported::new();

    let refused = status(&imported, "not an address");

    refused.failed(2, "error: cannot send traces: ", "");
}
