use super::*;

fn timesteps(spacing: Spacing, total: usize, steps: usize) -> Vec<usize> {
    spacing.timesteps(total, steps)
}

#[test]
fn trailing_as_numpy_has_it() {
    let trailing = |steps| timesteps(Spacing::Trailing, 1000, steps);
    assert_eq!(trailing(10), [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]);
    assert_eq!(trailing(13), [999, 922, 845, 768, 691, 614, 537, 461, 384, 307, 230, 153, 76]);
    assert_eq!(
        trailing(16),
        [999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61]
    );
    let many = trailing(61);
    assert_eq!(
        (many.len(), &many[..4], &many[58..]),
        (61, &[999, 983, 966, 950][..], &[48, 32, 15][..])
    );
    // Where exact arithmetic says 937, 687, 437, 187.
    let n48 = trailing(48);
    assert!([936, 686, 436, 186].iter().all(|t| n48.contains(t)), "{n48:?}");
}

#[test]
fn linspace_as_numpy_has_it() {
    let linspace = |steps| timesteps(Spacing::Linspace, 1000, steps);
    assert_eq!(linspace(10), [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]);
    assert_eq!(linspace(7), [999, 832, 666, 500, 333, 166, 0]);
    assert!(linspace(27).contains(&499) && !linspace(27).contains(&500));
    assert_eq!(linspace(2), [999, 0]);
}

#[test]
fn leading_with_and_without_offset() {
    let leading = |steps, offset| timesteps(Spacing::Leading { offset }, 1000, steps);
    assert_eq!(leading(10, 0), [900, 800, 700, 600, 500, 400, 300, 200, 100, 0]);
    assert_eq!(leading(3, 1), [667, 334, 1]);
    let n53 = leading(53, 0);
    assert_eq!((n53.len(), n53[0], n53[52]), (53, 936, 0));
}

#[test]
fn every_count_gives_as_many_points_within_the_schedule() {
    for total in [50, 100, 1000] {
        let betas = vec![1e-3; total];
        let schedule = Schedule::from_betas(&betas).unwrap();
        for steps in 1..=total {
            for spacing in Spacing::ALL {
                let grid = Grid::new(&schedule, spacing, steps).unwrap();
                assert_eq!(grid.hops().len(), steps, "{spacing:?} {steps} of {total}");
            }
        }
    }
}

#[test]
fn one_step_starts_at_the_noisiest_level_under_every_spacing() {
    for spacing in [Spacing::Trailing, Spacing::Linspace, Spacing::Leading { offset: 1 }] {
        assert_eq!(timesteps(spacing, 1000, 1), [999]);
    }
}

#[test]
fn counts_that_do_not_fit_are_refused_with_both_numbers() {
    let schedule = Schedule::linear_1000();
    let error = |spacing, steps| Grid::new(&schedule, spacing, steps).unwrap_err().to_string();
    assert_eq!(
        error(Spacing::Trailing, 2000),
        "2000 steps asked of a schedule of 1000 timesteps: at most 1000"
    );
    assert_eq!(
        error(Spacing::Linspace, 0),
        "0 steps asked of a schedule of 1000 timesteps: a run has 1 to 1000 steps"
    );
    assert_eq!(
        error(Spacing::Leading { offset: 1 }, 1000),
        "1000 steps with leading spacing and offset 1 start at timestep 1000, outside 0..1000 of \
         the schedule"
    );
}

#[test]
fn lists_of_the_users_own() {
    let schedule = Schedule::linear_1000();
    let list = |timesteps: &[usize]| Grid::from_timesteps(&schedule, timesteps);
    let grid = list(&[700, 30, 2]).unwrap();
    let hops: Vec<_> = grid.hops().map(|hop| (hop.from().timestep, hop.to().timestep)).collect();
    assert_eq!(hops, [(Some(700.0), Some(30.0)), (Some(30.0), Some(2.0)), (Some(2.0), None)]);
    let error = |timesteps: &[usize]| list(timesteps).unwrap_err().to_string();
    assert_eq!(error(&[1000, 3]), "timestep 1000 (entry 0) is outside 0..1000 of the schedule");
    assert_eq!(error(&[9, 5, 5]), "timesteps must descend, but 5 (entry 2) follows 5");
    assert_eq!(error(&[5, 9]), "timesteps must descend, but 9 (entry 1) follows 5");
    assert_eq!(list(&[]), Err(GridError::NoPoints));
}

#[test]
fn points_must_get_cleaner_and_stay_noisy() {
    let point = |lambda| Point::off_grid(Level::from_lambda(lambda).unwrap());
    assert!(Grid::from_points(vec![point(-1.0), point(2.0)]).is_ok());
    assert!(Grid::from_points(vec![point(-1.0), point(-1.0)]).is_err());
    assert!(Grid::from_points(vec![point(-1.0), point(f64::INFINITY)]).is_err());
    assert!(Grid::from_points(vec![point(f64::NEG_INFINITY)]).is_ok());
    let error = Grid::from_points(vec![]).unwrap_err().to_string();
    assert_eq!(error, "a grid has at least 1 point, found none");
}

#[test]
fn names_parse_and_others_are_refused() {
    for (spacing, name) in std::iter::zip(Spacing::ALL, Spacing::NAMES) {
        assert_eq!((name.parse(), spacing.name()), (Ok(spacing), name));
    }
    assert_eq!(Spacing::Leading { offset: 1 }.name(), "leading");
    let error = "even".parse::<Spacing>().unwrap_err().to_string();
    assert_eq!(error, "unknown spacing \"even\": expected one of trailing, linspace, leading");
}
