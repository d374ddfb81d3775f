//! The page: one file, with everything in it.

use serde::Serialize;

const PAGE: &str = include_str!("../page/page.html");
/// Colours, type and controls of our pages, as CSS.
pub const STYLE: &str = include_str!("../page/base.css");
const OWN_STYLE: &str = include_str!("../page/page.css");
/// The scripts, in the order in which they use each other.
const SCRIPT: &str = concat!(
    include_str!("../page/tables.js"),
    include_str!("../page/drawing.js"),
    include_str!("../page/state.js"),
    include_str!("../page/figures/drift.js"),
    include_str!("../page/figures/levels.js"),
    include_str!("../page/figures/guess.js"),
    include_str!("../page/figures/path.js"),
    include_str!("../page/figures/hop.js"),
    include_str!("../page/figures/predictions.js"),
    include_str!("../page/figures/noise.js"),
    include_str!("../page/start.js"),
);

/// The page with `numbers` in it.
pub(crate) fn page(numbers: &impl Serialize) -> String {
    let numbers = serde_json::to_string(numbers).expect("numbers and texts become JSON");
    // A name in the data can't end the element that the numbers are in.
    let numbers = numbers.replace('<', "\\u003c");
    PAGE.replace("/*style*/", &[STYLE, OWN_STYLE].concat())
        .replace("/*script*/", SCRIPT)
        .replace("/*numbers*/", &numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_script() {
        let page = page(&"</script><b>");
        assert!(page.contains(r#""\u003c/script>\u003cb>""#));
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = page(&0);
        assert!(!page.contains("/*style*/") && !page.contains("/*script*/"));
        for outside in ["src=", "stylesheet", "href=\"http", "@import", "url(", "import ", "fetch("]
        {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
