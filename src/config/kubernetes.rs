//! What Kubernetes puts into the environment of a pod for every service beside it. The names begin
//! with the name of the service, and so do settings where it is called `authara` or `postgresql`.

/// Why such a value has no effect.
pub(super) const WORDS: &str = "comes from Kubernetes, for a service of that name, and means nothing here";

/// Whether Kubernetes sets that value under that name.
pub(super) fn sets(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || is_service_port(name)
        || is_of_port(name)
        || (name.ends_with("_PORT") && is_link(value))
}

/// `<SERVICE>_SERVICE_PORT`, or `<SERVICE>_SERVICE_PORT_<NAME>` of a port that has a name.
fn is_service_port(name: &str) -> bool {
    let end = name.split_once("_SERVICE_PORT").map(|(_, end)| end);
    end.is_some_and(|end| end.is_empty() || end.starts_with('_'))
}

/// `<SERVICE>_PORT_<NUMBER>_<PROTOCOL>`, and the same with `_ADDR`, `_PORT` or `_PROTO`.
fn is_of_port(name: &str) -> bool {
    let ends = ["_ADDR", "_PORT", "_PROTO"];
    let name = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let mut parts = name.rsplit('_');
    let is_protocol = parts.next().is_some_and(|part| ["TCP", "UDP", "SCTP"].contains(&part));
    let is_number = parts.next().is_some_and(|part| part.parse::<u16>().is_ok());
    is_protocol && is_number && parts.next() == Some("PORT")
}

/// What stands under `<SERVICE>_PORT`.
fn is_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|start| value.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::vars::VARS;

    #[test]
    fn no_value_of_a_setting_is_taken_for_one_of_kubernetes() {
        for var in VARS {
            for value in ["5432", "10.96.0.5", "https://example.com"] {
                assert!(!sets(var.name, value), "{}", var.name);
                assert!(!sets(&format!("{}_FILE", var.name), value), "{}", var.name);
            }
        }
    }
}
