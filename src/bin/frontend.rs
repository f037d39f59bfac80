//! The frontend in the image: see `multistage::gateway`.

#![deny(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static MEMORY: memory::Memory = memory::Memory::new();

fn main() -> ExitCode {
    multistage::gateway::main()
}

/// The allocator of musl, which the image's program is linked to, asks the kernel for memory a few pages at a time and
/// gives them back at once: 165 of the 395 system calls of a small build. So there is dlmalloc instead.
///
/// Its own lock is a mutex of the system, which took an eighth of what the program itself computes in a small build. Only
/// the thread that ends the process after a panic can get in the way of the one that works, so a flag does.
#[allow(unsafe_code, reason = "an allocator hands out raw memory")]
mod memory {
    use dlmalloc::Dlmalloc;
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::UnsafeCell;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub struct Memory {
        is_taken: AtomicBool,
        heap: UnsafeCell<Dlmalloc>,
    }

    // Safety: `heap` is reached through `with` alone, and there by one thread at a time.
    unsafe impl Sync for Memory {}

    impl Memory {
        pub const fn new() -> Memory {
            Memory { is_taken: AtomicBool::new(false), heap: UnsafeCell::new(Dlmalloc::new()) }
        }

        /// Works on the heap. `work` neither allocates through this allocator nor panics, as dlmalloc does neither.
        #[inline]
        fn with<T>(&self, work: impl FnOnce(&mut Dlmalloc) -> T) -> T {
            while self.is_taken.swap(true, Ordering::Acquire) {
                std::thread::yield_now();
            }
            // Safety: who has set the flag is alone here until it clears it, and sees all that was written before.
            let result = work(unsafe { &mut *self.heap.get() });
            self.is_taken.store(false, Ordering::Release);
            result
        }
    }

    // Safety: dlmalloc asks of its callers, and promises them, what this trait does.
    unsafe impl GlobalAlloc for Memory {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // Safety: `malloc` asks for nothing but a layout that is one, as the caller promises.
            self.with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
        }

        #[inline]
        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            // Safety: the caller promises that `at` came from this heap with this layout, and is given up.
            self.with(|heap| unsafe { heap.free(at, layout.size(), layout.align()) });
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // Safety: as for `malloc`.
            self.with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
        }

        #[inline]
        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // Safety: as for `free`; what is returned takes the place of `at`.
            self.with(|heap| unsafe { heap.realloc(at, layout.size(), layout.align(), size) })
        }
    }
}
