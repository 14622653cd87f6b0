//! What a run of the bench was asked for.

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Only what has this in its name is measured.
    pub filter: String,
    /// How often everything is measured.
    pub rounds: usize,
    /// Whether to be done within a minute.
    pub is_quick: bool,
}

impl Plan {
    /// Whether something of that name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Whether all is measured as thoroughly as figures for readers should be.
    pub fn is_complete(&self) -> bool {
        self.filter.is_empty() && !self.is_quick
    }

    /// A number of repetitions: a tenth of `count` if it has to be quick.
    pub fn repetitions(&self, count: u32) -> u32 {
        if self.is_quick {
            (count / 10).max(1)
        } else {
            count
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filtered_by_a_part_in_any_case() {
        let plan = |filter: &str| Plan {
            filter: filter.to_owned(),
            rounds: 1,
            is_quick: false,
        };
        assert!(plan("").wants("Ruby 3.2"));
        assert!(plan("ruby").wants("Ruby 3.2"));
        assert!(!plan("esbuild").wants("Ruby 3.2"));
        assert!(plan("").is_complete() && !plan("ruby").is_complete());
    }

    #[test]
    fn a_quick_run_repeats_a_tenth_but_something() {
        let mut plan = Plan {
            filter: String::new(),
            rounds: 1,
            is_quick: true,
        };
        assert_eq!((plan.repetitions(100), plan.repetitions(3)), (10, 1));
        plan.is_quick = false;
        assert_eq!(plan.repetitions(100), 100);
    }
}
