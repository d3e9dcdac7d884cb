//! Evaluates whether new entries sort after existing ones.

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
                "new entries would sort before existing ones: rows were copied without the sequence of their \
                 ids",
                format!("the next id is {}, the greatest existing one {greatest}{by}", order.next),
                "run tasktrail migrate order as the owner of the tables; until then, saves that would be \
                 stored in the wrong order are refused",
            ))
        }
        Ok(Found::Order {
            order,
            is_exact: false,
        }) => Some(FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the check whether the sequence of the ids is above all ids timed out",
            format!(
                "the next id is {}, above those in a sample of the last pages",
                order.next
            ),
            "run tasktrail migrate check, which has no timeout",
        )),
        Ok(Found::Hidden) => Some(missing_privilege(
            "whether the sequence of the ids is above all ids",
            "SELECT on the sequence of task_history.id",
            "run the SQL that tasktrail migrate roles prints again, or run the diagnosis as the owner of the tables",
        )),
        Ok(Found::Order { .. } | Found::Missing) => None,
        Err(error) => Some(FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the check whether the sequence of the ids is above all ids failed",
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
        let order = EntryOrder::new(next, greatest);
        let finding = judge(&Ok(Found::Order { order, is_exact }))?;
        Some((finding.code, finding.severity))
    }

    #[test]
    fn sequence_at_or_below_the_greatest_id_is_critical() {
        let behind = Some((FindingCode::SequenceBehind, Severity::Critical));

        assert_eq!(judged(1, None, true), None);
        assert_eq!(judged(8, Some(7), true), None);
        assert_eq!(judged(7, Some(7), true), behind);
        assert_eq!(judged(7, Some(7), false), behind);
    }

    #[test]
    fn sequence_above_a_sample_only_is_a_notice() {
        let unsure = Some((FindingCode::CheckFailed, Severity::Notice));

        assert_eq!(judged(8, Some(7), false), unsure);
    }
}
