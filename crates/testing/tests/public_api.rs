//! The public interfaces, as their sources declare them, against the copies in `api/`: what is removed,
//! renamed or takes other arguments is seen in a review.
//!
//! `ANCESTRAL_API=overwrite cargo test -p ancestral-testing --test public_api` writes the copies anew.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "items of Rust of which few matter here")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Visibility, parse_quote};

#[test]
fn ancestral() {
    check("ancestral", "core");
}

#[test]
fn ancestral_pipeline() {
    check("ancestral-pipeline", "pipeline");
}

fn check(name: &str, folder: &str) {
    let testing = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = testing.join("..").join(folder).join("src");
    let found: String = sources(&source).iter().map(|file| declared(&source, file)).collect();
    let kept = testing.join("api").join(format!("{name}.txt"));
    if std::env::var("ANCESTRAL_API").is_ok_and(|value| value == "overwrite") {
        fs::write(&kept, &found).unwrap();
    }
    let expected = fs::read_to_string(&kept).unwrap();
    let differs = std::iter::zip(found.lines(), expected.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
    assert!(
        found == expected,
        "the public interface of {name} is not that of {}, line {}: found {:?}, expected {:?}; if it \
         was to change, set ANCESTRAL_API=overwrite and write the change into CHANGELOG.md",
        kept.display(),
        line + 1,
        found.lines().nth(line),
        expected.lines().nth(line),
    );
}

/// All files below `folder` but tests, in the order of their names.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("tests") => Vec::new(),
        _ if path.is_dir() => sources(&path),
        _ => vec![path],
    };
    paths.into_iter().flat_map(below).collect()
}

/// What `file` declares for others, without documentation and bodies.
fn declared(source: &Path, file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let items: Vec<Item> =
        syn::parse_file(&text).unwrap().items.into_iter().filter_map(public).collect();
    let declared = prettyplease::unparse(&syn::File { shebang: None, attrs: Vec::new(), items });
    let declared = declared + &declared_by_rules(&text);
    let name = file.strip_prefix(source).unwrap().display().to_string().replace('\\', "/");
    if declared.is_empty() { declared } else { format!("// {name}\n{declared}\n") }
}

/// The item as others see it; none if they do not.
fn public(mut item: Item) -> Option<Item> {
    match &mut item {
        Item::Const(item) => seen(&item.vis, &mut item.attrs)?,
        Item::Fn(item) => {
            seen(&item.vis, &mut item.attrs)?;
            item.block = parse_quote!({});
        }
        Item::Struct(item) => {
            seen(&item.vis, &mut item.attrs)?;
            if let Fields::Named(fields) = &mut item.fields {
                let taken = std::mem::take(&mut fields.named).into_iter();
                fields.named =
                    taken.filter_map(|mut f| seen(&f.vis, &mut f.attrs).map(|()| f)).collect();
            }
        }
        Item::Enum(item) => {
            seen(&item.vis, &mut item.attrs)?;
            for variant in &mut item.variants {
                marks(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| marks(&mut field.attrs));
            }
        }
        Item::Trait(item) => {
            seen(&item.vis, &mut item.attrs)?;
            item.items.iter_mut().for_each(within_trait);
        }
        Item::Impl(item) => {
            marks(&mut item.attrs);
            let of_trait = item.trait_.is_some();
            item.items.retain_mut(|item| within_impl(item, of_trait));
            if item.items.is_empty() && !of_trait {
                return None;
            }
        }
        Item::Mod(item) => seen(&item.vis, &mut item.attrs)?,
        Item::Type(item) => seen(&item.vis, &mut item.attrs)?,
        Item::Use(item) => seen(&item.vis, &mut item.attrs)?,
        // Lists such as that of the samplers; what rules declare is looked for in their text.
        Item::Macro(item) if item.ident.is_none() => marks(&mut item.attrs),
        _ => return None,
    }
    Some(item)
}

fn within_trait(item: &mut TraitItem) {
    match item {
        TraitItem::Fn(item) => {
            marks(&mut item.attrs);
            item.default = item.default.as_ref().map(|_| parse_quote!({}));
        }
        TraitItem::Const(item) => marks(&mut item.attrs),
        TraitItem::Type(item) => marks(&mut item.attrs),
        _ => {}
    }
}

fn within_impl(item: &mut ImplItem, of_trait: bool) -> bool {
    match item {
        ImplItem::Fn(item) if !of_trait => {
            item.block = parse_quote!({});
            seen(&item.vis, &mut item.attrs).is_some()
        }
        ImplItem::Const(item) if !of_trait => seen(&item.vis, &mut item.attrs).is_some(),
        ImplItem::Type(item) => {
            marks(&mut item.attrs);
            true
        }
        _ => false,
    }
}

/// Nothing if others do not see an item of this visibility; else its attributes are cut down.
fn seen(visibility: &Visibility, attributes: &mut Vec<Attribute>) -> Option<()> {
    marks(attributes);
    matches!(visibility, Visibility::Public(_)).then_some(())
}

/// Leaves of the attributes those that matter to others.
fn marks(attributes: &mut Vec<Attribute>) {
    let kept = ["cfg", "derive", "doc", "must_use", "non_exhaustive"];
    let is_hidden = |attribute: &Attribute| attribute.meta.require_list().is_ok();
    attributes.retain(|attribute| {
        let name = kept.iter().find(|name| attribute.path().is_ident(name));
        name.is_some_and(|name| *name != "doc" || is_hidden(attribute))
    });
}

/// The public declarations in the rules of a file's macros.
fn declared_by_rules(text: &str) -> String {
    let mut declared = String::new();
    for rules in text.split("\nmacro_rules! ").skip(1) {
        let rules = rules.split("\n}\n").next().unwrap_or_default();
        let mut lines = rules.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line.starts_with("pub ") || line.starts_with("impl") {
                let mut declaration = line.to_owned();
                while !declaration.contains(['{', ';', '=']) {
                    let Some(more) = lines.next() else { break };
                    declaration = format!("{declaration} {more}");
                }
                let _ = writeln!(declared, "// by macro: {declaration}");
            }
        }
    }
    declared
}
