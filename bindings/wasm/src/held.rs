//! What outlives a call, by numbers.

use std::any::Any;
use std::cell::RefCell;

use crate::exchange::Failure;

thread_local! {
    static HELD: RefCell<Vec<Option<Box<dyn Any>>>> = const { RefCell::new(Vec::new()) };
}

/// Holds a value, and returns its number, from 1.
pub(crate) fn hold<T: Any>(value: T) -> Result<i32, Failure> {
    HELD.with_borrow_mut(|held| {
        let free = held.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            held.push(None);
            held.len() - 1
        });
        held[place] = Some(Box::new(value));
        i32::try_from(place + 1).map_err(|_| Failure::of("", "too many values are held"))
    })
}

/// Works with the value of a number.
pub(crate) fn with<T: Any, R>(
    number: u32,
    work: impl FnOnce(&mut T) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let place = (number as usize).wrapping_sub(1);
    let take = |held: &mut Vec<Option<Box<dyn Any>>>| held.get_mut(place).and_then(Option::take);
    let none = || Failure::of("", format!("{number} holds no value of this kind: was it freed?"));
    // Taken out, so that `work` can hold others.
    let mut value = HELD.with_borrow_mut(take).ok_or_else(none)?;
    let done = value.downcast_mut().map_or_else(|| Err(none()), work);
    HELD.with_borrow_mut(|held| held[place] = Some(value));
    done
}

/// A clone of the value of a number.
pub(crate) fn get<T: Any + Clone>(number: u32) -> Result<T, Failure> {
    with(number, |value: &mut T| Ok(value.clone()))
}

/// Drops the value of a number, which may be used again.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn release(number: u32) {
    let place = (number as usize).wrapping_sub(1);
    let value = HELD.with_borrow_mut(|held| held.get_mut(place).and_then(Option::take));
    drop(value);
}
