//! SQL statements that are prepared once per connection.
//!
//! Diesel prepares a raw `sql_query` on every call, at the cost of a round trip. It caches the
//! prepared statement of a query type that has a static id. So each statement that the query
//! builder cannot express is a type with its text, its parameters and its columns.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error;

/// A statement with its parameters.
pub trait Statement {
    /// The SQL text, with `$1`, `$2` and so on for parameters. It must contain no other `$`.
    const SQL: &'static str;

    /// The SQL types of the columns that it returns.
    type Columns;

    /// The type with a `'static` lifetime: its key in the cache of prepared statements.
    type Id: 'static;

    /// Binds the value of parameter number `parameter`. Called once for each place where the
    /// parameter appears in the text.
    ///
    /// # Errors
    ///
    /// If there is no such parameter, or the value cannot be serialized.
    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// Makes a [`Statement`] a Diesel query.
#[derive(Debug)]
pub struct Prepared<S>(pub S);

impl<S: Statement> QueryFragment<Pg> for Prepared<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = S::SQL.split('$');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, text) = part.split_at(digits);
            let parameter = number
                .parse()
                .map_err(|e| Error::QueryBuilderError(Box::new(e)))?;
            self.0.bind(parameter, &mut out)?;
            out.push_sql(text);
        }
        Ok(())
    }
}

impl<S: Statement> Query for Prepared<S> {
    type SqlType = S::Columns;
}

impl<S: Statement> QueryId for Prepared<S> {
    type QueryId = Prepared<S::Id>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

/// Reports that the text uses a parameter that the statement does not bind.
///
/// # Errors
///
/// Always.
pub fn unbound(parameter: u8) -> QueryResult<()> {
    Err(Error::QueryBuilderError(
        format!("parameter ${parameter} is not bound").into(),
    ))
}
