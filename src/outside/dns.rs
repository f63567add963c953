//! TXT records, asked of the name servers of this machine (RFC 1035). The system's own look-up knows addresses only.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::crypto::random;

/// Why a name was not looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(String);

/// Time for one server.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of a UDP answer that fit through every network (RFC 9715).
const LARGEST_UDP: u16 = 1232;
const TXT: u16 = 16;
const OPT: u16 = 41;
const INTERNET: u16 = 1;

/// The TXT records of a name, each in one piece; none if the name does not exist.
pub async fn txt(name: &str) -> Result<Vec<String>, NotFound> {
    let servers = servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
    if servers.is_empty() {
        return Err(NotFound("/etc/resolv.conf names no name server".to_owned()));
    }
    let mut last = NotFound(String::new());
    for server in servers {
        match txt_at(server, name).await {
            Ok(records) => return Ok(records),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The same of one server.
pub async fn txt_at(server: SocketAddr, name: &str) -> Result<Vec<String>, NotFound> {
    let id = u16::from_be_bytes(random::bytes());
    let question = question(id, name).ok_or_else(|| NotFound(format!("{name} is no name")))?;
    let asked = timeout(PATIENCE, ask(server, id, &question)).await;
    let answer = asked
        .map_err(|_| NotFound(format!("{server} does not answer")))?
        .map_err(|error| NotFound(format!("{server}: {error}")))?;
    read(&answer, &question).ok_or_else(|| NotFound(format!("{server} gave an answer that makes no sense")))?
}

/// The name servers of a `resolv.conf`.
fn servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let addresses = named.filter_map(|rest| rest.trim().split('%').next()?.parse::<IpAddr>().ok());
    addresses.map(|address| (address, 53).into()).collect()
}

async fn ask(server: SocketAddr, id: u16, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let here: SocketAddr = match server {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(here).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; usize::from(LARGEST_UDP)];
    loop {
        let length = socket.recv(&mut answer).await?;
        let bytes = &answer[..length];
        // Somebody else's answer is passed over.
        if bytes.starts_with(&id.to_be_bytes()) && length > 4 {
            let is_cut = bytes[2] & 0b10 != 0;
            return if is_cut {
                ask_by_tcp(server, question).await
            } else {
                Ok(bytes.to_vec())
            };
        }
    }
}

async fn ask_by_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    stream
        .write_all(&[&length.to_be_bytes()[..], question].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// A question with recursion wanted, and room for a longer answer (RFC 6891).
fn question(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..=63).contains(length))?;
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    for number in [TXT, INTERNET] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.push(0);
    for number in [OPT, LARGEST_UDP, 0, 0, 0] {
        bytes.extend(number.to_be_bytes());
    }
    (bytes.len() <= 512).then_some(bytes)
}

/// Bytes of a message's head.
const HEAD: usize = 12;

/// The records in an answer to that question. `None` if it is none, or makes no sense.
fn read(answer: &[u8], question: &[u8]) -> Option<Result<Vec<String>, NotFound>> {
    let number = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    // The question comes back as it was asked, but for the case of its letters.
    let asked = HEAD..question.len() - 11;
    let is_answer = answer.get(2)? & 0x80 != 0
        && answer[..2] == question[..2]
        && answer
            .get(asked.clone())?
            .eq_ignore_ascii_case(&question[asked.clone()]);
    if !is_answer {
        return None;
    }
    match answer.get(3)? & 0xf {
        0 => {}
        // There is no such name.
        3 => return Some(Ok(Vec::new())),
        code => return Some(Err(NotFound(format!("the name server answered with code {code}")))),
    }
    let mut at = asked.end;
    let mut records = Vec::new();
    for _ in 0..number(6)? {
        at = after_name(answer, at)?;
        let (kind, length) = (number(at)?, usize::from(number(at + 8)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if kind == TXT {
            records.push(joined(data)?);
        }
        at += 10 + length;
    }
    Some(Ok(records))
}

/// Where a name ends that begins there. It may end with a pointer to another one (RFC 1035, section 4.1.4).
fn after_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length if length & 0xc0 == 0 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// The pieces of one record, of 255 bytes at most each, one behind the other.
fn joined(mut data: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let length = usize::from(*length);
        text.extend(rest.get(..length)?);
        data = &rest[length..];
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(records: &[&[&str]]) -> Vec<u8> {
        let asked = question(7, "example.com").expect("a name");
        let mut bytes = asked[..asked.len() - 11].to_vec();
        bytes[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
        for pieces in records {
            let data: Vec<u8> = pieces
                .iter()
                .flat_map(|piece| [&[u8::try_from(piece.len()).unwrap()], piece.as_bytes()].concat())
                .collect();
            bytes.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }

    #[test]
    fn records_are_read_and_their_pieces_joined() {
        let asked = question(7, "example.com").expect("a name");
        let long = "k".repeat(255);

        let found = read(&answer(&[&["v=spf1 ", "-all"], &[&long, "=="]]), &asked);

        assert_eq!(found, Some(Ok(vec!["v=spf1 -all".to_owned(), format!("{long}==")])));
    }

    #[test]
    fn what_is_cut_or_answers_another_question_is_no_answer() {
        let asked = question(7, "example.com").expect("a name");
        let whole = answer(&[&["v=spf1 -all"]]);

        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length], &asked), None, "{length} bytes");
        }
        assert_eq!(read(&whole, &question(8, "example.com").expect("a name")), None);
        assert_eq!(read(&whole, &question(7, "example.org").expect("a name")), None);
    }

    #[test]
    fn a_name_that_does_not_exist_has_no_records() {
        let asked = question(7, "example.com").expect("a name");
        let mut none = answer(&[]);
        none[3] = 0x83;

        assert_eq!(read(&none, &asked), Some(Ok(Vec::new())));
        none[3] = 0x82;
        assert!(matches!(read(&none, &asked), Some(Err(_))));
        assert_eq!(question(7, &"a".repeat(64)), None);
        assert_eq!(question(7, "a..b"), None);
    }

    #[test]
    fn name_servers_are_those_of_the_machine() {
        let text = "# x\nsearch a.b\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver nobody\n";
        let found: Vec<_> = servers(text).iter().map(ToString::to_string).collect();

        assert_eq!(found, ["192.0.2.1:53", "[fe80::1]:53"]);
    }
}
