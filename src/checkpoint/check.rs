//! Whether everything on a disk is what was written.

use super::blob::Blob;
use super::format::read_header_at;
use super::guests::GenerationSummary;
use super::leaf::LEAF_PAGES;
use super::map::{PageEntry, PageMap};
use super::nodes::NodeRef;
use super::place::Place;
use super::tag::{Kind, Tag};
use super::tree::{Children, FANOUT, check_children};
use super::{
    BlockDevice, CheckpointStore, Damage, DeviceError, Fault, Generation, GuestId, OpenError, PAGE,
    Part, ReadError,
};
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, and how.
    pub damage: Damage,
    /// Whether nothing is lost, because another copy is whole.
    pub is_harmless: bool,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// How many generations have been read.
    pub generations: u64,
    /// How many pages, those that generations share counted once.
    pub pages: u64,
}

impl CheckReport {
    fn lost(&mut self, damage: Damage) {
        self.findings.push(Finding {
            damage,
            is_harmless: false,
        });
    }

    fn harmless(&mut self, damage: Damage) {
        self.findings.push(Finding {
            damage,
            is_harmless: true,
        });
    }

    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Reads everything that any generation consists of, in all of its copies. `on_progress` learns
    /// how many bytes of about how many have been read.
    ///
    /// # Errors
    ///
    /// The device's, if they may go away; whatever else goes wrong is a finding.
    pub fn check(
        &mut self,
        on_progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CheckReport, DeviceError> {
        let total = match self.usage() {
            Ok(usage) => usage.used_units * usage.unit_bytes as u64,
            Err(ReadError::Device(error)) => return Err(error),
            // What is unreadable is found below.
            Err(_) => 0,
        };
        let mut checker = Checker {
            store: self,
            report: CheckReport::default(),
            nodes: BTreeSet::new(),
            pages: BTreeSet::new(),
            done: 0,
            total,
            on_progress,
        };
        checker.check()?;
        Ok(checker.report)
    }
}

struct Checker<'c, D> {
    store: &'c mut CheckpointStore<D>,
    report: CheckReport,
    /// First units of the nodes that have been read: trees share most of theirs.
    nodes: BTreeSet<u64>,
    /// Addresses and tags of the pages that have been read.
    pages: BTreeSet<(Place, Tag)>,
    done: u64,
    total: u64,
    on_progress: &'c mut dyn FnMut(u64, u64),
}

impl<D: BlockDevice> Checker<'_, D> {
    fn check(&mut self) -> Result<(), DeviceError> {
        self.check_headers()?;
        let root = self.store.state.root;
        self.check_node(Kind::Root, &root, Part::Root)?;
        let tree = self.store.root.guests.clone();
        self.check_children(
            &tree.children,
            tree.height,
            Part::GuestTree,
            &mut |this, id, node| {
                let guest = GuestId(id as u32);
                this.check_node(Kind::Guest, node, Part::Guest { guest })?;
                Ok(())
            },
        )?;
        for guest in self.store.guests() {
            self.check_guest(guest.id)?;
        }
        Ok(())
    }

    fn check_headers(&mut self) -> Result<(), DeviceError> {
        let media = &mut self.store.media;
        let key = media.tagger.key();
        for (copy, unit) in (0..).zip(media.geometry.headers()) {
            let fault = match read_header_at(&mut media.blocks, unit, key) {
                Ok((_, geometry)) if geometry == media.geometry => continue,
                Err(OpenError::Device(error @ DeviceError::Transient { .. })) => {
                    return Err(error);
                }
                Err(OpenError::Device(error)) => Fault::Unreadable(error),
                _ => Fault::Tag,
            };
            let part = Part::Header(copy);
            self.report.harmless(Damage { part, fault });
        }
        Ok(())
    }

    fn check_guest(&mut self, guest: GuestId) -> Result<(), DeviceError> {
        let record = self.store.guests[&guest.0].clone();
        let part = |part| Part::Program { guest, part };
        self.check_blob(&record.settings, part("settings"))?;
        self.check_blob(&record.module, part("module"))?;
        self.check_blob(&record.files, part("files"))?;
        if let Some(blob) = &record.working_set {
            self.check_blob(blob, Part::WorkingSet { guest })?;
        }
        for generation in &record.generations {
            self.report.generations += 1;
            match self.check_generation(guest, generation) {
                Ok(()) => {}
                Err(ReadError::Device(error)) => return Err(error),
                Err(ReadError::Damaged(damage)) => self.report.lost(damage),
                Err(ReadError::Compressed) => self.report.lost(Damage {
                    part: Part::Generation {
                        guest,
                        generation: generation.number,
                    },
                    fault: Fault::Compressed,
                }),
                Err(error) => unreachable!("{error}"),
            }
        }
        Ok(())
    }

    /// Checks a generation; the error is what keeps all of it from being read.
    fn check_generation(
        &mut self,
        guest: GuestId,
        summary: &GenerationSummary,
    ) -> Result<(), ReadError> {
        let generation = summary.number;
        let part = Part::Generation { guest, generation };
        if !self.check_node(Kind::Generation, &summary.record, part)? {
            return Ok(());
        }
        let record = self.store.generation_record(guest, generation)?;
        let part = Part::Metadata { guest, generation };
        self.check_blob(&record.metadata, part)?;
        let part = Part::Segment { guest, generation };
        for segment in &record.segments {
            if !self.check_node(Kind::Segment, segment, part)? {
                return Ok(());
            }
        }
        let map = PageMap::load(&mut self.store.media, &record)?;
        let mut opened = self.store.open_generation(guest, generation)?;
        for (memory, of_memory) in (0..).zip(&record.memories) {
            let mut lost = BTreeSet::new();
            let (tree, part) = (&of_memory.leaves, map.part(memory, 0));
            self.check_children(
                &tree.children,
                tree.height,
                part,
                &mut |this, leaf, node| {
                    // A leaf of no length has no pages.
                    let part = map.part(memory, leaf);
                    if node.len_bytes > 0 && !this.check_node(Kind::Leaf, node, part)? {
                        lost.insert(leaf);
                    }
                    Ok(())
                },
            )?;
            self.check_pages(&mut opened, memory, &lost)?;
        }
        Ok(())
    }

    /// Checks the pages of a memory, but for those of leaves that are lost.
    fn check_pages(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        lost: &BTreeSet<u64>,
    ) -> Result<(), ReadError> {
        for leaf in self.store.leaves(generation, memory)? {
            if lost.contains(&leaf) {
                continue;
            }
            let mut run: Vec<(u64, PageEntry)> = Vec::new();
            for (slot, entry) in self.store.leaf_pages(generation, memory, leaf)?.iter() {
                if self.pages.contains(&(entry.place, entry.tag)) {
                    continue;
                }
                let page = leaf * LEAF_PAGES + u64::from(slot);
                if run.last().is_some_and(|last| last.0 + 1 != page) {
                    self.check_run(generation, memory, &run)?;
                    run.clear();
                }
                run.push((page, *entry));
            }
            self.check_run(generation, memory, &run)?;
        }
        Ok(())
    }

    /// Checks pages that adjoin.
    fn check_run(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        pages: &[(u64, PageEntry)],
    ) -> Result<(), ReadError> {
        let Some(&(first, _)) = pages.first() else {
            return Ok(());
        };
        let mut bytes = vec![0; pages.len() * PAGE];
        match self.store.read_pages(generation, memory, first, &mut bytes) {
            Ok(()) => {}
            Err(ReadError::Damaged(damage)) if pages.len() == 1 => {
                self.report.lost(damage);
                return Ok(());
            }
            Err(ReadError::Damaged(_)) => {
                // One by one, so that all that are damaged are found.
                for page in pages {
                    self.check_run(generation, memory, &[*page])?;
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let read = pages.iter().map(|(_, entry)| (entry.place, entry.tag));
        self.pages.extend(read);
        self.report.pages += pages.len() as u64;
        self.note(bytes.len() as u64);
        Ok(())
    }

    /// Checks inner nodes; `check_leaf` gets the references at the bottom and their keys.
    fn check_children(
        &mut self,
        children: &Children,
        height: u8,
        part: Part,
        check_leaf: &mut dyn FnMut(&mut Self, u64, &NodeRef) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let mut level: Vec<(u64, NodeRef)> = children
            .iter()
            .map(|child| (u64::from(child.0), child.1))
            .collect();
        for _ in 0..height {
            let mut below = Vec::new();
            for (key, node) in level {
                if !self.check_node(Kind::Inner, &node, part)? {
                    continue;
                }
                let children = self
                    .store
                    .media
                    .decode_node::<Children>(Kind::Inner, &node, part)
                    .and_then(|children| {
                        check_children(&children, part)?;
                        Ok(children)
                    });
                match children {
                    Ok(children) => below.extend(
                        children
                            .iter()
                            .map(|child| (key * FANOUT + u64::from(child.0), child.1)),
                    ),
                    Err(ReadError::Device(error)) => return Err(error),
                    Err(ReadError::Damaged(damage)) => self.report.lost(damage),
                    Err(error) => unreachable!("{error}"),
                }
            }
            level = below;
        }
        level
            .iter()
            .try_for_each(|(key, node)| check_leaf(self, *key, node))
    }

    /// Checks both copies of a node; returns whether one is whole.
    fn check_node(&mut self, kind: Kind, node: &NodeRef, part: Part) -> Result<bool, DeviceError> {
        if self.nodes.contains(&node.copies[0]) {
            return Ok(true);
        }
        let media = &mut self.store.media;
        match media.read_node(kind, node, part) {
            Ok(_) => {}
            Err(ReadError::Device(error)) => return Err(error),
            Err(ReadError::Damaged(damage)) => {
                self.report.lost(damage);
                return Ok(false);
            }
            Err(error) => unreachable!("{error}"),
        }
        for (_, fault) in media.check_copies(kind, node)? {
            self.report.harmless(Damage { part, fault });
        }
        self.nodes.insert(node.copies[0]);
        self.note(2 * u64::from(node.len_bytes));
        Ok(true)
    }

    fn check_blob(&mut self, blob: &Blob, part: Part) -> Result<(), DeviceError> {
        let media = &mut self.store.media;
        if let Err(damage) = media.check_blob(blob, part) {
            self.report.lost(damage);
            return Ok(());
        }
        let mut faults = Vec::new();
        for copy in &blob.copies {
            match media.read_blob_copy(blob, copy) {
                Ok(Ok(_)) => {}
                Ok(Err(fault)) => faults.push(fault),
                Err(ReadError::Device(error)) => return Err(error),
                // Not enough memory to tell.
                Err(_) => {}
            }
        }
        let is_harmless = faults.len() < blob.copies.len();
        self.report
            .findings
            .extend(faults.into_iter().map(|fault| Finding {
                damage: Damage { part, fault },
                is_harmless,
            }));
        self.note(blob.copies.len() as u64 * blob.len_bytes);
        Ok(())
    }

    fn note(&mut self, len_bytes: u64) {
        self.done += len_bytes;
        (self.on_progress)(self.done, self.total.max(self.done));
    }
}
