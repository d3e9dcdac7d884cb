//! The environment of a store: its database and schema, foreign tables, and other stores.

use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::config::StoreSchema;

use super::migrations_table::Applied;
use super::scripts::{MIGRATIONS, Script};
use crate::error::MigrateError;
use crate::schema_check::{self, SchemaDifference};

/// The only encoding that can store every character.
const ENCODING: &str = "UTF8";

#[derive(Debug, QueryableByName)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent columns of a row"
)]
pub(super) struct Environment {
    #[diesel(sql_type = Text)]
    pub(super) database: String,
    #[diesel(sql_type = Text)]
    pub(super) role: String,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    is_writable: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_schema: bool,
    #[diesel(sql_type = Bool)]
    pub(super) may_create: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_migrations_table: bool,
    #[diesel(sql_type = Bool)]
    has_legacy: bool,
    #[diesel(sql_type = Bool)]
    may_read_legacy: bool,
    #[diesel(sql_type = Bool)]
    may_delete_legacy: bool,
    /// Whether the role may create tables that belong to the owner of the history.
    #[diesel(sql_type = Bool)]
    owns_history: bool,
    /// The tables in the schema with the names of tables of a store.
    #[diesel(sql_type = Array<Text>)]
    tables: Vec<String>,
    /// Other relations with these names, such as views.
    #[diesel(sql_type = Array<Text>)]
    other_relations: Vec<String>,
    /// Schemas of other stores.
    #[diesel(sql_type = Array<Text>)]
    pub(super) other_stores: Vec<String>,
    /// The schema of the store that the default search path of the session finds.
    #[diesel(sql_type = Nullable<Text>)]
    store_by_path: Option<String>,
    #[diesel(sql_type = Bool)]
    has_store: bool,
}

impl Environment {
    /// Reads the environment with the session's default search path. Must run in a transaction;
    /// for the rest of it, the search path is the schema of the store.
    pub(super) async fn of(
        connection: &mut AsyncPgConnection,
        schema: &StoreSchema,
    ) -> diesel::QueryResult<Self> {
        let outside = "SET LOCAL search_path TO DEFAULT";
        connection.batch_execute(outside).await?;
        let around = diesel::sql_query(include_str!("environment.sql"))
            .bind::<Text, _>(schema.name())
            .bind::<Array<Text>, _>(
                MIGRATIONS
                    .iter()
                    .flat_map(Script::tables)
                    .collect::<Vec<_>>(),
            )
            .get_result(connection)
            .await?;
        let inside = format!("SET LOCAL search_path TO {}", schema.quoted());
        connection.batch_execute(&inside).await?;
        Ok(around)
    }

    /// Returns whether the table of earlier versions has rows to copy, and the role may copy them.
    pub(super) fn may_take_over(&self) -> bool {
        self.is_legacy()
            && self.is_writable
            && self.may_create
            && self.may_read_legacy
            && self.owns_history
    }

    /// Returns whether the applied versions are still in the table of earlier versions.
    pub(super) fn is_legacy(&self) -> bool {
        self.has_legacy && self.has_store && !self.has_migrations_table
    }

    /// Returns whether the table of earlier versions may have rows that also are in our table.
    pub(super) fn may_delete_legacy(&self) -> bool {
        self.has_legacy && self.may_read_legacy && self.may_delete_legacy
    }

    /// Refuses a database that cannot contain the store, or in which another store may be meant.
    /// Needs only the catalogs, which every role may read.
    pub(super) fn admit_database(&self, schema: &StoreSchema) -> Result<(), MigrateError> {
        self.admit_encoding()?;
        self.admit_other_stores(schema)
    }

    /// Refuses relations in the schema with the names of tables that a migration creates, unless it
    /// is `applied`.
    pub(super) async fn admit_tables(
        &self,
        connection: &mut AsyncPgConnection,
        schema: &StoreSchema,
        applied: &[Applied],
    ) -> Result<(), MigrateError> {
        let is_pending = |script: &&Script| {
            let version = script.version();
            applied.iter().all(|applied| applied.version != version)
        };
        let relations = || self.tables.iter().chain(&self.other_relations);
        let pending = MIGRATIONS.iter().filter(is_pending);
        let mut unexpected = pending
            .flat_map(Script::tables)
            .filter(|table| relations().any(|relation| relation == table));
        let Some(table) = unexpected.next() else {
            return Ok(());
        };
        let differences = schema_check::of_table(connection, table).await?;
        let is_table = self.tables.iter().any(|name| name == table);
        Err(MigrateError::Foreign {
            schema: schema.name().to_owned(),
            table: table.to_owned(),
            difference: clause(is_table, &differences),
        })
    }

    fn admit_encoding(&self) -> Result<(), MigrateError> {
        if self.encoding == ENCODING {
            return Ok(());
        }
        Err(MigrateError::Encoding {
            database: self.database.clone(),
            encoding: self.encoding.clone(),
        })
    }

    /// A configured schema takes precedence. Otherwise a store that earlier versions found by the
    /// search path must not be ignored, and no second store is created beside an existing one.
    fn admit_other_stores(&self, schema: &StoreSchema) -> Result<(), MigrateError> {
        if *schema != StoreSchema::Unset {
            return Ok(());
        }
        let by_path = self.store_by_path.iter();
        let passed_over: Vec<_> = by_path.filter(|found| *found != schema.name()).collect();
        let found = match (passed_over.is_empty(), self.has_store) {
            (false, _) => passed_over.into_iter().cloned().collect(),
            (true, true) => Vec::new(),
            (true, false) => self.other_stores.clone(),
        };
        if found.is_empty() {
            return Ok(());
        }
        Err(MigrateError::OtherStore {
            schema: schema.name().to_owned(),
            found,
        })
    }
}

/// Describes how a relation with the name of our table differs from it.
fn clause(is_table: bool, differences: &[SchemaDifference]) -> String {
    if !is_table {
        return "it is not a table".to_owned();
    }
    let missing: Vec<_> = differences.iter().filter_map(missing_column).collect();
    match (missing.as_slice(), differences) {
        ([], []) => "tasktrail_migrations does not list its migration".to_owned(),
        ([], [difference, ..]) => difference.to_string(),
        (columns, _) => format!("it has no column {}", columns.join(", ")),
    }
}

fn missing_column(difference: &SchemaDifference) -> Option<&str> {
    let column = difference.object.strip_prefix("column ")?;
    let (_table, name) = column.split_once('.')?;
    difference.found.is_none().then_some(name)
}
