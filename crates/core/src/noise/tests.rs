use super::*;
use rand_chacha::rand_core::Rng;

#[test]
fn the_stream_is_chacha8_as_documented() {
    // Draw 3 of stream 9 of seed 0x0102030405060708 is ChaCha8 with this key, from block 3·2³².
    let mut key = [0; 32];
    key[..16].copy_from_slice(b"\x08\x07\x06\x05\x04\x03\x02\x01sampling");
    let mut truth = ChaCha8Rng::from_seed(key);
    truth.set_stream(9);
    truth.set_word_pos(3 << 36);
    let mut ours = Streams::new(0x0102_0304_0506_0708, Purpose::Sampling).rng(9, 3);
    for _ in 0..100 {
        assert_eq!(ours.next_u32(), truth.next_u32());
    }
}

#[test]
fn golden_values_pin_the_generator_and_the_normals() {
    // The same seed must give the same sample for ever: a change here is value-breaking. The words
    // are those of an independent ChaCha8; the normals were made by this code.
    let words = |seed, stream, draw| {
        let mut rng = Streams::new(seed, Purpose::Sampling).rng(stream, draw);
        [rng.next_u32(), rng.next_u32(), rng.next_u32()]
    };
    assert_eq!(words(0, 0, 0), [275_293_408, 1_185_070_332, 1_687_066_178]);
    assert_eq!(words(7, 9, 3), [1_399_855_042, 1_947_631_606, 3_409_869_610]);
    let mut normals = [0.0_f64; 4];
    Streams::new(7, Purpose::Sampling).normals(u64::MAX, u32::MAX, &mut normals);
    assert_eq!(
        normals,
        [
            -0.670_812_147_405_744,
            0.763_330_640_785_093_6,
            -0.484_741_725_009_387_8,
            0.443_555_496_977_251_33
        ]
    );
}

#[test]
fn seeds_purposes_streams_and_draws_all_differ() {
    let first =
        |seed, purpose, stream, draw| Streams::new(seed, purpose).rng(stream, draw).next_u64();
    let all = [
        first(0, Purpose::Sampling, 0, 0),
        first(1, Purpose::Sampling, 0, 0),
        first(u64::MAX, Purpose::Sampling, 0, 0),
        first(0, Purpose::Initialization, 0, 0),
        first(0, Purpose::DataOrder, 0, 0),
        first(0, Purpose::TrainingTime, 0, 0),
        first(0, Purpose::TrainingNoise, 0, 0),
        first(0, Purpose::LabelDropout, 0, 0),
        first(0, Purpose::Augmentation, 0, 0),
        first(0, Purpose::Sampling, 1, 0),
        first(0, Purpose::Sampling, u64::MAX, 0),
        first(0, Purpose::Sampling, 0, 1),
        first(0, Purpose::Sampling, 0, u32::MAX),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(!all[..i].contains(a), "stream {i} repeats another");
    }
}

#[test]
fn normals_are_standard() {
    // 10⁶ values: mean within 5/1000, variance within 5·√2/1000, of N(0, 1).
    let mut values = vec![0.0_f64; 1_000_000];
    Streams::new(3, Purpose::Sampling).normals(0, 0, &mut values);
    let mean = values.iter().sum::<f64>() / 1e6;
    let variance = values.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / 1e6;
    assert!(mean.abs() < 5e-3 && (variance - 1.0).abs() < 7.1e-3, "{mean} {variance}");
}

#[test]
fn a_given_start_leaves_the_draws_of_the_hops_as_they_are() {
    let like = Batch::<f32>::zeros(1, vec![5]);
    let mut all = SampleNoise::new(1, [4]);
    let _start = all.draw(&like);
    assert_eq!(all.draw(&like), SampleNoise::new(1, [4]).after_start().draw(&like));
}

#[test]
fn f32_noise_is_the_f64_noise_rounded() {
    let (mut wide, mut narrow) = ([0.0_f64; 9], [0.0_f32; 9]);
    let streams = Streams::new(2, Purpose::TrainingNoise);
    streams.normals(5, 6, &mut wide);
    streams.normals(5, 6, &mut narrow);
    assert_eq!(wide.map(f32::from_f64), narrow);
}
