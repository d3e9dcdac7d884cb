use tasktrail::UserId;
use tasktrail::task_history::TaskFilter;

use super::args::TasksArgs;
use crate::output::quoted;

/// The same command for the next page. The times of the filter are absolute, so that all pages have
/// the same.
pub(super) fn command(args: &TasksArgs, filter: &TaskFilter, next: &str) -> String {
    let mut words = vec!["tasktrail tasks".to_owned()];
    let user = args.user.as_ref().map(UserId::as_str);
    match user {
        Some(user) if !user.starts_with('-') => words.push(quoted(user)),
        Some(_) => {}
        None => words.push("--all".to_owned()),
    }
    let mut option = |name: &str, value: &str| words.push(format!("{name}{}", quoted(value)));
    if let Some(prefix) = &args.user_prefix {
        option("--user-prefix=", prefix.as_str());
    }
    for status in &args.statuses {
        option("--status ", status.as_str());
    }
    match filter.finished {
        None => {}
        Some(true) => words.push("--finished".to_owned()),
        Some(false) => words.push("--open".to_owned()),
    }
    let mut option = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
    if let Some(code) = &filter.error_code {
        option("--error-code", code.as_str());
    }
    if let Some(since) = filter.since {
        option("--since", &since.to_string());
    }
    if let Some(until) = filter.until {
        option("--until", &until.to_string());
    }
    option("--limit", &args.limit.to_string());
    option("--after", next);
    if let Some(user) = user.filter(|user| user.starts_with('-')) {
        // Otherwise the user would be parsed as an option.
        option("--", user);
    }
    words.join(" ")
}
