//! The way into the user's function, and the ways out of it.

use crate::bytes::Bytes;
use crate::error::{fail, place_of, Error};
use crate::{calls, imports, memory};

/// What a function is called with: bytes, with the ways to read them.
pub type Input = Bytes;

/// What a function may return: bytes or text, nothing, or a `Result` of these.
pub trait Output {
    /// The bytes; an error ends the run as Failed.
    fn into_output(self) -> Vec<u8>;
}

impl Output for () {
    fn into_output(self) -> Vec<u8> {
        Vec::new()
    }
}

impl Output for Vec<u8> {
    fn into_output(self) -> Vec<u8> {
        self
    }
}

impl Output for &[u8] {
    fn into_output(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl<const N: usize> Output for [u8; N] {
    fn into_output(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Output for Bytes {
    fn into_output(self) -> Vec<u8> {
        self.into_vec()
    }
}

impl Output for String {
    fn into_output(self) -> Vec<u8> {
        self.into_bytes()
    }
}

impl Output for &str {
    fn into_output(self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl<T: Output, E: Into<Error>> Output for Result<T, E> {
    fn into_output(self) -> Vec<u8> {
        match self {
            Ok(output) => output.into_output(),
            Err(error) => fail(error.into().headline()),
        }
    }
}

/// Makes a function the module's: `function!(price);`, once.
#[macro_export]
macro_rules! function {
    ($function:path) => {
        const _: () = {
            #[no_mangle]
            pub extern "C" fn alloc(len: usize) -> *mut u8 {
                $crate::entry::alloc(len)
            }

            #[no_mangle]
            pub unsafe extern "C" fn run(at: *mut u8, len: usize) -> u64 {
                $crate::entry::run(at, len, $function)
            }
        };
    };
}

/// The export `alloc`.
pub fn alloc(len: usize) -> *mut u8 {
    memory::allocate(len)
}

/// The export `run`.
///
/// # Safety
/// The bytes must be what the host wrote to room that `alloc` gave.
pub unsafe fn run<O: Output>(at: *mut u8, len: usize, function: impl FnOnce(Input) -> O) -> u64 {
    std::panic::set_hook(Box::new(|panic| {
        let place = place_of(panic.location()).map_or(String::new(), |place| format!(" ({place})"));
        let payload = panic.payload();
        let said = payload.downcast_ref::<&str>().copied();
        let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panicked");
        panicked(&["panic: ", said, &place].concat())
    }));
    let output = function(Bytes::from(Vec::from_raw_parts(at, len, len))).into_output();
    let output = core::mem::ManuallyDrop::new(output);
    (output.as_ptr() as usize as u64) << 32 | output.len() as u64
}

/// In a look a panic is what this node observes; elsewhere it is how the run ends.
fn panicked(text: &str) -> ! {
    if !calls::is_looking() {
        fail(text);
    }
    crate::log::warn(["the observation failed: ", text].concat());
    imports::propose(1, b"threw")
}
