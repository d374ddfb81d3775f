//! What outlives a call, by numbers.

use std::any::Any;
use std::cell::RefCell;

use crate::exchange::Failure;

thread_local! {
    static HELD: RefCell<Vec<Option<Box<dyn Any>>>> = const { RefCell::new(Vec::new()) };
}

/// Holds a value, and returns its number, from 1.
pub(crate) fn hold<T: Any>(value: T) -> Result<i32, Failure> {
    hold_any(Box::new(value))
}

fn hold_any(value: Box<dyn Any>) -> Result<i32, Failure> {
    HELD.with_borrow_mut(|held| {
        let free = held.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            held.push(None);
            held.len() - 1
        });
        held[place] = Some(value);
        i32::try_from(place + 1).map_err(|_| Failure::of("", "too many values are held"))
    })
}

/// Works with the value of a number.
pub(crate) fn with<T: Any, R>(
    number: u32,
    work: impl FnOnce(&mut T) -> Result<R, Failure>,
) -> Result<R, Failure> {
    // Taken out, so that `work` can hold others.
    let mut value = take(number);
    let found = value.as_mut().and_then(|value| value.downcast_mut());
    let done = found.map_or_else(|| Err(no_value(number)), work);
    put_back(number, value);
    done
}

fn no_value(number: u32) -> Failure {
    Failure::of("", format!("{number} holds no value of this kind: was it freed?"))
}

fn place(number: u32) -> usize {
    (number as usize).wrapping_sub(1)
}

fn take(number: u32) -> Option<Box<dyn Any>> {
    HELD.with_borrow_mut(|held| held.get_mut(place(number)).and_then(Option::take))
}

fn put_back(number: u32, value: Option<Box<dyn Any>>) {
    if value.is_some() {
        HELD.with_borrow_mut(|held| held[place(number)] = value);
    }
}

/// A clone of the value of a number.
pub(crate) fn get<T: Any + Clone>(number: u32) -> Result<T, Failure> {
    with(number, |value: &mut T| Ok(value.clone()))
}

/// Drops the value of a number, which may be used again.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn release(number: u32) {
    drop(take(number));
}
