//! Tests what statements read for a user with 100 000 tasks, on tables whose statistics suggest 40
//! tasks per user: no more than for a user with few tasks.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{QueryBuilder, QueryFragment};
use tasktrail_domain::TaskKey;
use tasktrail_postgres_client::statement::Statement;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

use super::count::beyond_all;
use super::list_all::{ListAll, Users};
use super::load;
use super::plans::{filled_in, generic_plan, pages};
use super::retention::{LastKeptOfUser, LockBeyond, LockExpired, Remove, WindowEnd};
use super::save::Saved;
use super::statuses::Statuses;
use super::summary::Summary;

const STATUSES: &str = "'{completed,failed,cancelled,timed_out}'";

/// A statement, its parameters for two users, and the limit of pages that it may read for each.
struct Case {
    name: &'static str,
    sql: String,
    types: &'static str,
    small: String,
    large: String,
    most: u64,
}

fn built(query: impl QueryFragment<Pg>) -> String {
    let mut sql = PgQueryBuilder::default();
    query.to_sql(&mut sql, &Pg).unwrap();
    sql.finish()
}

fn removal() -> Vec<Case> {
    let covered = "text, text, text, timestamptz, text[], bool, bigint";
    let window = "text, text, text, timestamptz, text[], bool, bigint, text, text, bigint";
    let beyond = "text, text, text, timestamptz, text[], bool, bigint, text, text, bigint, timestamptz, \
                  text, text";
    let of = |user: &str, keep: u32| {
        format!("'{user}', 'task-1', '{user}', 'infinity', {STATUSES}, false, {keep}")
    };
    let window_of = |user: &str, keep| format!("{}, '{user}', 'task-7', 101", of(user, keep));
    let all = beyond_all();
    let found = |user: &str| format!("{}, 'infinity', 'z', '{all}'", window_of(user, 1000));
    let reached = |user: &str, keep| format!("{}, NULL, NULL, '{all}'", window_of(user, keep));
    let case = |name, sql: &str, types, small, large, most| Case {
        name,
        sql: sql.to_owned(),
        types,
        small,
        large,
        most,
    };
    vec![
        case(
            "the end of the 5 000 tasks that a call checks",
            WindowEnd::SQL,
            "text, text, text, bigint",
            "'small', '', 'small', 5000".into(),
            "'large', '', 'large', 5000".into(),
            70,
        ),
        // Each of 101 rows is read and locked, which are two accesses to its page, plus at most one
        // in the scan.
        case(
            "the lock of a batch",
            LockExpired::SQL,
            window,
            window_of("small", 0),
            window_of("large", 0),
            310,
        ),
        case(
            "the lock of a batch, where the newest are known",
            LockBeyond::SQL,
            beyond,
            found("small"),
            found("large"),
            320,
        ),
        case(
            "the lock of the batch that reaches a user, of whom 1 000 are kept",
            LockBeyond::SQL,
            beyond,
            reached("small", 1000),
            reached("large", 1000),
            360,
        ),
        case(
            "the last of 1 000 newest",
            LastKeptOfUser::SQL,
            covered,
            of("small", 1000),
            of("large", 1000),
            50,
        ),
        case(
            "the removal of two tasks",
            Remove::SQL,
            "text[], text[]",
            "'{small,small}', '{task-50,task-51}'".into(),
            "'{large,large}', '{task-50000,task-50001}'".into(),
            2 * 300,
        ),
    ]
}

fn reads() -> Vec<Case> {
    let task = TaskKey::new("user", "task").unwrap();
    let pair = |user: &str| format!("'{{{user},{user}}}', '{{task-7,task-77}}'");
    let one = |user: &str| format!("'{user}', 'task-7'");
    let case = |name, sql, types, parameters: &dyn Fn(&str) -> String, most| Case {
        name,
        sql,
        types,
        small: parameters("small"),
        large: parameters("large"),
        most,
    };
    vec![
        case(
            "one status",
            built(load::select_status(&task.user, &task.task)),
            "text, text",
            &one,
            5,
        ),
        case(
            "two statuses",
            Statuses::SQL.to_owned(),
            "text[], text[]",
            &pair,
            2 * 5,
        ),
        case(
            "two entries that may have been saved before",
            Saved::SQL.to_owned(),
            "text[], uuid[]",
            &|user| format!("'{{{user},{user}}}', ARRAY[gen_random_uuid(), gen_random_uuid()]"),
            2 * 10,
        ),
    ]
}

fn lists_of_all_users() -> Vec<Case> {
    let all = "text[], text, timestamptz, timestamptz, text, bigint, text, bool, text, timestamptz";
    let of = |statuses: &str, user: &str| {
        format!(
            "'{statuses}', '{user}', '-infinity', 'infinity', '', 101, '', NULL, '{user}', 'infinity'"
        )
    };
    let case = |name, sql: &str, types, parameters: &dyn Fn(&str) -> String, most| Case {
        name,
        sql: sql.to_owned(),
        types,
        small: parameters("small"),
        large: parameters("large"),
        most,
    };
    vec![
        case(
            "the summary of a task",
            Summary::SQL,
            "text, text",
            &|user| format!("'{user}', 'task-7'"),
            5,
        ),
        case(
            "a page of the tasks of all users",
            ListAll::SQL,
            all,
            &|user| of("{completed,failed}", user),
            60,
        ),
        case(
            "the running tasks of all users, of whom one has none",
            ListAll::SQL,
            all,
            &|user| of("{pending,running}", user),
            20,
        ),
        case(
            "a page of users",
            Users::SQL,
            "text, text, text, bigint",
            &|user| format!("'{user}', '', '{user}', 101"),
            10,
        ),
    ]
}

#[tokio::test]
async fn statements_read_no_more_for_100_000_tasks_than_for_100() {
    // An autovacuum worker has a snapshot that would keep VACUUM from marking pages as all-visible.
    let server: Server = ServerOptions::default()
        .setting("autovacuum", "off")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let histories = filled_in(&database).await;
    let lists = lists_of_all_users();
    let cases: Vec<_> = reads().into_iter().chain(removal()).chain(lists).collect();
    for case in cases {
        // Not counting what a session reads from the catalogs the first time.
        generic_plan(&histories, &case.sql, case.types, &case.small).await;
        for parameters in [&case.large, &case.small] {
            let plan = generic_plan(&histories, &case.sql, case.types, parameters).await;
            assert!(
                pages(&plan) <= case.most && !plan.contains("Seq Scan"),
                "{} reads {} pages, expected at most {}: {plan}",
                case.name,
                pages(&plan),
                case.most
            );
        }
    }
}
