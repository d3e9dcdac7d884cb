use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::Output;

/// Print the completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail completions bash > ~/.local/share/bash-completion/completions/tasktrail
  tasktrail completions zsh > ~/.zfunc/_tasktrail
  tasktrail completions fish > ~/.config/fish/completions/tasktrail.fish")]
pub(crate) struct CompletionsArgs {
    /// Shell to generate the script for.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(
    args: &CompletionsArgs,
    tool: &mut clap::Command,
    output: &mut Output,
) -> Result<(), Failure> {
    // Generated in memory first: the generator panics if it cannot write, for example to a closed
    // pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, tool, "tasktrail", &mut script);
    output.bytes(&script)
}
