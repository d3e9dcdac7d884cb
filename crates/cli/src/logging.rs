use std::io;

use tracing_subscriber::EnvFilter;

/// Sends logs to stderr: what `RUST_LOG` names, else what the number of `-v` asks for.
pub(crate) fn init(verbose: u8) {
    let by_flag = match verbose {
        // An error is told once, by the tool itself.
        0 => "off",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(by_flag));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(crate::output::has_colours(&io::stderr()))
        .init();
}
