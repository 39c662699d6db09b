//! The allocator: blocks of a few sizes for each power of two, reused by size. Small, fast, and exhaustion is a failure
//! with words instead of a trap.

#[cfg(target_arch = "wasm32")]
pub use wasm::allocate;

#[cfg(not(target_arch = "wasm32"))]
pub fn allocate(len: usize) -> *mut u8 {
    Vec::<u8>::with_capacity(len).leak().as_mut_ptr()
}

/// The block that holds so many bytes: its size class and its size. A quarter is lost at most.
#[cfg(any(target_arch = "wasm32", test))]
fn block_of(len: usize) -> (usize, usize) {
    if len <= 16 {
        return (0, 16);
    }
    let len = (len + 15) & !15;
    let bits = usize::BITS - (len - 1).leading_zeros(); // 2^(bits - 1) < len <= 2^bits, and bits is at least 5
    let step = 1usize << (bits - 3);
    let size = (len + step - 1) & !(step - 1);
    (4 * (bits as usize - 5) + (size >> (bits - 3)) - 4, size)
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::block_of;
    use crate::cell::Global;
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};

    const PAGE: usize = 65_536;
    const LARGEST: usize = 1 << 30;
    const CLASSES: usize = 4 * (30 - 5) + 5;

    struct Blocks {
        top: usize,             // 0 before the first allocation
        free: [usize; CLASSES], // a list each: a free block begins with the next one's address
    }

    struct Allocator(Global<Blocks>);

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator(Global::new(Blocks { top: 0, free: [0; CLASSES] }));

    extern "C" {
        static __heap_base: u8; // set by the linker: everything above it is free
    }

    /// Room for bytes that the host writes; never given back.
    pub fn allocate(len: usize) -> *mut u8 {
        unsafe { ALLOCATOR.alloc(Layout::from_size_align_unchecked(len, 16)) }
    }

    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let blocks = self.0.get();
            if layout.size() > LARGEST || layout.align() > 16 {
                return blocks.extend(layout.size(), layout.align());
            }
            let (class, size) = block_of(layout.size());
            let block = blocks.free[class];
            if block == 0 {
                return blocks.extend(size, 16);
            }
            blocks.free[class] = *(block as *const usize);
            block as *mut u8
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            if layout.size() > LARGEST || layout.align() > 16 {
                return;
            }
            let blocks = self.0.get();
            let (class, size) = block_of(layout.size());
            if at as usize + size == blocks.top {
                blocks.top = at as usize;
                return;
            }
            *(at as *mut usize) = blocks.free[class];
            blocks.free[class] = at as usize;
        }

        unsafe fn realloc(&self, at: *mut u8, layout: Layout, len: usize) -> *mut u8 {
            if len <= LARGEST && layout.size() <= LARGEST && layout.align() <= 16 {
                let ((class, size), (new_class, new_size)) = (block_of(layout.size()), block_of(len));
                if class == new_class {
                    return at;
                }
                let blocks = self.0.get();
                if at as usize + size == blocks.top {
                    blocks.top = at as usize;
                    return blocks.extend(new_size, 16); // the same place
                }
            }
            let moved = self.alloc(Layout::from_size_align_unchecked(len, layout.align()));
            core::ptr::copy_nonoverlapping(at, moved, layout.size().min(len));
            self.dealloc(at, layout);
            moved
        }
    }

    impl Blocks {
        /// New memory above all blocks.
        unsafe fn extend(&mut self, size: usize, align: usize) -> *mut u8 {
            if self.top == 0 {
                self.top = (&__heap_base as *const u8 as usize + 15) & !15;
            }
            let at = (self.top + align - 1) & !(align - 1);
            let end = match at.checked_add(size) {
                Some(end) if end <= isize::MAX as usize => (end + 15) & !15,
                _ => exhausted(),
            };
            let room = memory_size(0) * PAGE;
            if end > room && memory_grow(0, (end - room + PAGE - 1) / PAGE) == usize::MAX {
                exhausted();
            }
            self.top = end;
            at as *mut u8
        }
    }

    fn exhausted() -> ! {
        crate::imports::fail(b"out of memory")
    }
}

#[cfg(test)]
mod tests {
    use super::block_of;

    #[test]
    fn a_block_holds_what_it_is_for_and_a_class_has_one_size() {
        let mut sizes = std::collections::BTreeMap::new();
        for len in (0..5_000).chain((1..25).flat_map(|k| [(1 << k) - 1, 1 << k, (1 << k) + 1])) {
            let (class, size) = block_of(len);
            assert!(size >= len && (size <= len + 31 || size * 4 <= len * 5), "{len} in {size}");
            assert_eq!(*sizes.entry(class).or_insert(size), size);
        }
    }
}
