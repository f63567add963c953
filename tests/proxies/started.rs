//! Real proxies, each with the very configuration that the documentation recommends.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{CALLER_V6, PROXY, addresses, ask};
use crate::kit::database::Folder;
use crate::live;

const README: &str = include_str!("../../README.md");
const PROXIES: &str = include_str!("../../docs/proxies.md");

/// Names that stand in the published texts and have another value here.
const PUBLISHED_AUTHARA: &str = "127.0.0.1:8080";
const PUBLISHED_APP: &str = "127.0.0.1:3000";

/// Which one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proxy {
    Nginx,
    Caddy,
    Haproxy,
    Traefik,
}

/// A running proxy; killed when dropped.
pub(super) struct Started {
    child: Child,
    pub(super) port: u16,
    folder: Folder,
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Started {
    /// Where it listens for callers from `address`.
    pub(super) fn near(&self, address: IpAddr) -> SocketAddr {
        let listens = addresses().into_iter().find(|known| *known == address);
        let nearest = listens.unwrap_or(if address.is_ipv4() { PROXY } else { CALLER_V6 });
        (nearest, self.port).into()
    }
}

impl Proxy {
    /// Starts it in front of `authara` and waits until it passes something on. `None` if it is not installed.
    pub(super) async fn before(self, authara: SocketAddr) -> Option<Started> {
        let binary = self.installed()?;
        let folder = Folder::new();
        let port = free_port();
        let mut command = self.command(&binary, &folder.0, port, authara);
        let log = std::fs::File::create(folder.0.join("log")).unwrap();
        let child = command
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut started = Started { child, port, folder };

        let begun = Instant::now();
        let hello = b"GET /auth/health HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n";
        while !ask(None, started.near(PROXY), hello).await.starts_with("HTTP/1.1 200") {
            let log = std::fs::read_to_string(started.folder.0.join("log")).unwrap();
            assert_eq!(started.child.try_wait().unwrap(), None, "{self:?} ended: {log}");
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{self:?} is not ready: {log}"
            );
            sleep(Duration::from_millis(20)).await;
        }
        Some(started)
    }

    fn command(self, binary: &Path, folder: &Path, port: u16, authara: SocketAddr) -> Command {
        let published = self.published().replace(PUBLISHED_AUTHARA, &authara.to_string());
        // Nothing of these tests goes to the application.
        let published = published.replace(PUBLISHED_APP, "127.0.0.1:9");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let each = |line: &mut dyn FnMut(SocketAddr) -> String| {
            let lines = addresses().into_iter().map(|address| line((address, port).into()));
            lines.collect::<Vec<_>>().concat()
        };
        let mut command = Command::new(binary);
        match self {
            Self::Nginx => {
                let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
                let scratch = scratch.map(|kind| format!("{kind}_temp_path {kind};")).join(" ");
                let listen = each(&mut |at| format!("listen {at};"));
                let text = format!(
                    "daemon off; master_process off; pid nginx.pid; events {{}}\n\
                     http {{ access_log off; {scratch}\n\
                     server {{ {listen} server_name example.com;\n{published}}} }}"
                );
                command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c");
                command.arg(write("nginx.conf", &text));
            }
            Self::Caddy => {
                let bind: Vec<_> = addresses().iter().map(ToString::to_string).collect();
                let site = format!("http://example.com:{port} {{\n    bind {}", bind.join(" "));
                let text = format!(
                    "{{\n admin off\n auto_https off\n}}\n{}",
                    replaced(&published, "example.com {", &site)
                );
                command.env("HOME", folder).env("XDG_DATA_HOME", folder);
                command.args(["run", "--adapter", "caddyfile", "--config"]);
                command.arg(write("Caddyfile", &text));
            }
            Self::Haproxy => {
                let listen = each(&mut |at| format!("bind {at}\n    "));
                let text = format!(
                    "defaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\n{}",
                    replaced(&published, "bind :443 ssl crt /etc/haproxy/example.com.pem", &listen)
                );
                command.args(["-db", "-f"]).arg(write("haproxy.cfg", &text));
            }
            Self::Traefik => {
                write("dynamic.yaml", &published);
                let mut names = 'a'..;
                let points = each(&mut |at| format!("  {}:\n    address: \"{at}\"\n", names.next().unwrap_or('z')));
                let text = format!(
                    "entryPoints:\n{points}\
                     providers:\n  file:\n    filename: dynamic.yaml\n    watch: false\n\
                     global:\n  checkNewVersion: false\n  sendAnonymousUsage: false\n"
                );
                let file = write("traefik.yaml", &text);
                command.arg(format!("--configFile={}", file.display()));
            }
        }
        command
    }

    /// The block of the documentation that begins with this proxy's comment.
    fn published(self) -> String {
        let (text, begin) = match self {
            Self::Nginx => (README, "```nginx\n"),
            Self::Caddy => (README, "```caddyfile\n"),
            Self::Haproxy => (PROXIES, "```haproxy\n"),
            Self::Traefik => (PROXIES, "```yaml\n# traefik"),
        };
        let (_, block) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin:?}"));
        let block = block.split("```").next().unwrap();
        // The rest of a comment line that was taken for the mark.
        let block = if block.starts_with(',') {
            format!("#{block}")
        } else {
            block.to_owned()
        };
        assert!(block.contains(PUBLISHED_AUTHARA), "{self:?}: {block}");
        block
    }

    /// Its file. Without it: a failure where `scripts/check` has installed it, else `None`, and it is said.
    #[expect(clippy::disallowed_methods, reason = "what is installed is no setting")]
    fn installed(self) -> Option<PathBuf> {
        let name = format!("{self:?}").to_lowercase();
        let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin", tools]);
        let found = folders
            .map(|folder| Path::new(folder).join(&name))
            .find(|file| file.is_file());
        if found.is_none() {
            let is_needed = std::env::var_os("AUTHARA_TEST_PROXIES").is_some();
            assert!(!is_needed, "{name} is not installed, and AUTHARA_TEST_PROXIES is set");
            // Past the test runner, which keeps what a passing test prints to itself.
            let note = format!("skipped: {name} in front, which is not installed; `scripts/check` installs it\n");
            std::io::stderr().write_all(note.as_bytes()).unwrap();
        }
        found
    }
}

/// A port that nobody listens on at any of the addresses.
fn free_port() -> u16 {
    loop {
        let port = live::free_port();
        let mut sockets = addresses()
            .into_iter()
            .map(|address| TcpListener::bind((address, port)));
        if sockets.all(|socket| socket.is_ok()) {
            return port;
        }
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in {text}");
    text.replace(from, to)
}
