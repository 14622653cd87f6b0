//! Whether everything on a disk is what was written.

use super::blob::Blob;
use super::guests::GenerationRecord;
use super::tag::Kind;
use super::{BlockDevice, CheckpointStore, Damage, DeviceError, GuestId, Part, ReadError};
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
    /// How many of their pages, those that they share counted for each.
    pub pages: u64,
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Reads everything that any generation consists of, records and blobs in both copies.
    ///
    /// # Errors
    ///
    /// The device's, if they may go away; whatever else goes wrong is a finding.
    pub fn check(&mut self) -> Result<CheckReport, DeviceError> {
        let mut report = CheckReport::default();
        let root = self.state.root;
        for (_, fault) in self.media.check_copies(Kind::Root, &root)? {
            let damage = Damage {
                part: Part::Root,
                fault,
            };
            report.findings.push(Finding {
                damage,
                is_harmless: true,
            });
        }
        for info in self.guests() {
            let record = self.guests[&info.id.0].clone();
            let guest = info.id;
            let part = |part| Part::Program { guest, part };
            self.check_blob_copies(&record.settings, part("settings"), &mut report)?;
            self.check_blob_copies(&record.module, part("module"), &mut report)?;
            self.check_blob_copies(&record.files, part("files"), &mut report)?;
            if let Some(blob) = &record.working_set {
                self.check_blob_copies(blob, Part::WorkingSet { guest }, &mut report)?;
            }
            for generation in info.generations {
                report.generations += 1;
                match self.check_generation(guest, generation.number, &mut report) {
                    Ok(()) => {}
                    Err(ReadError::Device(error)) => return Err(error),
                    Err(ReadError::Damaged(damage)) => report.lost(damage),
                    Err(error) => unreachable!("{error}"),
                }
            }
        }
        Ok(report)
    }

    fn check_generation(
        &mut self,
        guest: GuestId,
        number: u64,
        report: &mut CheckReport,
    ) -> Result<(), ReadError> {
        let part = Part::Generation {
            guest,
            generation: number,
        };
        if let Some(summary) = self.guests[&guest.0].generation(number).copied() {
            for (_, fault) in self.media.check_copies(Kind::Generation, &summary.record)? {
                let damage = Damage { part, fault };
                report.findings.push(Finding {
                    damage,
                    is_harmless: true,
                });
            }
        }
        let record: GenerationRecord = self.generation_record(guest, number)?;
        let part = Part::Metadata {
            guest,
            generation: number,
        };
        self.check_blob_copies(&record.metadata, part, report)?;
        let mut generation = self.open_generation(guest, number)?;
        for memory in 0..record.memories.len() as u32 {
            for range in self.page_ranges(&mut generation, memory)? {
                let mut page_bytes = vec![0; super::PAGE];
                for page in range.first..range.first + range.count {
                    match self.read_pages(&mut generation, memory, page, &mut page_bytes) {
                        Ok(()) => {}
                        Err(ReadError::Damaged(damage)) => report.lost(damage),
                        Err(error) => return Err(error),
                    }
                    report.pages += 1;
                }
            }
        }
        Ok(())
    }

    fn check_blob_copies(
        &mut self,
        blob: &Blob,
        part: Part,
        report: &mut CheckReport,
    ) -> Result<(), DeviceError> {
        if let Err(damage) = self.media.check_blob(blob, part) {
            report.lost(damage);
            return Ok(());
        }
        let mut faults = Vec::new();
        for copy in &blob.copies {
            match self.media.read_blob_copy(blob, copy) {
                Ok(Ok(_)) => {}
                Ok(Err(fault)) => faults.push(fault),
                Err(ReadError::Device(error)) => return Err(error),
                Err(_) => {}
            }
        }
        let is_harmless = faults.len() < blob.copies.len();
        report
            .findings
            .extend(faults.into_iter().map(|fault| Finding {
                damage: Damage { part, fault },
                is_harmless,
            }));
        Ok(())
    }
}

impl CheckReport {
    fn lost(&mut self, damage: Damage) {
        self.findings.push(Finding {
            damage,
            is_harmless: false,
        });
    }

    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}
