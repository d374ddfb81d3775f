//! Walking through values in an order other than that in which they are stored.

/// Where each value is stored: one axis after the other, the last one running fastest.
pub(super) fn places(shape: &[usize], strides: &[usize]) -> impl Iterator<Item = usize> {
    let mut index = vec![0; shape.len()];
    // Beside an axis of length 0 the others may be of any length: their product is not looked at.
    let len = if shape.contains(&0) { 0 } else { shape.iter().product() };
    (0..len).map(move |_| {
        let place = index.iter().zip(strides).map(|(i, stride)| i * stride).sum();
        for (i, n) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *n {
                break;
            }
            *i = 0;
        }
        place
    })
}

/// The distance between neighbours along each axis, if the first axis runs fastest, or else the last.
pub(super) fn strides(shape: &[usize], is_first_fastest: bool) -> Vec<usize> {
    if is_first_fastest {
        return running_product(shape.iter());
    }
    let mut strides = running_product(shape.iter().rev());
    strides.reverse();
    strides
}

fn running_product<'a>(axes: impl Iterator<Item = &'a usize>) -> Vec<usize> {
    let mut product = 1_usize;
    // Wraps only beside an axis of length 0, when there is no value to be found.
    let before = |axis: &usize| {
        let before = product;
        product = product.wrapping_mul(*axis);
        before
    };
    axes.map(before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_those_of_numpy() {
        assert_eq!(strides(&[2, 3, 4], false), [12, 4, 1]);
        assert_eq!(strides(&[2, 3, 4], true), [1, 2, 6]);
        assert!(strides(&[], false).is_empty());
    }

    #[test]
    fn places_follow_the_strides() {
        let transposed: Vec<usize> = places(&[3, 2], &[1, 3]).collect();
        assert_eq!(transposed, [0, 3, 1, 4, 2, 5]);
        assert_eq!(places(&[], &[]).collect::<Vec<_>>(), [0]);
        assert_eq!(places(&[usize::MAX, usize::MAX, 0], &[0, 0, 1]).count(), 0);
    }
}
