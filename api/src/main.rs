//! The program. What it does is the library's: what is compiled here is compiled again for the program of the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    rec_api::cli::main()
}
