//! A plan of five tasks that goes through two agents, by the commands of the tool.

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::Folder;
use super::tool::{Run, run, run_with_stdin};

/// A migrated database.
pub(crate) struct Store(TestDatabase);

impl Store {
    pub(crate) fn new() -> Self {
        let store = Self(TestDatabase::new());
        store.run(&["migrate"]).good();
        store
    }

    fn args(&self, args: &[&str]) -> Vec<String> {
        let args = args.iter().map(|arg| (*arg).to_owned());
        args.chain(["--database-url".to_owned(), self.0.url()])
            .collect()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        run(self.args(args))
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--format", "json"]].concat();
        self.run(&args).good().json()
    }

    /// Asserts that a command is refused with exit code 1, and returns what it printed as JSON.
    #[track_caller]
    fn refused(&self, args: &[&str]) -> Value {
        let args = [args, &["--format", "json"]].concat();
        let run = self.run(&args);
        assert_eq!((run.code, &*run.stderr), (Some(1), ""), "{run:?}");
        run.json()
    }

    #[track_caller]
    fn prints(&self, args: &[&str], text: &str) {
        let printed = self.run(args).good();
        assert!(printed.stdout.contains(text), "{text}: {printed:?}");
    }

    #[track_caller]
    pub(crate) fn register(&self, agent: &str, agent_type: &str) {
        let description = json!({"agent_id": agent, "agent_type": agent_type, "name": agent});
        let args = self.args(&["agents", "register", "-"]);
        run_with_stdin(args, description.to_string().as_bytes()).good();
    }

    /// Creates the five tasks of a release: build, then test and document, then deploy, then
    /// announce, whatever became of the deployment.
    #[track_caller]
    pub(crate) fn plan(&self) -> Value {
        let plan = json!({"tasks": [
            {"id": "build", "title": "Build the service"},
            {"id": "test", "title": "Test the service", "dependencies": ["build"]},
            {"id": "document", "title": "Write the notes", "dependencies": ["build"]},
            {"id": "deploy", "title": "Deploy", "dependencies": ["test", "document"],
             "required_capabilities": {"agent_type": "ops"}},
            {"id": "announce", "title": "Announce",
             "dependencies": [{"task_id": "deploy", "when": "end"}]},
        ]});
        let folder = Folder::new();
        let path = folder.file("plan.json", plan.to_string());
        self.json(&["plan", path.to_str().unwrap()])
    }

    #[track_caller]
    pub(crate) fn claimed(&self, agent: &str) -> String {
        let claimed = self.json(&["work", "claim", agent]);
        claimed["tasks"][0]["task"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn state(&self, task: &str) -> String {
        let shown = self.json(&["work", "show", task]);
        let state = &shown["task"]["progress"]["state"];
        state.as_str().unwrap().to_owned()
    }
}

#[test]
fn plan_goes_through_two_agents() {
    let store = Store::new();
    store.register("builder-1", "code");
    store.register("operator-1", "ops");

    assert_eq!(store.plan()["outcome"], "created");
    assert_eq!(store.plan()["outcome"], "known");
    assert_eq!(store.claimed("builder-1"), "build");
    assert_eq!(
        store.refused(&["work", "claim", "builder-1"])["reason"],
        "full"
    );
    let reported = store.json(&["work", "report", "build", "1", "--completed"]);
    assert_eq!(reported["ready"], json!(["document", "test"]));

    assert_eq!(store.claimed("builder-1"), "document");
    assert_eq!(store.claimed("operator-1"), "test");
    store.prints(&["work", "start", "test", "1"], "test is running");
    store.json(&["work", "report", "document", "1", "--completed"]);
    store.json(&["work", "report", "test", "1", "--completed"]);

    assert_eq!(
        store.refused(&["work", "assign", "deploy", "builder-1"])["outcome"],
        "unfit"
    );
    let assigned = store.json(&["work", "assign", "deploy", "operator-1"]);
    assert_eq!(assigned["attempt"], 1);
    store.prints(
        &[
            "work",
            "report",
            "deploy",
            "1",
            "--failed",
            "E003",
            "--message",
            "no space",
        ],
        "deploy is failed; now ready: announce",
    );
    assert_eq!(store.claimed("builder-1"), "announce");
    store.prints(
        &["work", "report", "announce", "1", "--completed"],
        "announce is completed",
    );
    assert_eq!(
        store.json(&["work", "counts"]),
        json!({"completed": 4, "failed": 1})
    );
    // An ended task is finished in the task history.
    store.prints(&["status", "default", "deploy"], "failed");
}

#[test]
fn cancelled_task_is_refused_to_its_agent() {
    let store = Store::new();
    store.register("builder-1", "code");
    store.plan();
    store.claimed("builder-1");

    store.prints(
        &["work", "cancel", "build"],
        "build is cancelled; it was assigned; skipped: deploy, document, test",
    );

    let refused = store.refused(&["work", "report", "build", "1", "--completed"]);
    assert_eq!(refused["outcome"], "superseded");
    assert_eq!(store.state("announce"), "ready");
    store.prints(
        &["audit", "--entity", "task:build"],
        "task.report_superseded",
    );
}

#[test]
fn question_is_answered() {
    let store = Store::new();
    store.register("builder-1", "code");
    store.plan();
    store.claimed("builder-1");

    store.prints(
        &["work", "report", "build", "1", "--waiting"],
        "build is waiting",
    );
    store.prints(
        &["work", "resume", "build", "--answers", r#"{"go": true}"#],
        "build is ready",
    );

    let shown = store.json(&["work", "show", "build"]);
    let context = &shown["task"]["definition"]["context"];
    assert_eq!(*context, json!({"answers": {"go": true}}));
    assert_eq!(store.claimed("builder-1"), "build");
}

#[test]
fn tasks_and_agents_are_shown_as_tables() {
    let store = Store::new();
    store.register("builder-1", "code");
    store.plan();

    store.prints(&["work", "list", "--state", "ready"], "│ build │ ready");
    store.prints(&["work", "load"], "│ {}");
    store.prints(&["work", "show", "deploy"], "document, test");
    store.prints(
        &["agents", "list", "--online"],
        "│ builder-1 │ code │ active │ yes    │ 0 of 1 │",
    );
    store.prints(&["agents", "show", "builder-1"], "no executions");
    store.prints(
        &["agents", "heartbeat", "builder-1"],
        "builder-1 is active, online until",
    );
    store.prints(&["agents", "drain", "builder-1"], "builder-1 is draining");
    store.prints(&["agents", "resume", "builder-1"], "builder-1 is active");
    store.prints(&["agents", "retire", "builder-1"], "builder-1 is retired");
    store.prints(&["agents", "list", "--owner", "acme"], "no agents");
    store.prints(&["reap"], "nothing to reap");
}

#[test]
fn graph_is_drawn_and_printed_for_graphviz() {
    let store = Store::new();
    store.plan();

    let drawn = store.run(&["work", "graph", "test"]).good().stdout;
    assert_eq!(
        drawn,
        "○ build  ready\n  ◌ test  blocked  ← build\n    ◌ deploy  blocked  ← test\n      \
         ◌ announce  blocked  ← deploy (end)\n"
    );
    store.prints(
        &["work", "graph", "test", "--dot"],
        "\"build\" -> \"test\";",
    );
}

#[test]
fn errors_name_the_file_and_the_cause() {
    let folder = Folder::new();
    let cycle = json!({"tasks": [
        {"id": "a", "title": "A", "dependencies": ["b"]},
        {"id": "b", "title": "B", "dependencies": ["a"]},
    ]});
    let path = folder.file("cycle.json", cycle.to_string());
    let path = path.to_str().unwrap();

    run(["plan", path]).failed(1, &format!("error: {path}: "), "a -> b -> a");

    let store = Store::new();
    let unknown = folder.file(
        "unknown.json",
        r#"{"tasks": [{"id": "a", "title": "A", "dependencies": ["z"]}]}"#,
    );
    let outcome = store.refused(&["plan", unknown.to_str().unwrap()]);
    assert_eq!(outcome["prerequisite"], "z");
}
