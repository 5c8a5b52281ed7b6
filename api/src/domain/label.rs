//! The label of an adopted recommendation, such as `REC/WG-A/2024/3`: body, year of adoption, serial number. Labels of demonstrations begin
//! with `DEMO`, so that they use up no serial of the council's. It gives no serials.

use std::fmt;

/// Given on adoption only, never changed and never reused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub is_demo: bool,
    pub body_code: String,
    pub year: i32,
    pub serial: i32,
}

impl Label {
    /// The label after the last one that the body gave in that year.
    pub fn next(is_demo: bool, body_code: &str, year: i32, last_serial: Option<i32>) -> Self {
        Self { is_demo, body_code: body_code.to_owned(), year, serial: last_serial.unwrap_or(0) + 1 }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", if self.is_demo { "DEMO" } else { "REC" }, self.body_code, self.year, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn serials_count_from_one() {
        assert_eq!(Label::next(false, "WG-A", 2024, None).to_string(), "REC/WG-A/2024/1");
        assert_eq!(Label::next(false, "WG-A", 2024, Some(2)).to_string(), "REC/WG-A/2024/3");
        assert_eq!(Label::next(true, "WG-A", 2024, None).to_string(), "DEMO/WG-A/2024/1");
    }
}
