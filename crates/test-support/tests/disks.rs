//! Servers on separate disks, and full disks.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tasktrail_test_support::{Disk, ServerOptions, simple_query};
use tempfile::TempDir;

/// If the test runs as root, the server runs under another account.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    place
}

fn only_entry(directory: &Path) -> Vec<String> {
    let mut inside: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let inside = inside.pop().unwrap().path();
    let names = fs::read_dir(inside).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn data_and_wal_are_in_the_given_directories_and_are_removed() {
    let (data, wal) = (place(), place());
    let server = ServerOptions::default()
        .data_in(data.path())
        .wal_in(wal.path())
        .start()
        .unwrap();
    assert!(only_entry(data.path()).contains(&"PG_VERSION".to_owned()));
    assert!(only_entry(wal.path()).contains(&"000000010000000000000001".to_owned()));
    assert!(server.directory().join("data/PG_VERSION").exists());
    server.kill();
    server.restart();
    simple_query::execute(server.addr(), "postgres", "SELECT 1").unwrap();
    drop(server);
    assert!(is_empty(data.path()) && is_empty(wal.path()));
}

#[test]
fn a_separate_data_directory_does_not_contain_the_wal() {
    let data = place();
    let server = ServerOptions::default()
        .data_in(data.path())
        .start()
        .unwrap();
    let wal = server
        .directory()
        .join("data/pg_wal")
        .canonicalize()
        .unwrap();
    assert!(wal.starts_with(server.directory()), "{}", wal.display());
}

#[test]
#[ignore = "needs root: mounts a tmpfs"]
fn a_disk_can_be_filled_freed_and_unmounted() {
    let disk = Disk::mount(1).unwrap();
    let file = disk.path().join("file");
    for _ in 0..2 {
        disk.fill();
        assert_eq!(
            fs::write(&file, "x").unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        disk.free();
        fs::write(&file, "x").unwrap();
        fs::remove_file(&file).unwrap();
    }
    let directory = disk.path().to_owned();
    drop(disk);
    assert!(!directory.exists());
}
