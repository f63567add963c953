//! Measures what this server promises, each figure beside its limit: `scripts/bench`.
//!
//! Rates are compared within one run, against a yardstick measured in turn with it, because
//! machines differ and the same machine differs from hour to hour.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says so by failing")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod basics;
#[path = "../live/cluster.rs"]
mod cluster;
mod flood;
#[path = "../live/mod.rs"]
mod live;
mod load;
mod pgbench;
mod refresh;
mod render;
mod scale;
mod table;
mod timing;
mod yardstick;

use std::path::Path;

use live::Deployment;

const BINARY: &str = env!("CARGO_BIN_EXE_authara");
const ROUNDS: usize = 5;
const CLIENTS: usize = 32;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(yardstick::BARE_SERVER) => return yardstick::serve_bare(),
        Some(yardstick::COMMITS) => return yardstick::commit_one_by_one(),
        _ => {}
    }
    // One thread for the load: on a small machine the server needs the others.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let are_met = runtime.block_on(measure());
    if !are_met {
        std::process::exit(1);
    }
}

/// Whether every limit is met.
async fn measure() -> bool {
    authara::allocator::return_large_blocks();
    // Beside the build, because the system's folder for such may be memory, where a commit costs nothing.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).unwrap();
    let deployment = Deployment::new(BINARY, folder, "bench");

    let named: Vec<_> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with("--"))
        .collect();
    let is_wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);

    let mut lines = Vec::new();
    if is_wanted("size") {
        lines.push(basics::size());
    }
    if is_wanted("start") {
        lines.push(basics::start(&deployment).await);
    }
    if is_wanted("memory") {
        lines.extend(basics::memory(&deployment).await);
    }
    if is_wanted("sign-in") {
        lines.push(basics::sign_in(&deployment).await);
    }
    if is_wanted("refresh") {
        lines.extend(refresh::on_sqlite(folder).await);
    }
    if is_wanted("postgres") {
        lines.extend(refresh::on_postgres(folder).await);
    }
    if is_wanted("answers") {
        lines.extend(basics::answers(&deployment).await);
    }
    if is_wanted("pages") {
        lines.extend(render::pages(folder).await);
    }
    if is_wanted("flood") || is_wanted("flood-sqlite") {
        lines.extend(flood::on_sqlite(folder).await);
    }
    if is_wanted("flood") || is_wanted("flood-postgres") {
        lines.extend(flood::on_postgres(folder).await);
    }
    if is_wanted("timing") || is_wanted("timing-sqlite") {
        lines.extend(timing::on_sqlite(folder).await);
    }
    if is_wanted("timing") || is_wanted("timing-postgres") {
        lines.extend(timing::on_postgres(folder).await);
    }
    // Only by name: the data take minutes to make and gigabytes to keep.
    let is_named = |name: &str| named.iter().any(|named| named == name);
    if is_named("scale") || is_named("scale-sqlite") {
        lines.extend(scale::on_sqlite(folder).await);
    }
    if is_named("scale") || is_named("scale-postgres") {
        lines.extend(scale::on_postgres(folder).await);
    }

    if is_named("backup") || is_named("backup-sqlite") {
        lines.extend(scale::backup::on_sqlite(folder).await);
    }
    if is_named("backup") || is_named("backup-postgres") {
        lines.extend(scale::backup::on_postgres(folder).await);
    }

    table::print(&lines);
    lines.iter().all(|line| line.is_met)
}
