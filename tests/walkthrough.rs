//! What the documentation shows of the API works as it stands there.

use std::collections::BTreeSet;
use std::process::Command;

use crate::kit::app::TestApp;
use crate::kit::database::Database;

const PAGE: &str = include_str!("../docs/api.md");
const FACES: &str = include_str!("../src/http/faces.rs");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_of_the_api_page_run_from_top_to_bottom() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let (_, rest) = PAGE.split_once("```sh\n").unwrap();
    let (commands, _) = rest.split_once("```\n").unwrap();
    let ended = format!("set -euo pipefail\n{commands}\ncurl -s \"$api/user\" -H \"authorization: Bearer $access\"");
    let mut shell = Command::new("bash");
    shell.args(["-c", &ended]).env("api", format!("http://{}", app.address));

    let output = tokio::task::spawn_blocking(move || shell.output())
        .await
        .unwrap()
        .unwrap();

    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains(r#""email":"grace@example.com""#), "{said}");
    assert!(
        said.trim_end().ends_with(r#""message":"sign in first"}}"#),
        "the session has not ended: {said}"
    );
}

#[test]
fn the_api_page_explains_every_code_that_there_is() {
    let (faces, _) = FACES.split_once("#[cfg(test)]").unwrap();
    let codes: BTreeSet<_> = faces
        .split("StatusCode::")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .collect();

    assert!(
        codes.contains("conflict") && codes.contains("internal_error"),
        "{codes:?}"
    );
    for code in codes {
        assert!(PAGE.contains(&format!("| `{code}` |")), "{code}");
    }
}
