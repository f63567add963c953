//! The one call into the C library: memory of a burst of password hashing goes back to the system.

/// Lets every allocation of 1 MiB or more have pages of its own, which are returned when it is freed.
///
/// glibc raises that bound by itself after the first large block is freed, and from then on keeps
/// what password hashing used: over 100 MB after a burst, against 19 MB with a fixed bound. To be
/// called before the first thread starts. Does nothing with another C library.
pub fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(
            unsafe_code,
            reason = "mallopt has no safe form; it only stores a number and takes no pointer"
        )]
        // SAFETY: the arguments are plain numbers, and no other thread runs yet.
        let accepted = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1024 * 1024) };
        debug_assert_eq!(accepted, 1, "glibc accepts any bound below half its heap size");
    }
}
