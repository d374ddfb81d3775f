//! `ancestral inspect devices`.

use std::fmt::Write as _;

use ancestral_pipeline::{Device, devices, devices_not_built};
use anyhow::Result;
use serde_json::json;

use crate::args::InspectDevicesArgs;
use crate::failure::on_its_line;

pub fn text(args: &InspectDevicesArgs) -> Result<String> {
    let (here, lacking) = (devices(), devices_not_built());
    if args.json {
        let lacking: serde_json::Map<_, _> =
            lacking.iter().map(|(name, feature)| ((*name).to_owned(), json!(feature))).collect();
        let json = json!({ "devices": here, "not_in_this_build": lacking });
        return Ok(serde_json::to_string_pretty(&json)? + "\n");
    }
    let [names, kinds, cards] = [
        |device: &Device| device.name.len(),
        |device: &Device| device.kind.len(),
        |device: &Device| device.card.chars().count(),
    ]
    .map(|width| here.iter().map(width).max().unwrap_or_default());
    let mut text = String::new();
    for Device { name, kind, card, driver } in &here {
        let row = format!("{name:<names$}  {kind:<kinds$}  {card:<cards$}  {driver}");
        text += &on_its_line(row.trim_end());
        text.push('\n');
    }
    for (name, feature) in lacking {
        writeln!(text, "not in this build: {name} (build with --features {feature})")?;
    }
    Ok(text)
}
