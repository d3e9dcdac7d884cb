//! The contract of the ports of orchestration: one suite for each port.
//!
//! Each suite takes an `async fn() -> (Orchestration, Guard)`. The five ports of an
//! [`Orchestration`] must share one store, because a case of one port uses the others: an agent has
//! executions only if a task was created and claimed.
//!
//! - [`fixture`]: owners, agents, tasks and writes with readable defaults.
//! - [`under_test`]: the ports, with methods that panic on an error.
//! - [`model`]: random writes, to run on two stores and compare the results.
//! - [`situation`]: the usual first steps of a case.
//! - [`soundness`]: whether everything fits together at the end of a case.

pub mod agents;
pub mod audit_log;
pub mod dispatch;
pub mod fixture;
pub mod model;
pub mod situation;
pub mod soundness;
pub mod tasks;
pub mod under_test;

pub use self::under_test::Orchestration;

/// Generates one test per case of a port: `agents $fresh; module: case, case; module: case;`.
/// `without agents $fresh; …` omits the module `dropped_calls`.
#[doc(hidden)]
#[macro_export]
macro_rules! __orchestration_cases {
    ($port:ident $fresh:path; $($concern:ident: $($case:ident),+;)+) => {
        $($crate::__orchestration_concern! { with $port $concern $fresh: $($case)+ })+
    };
    ($with:ident $port:ident $fresh:path; $($concern:ident: $($case:ident),+;)+) => {
        $($crate::__orchestration_concern! { $with $port $concern $fresh: $($case)+ })+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __orchestration_concern {
    (without $port:ident dropped_calls $fresh:path: $($case:ident)+) => {};
    ($with:ident $port:ident $concern:ident $fresh:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::run(
                    $fresh,
                    ::std::convert::identity::<$crate::Orchestration>,
                    $crate::orchestration::$port::$concern::$case,
                );
            }
        )+
    };
}
