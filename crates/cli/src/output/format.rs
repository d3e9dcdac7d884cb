use clap::ValueEnum;

/// Output format of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and text.
    #[default]
    Table,
    /// One JSON document.
    Json,
}
