//! Arrays in a request: x_T, data to begin with, what is known of samples and where.

use ancestral_data::{Channels, NumberKind, PictureOptions, Sheet, decode_numbers, decode_picture};
use ancestral_pipeline::{Batch, Given, Known, KnownError, Model, RowsError, Settings};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use crate::problem::{Problem, with_sources};

/// The longest side of a picture that is taken, so that few bytes do not become many.
const MOST_SIDE: u32 = 2048;
/// Axes of an array.
const MOST_AXES: usize = 8;

/// An array in a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Array {
    /// The bytes of a `.npy` file.
    Npy(Vec<u8>),
    /// The bytes of a PNG.
    Png(Vec<u8>),
    /// Nested lists of numbers; null is a value that is not given.
    Values {
        /// The length of each axis.
        shape: Vec<usize>,
        /// The values, the last axis fastest.
        values: Vec<Option<f64>>,
    },
}

/// Cells of a table in a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cells {
    /// Of numbers; those that are not given are NaN or null.
    Array(Array),
    /// Of anything: each row has the cells that are given, by the names of their columns.
    Rows(Vec<Map<String, Value>>),
}

impl Cells {
    /// Reads the object of the field `name`.
    pub(crate) fn parse(name: &str, value: Value) -> Result<Self, Problem> {
        let refused = || {
            let expected = "expected an object with rows (a list of objects, each with the cells that are \
                            given), or with npy or values (nested lists)";
            Err(Problem::field(name, expected))
        };
        let Some(rows) = value.get("rows") else {
            let is_array = ["npy", "png", "values"].iter().any(|key| value.get(key).is_some());
            return if is_array { Array::parse(name, value).map(Self::Array) } else { refused() };
        };
        let row = |row: &Value| row.as_object().cloned();
        let rows = rows.as_array().and_then(|rows| rows.iter().map(row).collect());
        let rows: Option<Vec<_>> = rows.filter(|_| value.as_object().is_some_and(|o| o.len() == 1));
        let expected =
            "expected `rows` to be a list of objects, each with the cells that are given";
        rows.map(Self::Rows).ok_or_else(|| Problem::field(name, expected))
    }
}

/// The arrays of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arrays {
    pub(crate) init: Option<Array>,
    pub(crate) from: Option<Array>,
    pub(crate) given: Option<Cells>,
    pub(crate) inpaint: Option<Array>,
    pub(crate) mask: Option<Array>,
}

impl Array {
    /// Reads the object of the field `name`.
    pub(crate) fn parse(name: &str, value: Value) -> Result<Self, Problem> {
        let refused = || {
            let expected =
                "expected an object with one of npy, png (as base64) and values (nested lists)";
            Problem::field(name, expected)
        };
        let Value::Object(fields) = value else { return Err(refused()) };
        let mut fields = fields.into_iter();
        let (Some((form, value)), None) = (fields.next(), fields.next()) else {
            return Err(refused());
        };
        match (form.as_str(), value) {
            ("npy", Value::String(text)) => Ok(Self::Npy(decoded(name, &text)?)),
            ("png", Value::String(text)) => Ok(Self::Png(decoded(name, &text)?)),
            ("values", value @ Value::Array(_)) => {
                let (mut shape, mut values) = (Vec::new(), Vec::new());
                flatten(value, 0, &mut shape, &mut values)
                    .map_err(|problem| Problem::field(name, problem))?;
                Ok(Self::Values { shape, values })
            }
            _ => Err(refused()),
        }
    }
}

fn decoded(name: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let decoded = BASE64_STANDARD.decode(text);
    decoded.map_err(|error| Problem::field(name, format!("not base64: {error}")))
}

/// Writes nested lists into `shape` and `values`.
fn flatten(
    value: Value,
    axis: usize,
    shape: &mut Vec<usize>,
    values: &mut Vec<Option<f64>>,
) -> Result<(), String> {
    match value {
        Value::Array(items) if axis < MOST_AXES => {
            let is_first = values.is_empty() && shape.len() == axis;
            if is_first {
                shape.push(items.len());
            }
            if shape.get(axis) != Some(&items.len()) {
                return Err("lists of unequal lengths".to_owned());
            }
            items.into_iter().try_for_each(|item| flatten(item, axis + 1, shape, values))
        }
        Value::Array(_) => Err(format!("more than {MOST_AXES} axes")),
        Value::Number(number) if shape.len() == axis => {
            values.push(number.as_f64());
            Ok(())
        }
        Value::Null if shape.len() == axis => {
            values.push(None);
            Ok(())
        }
        Value::Number(_) | Value::Null => Err("lists of unequal depths".to_owned()),
        Value::Bool(_) | Value::String(_) | Value::Object(_) => {
            Err("expected numbers in nested lists".to_owned())
        }
    }
}

impl Arrays {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts them into the settings, as rows of the model's samples.
    pub(crate) fn apply(self, model: &Model, settings: &mut Settings) -> Result<(), Problem> {
        let reader = |name| Reader { name, model };
        let init = self.init.map(|array| reader("init").noise(array));
        settings.init = init.transpose()?;
        settings.from = self.from.map(|array| reader("from").rows(array)).transpose()?;
        settings.given = self.given.map(|cells| reader("given").cells(cells)).transpose()?;
        settings.inpaint = match (self.inpaint, self.mask) {
            (None, None) => None,
            (None, Some(_)) => return Err(Problem::field("mask", "needs `inpaint`")),
            (Some(known), mask) => Some(reader("inpaint").given(known, mask)?),
        };
        Ok(())
    }
}

/// Reads the array of a field.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    name: &'static str,
    model: &'a Model,
}

impl Reader<'_> {
    fn refused(self, problem: impl std::fmt::Display) -> Problem {
        Problem::field(self.name, problem)
    }

    fn fitted<T>(self, rows: Result<T, RowsError>) -> Result<T, Problem> {
        rows.map_err(|error| self.refused(with_sources(&error)))
    }

    /// x_T, which is never whole numbers.
    fn noise(self, array: Array) -> Result<Batch, Problem> {
        match &array {
            Array::Png(_) => Err(self.refused("a picture is not noise: expected npy or values")),
            Array::Npy(bytes) if self.numbers(bytes)?.kind() != NumberKind::Reals => {
                Err(self.refused("whole numbers, expected noise as float32 or float64"))
            }
            Array::Npy(_) | Array::Values { .. } => self.rows(array),
        }
    }

    /// Rows of samples.
    fn rows(self, array: Array) -> Result<Batch, Problem> {
        if let Array::Png(bytes) = array {
            return self.picture(&bytes);
        }
        let (shape, values) = self.values(array)?;
        let values: Option<Vec<f64>> = values.into_iter().collect();
        let values = values.ok_or_else(|| self.refused("null is no value"))?;
        self.fitted(self.model.rows_of_array(&shape, &values))
    }

    /// What is given of rows of a table.
    fn cells(self, cells: Cells) -> Result<Given, Problem> {
        match cells {
            Cells::Array(array) => {
                let (shape, values) = self.values(array)?;
                let values: Vec<f64> =
                    values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
                self.fitted(self.model.given_of_cells(&shape, &values))
            }
            Cells::Rows(rows) => {
                let sheet = sheet(&rows).map_err(|problem| self.refused(problem))?;
                self.fitted(self.model.given_of_table(&sheet))
            }
        }
    }

    /// What is known of samples: where the mask is 1, or all values that are not null.
    fn given(self, known: Array, mask: Option<Array>) -> Result<Given, Problem> {
        let of_mask = Reader { name: "mask", ..self };
        let mask = mask.map(|mask| of_mask.shares(mask)).transpose()?;
        if let Array::Png(bytes) = &known {
            let mask = mask.ok_or_else(|| self.refused("needs `mask`"))?;
            let known = Known::new(self.picture(bytes)?, mask);
            return self.fitted(known.map(Given::from).map_err(RowsError::from));
        }
        let (shape, values) = self.values(known)?;
        let has_null = values.contains(&None);
        let mask = match (mask, has_null) {
            (Some(mask), false) => mask,
            (Some(_), true) => return Err(self.refused("null is for values without `mask`")),
            (None, true) => {
                let shares: Vec<f64> =
                    values.iter().map(|value| f64::from(u8::from(value.is_some()))).collect();
                self.fitted(self.model.mask_of_array(&shape, &shares))?
            }
            (None, false) => {
                return Err(
                    self.refused("needs `mask`, or null for the values that are to be drawn")
                );
            }
        };
        let values: Vec<f64> = values.into_iter().map(Option::unwrap_or_default).collect();
        let given = self.model.given_of_array(&shape, &values, &mask);
        let is_of_mask = matches!(given, Err(RowsError::Known(KnownError::Rows { mask: 2.., .. })));
        if is_of_mask { of_mask.fitted(given) } else { self.fitted(given) }
    }

    /// A mask as shares from 0 to 1, in the shape of samples. Transparent parts of pictures are black.
    fn shares(self, mask: Array) -> Result<Batch, Problem> {
        match mask {
            Array::Png(bytes) => {
                let grey = self.decoded(&bytes, Channels::Grey, [0; 3])?;
                self.fitted(self.model.mask_of_pictures(grey))
            }
            Array::Npy(bytes) => {
                let numbers = self.numbers(&bytes)?;
                self.fitted(self.model.mask_of_array(numbers.shape(), &numbers.of_mask()))
            }
            Array::Values { shape, values } => {
                let shares: Option<Vec<f64>> = values.into_iter().collect();
                let shares = shares.ok_or_else(|| self.refused("null is no share"))?;
                self.fitted(self.model.mask_of_array(&shape, &shares))
            }
        }
    }

    /// Shape and values: of pictures in model space, of points and tables as they are.
    fn values(self, array: Array) -> Result<(Vec<usize>, Vec<Option<f64>>), Problem> {
        match array {
            Array::Values { shape, values } => Ok((shape, values)),
            Array::Png(_) => Err(self.refused("expected npy or values")),
            Array::Npy(bytes) => {
                let numbers = self.numbers(&bytes)?;
                let is_table = self.model.columns().is_some();
                let values =
                    if is_table { Some(numbers.values().to_vec()) } else { numbers.of_pictures() };
                let expected =
                    "integers of unknown range, expected uint8 (0 to 255) or float32 (-1 to 1)";
                let values = values.ok_or_else(|| self.refused(expected))?;
                Ok((numbers.shape().to_vec(), values.into_iter().map(Some).collect()))
            }
        }
    }

    fn numbers(self, bytes: &[u8]) -> Result<ancestral_data::Numbers, Problem> {
        decode_numbers("npy", bytes).map_err(|error| self.refused(with_sources(&error)))
    }

    /// A picture as a row, scaled to the size of samples.
    fn picture(self, bytes: &[u8]) -> Result<Batch, Problem> {
        let channels = self.model.shape()?[0];
        let channels = Channels::from_count(channels)
            .filter(|_| self.model.columns().is_none())
            .ok_or_else(|| self.refused("samples are not pictures: expected npy or values"))?;
        self.decoded(bytes, channels, PictureOptions::default().background)
    }

    fn decoded(
        self,
        bytes: &[u8],
        channels: Channels,
        background: [u8; 3],
    ) -> Result<Batch, Problem> {
        check_png(bytes).map_err(|problem| self.refused(problem))?;
        let &[_, height, width] = &self.model.shape()?[..] else {
            return Err(self.refused("samples are not pictures: expected npy or values"));
        };
        let size = Some([height, width]);
        let options = PictureOptions {
            channels: Some(channels),
            size,
            background,
            ..PictureOptions::default()
        };
        let picture = decode_picture("png", bytes, &options);
        let (row, shape) = picture
            .map(|row| (row.rows().to_vec(), row.shape().to_vec()))
            .map_err(|error| self.refused(with_sources(&error)))?;
        Ok(Batch::new(shape, row))
    }
}

/// Rows of cells by name as a table, in which a cell that a row has not is empty.
fn sheet(rows: &[Map<String, Value>]) -> Result<Sheet, String> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let cells = rows.iter().flat_map(|row| names.iter().map(|name| cell(name, row.get(name))));
    let cells = cells.collect::<Result<Vec<_>, _>>()?;
    Sheet::new(names, &cells).map_err(|error| with_sources(&error))
}

/// A cell as people write it.
fn cell(column: &str, value: Option<&Value>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        // Of a column with thousands such as 1.234 it would be one, without the exponent.
        Some(Value::Number(number)) if number.is_f64() => {
            Ok(number.as_f64().map(|number| format!("{number:e}")).unwrap_or_default())
        }
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(format!("column {column:?}: expected a number or a text"))
        }
    }
}

/// Refuses what is no PNG, or one of many pixels, by the header: a signature of 8 bytes, then the length
/// and the name of the first chunk, then width and height.
fn check_png(bytes: &[u8]) -> Result<(), String> {
    let side = |from: usize| bytes.get(from..from + 4)?.try_into().ok().map(u32::from_be_bytes);
    let (true, Some(width), Some(height)) =
        (bytes.starts_with(b"\x89PNG\r\n\x1a\n"), side(16), side(20))
    else {
        return Err("not a PNG".to_owned());
    };
    if width.max(height) > MOST_SIDE {
        return Err(format!("{width} x {height} pixels: a side is at most {MOST_SIDE} here"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_data::{Raster, encode_npy, encode_png};
    use serde_json::json;

    fn settings(arrays: &[(&str, Value)]) -> Result<Settings, Problem> {
        let mut found = Arrays::default();
        for (name, value) in arrays {
            let array = Some(Array::parse(name, value.clone())?);
            match *name {
                "init" => found.init = array,
                "from" => found.from = array,
                "inpaint" => found.inpaint = array,
                _ => found.mask = array,
            }
        }
        let mut settings = Settings::new();
        found.apply(&Model::built_in(), &mut settings).map(|()| settings)
    }

    fn png(width: u16, height: u16, data: Vec<u8>) -> Value {
        let raster = Raster::new(width, height, Channels::Grey, data).unwrap();
        json!({"png": BASE64_STANDARD.encode(encode_png(&raster, &[]).unwrap())})
    }

    #[test]
    fn what_is_given_in_no_form_is_told_all_of_them() {
        for given in [json!({"colour": "red"}), json!([1]), json!("red")] {
            let problem = Cells::parse("given", given).unwrap_err();
            assert!(problem.detail().contains("rows (a list of objects"), "{problem:?}");
        }
    }

    #[test]
    fn the_same_rows_in_each_form() {
        let bytes: Vec<u8> = (0..64).map(|i| i * 4).collect();
        let values: Vec<f32> =
            bytes.iter().map(|byte| f32::from(*byte) * 2.0 / 255.0 - 1.0).collect();
        let nested: Vec<&[f32]> = values.chunks(8).collect();
        let npy = BASE64_STANDARD.encode(encode_npy(&[1, 8, 8], &values));
        let of_png = settings(&[("from", png(8, 8, bytes))]).unwrap().from.unwrap();
        let of_npy = settings(&[("from", json!({"npy": npy}))]).unwrap().from.unwrap();
        let of_values = settings(&[("from", json!({"values": [nested]}))]).unwrap().from.unwrap();
        assert_eq!(of_npy.data(), values);
        assert_eq!(of_values, of_npy);
        let off = std::iter::zip(of_png.data(), &values).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f32::max) < 1e-6);
    }

    #[test]
    fn what_is_null_or_black_in_the_mask_is_to_be_drawn() {
        let half: Vec<u8> = (0..64).map(|i| if i < 32 { 255 } else { 0 }).collect();
        let grey = || png(8, 8, vec![128; 64]);
        let known = settings(&[("inpaint", grey()), ("mask", png(8, 8, half))]).unwrap();
        let row = |value: Value| json!(vec![value; 8]);
        let rows: Vec<Value> = (0..8)
            .map(|i| if i < 4 { row(json!(0.003_921_628)) } else { row(Value::Null) })
            .collect();
        let nulls = settings(&[("inpaint", json!({"values": [rows]}))]).unwrap();
        for settings in [known, nulls] {
            let settings = settings.count(2).steps(3).seed(1);
            let samples =
                ancestral_pipeline::Pipeline::built_in().unwrap().sample(&settings).unwrap();
            for sample in samples.x.iter_rows() {
                assert!(sample[..32].iter().all(|x| (x - 0.003_921_6).abs() < 1e-6));
                assert!(sample[32..].iter().any(|x| (x - 0.003_921_6).abs() > 0.1));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_its_field() {
        let npy = |shape: &[usize], values: &[f32]| json!({"npy": BASE64_STANDARD.encode(encode_npy(shape, values))});
        let mut huge =
            encode_png(&Raster::new(1, 1, Channels::Grey, vec![0]).unwrap(), &[]).unwrap();
        huge[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
        let huge = json!({"png": BASE64_STANDARD.encode(huge)});
        let row = json!(vec![0.0; 8]);
        for (arrays, pointer, words) in [
            (vec![("init", npy(&[9], &[0.0; 9]))], "/init", "expected [n, 1, 8, 8]"),
            (vec![("init", npy(&[1, 8, 8], &[f32::NAN; 64]))], "/init", "expected a finite number"),
            (vec![("init", png(8, 8, vec![0; 64]))], "/init", "not noise"),
            (vec![("from", json!({"npy": "%%"}))], "/from", "not base64"),
            (vec![("from", json!({"npy": "AAAA"}))], "/from", "npy"),
            (vec![("from", json!({"png": "AAAA"}))], "/from", "not a PNG"),
            (vec![("from", huge)], "/from", "a side is at most 2048"),
            (vec![("from", json!({"path": "/etc/passwd"}))], "/from", "one of npy, png"),
            (vec![("from", json!({"npy": "AA", "png": "AA"}))], "/from", "one of npy, png"),
            (vec![("from", json!({"values": [[1, 2], [3]]}))], "/from", "unequal lengths"),
            (vec![("from", json!({"values": [[1], 2]}))], "/from", "unequal depths"),
            (vec![("from", json!({"values": [["a"]]}))], "/from", "expected numbers"),
            (vec![("from", json!({"values": []}))], "/from", "expected [n, 1, 8, 8]"),
            (vec![("mask", png(8, 8, vec![0; 64]))], "/mask", "needs `inpaint`"),
            (vec![("inpaint", png(8, 8, vec![0; 64]))], "/inpaint", "needs `mask`"),
            (
                vec![
                    ("inpaint", json!({"values": [vec![row; 8]]})),
                    ("mask", npy(&[8, 8], &[2.0; 64])),
                ],
                "/mask",
                "expected a share",
            ),
        ] {
            let problem = settings(&arrays).unwrap_err();
            assert_eq!(problem.pointer(), Some(pointer), "{}", problem.detail());
            assert!(problem.detail().contains(words), "{words}: {}", problem.detail());
        }
    }
}
