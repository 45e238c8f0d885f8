//! A row of the table "value beside target".

/// How far a value may lie from its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// A part of the target.
    Relative(f64),
    /// In the unit of the value.
    Absolute(f64),
}

/// One statistic, with what is usual at De Bilt.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Its unit; `-` without one.
    pub unit: &'static str,
    /// What the data give.
    pub value: f64,
    /// What was measured at De Bilt, or at Düsseldorf for 15 minutes.
    pub target: Option<f64>,
    /// How far a value may lie from the target, where that is set.
    pub tolerance: Option<Tolerance>,
}

impl Row {
    /// A value without target.
    pub(super) fn new(name: impl Into<String>, unit: &'static str, value: f64) -> Row {
        Row { name: name.into(), unit, value, target: None, tolerance: None }
    }

    /// Adds a target without tolerance.
    pub(super) fn about(self, target: f64) -> Row {
        Row { target: Some(target), ..self }
    }

    /// Adds a target that the value may miss by a part of it.
    pub(super) fn near(self, target: f64, part: f64) -> Row {
        Row { target: Some(target), tolerance: Some(Tolerance::Relative(part)), ..self }
    }

    /// Adds a target that the value may miss by an amount.
    pub(super) fn within(self, target: f64, amount: f64) -> Row {
        Row { target: Some(target), tolerance: Some(Tolerance::Absolute(amount)), ..self }
    }

    /// Whether the value lies within the tolerance of its target; `None` where there is no tolerance.
    pub fn is_within(&self) -> Option<bool> {
        let target = self.target?;
        let room = match self.tolerance? {
            Tolerance::Relative(part) => part * target.abs(),
            Tolerance::Absolute(amount) => amount,
        };
        // A value exactly on the border is inside, whatever the rounding of the border.
        Some((self.value - target).abs() <= room * (1.0 + 1e-9))
    }

    /// How many decimals are worth printing: three or four figures of the target, or of the value without one.
    pub fn decimals(&self) -> usize {
        match self.target.unwrap_or(self.value).abs() {
            size if size >= 200.0 => 0,
            size if size >= 20.0 => 1,
            size if size >= 1.0 => 2,
            size if size < 0.01 => 4,
            _ => 3,
        }
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tolerance::Relative(part) => write!(f, "±{} %", (part * 1e4).round() / 100.0),
            Tolerance::Absolute(amount) => write!(f, "±{amount}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_the_border_of_its_tolerance_is_inside() {
        assert_eq!(Row::new("GHI", "kWh/m²", 105.0).near(100.0, 0.05).is_within(), Some(true));
        assert_eq!(Row::new("GHI", "kWh/m²", 94.99).near(100.0, 0.05).is_within(), Some(false));
        assert_eq!(Row::new("T", "°C", -0.5).within(0.0, 0.5).is_within(), Some(true));
        assert_eq!(Row::new("T", "°C", 11.0).about(11.1).is_within(), None);
    }

    #[test]
    fn tolerances_are_written_with_their_kind() {
        assert_eq!(Tolerance::Relative(0.05).to_string(), "±5 %");
        assert_eq!(Tolerance::Absolute(0.0025).to_string(), "±0.0025");
    }
}
