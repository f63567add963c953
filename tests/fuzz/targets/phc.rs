//! Stored password hashes: whatever would be compared costs what a server can afford.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some((log_n, r, p)) = authara::crypto::fuzzing::cost_of(text) else {
        return;
    };

    let block_work = (1_u128 << log_n) * u128::from(r);
    assert!(128 * block_work <= 1 << 30, "{text}");
    assert!(block_work * u128::from(p) <= (1 << 20) * 8 * 3, "{text}");
    assert!(log_n > 0 && r > 0 && p > 0, "{text}");
    assert!(text.starts_with(&format!("$scrypt$ln={log_n},r={r},p={p}$")), "{text}");
});
