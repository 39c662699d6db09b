//! A global of a guest, which has one thread.

use core::cell::UnsafeCell;

pub struct Global<T>(UnsafeCell<T>);

// A module without shared memory is never entered twice at once: the host refuses threads.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The only way to the value; no reference of an earlier call may be in use any more.
    #[allow(clippy::mut_from_ref)] // the type's whole purpose
    pub unsafe fn get(&self) -> &mut T {
        &mut *self.0.get()
    }
}
