//! Parse, run, exit code.

use std::num::NonZero;
use std::process::ExitCode;

/// Deep selections nest deep futures; memory is taken only as far as it is used.
const WORKER_STACK: usize = 8 * 1024 * 1024;

/// New documents occupy all workers but one at most: there are two on a machine of one core as well.
const FEWEST_WORKERS: usize = 2;

fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if std::thread::available_parallelism().map_or(1, NonZero::get) < FEWEST_WORKERS {
        runtime.worker_threads(FEWEST_WORKERS);
    }
    match runtime.enable_all().thread_stack_size(WORKER_STACK).build() {
        Ok(runtime) => runtime.block_on(rec_api::cli::run()),
        Err(_) => ExitCode::FAILURE,
    }
}
