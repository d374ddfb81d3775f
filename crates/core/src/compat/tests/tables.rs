use super::*;
use crate::batch::Scalar;
use crate::compat::kit::variance::Variances;

#[test]
fn whole_tables_have_the_bits_of_diffusers() {
    for golden in golden_steps()["tables"].as_array().unwrap() {
        let table = Table::new(&config(&golden["config"])).unwrap();
        let expected = floats(&golden["alphas_cumprod"]);
        assert_eq!(table.alphas_cumprod().len(), expected.len());
        for (t, (found, expected)) in std::iter::zip(table.alphas_cumprod(), &expected).enumerate()
        {
            assert_eq!(found.to_bits(), expected.to_bits(), "{t} of {}", golden["config"]);
        }
    }
}

#[test]
fn betas_and_alphas_cumprod_at_chosen_timesteps() {
    for (name, golden) in facts()["schedules"].as_object().unwrap() {
        let config = config(&golden["config"]);
        let table = Table::new(&config).unwrap();
        for (at, t) in golden["idx"].as_array().unwrap().iter().enumerate() {
            let t = usize_of(t);
            let found = [table.betas()[t], table.alphas_cumprod()[t]];
            let expected =
                [&golden["betas"][at], &golden["alphas_cumprod"][at]].map(|text| floats(text)[0]);
            if config.rescale_zero_snr {
                // Rescaling takes square roots, which diffusers has from MKL, at most 1 unit off.
                let apart = std::iter::zip(found, expected).map(|(a, b)| (a - b).abs());
                assert!(apart.fold(0.0, f32::max) < 3e-7, "{name} at {t}: {found:?}");
            } else {
                assert_eq!(found, expected, "{name} at {t}");
            }
        }
    }
}

#[test]
fn given_betas_are_rounded_and_multiplied_up() {
    let betas = BetaCurve::Given(vec![0.1, 0.2, 0.5]);
    let table = Table::new(&Config { betas, timesteps: 3, ..Config::default() }).unwrap();
    assert_eq!(table.betas(), [0.1_f32, 0.2, 0.5]);
    assert!((table.alphas_cumprod()[2] - 0.36).abs() < 1e-7);
}

/// Value by value, to the last place or, where a logarithm comes in, to 2e-6.
#[test]
fn variances_as_diffusers_gives_them() {
    let facts = facts();
    let variance = facts["variance"].as_object().unwrap();
    for (name, values) in variance {
        let (kind, visit) = match name.strip_suffix("_50steps_leading") {
            Some(kind) => (kind, Visit::Steps(50)),
            None => (name.as_str(), Visit::All),
        };
        let scheduler =
            DdpmScheduler::new(Config::default(), VarianceType::FixedSmall, &visit).unwrap();
        for (t, expected) in values.as_object().unwrap() {
            let expected = f32::from_f64(expected.as_f64().unwrap());
            let at = |found: &f64| found.to_string() == *t;
            let both = scheduler.variances(scheduler.timesteps().iter().position(at).unwrap());
            let (small, large) = (both.small, both.large);
            let close = |found: f32| {
                assert!((found / expected - 1.0).abs() < 2e-6, "{name} at {t}: {found}");
            };
            match kind {
                "fixed_small" => assert_eq!(small, expected, "{name} at {t}"),
                "fixed_large" => assert_eq!(large, expected, "{name} at {t}"),
                "fixed_small_log" => close(small.sqrt()),
                "fixed_large_log" => close(large.ln()),
                "learned_range" => close(0.75 * large.ln() + 0.25 * small.ln()),
                other => panic!("variance type {other}"),
            }
        }
    }
    for (pair, expected) in facts["ddim_variance"].as_object().unwrap() {
        let (from, to) = pair.split_once(',').unwrap();
        let at = |t: &str| Table::new(&Config::default()).unwrap().at(t.parse().unwrap());
        let found = class::ddim::variance(at(from), at(to));
        assert!((f64::from(found) - expected.as_f64().unwrap()).abs() < 1e-5, "{pair}: {found}");
    }
}

#[test]
fn timesteps_are_the_lists_of_diffusers() {
    let facts = facts();
    for (name, expected) in facts["timesteps"].as_object().unwrap() {
        let mut parts = name.split('_').skip(1);
        let spacing: Spacing = parts.next().unwrap().parse().unwrap();
        let steps = parts.next().unwrap().parse().unwrap();
        let found = kit::spacing::descending(spacing, 1000, steps).unwrap();
        assert_eq!(serde_json::json!(found), *expected, "{name}");
    }
    let offset = Config { spacing: Spacing::Leading { offset: 1 }, ..Config::default() };
    let ddim = DdimScheduler::new(offset.clone(), DdimOptions::default(), 5).unwrap();
    assert_eq!(ddim.timesteps(), [801.0, 601.0, 401.0, 201.0, 1.0]);
    let inverse =
        DdimInverseScheduler::new(offset.clone(), DdimInverseOptions::default(), 5).unwrap();
    assert_eq!(inverse.timesteps(), [1.0, 201.0, 401.0, 601.0, 801.0]);
    let pndm =
        PndmScheduler::new(Config { clip: None, ..offset }, PndmOptions::default(), 10).unwrap();
    let runge_kutta = [901, 851, 851, 801, 801, 751, 751, 701, 701, 651, 651, 601].map(f64::from);
    assert_eq!(pndm.timesteps()[..12], runge_kutta);
    assert_eq!(pndm.timesteps()[12..], [601.0, 501.0, 401.0, 301.0, 201.0, 101.0, 1.0]);
}

#[test]
fn trailing_has_one_entry_too_many_where_diffusers_has() {
    let facts = facts();
    let extra = facts["trailing_extra"].as_array().unwrap();
    for steps in 1..=1000 {
        let found = kit::spacing::descending(Spacing::Trailing, 1000, steps).unwrap();
        let expected = extra.iter().find(|entry| usize_of(&entry[0]) == steps);
        assert_eq!(found.len(), expected.map_or(steps, |entry| usize_of(&entry[1])), "{steps}");
        assert_eq!(found.last() == Some(&-1), expected.is_some(), "{steps}");
    }
}

#[test]
fn where_a_step_goes() {
    let to = |visit: &Visit, t| {
        let ddpm = DdpmScheduler::new(Config::default(), VarianceType::FixedSmall, visit).unwrap();
        let table = ddpm.table().clone();
        let index = ddpm.timesteps().iter().position(|found| *found == t as f64).unwrap();
        (0..1000)
            .find(|s| Variances::of(table.at(t), table.at(*s)).large == ddpm.variances(index).large)
    };
    assert_eq!(to(&Visit::All, 500), Some(499));
    assert_eq!(to(&Visit::List(vec![100, 87, 50, 1, 0]), 87), Some(50));
    assert_eq!(to(&Visit::List(vec![100, 87, 50, 1, 0]), 0), None);
}
