//! What the system knows of this process, under the names that Prometheus' own libraries use.
//! Linux only; elsewhere nothing is said.

use std::fs;

use crate::metrics::Text;

/// Ticks of the processor clock in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Adds memory, processor time and open files to a text.
pub fn write(text: &mut Text) {
    if let Some(kilobytes) = read("/proc/self/status").and_then(|status| resident(&status)) {
        text.gauge("process_resident_memory_bytes", "Memory in use.");
        text.value(&[], kilobytes * 1024);
    }
    if let Some(ticks) = read("/proc/self/stat").and_then(|stat| processor(&stat)) {
        text.counter("process_cpu_seconds_total", "Processor time spent.");
        text.value(&[], f64::from(ticks) / TICKS);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        text.gauge("process_open_fds", "Files and sockets that are open.");
        // Looking opens one.
        text.value(&[], files.count().saturating_sub(1));
    }
    if let Some(most) = read("/proc/self/limits").and_then(|limits| most_files(&limits)) {
        text.gauge("process_max_fds", "Files and sockets that may be open.");
        text.value(&[], most);
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time. The second field is the program's name, which may hold anything.
fn processor(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

fn most_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        let stat = "1234 (a) b (c) S 1 1234 1234 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 12345 1 2";

        assert_eq!(processor(stat), Some(300));
        assert_eq!(resident("VmPeak:\t  9 kB\nVmRSS:\t   8812 kB\n"), Some(8812));
        assert_eq!(
            most_files("Max open files            1024                 524288               files\n"),
            Some(1024)
        );
        assert_eq!(
            most_files("Max open files            unlimited            unlimited            files\n"),
            None
        );
    }
}
