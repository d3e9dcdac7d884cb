use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::Output;

/// Print the script that completes this tool's commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail completions bash > ~/.local/share/bash-completion/completions/tasktrail
  tasktrail completions zsh > ~/.zfunc/_tasktrail
  tasktrail completions fish > ~/.config/fish/completions/tasktrail.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(
    args: &CompletionsArgs,
    tool: &mut clap::Command,
    output: &mut Output,
) -> Result<(), Failure> {
    // Through memory: the generator panics where it cannot write, such as on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, tool, "tasktrail", &mut script);
    output.bytes(&script)
}
