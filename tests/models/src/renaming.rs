//! Versions by order of appearance.

/// More versions than any row can have alive at once.
const VERSIONS_MAX: usize = 64;

/// Gives versions new names in the order in which they are met.
///
/// Versions are only ever compared for equality, so two states that differ in nothing but the
/// names of their versions behave alike, and the checker need see only one of them.
pub struct Renaming {
    names: [u8; VERSIONS_MAX],
    used: u8,
}

impl Renaming {
    /// No version has a name yet.
    pub fn new() -> Renaming {
        Renaming {
            names: [0; VERSIONS_MAX],
            used: 0,
        }
    }

    /// Gives `version` its new name. Zero stands for "none" and stays.
    pub fn rename(&mut self, version: &mut u8) {
        if *version == 0 {
            return;
        }
        let name = &mut self.names[usize::from(*version)];
        if *name == 0 {
            self.used += 1;
            *name = self.used;
        }
        *version = *name;
    }

    /// How many names were given; the next fresh version is one more.
    pub fn used(&self) -> u8 {
        self.used
    }
}

impl Default for Renaming {
    fn default() -> Renaming {
        Renaming::new()
    }
}
