//! Pictures in the terminal, moving PNGs, and the curves of schedules.

mod common;

use common::{Folder, png_texts};

#[test]
fn samples_are_shown_in_the_way_that_is_named_and_nowhere_else() {
    let folder = Folder::new();
    let sample = "sample --class 3 -n 2 --steps 1 --force";
    for (how, begins, ends) in [
        ("kitty", "\x1b_Ga=T,f=100,q=2,m=", "\x1b\\\n"),
        ("sixel", "\x1bP0;1;0q\"1;1;", "\x1b\\\n"),
        ("blocks", "\x1b[38;2;", "\x1b[0m\n"),
    ] {
        let text = folder.run(&format!("{sample} --show={how}"));
        assert!(text.starts_with(begins) && text.ends_with(ends), "{how}: {text:?}");
    }
    let output = folder.try_run(&format!("{sample} --show -o samples.png"));
    assert!(output.status.success() && output.stdout.is_empty());
    let note = String::from_utf8(output.stderr).unwrap();
    assert_eq!(note, "note: --show: standard output is not a terminal\n");
    let refused = folder.refused(&format!("{sample} --show=blocks -o -"));
    assert!(refused.contains("--show: samples and pictures would both"), "{refused}");
}

#[cfg(feature = "train")]
#[test]
fn previews_are_shown_before_the_name_of_the_run() {
    let folder = Folder::new();
    let text = folder.run(
        "train moons --points 50 --width 8 --layers 1 --batch 4 --timesteps 25 --steps 4 \
         --preview-every 2 --show=blocks --quiet -o run",
    );
    // Plots of 640 × 640 pixels are 40 lines of 80 columns: a preview after step 2, samples at the end.
    assert_eq!(text.lines().count(), 2 * 40 + 1);
    assert!(text.ends_with("\nrun\n"), "{text}");
}

#[test]
fn a_moving_png_holds_the_settings() {
    let folder = Folder::new();
    folder.run("sample --class 3 -n 2 --steps 3 --seed 5 -o way.apng");
    let file = std::fs::File::open(folder.path("way.apng")).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    assert_eq!(reader.info().animation_control.unwrap().num_frames, 4);
    let texts = png_texts(&folder.path("way.apng"));
    assert!(texts.contains(&("seed".to_owned(), "5".to_owned())), "{texts:?}");
}

#[test]
fn a_schedule_is_drawn_by_the_name_of_its_file() {
    let folder = Folder::new();
    let plot = "inspect schedule --schedule cosine --timesteps 100 --zero-snr --plot";
    assert_eq!(folder.run(&format!("{plot} curves.svg")), "");
    let svg = folder.text("curves.svg");
    for text in ["cosine schedule, 100 timesteps", "beta_tilde", "timestep t"] {
        assert!(svg.contains(text), "{text}");
    }
    folder.run(&format!("{plot} curves.png"));
    let file = std::fs::File::open(folder.path("curves.png")).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1200, 404));
    let refused = folder.refused(&format!("{plot} curves.svg"));
    assert!(
        refused.contains("--plot curves.svg: already exists: replace it with --force"),
        "{refused}"
    );
    folder.run(&format!("{plot} curves.svg --force"));
    let refused = folder.refused(&format!("{plot} curves.pdf"));
    assert!(
        refused.contains("--plot curves.pdf: expected a name ending in .svg or .png"),
        "{refused}"
    );
}
