//! Files of all kinds in place of modules and images, and what is left of files that could
//! not be written.

use crate::common::{Run, command, file, path};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

/// Never ends.
const ENDLESS: &str = r#"(module (func (export "_start") (loop $again (br $again))))"#;

/// An image of the program, and its module.
fn image() -> (String, String) {
    let (module, image) = (file("endless.wat", ENDLESS), path("image"));
    freeze(&module, &image).assert_prints("");
    (image, module)
}

fn freeze(module: &str, image: &str) -> Run {
    Run::new(&["run", "--freeze-after", "1", "--image", image, module])
}

/// A directory of this test run, with these files in it.
fn directory(files: &[(&str, &str)]) -> String {
    let directory = path("directory");
    fs::create_dir(&directory).expect("a new directory");
    for (name, contents) in files {
        fs::write(format!("{directory}/{name}"), contents).expect("a new file");
    }
    directory
}

/// The names of all files in a directory, hidden ones included.
fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_no_module_is_told_from_its_first_bytes() {
    let (image, _) = image();
    Run::new(&["run", &image]).assert_fails(1, "`woodfrog resume` goes on from it");
    Run::new(&["run", "/dev/zero"]).assert_fails(1, "no WebAssembly module");
    Run::new(&["compile", "/dev/urandom"]).assert_fails(1, "no WebAssembly module");
    Run::new(&["run", "/dev/null"]).assert_fails(1, "it is empty");
    Run::new(&["run", "/"]).assert_fails(1, "Is a directory");
    let elf = env!("CARGO_BIN_EXE_woodfrog");
    Run::new(&["run", elf]).assert_fails(1, "no WebAssembly module");
}

#[test]
fn what_is_no_image_is_told_from_its_first_bytes() {
    let (image, module) = image();
    let binary = file("module.wasm", wat::parse_str(ENDLESS).expect("valid text"));
    for module in [&binary, &module] {
        Run::new(&["inspect", module]).assert_fails(1, "is a WebAssembly module, not an image");
    }
    Run::new(&["resume", "/dev/zero", "--module", &module]).assert_fails(1, "magic");
    let bytes = fs::read(&image).expect("the image");
    let cut = file("cut", &bytes[..bytes.len() - 1]);
    Run::new(&["inspect", &cut]).assert_fails(1, "the end is missing");
    let mut long = bytes.clone();
    long.push(0);
    Run::new(&["inspect", &file("long", long)]).assert_fails(1, "the header says");
    let mut damaged = bytes;
    damaged[50] ^= 1;
    Run::new(&["inspect", &file("damaged", damaged)]).assert_fails(1, "it was damaged");
}

#[test]
fn what_is_no_disk_is_told_from_its_first_bytes() {
    let (image, _) = image();
    Run::new(&["disk", "ls", &image]).assert_fails(1, "`woodfrog disk add DISK --image FILE`");
    let text = format!("(module (memory 1) (data \"{}\"))", "x".repeat(5000));
    let binary = file("module.wasm", wat::parse_str(text).expect("valid text"));
    let advice = "`woodfrog disk create DISK --module FILE`";
    Run::new(&["disk", "fsck", &binary]).assert_fails(1, advice);
    let text = file("text", "x".repeat(5000));
    Run::new(&["disk", "ls", &text]).assert_fails(1, "not a checkpoint disk");
    let no_key = ["disk", "ls", &image, "--key", "/dev/zero"];
    Run::new(&no_key).assert_fails(1, "a key is 32 bytes");
}

#[test]
fn a_variable_has_a_name() {
    let (_, module) = image();
    for variable in ["NAME", "=value", ""] {
        let run = ["run", "--env", variable, &module];
        Run::new(&run).assert_fails(1, "expected NAME=VALUE");
        let disk = path("disk");
        let create = [
            "disk", "create", &disk, "--module", &module, "--env", variable,
        ];
        Run::new(&create).assert_fails(1, "expected NAME=VALUE");
    }
}

#[test]
fn an_image_can_come_from_a_stream_but_not_of_any_length() {
    let (image, _) = image();
    let bytes = fs::read(&image).expect("the image");
    let inspect = |bytes: &[u8]| Run::with_stdin(&["inspect", "--json", "/dev/stdin"], bytes);
    assert_eq!(inspect(&bytes).json()["bytes"], bytes.len());
    let mut endless = bytes;
    endless[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    inspect(&endless).assert_fails(1, "more than is read");
}

#[test]
fn an_image_of_another_module_names_both() {
    let (image, _) = image();
    let other = file("other.wat", "(module)");
    for command in ["resume", "inspect"] {
        let run = Run::new(&[command, &image, "--module", &other]);
        run.assert_fails(1, "is of a module that was not given");
        assert!(run.stderr.contains(&format!("{other} has ")), "{run:#?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let module = file("endless.wat", ENDLESS);
    let directory = directory(&[("kept", "as it was")]);
    freeze(&module, &directory).assert_fails(1, "Is a directory");
    freeze(&module, &format!("{directory}/none/image")).assert_fails(1, "No such file");
    freeze(&module, "/dev/full").assert_fails(1, "No space left");
    Run::new(&["compile", "-o", "/dev/full", &module]).assert_fails(1, "No space left");
    assert_eq!(names(&directory), ["kept"]);

    // A limit of the process stands for a full disk.
    let kept = format!("{directory}/kept");
    let script = r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#;
    let woodfrog = env!("CARGO_BIN_EXE_woodfrog");
    let compile = ["compile", "-o", &kept, &module];
    let output = std::process::Command::new("bash")
        .args(["-c", script, woodfrog])
        .args(compile)
        .output();
    Run::from(output.expect("bash runs")).assert_fails(1, "cannot write");
    assert_eq!(names(&directory), ["kept"]);
    assert_eq!(fs::read_to_string(&kept).expect("a file"), "as it was");
}

#[test]
fn a_file_that_is_there_is_replaced_with_its_permissions_and_links() {
    let module = file("endless.wat", ENDLESS);
    let directory = directory(&[("old", "as it was")]);
    let (old, link) = (format!("{directory}/old"), format!("{directory}/link"));
    fs::set_permissions(&old, PermissionsExt::from_mode(0o640)).expect("an own file");
    symlink("old", &link).expect("a new link");
    freeze(&module, &link).assert_prints("");
    assert_eq!(names(&directory), ["link", "old"]);
    let metadata = fs::symlink_metadata(&old).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    let inspected = Run::new(&["inspect", "--module", &module, &old]);
    assert_eq!(inspected.code, Some(0), "{inspected:#?}");
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
}

#[test]
fn output_can_go_to_a_stream() {
    let module = file("endless.wat", ENDLESS);
    let expected = path("code");
    Run::new(&["compile", "-o", &expected, &module]).assert_prints("");
    let output = command(&["compile", "-o", "/dev/stdout", &module])
        .stdout(Stdio::piped())
        .output();
    let code = fs::read(expected).expect("a file");
    assert_eq!(output.expect("the command runs").stdout, code);
}
