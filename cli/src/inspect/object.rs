//! An image as a JSON object.

use super::{Shown, lossy, table_elements};
use crate::json;
use serde_json::{Map, Value as Json, json};
use woodfrog::image::{GlobalState, IMAGE_PAGE, InstanceImage, MemoryState, TableState};
use woodfrog::wasi::HostState;

impl Shown<'_> {
    /// All of it as a JSON object.
    pub(super) fn to_json(&self) -> Json {
        let image = self.image;
        let instances = image.instances.iter();
        let instances: Vec<_> = instances
            .map(|instance| json!({ "module": instance.module }))
            .collect();
        let parts = self.parts().into_iter();
        let sizes: Map<_, _> = parts.map(|(name, size)| (name, size.into())).collect();
        json!({
            "bytes": self.sizes.total(),
            "modules": image.modules.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "instances": instances,
            "frames": self.frames.iter().map(json::frame).collect::<Vec<_>>(),
            "memories": image.memories.iter().map(memory).collect::<Vec<_>>(),
            "globals": image.globals.iter().map(global).collect::<Vec<_>>(),
            "tables": image.tables.iter().map(table).collect::<Vec<_>>(),
            "host": host(image),
            "sizes": sizes,
        })
    }
}

fn memory(memory: &MemoryState<'_>) -> Json {
    let runs = memory.contents.page_runs();
    let runs: Vec<_> = runs
        .iter()
        .map(|run| {
            let (address, bytes) = (u64::from(run.first), u64::from(run.count));
            json!({ "address": address * IMAGE_PAGE as u64, "bytes": bytes * IMAGE_PAGE as u64 })
        })
        .collect();
    let chunks = memory.contents.chunks();
    json!({
        "address": memory.ty.address.val_type().name(),
        "pages": memory.size_pages,
        "maximum": memory.ty.maximum,
        "stored_bytes": chunks.map(|(_, bytes)| bytes.len()).sum::<usize>(),
        "stored": runs,
    })
}

fn global(global: &GlobalState) -> Json {
    let mut object = json::value(&global.value);
    object["mutable"] = global.ty.is_mutable.into();
    object
}

fn table(table: &TableState) -> Json {
    json!({
        "address": table.ty.address.val_type().name(),
        "type": table.ty.element.name(),
        "elements": table_elements(&table.elements),
    })
}

fn host(image: &InstanceImage<'_>) -> Json {
    match HostState::of_image(image) {
        Ok(state) => {
            json!({
                "stage": format!("{:?}", state.stage),
                "entry": format!("{:?}", state.entry),
                "args": lossy(state.wasi.args()),
                "env": lossy(state.wasi.env()),
                "stdin_position": state.wasi.stdin_position(),
            })
        }
        Err(_) => Json::Null,
    }
}
