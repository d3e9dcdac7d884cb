use super::*;

const fn script(folder: &'static str) -> Script {
    Script {
        folder,
        up: "",
        down: "",
        in_transaction: true,
    }
}

const FOUR: [Script; 4] = [
    script("2026-01-01-000000-0000_create_a"),
    script("2026-01-01-000000-0001_create_b"),
    script("2026-02-01-000000-0000_add_c"),
    script("2026-03-01-000000-0000_add_d"),
];

/// A schema with the first `applied` migrations and some unknown ones.
fn state(applied: usize, unknown: &[&str]) -> SchemaState {
    let versions: Vec<_> = FOUR.iter().map(Script::version).collect();
    let (applied, pending) = versions.split_at(applied);
    let unknown: Vec<_> = unknown.iter().map(|&version| version.to_owned()).collect();
    SchemaState {
        applied: [applied, &unknown].concat(),
        pending: pending.to_vec(),
        unknown,
        other_stores: Vec::new(),
    }
}

fn names(plan: &MigrationPlan) -> Vec<&'static str> {
    plan.scripts().iter().map(Script::name).collect()
}

#[track_caller]
fn chosen(applied: usize, target: &MigrationTarget) -> Vec<&'static str> {
    names(&MigrationPlan::choose(&FOUR, &state(applied, &[]), target).unwrap())
}

fn to(version: &str) -> MigrationTarget {
    MigrationTarget::UpTo(version.to_owned())
}

fn back_to(version: &str) -> MigrationTarget {
    MigrationTarget::DownTo(version.to_owned())
}

#[test]
fn up_applies_pending_migrations_oldest_first() {
    let all = ["create_a", "create_b", "add_c", "add_d"];

    assert_eq!(chosen(0, &MigrationTarget::UpToDate), all);
    assert_eq!(chosen(2, &MigrationTarget::UpToDate), ["add_c", "add_d"]);
    assert!(chosen(4, &MigrationTarget::UpToDate).is_empty());
    assert_eq!(chosen(1, &to("add_c")), ["create_b", "add_c"]);
    assert!(chosen(3, &to("create_b")).is_empty());
}

#[test]
fn down_reverts_the_newest_first() {
    assert_eq!(chosen(3, &MigrationTarget::DownOne), ["add_c"]);
    assert!(chosen(0, &MigrationTarget::DownOne).is_empty());
    assert_eq!(
        chosen(4, &back_to("create_b")),
        ["add_d", "add_c"],
        "the named one remains applied"
    );
    assert!(chosen(2, &back_to("create_b")).is_empty());
    let all = ["add_c", "create_b", "create_a"];
    assert_eq!(chosen(3, &MigrationTarget::DownAll), all);
}

#[test]
fn down_to_a_migration_that_is_not_applied_is_refused() {
    let refused = MigrationPlan::choose(&FOUR, &state(1, &[]), &back_to("add_d"));

    match refused {
        Err(MigrateError::NotApplied(label)) => assert_eq!(label, "202603010000000000 add_d"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn migration_is_found_by_version_name_folder_or_prefix() {
    for (wanted, found) in [
        ("202602010000000000", "add_c"),
        ("202602", "add_c"),
        ("2026-02", "add_c"),
        ("add_c", "add_c"),
        ("create_b", "create_b"),
        ("2026-01-01-000000-0001_create_b", "create_b"),
    ] {
        assert_eq!(find(&FOUR, wanted).unwrap().name(), found, "{wanted}");
    }
}

#[test]
fn unknown_and_ambiguous_versions_are_refused_with_candidates() {
    for wanted in ["2027", "", "c"] {
        match find(&FOUR, wanted) {
            Err(MigrateError::UnknownVersion { known, .. }) => assert_eq!(known.len(), 4),
            Err(MigrateError::AmbiguousVersion { matching, .. }) => {
                assert_eq!((wanted, matching.len()), ("c", 2));
            }
            other => panic!("{other:?}"),
        }
    }
    let words = find(&FOUR, "add").unwrap_err().to_string();
    let fitting = "202602010000000000 add_c, 202603010000000000 add_d";
    assert_eq!(words, format!("add matches several migrations: {fitting}"));
}

#[test]
fn migrations_of_a_newer_program_prevent_a_plan() {
    let newer = state(4, &["202701010000000000"]);
    let refused = [
        MigrationTarget::UpToDate,
        MigrationTarget::DownOne,
        MigrationTarget::DownAll,
        back_to("add_c"),
    ];

    for target in refused {
        let chosen = MigrationPlan::choose(&FOUR, &newer, &target);
        assert!(matches!(chosen, Err(MigrateError::Newer(_))), "{target:?}");
    }
}

#[test]
fn steps_done_by_other_processes_are_skipped() {
    let up = MigrationPlan::choose(&FOUR, &state(1, &[]), &to("add_c")).unwrap();
    let down = MigrationPlan::choose(&FOUR, &state(4, &[]), &back_to("create_a")).unwrap();

    assert_eq!(names(&up.left(&state(2, &[])).unwrap()), ["add_c"]);
    assert!(up.left(&state(4, &[])).unwrap().is_empty());
    assert_eq!(
        names(&down.left(&state(3, &[])).unwrap()),
        ["add_c", "create_b"]
    );
    assert!(down.left(&state(1, &[])).unwrap().is_empty());
}

#[test]
fn migration_applied_on_top_prevents_a_revert() {
    let down = MigrationPlan::choose(&FOUR, &state(3, &[]), &MigrationTarget::DownOne).unwrap();

    for later in [state(4, &[]), state(3, &["202701010000000000"])] {
        let left = down.left(&later);
        assert!(
            matches!(left, Err(MigrateError::SchemaChanged(_))),
            "{left:?}"
        );
    }
}
