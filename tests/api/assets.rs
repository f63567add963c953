//! `/auth/static/*`.

use authara::http::assets;
use hyper::Method;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

both!(
    a_static_file_may_be_kept_for_ever_and_comes_compressed,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();
        let url = assets::url("style.css");

        let plain = client.get(url).await;
        assert_eq!(
            (plain.status, plain.header("content-type")),
            (200, "text/css; charset=utf-8")
        );
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(plain.header("vary"), "accept-encoding");
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.set_cookies().is_empty());

        for coding in ["br", "gzip"] {
            let packed = client
                .call(Method::GET, url)
                .header("accept-encoding", coding)
                .send()
                .await;
            assert_eq!(packed.header("content-encoding"), coding);
            assert!(packed.body.len() < plain.body.len());
        }
        let head = client.call(Method::HEAD, url).send().await;
        assert_eq!(head.header("content-length"), plain.body.len().to_string());
        assert!(head.body.is_empty());
    }
);

both!(only_exact_names_lead_to_files, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();
    let url = assets::url("style.css");

    for path in [
        "/auth/static/",
        "/auth/static",
        "/auth/static/style.css",
        "/auth/static/../style.css",
        &format!("{url}.br"),
        &format!("{url}/"),
        &url.to_uppercase(),
    ] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.call(Method::POST, url).send().await.status, 405);
});
