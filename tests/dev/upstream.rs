//! One's own application behind `authara dev`.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::live::free_port;

/// Answers each request with its own head and body, and changes the protocol to whatever is asked for, to
/// send back what it gets. Returns its address.
async fn application() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream));
        }
    });
    url
}

async fn answer(mut stream: TcpStream) {
    let mut request = String::new();
    let end = |request: &str| {
        let (head, body) = request.split_once("\r\n\r\n")?;
        let is_whole = !head.contains("chunked") || body.ends_with("0\r\n\r\n");
        is_whole.then_some(())
    };
    while end(&request).is_none() {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        request.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        assert_ne!(count, 0, "half a request: {request}");
    }
    if request.contains("upgrade: ") {
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
        return;
    }
    let head = "HTTP/1.1 201 Created\r\nx-mine: yes\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("{:x}\r\n{request}\r\n0\r\n\r\n", request.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

/// Sends a request and reads until the connection ends.
async fn exchange(dev: &Dev, request: &str) -> String {
    let mut stream = TcpStream::connect(dev.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_outside_auth_reach_the_application_and_the_refresh_token_does_not() {
    let folder = Folder::new();
    let upstream = application().await;
    let (port, dev) = Dev::start_with(&folder.0, &["--port", "0", "--upstream", &upstream]);
    let request = format!(
        "POST /path?query=1 HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close, x-hop\r\nx-hop: 1\r\n\
         cookie: mine=1; {port}-authara_access=a; {port}-authara_refresh=r\r\nforwarded: for=1.2.3.4\r\n\
         x-forwarded-for: 1.2.3.4\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    );

    let answer = exchange(&dev, &request).await;

    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    for part in [
        "x-mine: yes",
        "POST /path?query=1 HTTP/1.1",
        &format!("host: localhost:{port}"),
        &format!("cookie: mine=1; {port}-authara_access=a\r\n"),
        // What a proxy on this machine says of its client is believed.
        "x-forwarded-for: 1.2.3.4\r\n",
        "x-forwarded-proto: http\r\n",
        &format!("x-forwarded-host: localhost:{port}\r\n"),
        "hello",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    for part in ["authara_refresh", "x-hop", "forwarded: for=", "for=1.2.3.4"] {
        assert!(!answer.contains(part), "{part}: {answer}");
    }
    assert!(dev.words.contains(&format!("(yours, at {upstream})")), "{}", dev.words);
    assert_eq!(dev.browser().await.open("/auth/login").await.status, 200);
}

#[tokio::test]
async fn a_web_socket_goes_through() {
    let folder = Folder::new();
    let upstream = application().await;
    let (port, dev) = Dev::start_with(&folder.0, &["--port", "0", "--upstream", &upstream]);
    let mut stream = TcpStream::connect(dev.address).await.unwrap();
    let request =
        format!("GET /socket HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");

    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        answer.push(char::from(stream.read_u8().await.unwrap()));
    }
    stream.write_all(b"there and back").await.unwrap();
    let mut echo = [0; 14];
    stream.read_exact(&mut echo).await.unwrap();

    assert!(
        answer.starts_with("HTTP/1.1 101") && answer.contains("upgrade: websocket"),
        "{answer}"
    );
    assert_eq!(&echo, b"there and back");
}

#[tokio::test]
async fn an_application_that_is_not_there_is_named() {
    let folder = Folder::new();
    let upstream = format!("http://127.0.0.1:{}", free_port());
    let (_, dev) = Dev::start_with(&folder.0, &["--port", "0", "--upstream", &upstream]);

    let page = dev.browser().await.open("/anything").await;

    assert_eq!(page.status, 502);
    assert!(page.text.contains(&upstream), "{}", page.text);
    let itself = ["dev", "--port", "4000", "--upstream", "http://127.0.0.1:4000"];
    let refused = command(&folder.0, &itself);
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("names this server itself")
    );
    let refused = command(&folder.0, &["dev", "--upstream", "localhost:3000"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("http://localhost:3000")
    );
}

#[tokio::test]
async fn what_is_no_request_for_the_application_is_refused_here() {
    let folder = Folder::new();
    let upstream = application().await;
    let (port, dev) = Dev::start_with(&folder.0, &["--port", "0", "--upstream", &upstream]);
    let host = format!("host: localhost:{port}\r\nconnection: close\r\n");

    let connect = exchange(&dev, &format!("CONNECT example.com:80 HTTP/1.1\r\n{host}\r\n")).await;
    let chunks = format!("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\nnonsense\r\n");
    let chunks = exchange(&dev, &chunks).await;
    // Without `Connection: upgrade` it is an ordinary request.
    let upgrade = exchange(&dev, &format!("GET / HTTP/1.1\r\n{host}upgrade: websocket\r\n\r\n")).await;

    assert!(connect.starts_with("HTTP/1.1 405"), "{connect}");
    assert!(chunks.starts_with("HTTP/1.1 400"), "{chunks}");
    assert!(upgrade.starts_with("HTTP/1.1 201"), "{upgrade}");
}
