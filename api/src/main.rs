//! Starts the runtime and turns the outcome of a command into the exit code. Parses nothing and knows no command: `cli` does.

use std::num::NonZero;
use std::process::ExitCode;

/// Deep selections nest futures deeply, which takes stack. Memory is taken only as far as it is used.
const WORKER_STACK: usize = 8 * 1024 * 1024;

/// New documents may occupy all workers but one, so there are at least two, even on a machine of one core.
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
