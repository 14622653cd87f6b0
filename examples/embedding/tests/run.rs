//! Runs the examples and checks what they print.

use std::process::Command;

/// What an example prints, which must succeed.
fn printed(path: &str) -> String {
    let output = Command::new(path).output().expect("the example runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{path}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn hello_prints_what_the_guest_returns() {
    let printed = printed(env!("CARGO_BIN_EXE_hello"));
    assert_eq!(printed, "gcd(1071, 462) = 21\n");
}

#[test]
fn host_functions_log_sell_and_fail() {
    let printed = printed(env!("CARGO_BIN_EXE_host_functions"));
    let expected = "guest: shopping\n\
        host: sold for 10\n\
        host: sold for 20\n\
        host: sold for 40\n\
        host: 80 is too much\n\
        host: 30 left\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_thawed_guest_goes_on_where_it_was_frozen() {
    let printed = printed(env!("CARGO_BIN_EXE_freeze_and_thaw"));
    let (before, after) = printed.split_once("frozen: ").expect("it is frozen");
    assert!(before.starts_with("guest: at 1000\nguest: at 2000\n"));
    assert!(before.contains("sum"), "{before}");
    let size: usize = after.split(' ').next().unwrap().parse().unwrap();
    assert!((1000..10_000).contains(&size), "{size}");
    // The magic number of images, and not much more.
    assert!(after.contains("\n  89 57 46 49 4d 47"), "{after}");
    assert!(after.lines().count() < 20, "{after}");
    let rest = "guest: at 3000\nguest: at 4000\nguest: at 5000\nthawed: Returned(12502500)\n";
    assert!(after.ends_with(rest), "{after}");
    assert_eq!(printed.matches("guest: at").count(), 5);
}

#[test]
fn guests_take_turns_and_are_parked_while_they_sleep() {
    let printed = printed(env!("CARGO_BIN_EXE_scheduler"));
    let count = |line: &str| printed.lines().filter(|&other| other == line).count();
    for guest in 0..6 {
        for round in 1..=3 {
            assert_eq!(
                count(&format!("guest {guest}: round {round}")),
                1,
                "{printed}"
            );
        }
        assert_eq!(
            count(&format!("guest {guest} returns {}", guest * guest)),
            1,
            "{printed}"
        );
    }
    let thawed = printed.lines().filter(|line| line.ends_with(" is thawed"));
    assert!(thawed.count() >= 4, "{printed}");
}
