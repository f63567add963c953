//! `/auth/health`, `/auth/ready`, `/auth/version`, `/auth/.well-known/jwks.json`.

use authara::app::pulse::Worker;
use hyper::Method;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

both!(health_and_readiness_are_told_to_everybody, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for path in ["/auth/health", "/auth/ready"] {
        let answer = client.get(path).await;
        assert_eq!(
            (answer.status, answer.text().trim()),
            (200, "{\"status\":\"ok\"}"),
            "{path}"
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.set_cookies().is_empty());
        let head = client.call(Method::HEAD, path).send().await;
        assert_eq!((head.status, head.text().as_str()), (200, ""), "{path}");
    }
});

both!(
    a_worker_in_trouble_degrades_and_takes_nothing_out_of_service,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();

        app.app.pulse.fall(Worker::Keys);
        let degraded = client.get("/auth/ready").await;
        app.app.pulse.beat(Worker::Keys);
        let good = client.get("/auth/ready").await;

        // Which worker is for the operator alone.
        assert_eq!(
            (degraded.status, degraded.text().trim()),
            (200, "{\"status\":\"degraded\"}")
        );
        assert_eq!((good.status, good.text().trim()), (200, "{\"status\":\"ok\"}"));
        assert_eq!(client.get("/auth/health").await.text().trim(), "{\"status\":\"ok\"}");
    }
);

both!(
    r129_the_version_is_told_only_where_the_operator_wants_it,
    async |db: &Database| {
        let silent = TestApp::start(db).await;
        let open = TestApp::with(db, |config| config.expose_version = true).await;

        assert_eq!(silent.client().get("/auth/version").await.status, 404);
        assert_eq!(
            open.client().get("/auth/version").await.json()["version"],
            env!("CARGO_PKG_VERSION")
        );
    }
);

both!(
    the_public_keys_are_published_and_may_be_cached,
    async |db: &Database| {
        let app = TestApp::start(db).await;

        let answer = app.client().get("/auth/.well-known/jwks.json").await;

        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        assert_eq!(keys.len(), 1);
        assert_eq!((&keys[0]["crv"], keys[0].get("d")), (&"Ed25519".into(), None));
    }
);
