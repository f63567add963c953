//! Searching: the pattern finds exactly the texts that contain what was typed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rusqlite::Connection;

thread_local! {
    static DATABASE: Connection = Connection::open_in_memory().unwrap();
}

fuzz_target!(|typed: (&str, &str)| {
    let (search, text) = typed;
    if search.contains('\0') || text.contains('\0') {
        return;
    }
    let pattern = authara::storage::users::pattern(search);
    let around = format!("{text}{search}{text}");

    for text in [text, search, &around] {
        let expected = text.to_ascii_lowercase().contains(&search.to_ascii_lowercase());
        let found: bool = DATABASE.with(|database| {
            let mut statement = database.prepare_cached(r"SELECT ?1 LIKE ?2 ESCAPE '\'").unwrap();
            statement.query_row((text, &pattern), |row| row.get(0)).unwrap()
        });
        assert_eq!(found, expected, "{search:?} in {text:?}");
    }
});
