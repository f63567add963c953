//! What a hostile or broken client can send. Each gets the documented answer; nothing is changed,
//! nobody is signed out, the server lives.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use serde_json::json;

use super::{ADA, LOGIN, LOGOUT, REFRESH, SIGN_UP, USER, credentials, is_signed_in, refused, users};
use crate::kit::app::TestApp;
use crate::kit::client::raw;
use crate::kit::database::{Database, both};

const MIB: usize = 1024 * 1024;

both!(
    r131_a_body_that_is_not_the_one_json_object_is_refused,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let deep = format!("{{\"email\":{}", "[".repeat(100_000));
        let deep_objects = "{\"email\":".repeat(50_000);
        let unknown_deep = format!("{{\"email\":\"b@c.d\",\"password\":\"x\",\"x\":{}", "[".repeat(200_000));
        let good = r#"{"email":"bob@example.com","password":"correct horse battery"}"#;

        for body in [
            b"".as_slice(),
            b" ",
            b"{",
            b"{}",
            b"[]",
            b"null",
            b"0",
            b"\"text\"",
            b"true",
            b"{\"email\":\"bob@example.com\"}",
            b"{\"email\":\"bob@example.com\",\"password\":12345678}",
            b"{\"email\":\"bob@example.com\",\"password\":null}",
            b"{\"email\":\"bob@example.com\",\"password\":[\"correct horse battery\"]}",
            b"{\"email\":{\"a\":1,\"a\":2},\"password\":\"correct horse battery\"}",
            b"[\"bob@example.com\",\"correct horse battery\"]",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\",\"admin\":true}",
            b"{\"email\":\"a@b.c\",\"email\":\"bob@example.com\",\"password\":\"correct horse battery\"}",
            b"{\"email\":\"a@b.c\",\"\\u0065mail\":\"bob@example.com\",\"password\":\"correct horse battery\"}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\",\"x\":{\"a\":1,\"a\":2}}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\"}{}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\"},",
            b"{'email':'bob@example.com','password':'correct horse battery'}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse \xff\xfe\"}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse \xc0\x80\"}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse \\ud800\"}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse \n\"}",
            b"\xef\xbb\xbf{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\"}",
            b"{\"email\":\"bob@example.com\",\"password\":\"correct horse battery\"}\0",
            b"email=bob@example.com&password=correct+horse+battery",
            deep.as_bytes(),
            deep_objects.as_bytes(),
            unknown_deep.as_bytes(),
        ] {
            for path in [SIGN_UP, LOGIN] {
                let answer = client
                    .call(Method::POST, path)
                    .body("application/json", body.to_vec())
                    .send()
                    .await;

                refused(&answer, 400, "invalid_request");
            }
        }
        for kind in [
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "text/json",
            "*/*",
        ] {
            refused(
                &client.call(Method::POST, SIGN_UP).body(kind, good).send().await,
                400,
                "invalid_request",
            );
        }
        let two_types = client
            .call(Method::POST, SIGN_UP)
            .body("application/json", good)
            .line("content-type", "text/plain");
        refused(&two_types.send().await, 400, "invalid_request");
        assert_eq!(users(&app).await, 1);
        assert!(is_signed_in(&client).await);
    }
);

both!(
    r126_a_body_beyond_the_limit_is_refused_on_every_json_route,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let fitting = json!({ "email": ADA, "password": "x".repeat(MIB - 60) });
        let large = json!({ "email": ADA, "password": "x".repeat(MIB) });

        refused(&client.post_json(LOGIN, &fitting).await, 401, "unauthorized");
        refused(&client.post_json(LOGIN, &large).await, 400, "invalid_request");
        for path in [REFRESH, LOGOUT] {
            let answer = client
                .call(Method::POST, path)
                .body("text/plain", "x".repeat(MIB + 1))
                .send()
                .await;
            refused(&answer, 400, "invalid_request");
        }
        let form = client
            .call(Method::POST, "/auth/login")
            .form(&[("password", &"x".repeat(MIB))])
            .send()
            .await;
        assert_eq!((form.status, form.set_cookies().len()), (413, 0));
        assert!(is_signed_in(&client).await);
    }
);

both!(
    r131_a_form_with_a_field_twice_or_unreadable_bytes_is_refused,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let csrf = client.cookie("authara_csrf");
        let many = (0..100).fold(String::new(), |fields, number| fields + &format!("&f{number}="));

        for rest in [
            "&email=a@b.c&email=ada@example.com&password=x",
            "&email=ada@example.com&password=x&password=correct+horse+battery",
            "&csrf_token=other",
            "&email=ada@example.com&password=%ff%fe",
            many.as_str(),
        ] {
            let body = format!("csrf_token={csrf}{rest}");
            let call = client
                .call(Method::POST, "/auth/login")
                .body("application/x-www-form-urlencoded", body);
            let answer = call.without("x-csrf-token").send().await;

            assert_eq!((answer.status, answer.set_cookies().len()), (400, 0), "{rest}");
        }
        let nul = client
            .call(Method::POST, "/auth/login")
            .form(&[("email", "ada@example.com\0"), ("password", "\0")])
            .send()
            .await;
        assert_eq!((nul.status, nul.set_cookies().len()), (422, 0));
        assert!(is_signed_in(&client).await);
    }
);

both!(r126_long_and_dirty_headers_are_borne, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let long = "x".repeat(10_000);

    for (name, value) in [
        ("user-agent", long.as_bytes()),
        ("user-agent", "ä\u{1f600}".as_bytes()),
        ("user-agent", b"\xff\xfe\t\xff"),
        ("x-whatever", &long.as_bytes()[..8192]),
        ("accept-encoding", b"\xff"),
        ("accept", b"\xff"),
        ("x-forwarded-for", b"not, an, address, \xff"),
        ("forwarded", b"for=\"[::1\";;;=,for="),
        ("x-request-id", b"a b\tc\xff"),
        ("if-none-match", b"\"\xff\""),
    ] {
        let another = app.visitor().await;
        another
            .jar()
            .insert(String::new(), ";; a; authara_flash=x; =".to_owned());
        let login = another
            .call(Method::POST, LOGIN)
            .json(&credentials(ADA))
            .line(name, value)
            .send()
            .await;
        assert_eq!(login.status, 200, "{name}: {login:?}");
        let refresh = another.call(Method::POST, REFRESH).line(name, value).send().await;
        assert_eq!(refresh.status, 200, "{name}: {refresh:?}");
    }
    assert!(is_signed_in(&client).await);
});

both!(
    a_token_of_any_broken_kind_opens_nothing_and_signs_nobody_out,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let good = client.cookie("authara_access");
        let elsewhere = Database::migrated_sqlite().await;
        let other = TestApp::start(&elsewhere).await;
        let foreign = other.user(ADA).await.cookie("authara_access");
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
        let own = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let promoted = encode(&own.replace(r#""roles":[]"#, r#""roles":["authara:admin"]"#));
        assert_ne!(promoted, payload);
        let long = format!("{good}{}", "A".repeat(9000));

        for token in [
            "x",
            ".",
            "..",
            "...",
            "a.b.c",
            "null",
            "undefined",
            foreign.as_str(),
            signed,
            &format!("{signed}."),
            &format!("{signed}.{}", "A".repeat(86)),
            &format!("{good}."),
            &format!("{good}="),
            &format!("{good}A"),
            &format!("{none}.{payload}.{signature}"),
            &format!("{none}.{payload}."),
            &format!("{header}.{promoted}.{signature}"),
            &format!("{payload}.{header}.{signature}"),
            &format!("{header}..{signature}"),
            &good.to_uppercase(),
            &good[1..],
            &long,
        ] {
            let holder = app.twin(&client);
            holder.jar().insert("authara_access".to_owned(), token.to_owned());

            refused(&holder.get(USER).await, 401, "unauthorized");
            refused(
                &client
                    .call(Method::GET, USER)
                    .header("authorization", &format!("Bearer {token}"))
                    .send()
                    .await,
                401,
                "unauthorized",
            );
        }
        for value in [
            b"Bearer \xff\xfe".to_vec(),
            format!("Bearer {good} {good}").into_bytes(),
            format!("Bearer \"{good}\"").into_bytes(),
            format!("Basic {good}").into_bytes(),
            format!("Bearer{good}").into_bytes(),
            good.clone().into_bytes(),
        ] {
            let answer = app
                .client()
                .call(Method::GET, USER)
                .line("authorization", value)
                .send()
                .await;
            refused(&answer, 401, "unauthorized");
        }
        assert!(is_signed_in(&client).await);
        assert_eq!(client.post(REFRESH).await.status, 200);
    }
);

both!(two_authorizations_are_none, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let token = client.cookie("authara_access");
    let token = format!("Bearer {token}");

    let answer = app
        .client()
        .call(Method::GET, USER)
        .line("authorization", &token)
        .line("authorization", &token)
        .send()
        .await;

    refused(&answer, 401, "unauthorized");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r126_what_is_no_request_is_refused_and_the_server_lives() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let client = app.user(ADA).await;
    let long_header = format!(
        "GET /auth/health HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(40_000)
    );
    let many_headers = format!("GET /auth/health HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(100));
    let long_target = format!("GET /auth/{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(70_000));

    for (request, status) in [
        (b"\0\0\0\0\r\n\r\n".as_slice(), "400"),
        (b"hello\r\n\r\n", "400"),
        (b"GET\r\n\r\n", "400"),
        (b"GET /auth/health\r\n\r\n", "400"),
        (b"GET /auth/health HTTP/9.9\r\n\r\n", "400"),
        (b"GET /auth/ health HTTP/1.1\r\nhost: x\r\n\r\n", "400"),
        (b"GET /auth/\0 HTTP/1.1\r\nhost: x\r\n\r\n", "400"),
        (b"GET /auth/health HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n", "400"),
        (b"GET /auth/health HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n", "400"),
        (b"GET /auth/health HTTP/1.1\r\nhost: x\r\n x: folded\r\n\r\n", "400"),
        (b"GET /auth/health HTTP/1.1\r\n\r\n", "400"),
        (b"GET /auth/login HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n", "400"),
        (b"GET /auth/api/v1/csrf HTTP/1.1\r\nhost: a@b\r\n\r\n", "400"),
        (b"GET /auth/static/x HTTP/1.1\r\nhost: a b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nhost:\r\n\r\n", "400"),
        (
            b"POST /auth/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            b"POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
            "400",
        ),
        (
            b"POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
            "400",
        ),
        (
            b"POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\nxx",
            "400",
        ),
        (
            b"POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "400",
        ),
        (long_header.as_bytes(), "431"),
        (many_headers.as_bytes(), "431"),
        (long_target.as_bytes(), "4"),
    ] {
        let said = raw(app.address, request).await;
        let shown = String::from_utf8_lossy(&request[..request.len().min(80)]);

        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{shown:?}: {said}");
        assert!(!said.to_lowercase().contains("set-cookie"), "{shown:?}: {said}");
        for name in ["content-security-policy", "x-content-type-options", "cache-control", "referrer-policy"] {
            assert_eq!(said.matches(&format!("\n{name}: ")).count(), 1, "{shown:?}: {name}: {said}");
        }
    }
    assert_eq!(client.get("/auth/health").await.status, 200);
    assert!(is_signed_in(&client).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_request_cannot_hide_in_a_body() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let inner = "GET /auth/api/v1/csrf HTTP/1.1\r\nhost: x\r\n\r\n";
    let both_lengths = format!(
        "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        5 + inner.len()
    );
    let too_large = format!(
        "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{}{inner}",
        2 * MIB,
        "x".repeat(2 * MIB)
    );

    let twice_chunked = format!(
        "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n{inner}"
    );

    for request in [both_lengths, too_large, twice_chunked] {
        let said = raw(app.address, request.as_bytes()).await;

        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
        assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    }
}
