use clap::ValueEnum;

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences for people.
    #[default]
    Table,
    /// One JSON document for programs.
    Json,
}
