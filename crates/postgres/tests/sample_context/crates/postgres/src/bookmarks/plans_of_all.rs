//! Tests that every statement reads index ranges only.

use std::path::Path;

use tasktrail_postgres_client::statement::Statement as _;
use tasktrail_test_support::statement_plans::{beyond_index_ranges, files_without_a_plan};

use super::operations::{Get, Put};
use crate::migrated;

#[test]
fn every_statement_reads_index_ranges_only() {
    let database = migrated();
    let statements = [Get::SQL, Put::SQL];

    for sql in statements {
        let explain = format!(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan;
             PREPARE statement AS {sql}; EXPLAIN (COSTS OFF) EXECUTE statement (NULL, NULL{})",
            if sql.contains("$3") { ", NULL" } else { "" }
        );
        let lines = database.execute(&explain).unwrap().into_iter().flatten();
        let plan: Vec<_> = lines.flatten().collect();
        assert_eq!(beyond_index_ranges(&plan.join("\n")), None);
    }
    let folder = Path::new(file!()).with_file_name("sql");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    assert_eq!(files_without_a_plan(&folder, statements).unwrap(), [""; 0]);
}
