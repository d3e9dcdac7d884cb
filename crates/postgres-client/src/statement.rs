//! Statements that are written as SQL and prepared once on each connection.
//!
//! Diesel prepares a raw `sql_query` on every call, which costs a round trip; a query type with a
//! static id it keeps prepared. So each statement that the query builder cannot say is a type: its
//! text, its parameters, and the columns of its rows.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error;

/// A statement with its parameters.
pub trait Statement {
    /// The text, with `$1`, `$2` … wherever the parameters go. A `$` stands nowhere else.
    const SQL: &'static str;

    /// The SQL types of the columns it returns.
    type Columns;

    /// The type itself, without its lifetime: what it is known by among the prepared ones.
    type Id: 'static;

    /// Binds the parameter of that number, at a place where the text has it.
    ///
    /// # Errors
    ///
    /// If there is no such parameter, or the value cannot be written.
    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// A [`Statement`] as Diesel runs it.
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

/// The text has a parameter that the statement does not bind.
///
/// # Errors
///
/// Always.
pub fn unbound(parameter: u8) -> QueryResult<()> {
    Err(Error::QueryBuilderError(
        format!("parameter ${parameter} is not bound").into(),
    ))
}
