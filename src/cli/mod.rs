//! Floor 6: commands.
