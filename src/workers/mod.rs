//! Floor 5: what runs by itself beside requests.
