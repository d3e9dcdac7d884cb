//! Run SQL as `postgres` on a server with `trust` authentication, without the code under test.
//!
//! This is a minimal client of the PostgreSQL protocol. Not every installation has `psql`, and
//! starting it takes ten times as long.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::wait::TIMEOUT;

/// A row, with every value as text and `None` for `NULL`.
pub type Row = Vec<Option<String>>;

const PROTOCOL_3_0: i32 = 0x0003_0000;

/// Connects to `database`, runs `sql`, and returns all rows in order. `sql` can contain several
/// statements.
///
/// # Errors
///
/// [`QueryError::Io`] if the server cannot be reached, closes the connection, or does not answer
/// within two minutes. [`QueryError::Refused`] if the server returns an error for the connection or
/// a statement.
pub fn execute(addr: SocketAddr, database: &str, sql: &str) -> Result<Vec<Row>, QueryError> {
    // A frozen server must not hang the test.
    let mut server = TcpStream::connect_timeout(&addr, TIMEOUT)?;
    server.set_read_timeout(Some(TIMEOUT))?;
    server.write_all(&startup(database)?)?;
    read_answer(&mut server)?;
    server.write_all(&query(sql)?)?;
    read_answer(&mut server)
}

/// The error of [`execute`].
#[derive(Debug)]
pub enum QueryError {
    /// The connection failed.
    Io(io::Error),
    /// The server returned an error.
    Refused {
        /// The SQLSTATE, such as `42P01`.
        code: String,
        /// The primary message.
        message: String,
    },
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => write!(f, "no answer from the server"),
            Self::Refused { code, message } => write!(f, "{message} ({code})"),
        }
    }
}

impl std::error::Error for QueryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Refused { .. } => None,
        }
    }
}

impl From<io::Error> for QueryError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn startup(database: &str) -> io::Result<Vec<u8>> {
    let mut body = PROTOCOL_3_0.to_be_bytes().to_vec();
    for text in ["user", "postgres", "database", database, ""] {
        push_text(&mut body, text);
    }
    with_length(&body)
}

fn query(sql: &str) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    push_text(&mut body, sql);
    Ok([b"Q".to_vec(), with_length(&body)?].concat())
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
    body.push(0);
}

fn with_length(body: &[u8]) -> io::Result<Vec<u8>> {
    let length = i32::try_from(body.len() + 4).map_err(io::Error::other)?;
    Ok([&length.to_be_bytes(), body].concat())
}

/// Reads up to `ReadyForQuery`, or up to the error with which the server closes the connection.
fn read_answer(server: &mut TcpStream) -> Result<Vec<Row>, QueryError> {
    let mut rows = Vec::new();
    let mut refusal = None;
    loop {
        let (kind, body) = match read_message(server) {
            Ok(message) => message,
            Err(error) => return Err(refusal.unwrap_or(error.into())),
        };
        match kind {
            b'D' => rows.push(row(&body)?),
            b'E' => refusal = Some(refused(&body)),
            b'R' => check_trusted(&body)?,
            b'Z' => return refusal.map_or(Ok(rows), Err),
            _ => {}
        }
    }
}

fn read_message(server: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let [kind] = take(server)?;
    let length = i32::from_be_bytes(take(server)?) - 4;
    let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    server.read_exact(&mut body)?;
    Ok((kind, body))
}

fn row(mut body: &[u8]) -> io::Result<Row> {
    let columns = i16::from_be_bytes(take(&mut body)?);
    (0..columns).map(|_| value(&mut body)).collect()
}

fn value(body: &mut &[u8]) -> io::Result<Option<String>> {
    // A length of -1 is NULL.
    let Ok(length) = usize::try_from(i32::from_be_bytes(take(body)?)) else {
        return Ok(None);
    };
    let mut bytes = vec![0; length];
    body.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map(Some).map_err(io::Error::other)
}

fn refused(body: &[u8]) -> QueryError {
    let field = |key: u8| {
        body.split(|&byte| byte == 0)
            .find_map(|field| field.strip_prefix(&[key]))
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    };
    QueryError::Refused {
        code: field(b'C'),
        message: field(b'M'),
    }
}

fn check_trusted(mut body: &[u8]) -> io::Result<()> {
    match i32::from_be_bytes(take(&mut body)?) {
        0 => Ok(()),
        _ => Err(io::Error::other(
            "the server requires a password, which this client does not support",
        )),
    }
}

fn take<const N: usize>(source: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}
