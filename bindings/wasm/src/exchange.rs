//! The two buffers through which everything but single numbers passes.

use std::cell::RefCell;
use std::error::Error;

thread_local! {
    static EXCHANGE: RefCell<Exchange> = const { RefCell::new(Exchange { input: Vec::new(), output: Vec::new() }) };
}

#[derive(Debug)]
struct Exchange {
    input: Vec<u8>,
    output: Vec<u8>,
}

/// Why a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The setting or argument that is wrong, if it is one.
    pub setting: String,
    /// What is wrong.
    pub message: String,
}

impl Failure {
    /// `message` is about the argument `setting`.
    pub fn of(setting: &str, message: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), message: message.into() }
    }

    /// An error with what caused it, about the argument `setting`, which may be none.
    pub fn chain(setting: &str, error: &(impl Error + ?Sized)) -> Self {
        Self::caused(setting, error.to_string(), error.source())
    }

    fn caused(setting: &str, mut message: String, mut source: Option<&dyn Error>) -> Self {
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self::of(setting, message)
    }
}

/// Makes room for the input of the next call, and returns where it is.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn input(length: usize) -> *mut u8 {
    EXCHANGE.with_borrow_mut(|exchange| {
        exchange.input.clear();
        exchange.input.resize(length, 0);
        exchange.input.as_mut_ptr()
    })
}

/// Where the output of the last call is; it stays until the next.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn output() -> *const u8 {
    EXCHANGE.with_borrow(|exchange| exchange.output.as_ptr())
}

/// How long it is.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn output_length() -> usize {
    EXCHANGE.with_borrow(|exchange| exchange.output.len())
}

/// Sets the input of the next call, for hosts that share this memory.
pub fn give(bytes: &[u8]) {
    EXCHANGE.with_borrow_mut(|exchange| exchange.input = bytes.to_vec());
}

/// The output of the last call, for the same.
#[must_use]
pub fn taken() -> Vec<u8> {
    EXCHANGE.with_borrow(|exchange| exchange.output.clone())
}

/// Answers a call: `work` gets the input, and leaves the output and a number that is not negative; −1 says that
/// it failed.
pub(crate) fn reply(work: impl FnOnce(Vec<u8>, &mut Vec<u8>) -> Result<i32, Failure>) -> i32 {
    let mut output = Vec::new();
    let done = work(take_input(), &mut output);
    answer(done, output)
}

// These two are not part of every function that replies.

#[inline(never)]
fn take_input() -> Vec<u8> {
    EXCHANGE.with_borrow_mut(|exchange| std::mem::take(&mut exchange.input))
}

#[inline(never)]
fn answer(done: Result<i32, Failure>, mut output: Vec<u8>) -> i32 {
    let number = done.unwrap_or_else(|Failure { setting, message }| {
        output = format!("{setting}\n{message}").into_bytes();
        -1
    });
    EXCHANGE.with_borrow_mut(|exchange| exchange.output = output);
    number
}

/// The input as a text, the value of the argument `name`.
pub(crate) fn text(name: &str, input: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(input).map_err(|_| Failure::of(name, "not UTF-8"))
}

/// Splits the input at `length`: a text, and what follows.
#[cfg(feature = "pipeline")]
pub(crate) fn text_and_rest(
    mut input: Vec<u8>,
    length: usize,
) -> Result<(String, Vec<u8>), Failure> {
    if length > input.len() {
        return Err(Failure::of("", format!("a text of {length} bytes in {}", input.len())));
    }
    let rest = input.split_off(length);
    Ok((text("", input)?, rest))
}

/// The input as numbers.
pub(crate) fn doubles(input: &[u8]) -> Vec<f64> {
    input.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

/// Writes numbers to the output.
pub(crate) fn put_doubles(output: &mut Vec<u8>, values: &[f64]) {
    output.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}
