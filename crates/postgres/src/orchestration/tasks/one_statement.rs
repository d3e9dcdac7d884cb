//! Tests that the usual calls of tasks are one statement each: one round trip.

use tasktrail_conformance::fixture::{task, user};
use tasktrail_conformance::orchestration::fixture::{
    EditTask as _, Writes, new_task, plan, plan_of,
};
use tasktrail_domain::orchestration::task::{TaskFilter, TaskRepository as _};
use tasktrail_domain::repository::PageRequest;
use tasktrail_test_support::TestDatabase;

use crate::orchestration::agents::one_statement::statements;
use crate::orchestration::plans_of_all::on_one_connection;

#[tokio::test]
async fn creations_that_need_no_existing_tasks_are_one_statement() {
    let database = TestDatabase::new();
    let tasks = on_one_connection(&database).await;
    let (writes, alice) = (Writes::default(), user("alice"));
    let chain = plan([new_task("build"), new_task("test").after("build")]);

    for what in ["new", "known"] {
        let write = writes.next();
        let create = tasks.create(&write, &alice, &chain);
        assert_eq!(statements(&tasks, create).await, 1, "{what}");
    }
    let write = writes.next();
    let dependent = plan([new_task("deploy").after("test")]);
    let create = tasks.create(&write, &alice, &dependent);
    assert!(statements(&tasks, create).await > 1);
}

#[tokio::test]
async fn reads_of_tasks_are_one_statement() {
    let database = TestDatabase::new();
    let tasks = on_one_connection(&database).await;
    let (write, alice) = (Writes::default().next(), user("alice"));
    tasks
        .create(&write, &alice, &plan_of(["build"]))
        .await
        .unwrap();
    let (build, filter, page) = (task("build"), TaskFilter::default(), PageRequest::default());

    assert_eq!(statements(&tasks, tasks.get(&build)).await, 1);
    assert_eq!(statements(&tasks, tasks.graph(&build)).await, 1);
    assert_eq!(statements(&tasks, tasks.counts(&alice)).await, 1);
    let list = tasks.list(&alice, &filter, &page);
    assert_eq!(statements(&tasks, list).await, 1);
}
