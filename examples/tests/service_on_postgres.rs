//! The service as a process, on a real server.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tasktrail_test_support::{TestDatabase, wait_until};

struct Running {
    process: Child,
    address: String,
}

impl Running {
    fn start(database: &TestDatabase) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_report-service"))
            .env("DATABASE_URL", database.url())
            .env("LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("listening on ").map(str::to_owned)
        });
        // Goes on reading, so that the service can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap();
        Self { process, address }
    }

    fn get(&self, path: &str) -> Value {
        let response = ureq::get(format!("http://{}{path}", self.address)).call();
        let text = response.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    fn order(&self, title: &str) -> String {
        let path = format!("http://{}/users/alice/reports", self.address);
        let body = json!({ "title": title }).to_string();
        let ordered = ureq::post(path).content_type("application/json").send(body);
        let text = ordered.unwrap().body_mut().read_to_string().unwrap();
        let task: Value = serde_json::from_str(&text).unwrap();
        task["task_id"].as_str().unwrap().to_owned()
    }

    /// Asks the process to end, and returns whether it ended well.
    fn terminate(mut self) -> bool {
        let pid = self.process.id().to_string();
        Command::new("kill").arg(pid).status().unwrap();
        self.process.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

#[test]
fn makes_reports_and_starts_again_beside_its_own_migrations() {
    let database = TestDatabase::new();
    let service = Running::start(&database);
    let report = service.order("Sales");
    let path = format!("/users/alice/reports/{report}");

    wait_until("the report is made", || {
        service.get(&path)["report"]["url"].is_string()
    });

    let shown = service.get(&path);
    assert_eq!(shown["steps"].as_array().unwrap().len(), 4);
    assert_eq!(service.get("/readyz")["state"], "healthy");
    let metrics = service.get("/metrics");
    assert!(
        metrics
            .as_str()
            .unwrap()
            .contains("tasktrail_operations_total")
    );
    assert!(service.terminate());

    let again = Running::start(&database);

    assert_eq!(again.get(&path), shown);
    assert!(again.terminate());
}
