//! Pages of the reverse process: what is written, and what is refused.

mod common;

use common::Folder;

#[test]
fn a_table_becomes_one_file_that_is_not_replaced_unasked() {
    let folder = Folder::new();
    let lines: Vec<_> = (0..40).map(|i| format!("{i},{},{}", i * i % 17, i % 5)).collect();
    folder.write("people.csv", format!("age,height,children\n{}\n", lines.join("\n")));
    let printed = folder.try_run("explain people.csv -o people.html");
    let printed = String::from_utf8_lossy(&printed.stderr).into_owned();
    let notice = "people.csv: of its 3 columns the page shows age and height";
    assert!(printed.contains(notice), "{printed}");
    let page = folder.text("people.html");
    assert!(page.starts_with("<!doctype html>") && page.len() < 2_000_000, "{}", page.len());
    let refusal = folder.refused("explain people.csv -o people.html");
    assert!(refusal.contains("output people.html: already exists"), "{refusal}");
    folder.run("explain people.csv -o people.html --force --quiet");
    assert_eq!(folder.text("people.html"), page);
}

#[test]
fn a_folder_of_large_pictures_fits_as_well() {
    let folder = Folder::new();
    for key in 1..6 {
        folder.write_picture(&format!("photos/{key}.png"), [40, 40], 3, key);
    }
    folder.run("explain photos -o photos.html --quiet");
    let page = folder.text("photos.html");
    assert!(page.contains(r#""kind":"pictures""#) && page.len() < 2_000_000, "{}", page.len());
}
