//! The guest ABI's six imports, made safe. What ends the run never returns.

#[cfg(target_arch = "wasm32")]
mod raw {
    #[link(wasm_import_module = "executor")]
    extern "C" {
        pub fn observe(spec: *const u8, len: usize) -> i64;
        pub fn propose(kind: u32, bytes: *const u8, len: usize);
        pub fn call(op: *const u8, op_len: usize, request: *const u8, len: usize) -> i64;
        pub fn read(destination: *mut u8);
        pub fn fail(bytes: *const u8, len: usize);
        pub fn log(level: u32, bytes: *const u8, len: usize);
    }

    pub fn halt() -> ! {
        core::arch::wasm32::unreachable()
    }
}

/// Elsewhere there is no host: what computes can be checked and tested there, what asks stops.
#[cfg(not(target_arch = "wasm32"))]
mod raw {
    pub unsafe fn observe(_: *const u8, _: usize) -> i64 {
        halt()
    }
    pub unsafe fn propose(_: u32, _: *const u8, _: usize) {}
    pub unsafe fn call(_: *const u8, _: usize, _: *const u8, _: usize) -> i64 {
        halt()
    }
    pub unsafe fn read(_: *mut u8) {}
    pub unsafe fn fail(_: *const u8, _: usize) {}
    pub unsafe fn log(_: u32, _: *const u8, _: usize) {}

    pub fn halt() -> ! {
        std::process::abort()
    }
}

/// What the transcript has for the next slot, kind and bytes; none where this node is to look for itself.
pub fn observe(spec: &str) -> Option<(u32, Vec<u8>)> {
    let packed = unsafe { raw::observe(spec.as_ptr(), spec.len()) };
    if packed == -1 {
        return None;
    }
    Some(answer(packed))
}

/// Ends an observe run with a value (kind 0) or an error code (kind 1).
pub fn propose(kind: u32, bytes: &[u8]) -> ! {
    unsafe { raw::propose(kind, bytes.as_ptr(), bytes.len()) };
    raw::halt()
}

/// A capability's status (0: response) and bytes.
pub fn call(operation: &str, request: &[u8]) -> (u32, Vec<u8>) {
    answer(unsafe { raw::call(operation.as_ptr(), operation.len(), request.as_ptr(), request.len()) })
}

/// Ends the run as Failed. The bytes are not empty and at most 1,024.
pub fn fail(bytes: &[u8]) -> ! {
    unsafe { raw::fail(bytes.as_ptr(), bytes.len()) };
    raw::halt()
}

/// A line for people; who calls this looks after the host's limits.
pub fn log(level: u32, text: &str) {
    unsafe { raw::log(level, text.as_ptr(), text.len()) }
}

fn answer(packed: i64) -> (u32, Vec<u8>) {
    let len = packed as u32 as usize;
    let mut bytes = Vec::with_capacity(len);
    unsafe {
        raw::read(bytes.as_mut_ptr());
        bytes.set_len(len); // the host wrote all of them
    }
    ((packed >> 32) as u32, bytes)
}
