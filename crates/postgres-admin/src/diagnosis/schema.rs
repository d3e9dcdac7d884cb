//! Evaluates the differences of the schema from the expected one.

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::MigrateError;
use tasktrail_postgres::schema_check::SchemaDifference;

use super::finding::{Finding, FindingCode, Severity};
use super::tables::TableFacts;

pub(super) fn judge(
    differences: &Result<Vec<SchemaDifference>, MigrateError>,
    tables: &[TableFacts],
) -> Vec<Finding> {
    if let Some(refusal) = differences.as_ref().err().and_then(refusal) {
        return vec![refusal];
    }
    match differences {
        Ok(differences) => {
            let differences = differences.iter().filter(|found| !is_invalid_index(found));
            differences
                .map(|found| judge_difference(found, tables))
                .collect()
        }
        Err(error) => vec![FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the tables could not be compared with those that the migrations create",
            ErrorChain(error).to_string(),
            "run tasktrail migrate check",
        )],
    }
}

/// Converts the error for a database or schema that cannot hold the store.
fn refusal(error: &MigrateError) -> Option<Finding> {
    let (code, summary, advice) = match error {
        MigrateError::Encoding { .. } => (
            FindingCode::Encoding,
            "the database has an encoding that cannot store every character",
            "create a database with ENCODING 'UTF8' TEMPLATE template0, and keep the store there",
        ),
        MigrateError::Foreign { .. } => (
            FindingCode::ForeignTable,
            "a table in the schema of the store does not belong to Tasktrail",
            "set `schema` to another schema",
        ),
        MigrateError::OtherStore { .. } => (
            FindingCode::OtherStore,
            "no schema is configured, and a store exists in a schema other than the default",
            "set `schema` to the schema of the store",
        ),
        _ => return None,
    };
    Some(code.finding(Severity::Critical, summary, error.to_string(), advice))
}

/// Reported with the indexes instead.
fn is_invalid_index(difference: &SchemaDifference) -> bool {
    let found = difference.found.as_deref();
    difference.object.starts_with("index ")
        && found.is_some_and(|found| found.ends_with(" INVALID"))
}

fn judge_difference(difference: &SchemaDifference, tables: &[TableFacts]) -> Finding {
    let object = &difference.object;
    if let (Some(index), Some(definition), None) = (
        object.strip_prefix("index "),
        &difference.expected,
        &difference.found,
    ) {
        return FindingCode::MissingIndex.finding(
            Severity::Warning,
            format!(
                "the {object} is missing: some reads are slow, and get slower as the store grows"
            ),
            format!("expected {definition}"),
            creation(index, definition, tables),
        );
    }
    // Saves fail without these tables, columns and keys. An additional one is usually harmless.
    let vital = ["table ", "column "]
        .iter()
        .any(|kind| object.starts_with(kind))
        || object.ends_with("_pkey");
    let severity = match (&difference.expected, vital) {
        (Some(_), true) => Severity::Critical,
        (None, _) => Severity::Notice,
        (Some(_), false) if object.starts_with("comment ") => Severity::Notice,
        (Some(_), false) => Severity::Warning,
    };
    FindingCode::SchemaDrift.finding(
        severity,
        format!("the {object} differs from the one that the migrations create"),
        difference.to_string(),
        "find out who changed it, and undo the change; tasktrail migrate check lists all differences",
    )
}

/// The statement that creates the index `table.index`, without blocking saves if possible.
fn creation(index: &str, definition: &str, tables: &[TableFacts]) -> String {
    let (table, name) = index.split_once('.').unwrap_or_default();
    let facts = tables.iter().find(|facts| facts.name == table);
    let qualified = facts.map_or(table, |facts| &facts.qualified);
    if facts.is_some_and(|facts| facts.partitions > 0) {
        // CREATE INDEX CONCURRENTLY does not support partitioned tables, but a partitioned index
        // uses matching indexes of the partitions.
        format!(
            "first create the index on each partition (CREATE INDEX CONCURRENTLY with the same definition), \
             or saves wait for the build; then: CREATE INDEX {name} ON {qualified} USING {definition}"
        )
    } else {
        format!("CREATE INDEX CONCURRENTLY {name} ON {qualified} USING {definition}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_of_a_difference_depends_on_what_it_breaks() {
        let judged = |object: &str, expected: Option<&str>, found: Option<&str>| {
            let judged = judge_difference(
                &SchemaDifference::new(
                    object,
                    expected.map(str::to_owned),
                    found.map(str::to_owned),
                ),
                &[],
            );
            (judged.code, judged.severity)
        };
        let (is, was) = (Some("one"), Some("other"));

        assert_eq!(
            judged("index task_summary.task_summary_list_idx", is, None),
            (FindingCode::MissingIndex, Severity::Warning)
        );
        let differs = |severity| (FindingCode::SchemaDrift, severity);
        assert_eq!(judged("column a.b", is, was), differs(Severity::Critical));
        assert_eq!(
            judged("constraint a.a_pkey", is, None),
            differs(Severity::Critical)
        );
        assert_eq!(
            judged("constraint a.b", is, None),
            differs(Severity::Warning)
        );
        assert_eq!(judged("comment a", is, was), differs(Severity::Notice));
        assert_eq!(judged("column a.c", None, was), differs(Severity::Notice));
    }
}
