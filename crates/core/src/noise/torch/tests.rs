use super::*;

fn normals(seed: u64, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    TorchGenerator::new(seed).fill_normals_f32(&mut out);
    out
}

#[test]
fn words_are_those_of_the_mersenne_twister() {
    // The C++ standard asks this of std::mt19937: the 10000th word of seed 5489.
    let mut generator = TorchGenerator::new(5489);
    assert_eq!((0..10_000).map(|_| generator.next_u32()).last(), Some(4_123_659_995));
    // torch.Generator().manual_seed(0), and its random64().
    let mut generator = TorchGenerator::new(0);
    assert_eq!(generator.next_u64(), 2_357_136_044 * (1 << 32) + 2_546_248_239);
    assert_eq!(generator.next_u32(), 3_071_714_933);
}

#[test]
fn only_the_low_half_of_a_seed_matters() {
    assert_eq!(normals(5, 20), normals((7 << 32) + 5, 20));
    assert_ne!(normals(5, 20), normals(6, 20));
}

#[test]
fn a_uniform_of_zero_makes_zeros_without_a_sign() {
    use super::box_muller::Real;
    for v in [0.0, 0.25, 0.375, 0.5, 0.75, 0.875] {
        let (a, b) = <f32 as Real>::pair(0.0, v);
        assert_eq!([a.to_bits(), b.to_bits()], [0, 0], "v = {v}");
        let (a, b) = <f64 as Real>::pair(0.0, f64::from(v));
        assert_eq!([a.to_bits(), b.to_bits()], [0, 0], "v = {v}");
    }
}

#[test]
fn one_generator_draws_the_batch_as_one_tensor() {
    // 3 rows of 6 are 18 values: one block and a tail, where rows alone would be drawn one by one.
    let mut noise = TorchNoise::whole(3);
    let first = noise.start(3, vec![2, 3]);
    assert_eq!(first.data(), normals(3, 18));
    let second = noise.draw(&first);
    assert_ne!(second, first);

    let mut list = TorchNoise::each([3]);
    assert_eq!((list.start(3, vec![2, 3]), list.draw(&first)), (first, second));
}

#[test]
fn a_generator_a_row_draws_each_row_alone() {
    let mut noise = TorchNoise::each([8, 2, 8]);
    let x = noise.start(3, vec![17]);
    assert_eq!([x.row(0), x.row(1), x.row(2)], [normals(8, 17), normals(2, 17), normals(8, 17)]);
}

#[test]
fn a_number_is_a_tensor_of_one_in_f64() {
    let mut noise = TorchNoise::whole(4);
    let mut truth = [0.0; 3];
    TorchGenerator::new(4).fill_normals_f64(&mut truth);
    assert_eq!([(); 3].map(|()| noise.draw(&0.0)), truth);
}

#[test]
#[should_panic(expected = "rows of the batch and generators")]
fn several_generators_draw_as_many_rows() {
    let _ = TorchNoise::each([0, 1]).start(3, vec![1]);
}

#[test]
#[should_panic(expected = "a number is one sample")]
fn several_generators_draw_no_number() {
    let _ = TorchNoise::each([0, 1]).draw(&0.0);
}

#[test]
#[should_panic(expected = "noise needs at least one seed")]
fn no_seed_is_no_noise() {
    let _ = TorchNoise::each([]);
}
