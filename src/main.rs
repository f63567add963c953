//! The program: arguments to `cli`, its verdict to the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    authara::allocator::return_large_blocks();
    authara::cli::run(std::env::args_os())
}
