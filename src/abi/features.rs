//! Processor features that machine code may use.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// Processor features beyond the floor, which is x86-64 with SSE4.1.
///
/// Machine code of one set runs on every processor that has at least these; images know
/// nothing of them. Of AVX and what builds on it, code uses encodings for 128 bits (VEX.128)
/// only: they zero the upper half of a YMM register, so there never is anything in one to save.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CpuFeatures {
    /// POPCNT.
    pub popcnt: bool,
    /// LZCNT.
    pub lzcnt: bool,
    /// BMI1 (TZCNT).
    pub bmi1: bool,
    /// BMI2 (SHLX, SHRX, SARX, RORX).
    pub bmi2: bool,
    /// SSE4.2 (PCMPGTQ).
    pub sse42: bool,
    /// AVX: instructions with a destination of their own.
    pub avx: bool,
    /// AVX2: VPBROADCAST from registers, and integer instructions.
    pub avx2: bool,
    /// FMA: fused multiplication and addition.
    pub fma: bool,
}

/// A name that is none of a processor feature that code can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no processor feature \"{0}\"; there are baseline, {names}", names = CpuFeatures::ALL)]
pub struct UnknownCpuFeature(pub String);

/// Which member of a set.
type Flag = fn(&mut CpuFeatures) -> &mut bool;

impl CpuFeatures {
    /// No feature beyond the floor: code that runs on every processor.
    pub const BASELINE: Self = Self {
        popcnt: false,
        lzcnt: false,
        bmi1: false,
        bmi2: false,
        sse42: false,
        avx: false,
        avx2: false,
        fma: false,
    };

    /// Every feature.
    pub const ALL: Self = Self {
        popcnt: true,
        lzcnt: true,
        bmi1: true,
        bmi2: true,
        sse42: true,
        avx: true,
        avx2: true,
        fma: true,
    };

    const FLAGS: [(&'static str, Flag); 8] = [
        ("popcnt", |set| &mut set.popcnt),
        ("lzcnt", |set| &mut set.lzcnt),
        ("bmi1", |set| &mut set.bmi1),
        ("bmi2", |set| &mut set.bmi2),
        ("sse4.2", |set| &mut set.sse42),
        ("avx", |set| &mut set.avx),
        ("avx2", |set| &mut set.avx2),
        ("fma", |set| &mut set.fma),
    ];

    /// The set as bits, in the order of its members.
    pub(crate) fn to_bits(mut self) -> u32 {
        let flags = (0..).zip(Self::FLAGS);
        flags
            .map(|(bit, (_, flag))| u32::from(*flag(&mut self)) << bit)
            .sum()
    }

    /// The set with these bits; None if there is one of no feature.
    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        let mut set = Self::BASELINE;
        for (bit, (_, flag)) in (0..).zip(Self::FLAGS) {
            *flag(&mut set) = bits & 1 << bit != 0;
        }
        (set.to_bits() == bits).then_some(set)
    }

    /// The features that are in this set and not in `other`.
    #[must_use]
    pub fn without(mut self, mut other: Self) -> Self {
        for (_, flag) in Self::FLAGS {
            *flag(&mut self) &= !*flag(&mut other);
        }
        self
    }

    /// Whether code that uses this set runs on a processor that has `available`.
    pub fn is_subset_of(self, available: Self) -> bool {
        self.without(available) == Self::BASELINE
    }
}

/// The names of the features in the set, joined by `+`; `baseline` if there are none.
impl fmt::Display for CpuFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = *self;
        let mut separator = "";
        for (name, flag) in Self::FLAGS {
            if *flag(&mut set) {
                write!(f, "{separator}{name}")?;
                separator = "+";
            }
        }
        match separator {
            "" => f.write_str("baseline"),
            _ => Ok(()),
        }
    }
}

impl FromStr for CpuFeatures {
    type Err = UnknownCpuFeature;

    /// Reads names joined by `+`; `baseline` adds nothing.
    fn from_str(text: &str) -> Result<Self, UnknownCpuFeature> {
        let mut set = Self::BASELINE;
        for name in text.split('+').filter(|&name| name != "baseline") {
            let mut flags = Self::FLAGS.into_iter();
            let flag = flags.find(|flag| flag.0 == name);
            let (_, flag) = flag.ok_or_else(|| UnknownCpuFeature(name.into()))?;
            *flag(&mut set) = true;
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn sets_are_compared_feature_by_feature() {
        let some = CpuFeatures {
            popcnt: true,
            sse42: true,
            ..CpuFeatures::BASELINE
        };
        assert!(CpuFeatures::BASELINE.is_subset_of(some) && some.is_subset_of(CpuFeatures::ALL));
        assert!(!CpuFeatures::ALL.is_subset_of(some));
        assert!(!CpuFeatures::ALL.without(some).popcnt);
        assert_eq!(some.without(some), CpuFeatures::default());
        assert_eq!(some.to_string(), "popcnt+sse4.2");
        assert_eq!(CpuFeatures::BASELINE.to_string(), "baseline");
        for set in [some, CpuFeatures::BASELINE, CpuFeatures::ALL] {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        let error = "avx+avx9".parse::<CpuFeatures>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no processor feature \"avx9\"; there are baseline, \
             popcnt+lzcnt+bmi1+bmi2+sse4.2+avx+avx2+fma"
        );
    }
}
