//! Whether new entries come behind those that are there.

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::MigrateError;
use tasktrail_postgres::entry_order::Finding as Found;

use super::finding::{Finding, FindingCode, Severity};
use super::probe::missing_privilege;

pub(super) fn judge(found: &Result<Found, MigrateError>) -> Option<Finding> {
    match found {
        Ok(Found::Order { order, is_exact }) if order.is_behind() => {
            let greatest = order.greatest.unwrap_or_default();
            let by = if *is_exact {
                ""
            } else {
                ", by a sample of the last pages"
            };
            Some(FindingCode::SequenceBehind.finding(
                Severity::Critical,
                "new entries would come before those that are there: rows were copied without the sequence of \
                 their ids",
                format!("the next id is {}, the greatest that there is {greatest}{by}", order.next),
                "run tasktrail migrate order as the owner of the tables; until then saves that would be stored in \
                 the wrong order are refused",
            ))
        }
        Ok(Found::Order {
            order,
            is_exact: false,
        }) => Some(FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the server did not tell in time whether the sequence of the ids is beyond all of them",
            format!(
                "the next id is {}, beyond those in a sample of the last pages",
                order.next
            ),
            "run tasktrail migrate check, which takes its time",
        )),
        Ok(Found::Hidden) => Some(missing_privilege(
            "whether the sequence of the ids is beyond all of them",
            "SELECT on the sequence of task_history.id",
            "run what tasktrail migrate roles prints again, or diagnose as the owner of the tables",
        )),
        Ok(Found::Order { .. } | Found::Missing) => None,
        Err(error) => Some(FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the server did not tell whether the sequence of the ids is beyond all of them",
            ErrorChain(error).to_string(),
            "run tasktrail migrate check",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasktrail_postgres::entry_order::EntryOrder;

    fn judged(next: i64, greatest: Option<i64>, is_exact: bool) -> Option<(FindingCode, Severity)> {
        let order = EntryOrder { next, greatest };
        let finding = judge(&Ok(Found::Order { order, is_exact }))?;
        Some((finding.code, finding.severity))
    }

    #[test]
    fn a_sequence_must_be_beyond_the_greatest_id() {
        let behind = Some((FindingCode::SequenceBehind, Severity::Critical));

        assert_eq!(judged(1, None, true), None);
        assert_eq!(judged(8, Some(7), true), None);
        assert_eq!(judged(7, Some(7), true), behind);
        assert_eq!(judged(7, Some(7), false), behind);
    }

    #[test]
    fn what_only_a_sample_says_is_not_all_right() {
        let unsure = Some((FindingCode::CheckFailed, Severity::Notice));

        assert_eq!(judged(8, Some(7), false), unsure);
    }
}
