//! Parse, run, exit code.

use std::process::ExitCode;

/// Deep selections nest deep futures; memory is taken only as far as it is used.
const WORKER_STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(WORKER_STACK).build() {
        Ok(runtime) => runtime.block_on(rec_api::cli::run()),
        Err(_) => ExitCode::FAILURE,
    }
}
