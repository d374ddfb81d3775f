//! The line that reports what was found and what was decided about it.

use super::Fit;
use super::files::PassedOver;
use super::picture::Precision;
use super::plan::{Plan, smallest_side};
use super::several::Several;
use super::survey::Survey;
use crate::Channels;
use crate::counted::counted;

/// One line, its parts separated by commas.
pub(super) fn line(survey: &Survey, plan: &Plan, skipped: usize) -> String {
    let turned = survey.count(|facts| facts.remarks.turned);
    let floats = survey.count(|facts| facts.precision == Precision::Floats);
    let first_of = |several| survey.count(|facts| facts.remarks.first_of == Some(several));
    let (animated, paged) = (first_of(Several::Frames), first_of(Several::Pages));
    let drawn = survey.count(|facts| facts.remarks.is_drawn);
    let PassedOver { others, hidden_folders, hidden_pictures, links } = survey.passed_over;
    let passed = |count, what, which| {
        (count > 0).then(|| format!("{}{which} passed over", counted(count, what)))
    };
    let [r, g, b] = plan.background;
    let is_blended = plan.channels != Channels::Rgba && survey.count(|f| f.is_transparent) > 0;
    let parts = [
        Some(counted(survey.files.len(), "picture")),
        (!survey.classes.is_empty()).then(|| counted(survey.classes.len(), "class")),
        Some(channels(survey, plan.channels)),
        Some(size(survey, plan)),
        is_blended.then(|| format!("alpha over #{r:02x}{g:02x}{b:02x}")),
        (turned > 0).then(|| format!("{turned} EXIF-turned")),
        (animated > 0).then(|| format!("{animated} animated (the first frame is taken)")),
        (paged > 0).then(|| format!("{paged} of several pages (the first is taken)")),
        (floats > 0).then(|| format!("{floats} in floating point (0 is black, 1 is white)")),
        (drawn > 0).then(|| format!("{drawn} drawn by ancestral")),
        passed(others, "other file", ""),
        passed(hidden_folders, "hidden folder", ""),
        passed(hidden_pictures, "hidden picture", ""),
        passed(links, "link", " to what is read already"),
        (skipped > 0).then(|| format!("{} skipped", counted(skipped, "damaged picture"))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn channels(survey: &Survey, channels: Channels) -> String {
    let grey = survey.count(|facts| facts.is_grey);
    let coloured = survey.files.len() - grey;
    match channels {
        Channels::Grey if coloured > 0 => format!("1 channel (luma of {coloured} in colour)"),
        Channels::Grey => "1 channel (all are grey)".to_owned(),
        Channels::Rgb if grey > 0 => format!("3 channels ({grey} grey repeated)"),
        Channels::Rgb => "3 channels".to_owned(),
        Channels::Rgba => "4 channels".to_owned(),
    }
}

fn size(survey: &Survey, plan: &Plan) -> String {
    let size = format!("{}x{}", plan.height, plan.width);
    let sizes = survey.facts.iter().map(|facts| (facts.width, facts.height));
    let smallest = sizes.clone().min_by_key(|(width, height)| width * height);
    let largest = sizes.max_by_key(|(width, height)| width * height);
    let Some(((from_width, from_height), (to_width, to_height))) = smallest.zip(largest) else {
        return size;
    };
    if survey.count(|facts| (facts.width, facts.height) != (plan.width, plan.height)) == 0 {
        return size;
    }
    let fit = match plan.fit {
        Fit::Crop => "centre-cropped",
        Fit::Letterbox => "letterboxed",
    };
    let why = if plan.size_chosen {
        format!("chosen for the smallest side, {}; ", smallest_side(&survey.facts))
    } else {
        String::new()
    };
    if (from_width, from_height) == (to_width, to_height) {
        return format!("{size} ({why}{fit} from {from_height}x{from_width})");
    }
    format!("{size} ({why}{fit} from {from_height}x{from_width} … {to_height}x{to_width})")
}
