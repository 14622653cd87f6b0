//! `woodfrog inspect`: what is in an image, as text or JSON.

mod object;
mod text;

use crate::args::InspectArgs;
use crate::error::Failure;
use crate::frames::{self, NamedFrame};
use crate::frozen::Frozen;
use crate::symbols::Symbols;
use crate::{files, output, report};
use woodfrog::image::{ImageSizes, InstanceImage, TableElements};

/// Shows an image and returns the exit code. With modules it is checked as if it were
/// to be resumed.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn inspect(args: &InspectArgs) -> Result<u8, Failure> {
    let frozen = Frozen::read(&args.image_file, &args.module, &args.checkpoint)?;
    let image = frozen.image()?;
    let modules = frozen.modules();
    let symbols = Symbols::new(modules.iter().copied());
    let shown = Shown {
        frozen: &frozen,
        image: &image,
        frames: frames::with_symbols(&image, &modules, &symbols),
        sizes: image.sizes(),
    };
    let text = match args.json {
        true => format!("{}\n", shown.to_json()),
        false => shown.to_text(),
    };
    if let Some(path) = &args.files {
        output::write(path, &files::archive_of(&image)?)?;
    }
    report::print_text(&text)?;
    if symbols.is_incomplete() {
        report::note("the debug information is too much to be read: lines may be missing");
    }
    Ok(0)
}

/// What is to be shown.
struct Shown<'a> {
    frozen: &'a Frozen<'a>,
    image: &'a InstanceImage<'a>,
    frames: Vec<NamedFrame>,
    sizes: ImageSizes,
}

impl Shown<'_> {
    /// The parts of the image and their sizes in bytes, which add up to its own.
    fn parts(&self) -> Vec<(String, u64)> {
        let sizes = &self.sizes;
        let named = [
            ("frames", sizes.frames),
            ("modules", sizes.modules),
            ("instances", sizes.instances),
            ("functions", sizes.functions),
            ("tables", sizes.tables),
            ("globals", sizes.globals),
            ("host", sizes.host),
            ("memories", sizes.memories),
        ];
        let named = named.map(|(name, size)| (name.to_owned(), size));
        let pages = (0..).zip(&sizes.pages);
        let pages = pages.map(|(index, &size): (usize, _)| (format!("memory {index}"), size));
        let overhead = ("overhead".to_owned(), sizes.overhead);
        named.into_iter().chain(pages).chain([overhead]).collect()
    }
}

/// Function or host references as numbers; None is null.
fn table_elements(elements: &TableElements) -> Vec<Option<u32>> {
    match elements {
        TableElements::Func(elements) => elements.iter().map(|e| e.map(|addr| addr.0)).collect(),
        TableElements::Extern(elements) => {
            elements.iter().map(|e| e.map(|token| token.0)).collect()
        }
    }
}

/// Strings to be looked at: what is not UTF-8 in them is replaced.
fn lossy(strings: &[Vec<u8>]) -> Vec<String> {
    let lossy = strings.iter().map(|string| String::from_utf8_lossy(string));
    lossy.map(String::from).collect()
}
