//! Lists the entries of an owner, page by page.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{
    Action, AuditCursor, AuditEntry, AuditFilter, EntityKind,
};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::{self, EntryColumns, EntryRow};
use crate::page_limit::{one_beyond, page_of};

/// How many bytes of stored fields a page contains at most, unless the first entry has more.
const PAGE_BYTES: i64 = 512 << 10;

/// Lists entries that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &AuditFilter,
    page: &PageRequest<AuditCursor>,
) -> Result<Page<AuditEntry, AuditCursor>, StoreError> {
    let actor = filter.actor.as_ref().map(ToString::to_string);
    let list = ListEntries::of(user, filter, actor.as_deref(), page);
    let rows: Vec<(i64, EntryRow)> = match (&filter.entity, &actor) {
        (Some((kind, id)), _) => {
            let (kind, id) = (*kind, id.as_str());
            Prepared(ListOfEntity { list, kind, id })
                .load(connection)
                .await?
        }
        (None, Some(actor)) => {
            Prepared(ListOfActor { list, actor })
                .load(connection)
                .await?
        }
        (None, None) => Prepared(list).load(connection).await?,
    };
    page_of(
        rows,
        page.size,
        |entry| row::entry(user, entry),
        AuditCursor::of,
    )
}

/// The entries of an owner, from the latest.
#[derive(Debug)]
struct ListEntries<'e> {
    user: &'e str,
    since: DateTime<Utc>,
    /// Only entries that sort after this position.
    before: (DateTime<Utc>, i64),
    action: Option<&'e str>,
    actor: Option<&'e str>,
    limit: i64,
}

impl<'e> ListEntries<'e> {
    fn of(
        user: &'e UserId,
        filter: &'e AuditFilter,
        actor: Option<&'e str>,
        page: &PageRequest<AuditCursor>,
    ) -> Self {
        let end_of_time = Timestamp::MAX.to_datetime() + TimeDelta::microseconds(1);
        let until = filter.until.map_or(end_of_time, Timestamp::to_datetime);
        let cursor = page
            .after
            .map(|after| (after.at.to_datetime(), after.position));
        // Positions are positive, so none precedes 0.
        let until = (until, 0);
        Self {
            user: user.as_str(),
            since: filter.since.unwrap_or(Timestamp::MIN).to_datetime(),
            before: cursor.map_or(until, |cursor| cursor.min(until)),
            action: filter.action.as_ref().map(Action::as_str),
            actor,
            limit: one_beyond(page.size),
        }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Timestamptz, _>(&self.since),
            3 => out.push_bind_param::<Timestamptz, _>(&self.before.0),
            4 => out.push_bind_param::<BigInt, _>(&self.before.1),
            5 => out.push_bind_param::<Nullable<Text>, _>(&self.action),
            6 => out.push_bind_param::<BigInt, _>(&self.limit),
            7 => out.push_bind_param::<BigInt, _>(&PAGE_BYTES),
            10 => out.push_bind_param::<Nullable<Text>, _>(&self.actor),
            other => unbound(other),
        }
    }
}

type ListedColumns = (BigInt, EntryColumns);

impl Statement for ListEntries<'_> {
    const SQL: &'static str = concat!(
        include_str!("../sql/list_entries.sql"),
        include_str!("../sql/list_entries_order.sql")
    );
    type Columns = ListedColumns;
    type Id = ListEntries<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.bind(parameter, out)
    }
}

/// The same, about one agent, task or other thing.
#[derive(Debug)]
struct ListOfEntity<'e> {
    list: ListEntries<'e>,
    kind: EntityKind,
    id: &'e str,
}

impl Statement for ListOfEntity<'_> {
    const SQL: &'static str = concat!(
        include_str!("../sql/list_entries.sql"),
        include_str!("../sql/list_entries_of_entity.sql"),
        include_str!("../sql/list_entries_order.sql")
    );
    type Columns = ListedColumns;
    type Id = ListOfEntity<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            8 => out.push_bind_param::<Text, _>(self.kind.as_str()),
            9 => out.push_bind_param::<Text, _>(self.id),
            other => self.list.bind(other, out),
        }
    }
}

/// The same, of one actor.
#[derive(Debug)]
struct ListOfActor<'e> {
    list: ListEntries<'e>,
    actor: &'e str,
}

impl Statement for ListOfActor<'_> {
    const SQL: &'static str = concat!(
        include_str!("../sql/list_entries.sql"),
        include_str!("../sql/list_entries_of_actor.sql"),
        include_str!("../sql/list_entries_order.sql")
    );
    type Columns = ListedColumns;
    type Id = ListOfActor<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            10 => out.push_bind_param::<Text, _>(self.actor),
            other => self.list.bind(other, out),
        }
    }
}
