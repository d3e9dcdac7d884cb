use std::env;
use std::io::IsTerminal;

/// Whether to print colours to `stream`.
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal()
        && !set("NO_COLOR")
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
