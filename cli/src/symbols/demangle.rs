//! Names as compilers mangle them to names as people write them.

use std::fmt::{self, Write};

/// Longest name that is looked at, in bytes: what it takes to read one can grow faster.
const MAX_MANGLED: usize = 4096;

/// Longest name that is made, in bytes: a mangled name can refer to its own parts again and
/// again.
const MAX_DEMANGLED: usize = 16384;

/// The name of a function of Rust or C++; None if it is not mangled.
pub fn demangle(name: &str) -> Option<String> {
    if name.len() > MAX_MANGLED {
        return None;
    }
    let mut demangled = Bounded::default();
    if let Ok(symbol) = rustc_demangle::try_demangle(name) {
        // The alternate form leaves the hash out.
        write!(demangled, "{symbol:#}").ok()?;
    } else if name.starts_with("_Z") || name.starts_with("__Z") {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        symbol
            .structured_demangle(&mut demangled, &cpp_demangle::DemangleOptions::new())
            .ok()?;
    }
    Some(demangled.0).filter(|demangled| !demangled.is_empty())
}

/// Text that does not grow without bound.
#[derive(Default)]
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_DEMANGLED {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_and_cpp_are_demangled() {
        let of = |name| demangle(name).unwrap_or_default();
        assert_eq!(
            of("_ZN4core3fmt5write17h0123456789abcdefE"),
            "core::fmt::write"
        );
        assert_eq!(of("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(of("_ZN3foo3barEi"), "foo::bar(int)");
    }

    #[test]
    fn other_names_are_left_alone() {
        for name in ["", "main", "_start", "_Z", "_R", "_ZN", "$f"] {
            assert_eq!(demangle(name), None, "{name}");
        }
        let long = format!("_ZN{}E", "3foo".repeat(2000));
        assert_eq!(demangle(&long), None);
    }

    #[test]
    fn names_that_repeat_themselves_do_not_grow_without_bound() {
        let mut name = "_Z1fSt4pairIiiE".to_owned();
        for index in 0..30 {
            name += &format!("St4pairIS{index}_S{index}_E");
        }
        assert!(demangle(&name).is_none_or(|name| name.len() <= MAX_DEMANGLED));
    }
}
