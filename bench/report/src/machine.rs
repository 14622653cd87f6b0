//! The machine that figures were measured on, and the versions that were measured.

use std::process::Command;

/// Versions that cargo chose.
const LOCK: &str = include_str!("../../Cargo.lock");

/// What a reader has to know to make sense of figures.
pub struct Machine {
    processor: String,
    threads: usize,
    load: String,
    date: String,
    compiler: String,
}

impl Machine {
    /// Describes this machine, as it is now.
    pub fn describe() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            processor: processor_of(&read("/proc/cpuinfo")).to_owned(),
            threads: std::thread::available_parallelism().map_or(1, Into::into),
            load: load_of(&read("/proc/loadavg")),
            date: output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            compiler: output("rustc", &["--version"]),
        }
    }

    /// As sentences of Markdown, with the versions of these packages.
    pub fn to_markdown(&self, packages: &[&str]) -> String {
        let version = |name| format!("{name} {}", version_of(LOCK, name).unwrap_or("?"));
        let mut versions: Vec<String> = packages.iter().copied().map(version).collect();
        versions.push(self.compiler.clone());
        format!(
            "Measured on {}: {}, {} hardware threads, load {} when the run began \
             (1, 5, 15 minutes). {}.",
            self.date,
            self.processor,
            self.threads,
            self.load,
            versions.join(", "),
        )
    }
}

fn output(command: &str, args: &[&str]) -> String {
    let output = Command::new(command).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("no {command}"))
}

fn processor_of(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("an unknown processor", |(_, name)| name)
}

fn load_of(loadavg: &str) -> String {
    let averages: Vec<&str> = loadavg.split(' ').take(3).collect();
    averages.join(", ")
}

/// The version of a package in a lock file.
fn version_of<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_in_cpuinfo() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast CPU\nflags\t: a\n";
        assert_eq!(processor_of(cpuinfo), "Fast CPU");
        assert_eq!(processor_of(""), "an unknown processor");
    }

    #[test]
    fn the_load_is_three_numbers() {
        assert_eq!(load_of("0.50 1.20 2.00 3/400 12345\n"), "0.50, 1.20, 2.00");
    }

    #[test]
    fn versions_stand_in_the_lock_file() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"a\"\nversion = \"2.3.4\"\n";
        assert_eq!(version_of(lock, "a"), Some("2.3.4"));
        assert_eq!(version_of(lock, "c"), None);
    }
}
