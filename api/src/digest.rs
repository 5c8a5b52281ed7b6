//! Names bytes by their SHA-256. Keeps no secret and reads nothing.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn a_name_is_what_sha256sum_says() {
        assert_eq!(sha256("rec"), "cb41b38387d6fca01272be03380f63568fccbd724c299ae58e8d548d91b67a58");
    }
}
