//! Parameters of a module as named arrays, and back.

use ancestral_cpu::Precision;
use ancestral_format::{Array, Layout, Mismatch, Weights};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Tensor, TensorData};

/// The parameters of a module, named by their paths in it, as f32.
///
/// # Example
/// ```
/// use ancestral_nn::{device, layer::Linear, parameters};
///
/// let layer = Linear::new(&device::cpu(), 3, 2);
/// let weights = parameters::to_weights(&layer);
/// assert_eq!(weights.get("weight").unwrap().shape(), [2, 3]);
/// let again = parameters::load(layer, &weights)?;
/// assert_eq!(parameters::to_weights(&again), weights);
/// # Ok::<(), ancestral_format::Mismatch>(())
/// ```
#[must_use]
pub fn to_weights<M: Module>(module: &M) -> Weights {
    let mut reader = Reader::default();
    module.visit(&mut reader);
    reader.weights
}

/// The same module with the values of `weights`, rounded to f32; device, identities and whether
/// gradients are wanted stay as they are. Names and shapes are compared first: a network that does
/// not fit takes no memory.
///
/// # Errors
/// If a parameter is missing, unexpected or of another shape: all of them, by name.
pub fn load<M: Module>(module: M, weights: &Weights) -> Result<M, Mismatch> {
    load_in(Precision::F32, module, weights)
}

/// The same with the weights of convolutions and linear layers in a precision, in which their products
/// are computed then; everything else is f32.
///
/// # Errors
/// If a parameter is missing, unexpected or of another shape: all of them, by name.
pub fn load_in<M: Module>(
    precision: Precision,
    module: M,
    weights: &Weights,
) -> Result<M, Mismatch> {
    compare(&module, weights)?;
    let products = dtype(precision);
    Ok(module.map(&mut Loader { path: Path::default(), is_product: false, products, weights }))
}

/// Whether a device computes in a precision.
#[must_use]
pub fn computes_in(device: &Device, precision: Precision) -> bool {
    device.supports_dtype(dtype(precision))
}

/// What Burn calls a precision.
fn dtype(precision: Precision) -> FloatDType {
    match precision {
        Precision::F32 => FloatDType::F32,
        Precision::Bf16 => FloatDType::BF16,
        Precision::F16 => FloatDType::F16,
    }
}

/// Checks that names and shapes of `weights` are those of the module.
///
/// # Errors
/// If a parameter is missing, unexpected or of another shape: all of them, by name.
pub fn compare<M: Module>(module: &M, weights: &Weights) -> Result<(), Mismatch> {
    Mismatch::check(&shapes(module), weights)
}

/// The parameters of a module as one vector, in the order in which the module names them.
#[must_use]
pub fn layout<M: Module>(module: &M) -> Layout {
    Layout::new(shapes(module))
}

fn shapes<M: Module>(module: &M) -> Vec<(String, Vec<usize>)> {
    let mut shapes = Shapes::default();
    module.visit(&mut shapes);
    shapes.found
}

/// The same module with the values of a vector of its layout, in a precision.
pub(crate) fn with_values<M: Module>(
    precision: Precision,
    module: M,
    layout: &Layout,
    values: &[f32],
) -> M {
    let weights = layout.to_weights(values);
    load_in(precision, module, &weights).expect("the layout is that of the module")
}

/// The same module with the values that a training starts from.
#[cfg(test)]
pub(crate) fn seeded<M: Module>(module: M, seed: u64) -> M {
    let layout = layout(&module);
    with_values(Precision::F32, module, &layout, &ancestral_learn::initial(&layout, seed))
}

/// Where a walk over a module stands.
#[derive(Debug, Default)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Goes into a part of a `container`. Which variant of an enum a part is has no place in names.
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        if !is_enum(container) {
            self.0.push(name.to_owned());
        }
    }

    pub(crate) fn exit(&mut self, container: &str) {
        if !is_enum(container) {
            self.0.pop();
        }
    }

    pub(crate) fn dotted(&self) -> String {
        self.0.join(".")
    }
}

/// Whether Burn means an enum by the name of a container.
fn is_enum(container: &str) -> bool {
    container.starts_with("Enum:")
}

/// The values of a tensor in C order, as f32.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    f32s(tensor.into_data())
}

/// Values that were read, as f32.
pub(crate) fn f32s(data: TensorData) -> Vec<f32> {
    data.convert::<f32>().try_into_vec().expect("the data were converted to f32")
}

/// A tensor as an array, as f32.
pub(crate) fn array<const D: usize>(tensor: Tensor<D>) -> Array {
    let shape = tensor.dims().to_vec();
    Array::from_f32(shape, &values(tensor)).expect("a tensor has as many values as its shape")
}

#[derive(Default)]
struct Reader {
    path: Path,
    weights: Weights,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.weights.insert(self.path.dotted(), array(param.val()));
    }
}

#[derive(Default)]
struct Shapes {
    path: Path,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.path.dotted(), param.lazy_shape().to_vec()));
    }
}

struct Loader<'a> {
    path: Path,
    /// Whether this is a weight of products.
    is_product: bool,
    products: FloatDType,
    weights: &'a Weights,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
        let is_of_products = matches!(container, "Struct:Conv2d" | "Struct:Linear");
        self.is_product = is_of_products && name == "weight";
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let array = self.weights.get(&self.path.dotted()).expect("names were compared before");
        let data = TensorData::new(array.to_f32(), array.shape().to_vec());
        let (id, value) = (param.id, Tensor::<D>::from_data(data, &param.lazy_device()));
        let value = if self.is_product { value.cast(self.products) } else { value };
        param.transform_for_load(value, id)
    }
}

#[cfg(test)]
mod tests;
