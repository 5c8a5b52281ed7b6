//! Data that a command writes: the public record, a demonstration, synthetic volume.
