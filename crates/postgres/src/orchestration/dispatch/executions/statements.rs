//! The statements of a page of executions, and their parameters.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::dispatch::{ExecutionCursor, ExecutionFilter};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::statement::{Statement, unbound};

use crate::page_limit::one_beyond;

/// How many bytes of stored outputs and error messages a page contains at most, unless those of the
/// first execution are larger: as for a page of a task history.
const PAGE_BYTES: i64 = 512 << 10;

type Columns = (
    BigInt,
    (
        (Text, Integer, Text, SqlUuid, Text),
        (
            Timestamptz,
            Nullable<Timestamptz>,
            Nullable<Timestamptz>,
            Nullable<Timestamptz>,
        ),
        (
            Nullable<Jsonb>,
            Nullable<Text>,
            Nullable<Text>,
            Nullable<Integer>,
            Nullable<BigInt>,
        ),
    ),
);

/// The parameters of all of these statements.
#[derive(Debug)]
pub(in crate::orchestration::dispatch) struct Range<'e> {
    user: &'e str,
    /// The task or the agent.
    of: &'e str,
    before: (DateTime<Utc>, &'e str, i32),
    limit: i64,
}

impl<'e> Range<'e> {
    pub(in crate::orchestration::dispatch) fn of(
        user: &'e UserId,
        filter: &'e ExecutionFilter,
        page: &'e PageRequest<ExecutionCursor>,
    ) -> Self {
        let end_of_time = Timestamp::MAX.to_datetime() + TimeDelta::microseconds(1);
        let before = page.after.as_ref().map_or((end_of_time, "", 0), |cursor| {
            let at = cursor.assigned_at.to_datetime();
            (at, cursor.task.as_str(), cursor.attempt.get())
        });
        let of = match filter {
            ExecutionFilter::OfTask(task) => task.as_str(),
            ExecutionFilter::OfAgent(agent) | ExecutionFilter::OpenOfAgent(agent) => agent.as_str(),
        };
        Self {
            user: user.as_str(),
            of,
            before,
            limit: one_beyond(page.size),
        }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.of),
            3 => out.push_bind_param::<Timestamptz, _>(&self.before.0),
            4 => out.push_bind_param::<Text, _>(self.before.1),
            5 => out.push_bind_param::<Integer, _>(&self.before.2),
            6 => out.push_bind_param::<BigInt, _>(&self.limit),
            7 => out.push_bind_param::<BigInt, _>(&PAGE_BYTES),
            other => unbound(other),
        }
    }
}

macro_rules! statement {
    ($(#[$attribute:meta])* $name:ident, $of:literal) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub(in crate::orchestration::dispatch) struct $name<'e>(pub(in crate::orchestration::dispatch) Range<'e>);

        impl Statement for $name<'_> {
            const SQL: &'static str = concat!(
                include_str!("../../sql/executions.sql"),
                include_str!($of),
                include_str!("../../sql/executions_order.sql"),
            );
            type Columns = Columns;
            type Id = $name<'static>;

            fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.bind(parameter, out)
            }
        }
    };
}

statement! {
    /// The executions of a task.
    OfTask, "../../sql/executions_of_task.sql"
}
statement! {
    /// The executions of an agent.
    OfAgent, "../../sql/executions_of_agent.sql"
}
statement! {
    /// The open executions of an agent.
    OpenOfAgent, "../../sql/executions_open_of_agent.sql"
}
