use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Reads a JSON document from a file, or from standard input if the path is `-`.
pub(crate) fn read_document<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let shown = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_bytes| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::error(format!("cannot read {shown}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Failure::error(format!("{shown}: {error}")))
}
