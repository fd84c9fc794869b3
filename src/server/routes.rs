//! The paths of a routed listener. Shared by the JavaScript thread, which changes them, and the
//! IO thread, which looks requests up.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A table of exact paths; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    table: Arc<RwLock<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    ids: HashMap<Box<[u8]>, u32>,
    next: u32,
}

impl Routes {
    /// Adds a path and returns its id. An id is never given twice in the life of a table, so that
    /// a request which is on its way to JavaScript cannot reach a later owner of the path; a path
    /// that is already there keeps its id.
    pub fn add(&self, path: &str) -> u32 {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = table.ids.get(path.as_bytes()) {
            return *id;
        }
        let id = table.next;
        table.next = table.next.wrapping_add(1);
        table.ids.insert(path.as_bytes().into(), id);
        id
    }

    /// Removes a path; without effect if it is not there.
    pub fn remove(&self, path: &str) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.ids.remove(path.as_bytes());
    }

    /// The id of the path that is equal byte for byte.
    #[must_use]
    pub fn find(&self, pathname: &[u8]) -> Option<u32> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.ids.get(pathname).copied()
    }
}
