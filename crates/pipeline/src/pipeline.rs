//! A model with its network, ready to draw from.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use ancestral::denoiser::Chunked;
use ancestral::invert::Inversion;
use ancestral::suspend::Call;
use ancestral::{Batch, Denoiser, Network};
use ancestral_cluster::Cluster;
use ancestral_cpu::NetworkError;
use ancestral_format::Weights;

use crate::engine::{AnyNetwork, Engine};
use crate::error::{Error, Problem, SettingError};
use crate::model::Model;
use crate::plan::Plan;
use crate::process::{Limit, Process, Stack, clips};
use crate::samples::Samples;
use crate::settings::{Setting, Settings};
use crate::steps::Steps;

/// A model with its network, ready to draw from. Clones share the network; it can be used from several
/// threads at once.
///
/// # Example
/// ```no_run
/// use ancestral_pipeline::{Pipeline, Settings};
///
/// let pipeline = Pipeline::open("model")?;
/// let samples = pipeline.sample(&Settings::new().count(16).seed(7).steps(50))?;
/// assert_eq!(samples.x.rows(), 16);
/// # Ok::<(), ancestral_pipeline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    model: Arc<Model>,
    network: AnyNetwork,
    engine: Engine,
}

impl Pipeline {
    /// Opens the model folder at `path` on the CPU.
    ///
    /// What is worth a word about the folder is left out: [`Model::open`] has it.
    ///
    /// # Errors
    /// If there is no such folder, or it is no model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::new(Model::open(path.as_ref(), None)?.value, &Engine::default())
    }

    /// The model that is compiled in, on the CPU.
    ///
    /// # Errors
    /// Never, in a build that passes its tests.
    #[cfg(feature = "digits")]
    pub fn built_in() -> Result<Self, Error> {
        Self::new(Model::built_in(), &Engine::default())
    }

    /// A model on an engine. The weights go into the network.
    ///
    /// # Errors
    /// If the weights don't fit the network.
    pub fn new(model: Model, engine: &Engine) -> Result<Self, Error> {
        let (model, weights) = model.into_parts();
        Self::with_weights(model, weights, engine)
    }

    /// The same of the parts of a model: whoever made a plan with the one part still has the other.
    ///
    /// # Errors
    /// If the weights don't fit the network.
    ///
    /// # Example
    /// ```
    /// use ancestral_pipeline::{Engine, Model, Pipeline, Plan, Settings};
    ///
    /// let (model, weights) = Model::built_in().into_parts();
    /// let plan = Plan::new(&model, &Settings::new().count(2).steps(5))?; // all errors of the input
    /// let samples = Pipeline::with_weights(model, weights, &Engine::default())?.run(plan).samples()?;
    /// assert_eq!(samples.x.rows(), 2);
    /// # Ok::<(), ancestral_pipeline::Error>(())
    /// ```
    pub fn with_weights(
        model: Arc<Model>,
        weights: Weights,
        engine: &Engine,
    ) -> Result<Self, Error> {
        let network = engine.network(model.name(), &model.folder().network, weights)?;
        Ok(Self { model, network, engine: engine.clone() })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What computes its network.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The ranks of its engine.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        self.engine.cluster()
    }

    /// What would be run for these settings; all that can be refused is refused here.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn plan(&self, settings: &Settings) -> Result<Plan, Error> {
        Plan::new(&self.model, settings)
    }

    /// Draws samples.
    ///
    /// # Errors
    /// If a setting is invalid, or the network fails.
    pub fn sample(&self, settings: &Settings) -> Result<Samples, Error> {
        self.steps(settings)?.samples()
    }

    /// The same, step by step.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn steps(&self, settings: &Settings) -> Result<Steps, Error> {
        Ok(self.run(self.plan(settings)?))
    }

    /// The steps of a plan for this model.
    #[must_use]
    pub fn run(&self, plan: Plan) -> Steps {
        let all = plan.indices();
        Steps::new(self.clone(), plan, all)
    }

    /// The steps of this rank's samples of a plan, which all ranks of the engine make.
    /// [`collect`](crate::collect()) then brings the samples to rank 0.
    ///
    /// # Errors
    /// If several ranks can't draw them: the noise of all is drawn as one.
    pub fn run_share(&self, plan: Plan) -> Result<Steps, Error> {
        let (cluster, rng) = (self.cluster(), plan.settings().rng);
        if rng.is_of_all() && !cluster.is_alone() {
            let problem = Problem::OneDraw { ranks: cluster.size() };
            return Err(SettingError::of(Setting::Rng, rng.name(), problem).into());
        }
        let (first, share) = (plan.indices().start, &cluster.shares(plan.count())[cluster.rank()]);
        let indices = first + share.start as u64..first + share.end as u64;
        Ok(Steps::new(self.clone(), plan, indices))
    }

    /// One call of the network, of which rows may be of several trajectories.
    ///
    /// # Errors
    /// If the network can't be called so, or predicts something that is not a number.
    pub fn predict(&self, call: &Call) -> Result<Batch, NetworkError> {
        let mut network = self.network.clone();
        self.engine.run(|| network.predict(&call.x, &call.timesteps, call.labels.as_deref()))
    }

    /// The same in calls of at most so many rows.
    pub(crate) fn predict_within(
        &self,
        call: &Call,
        rows: NonZeroUsize,
    ) -> Result<Batch, NetworkError> {
        let mut network = Chunked::new(self.network.clone(), rows);
        self.engine.run(|| network.predict(&call.x, &call.timesteps, call.labels.as_deref()))
    }

    /// x_T of clean rows in model space: from data to the noise that leads to them, along the path of
    /// DDIM. `each` is called after each hop with how many are done, and of how many; its answer says
    /// whether to go on.
    ///
    /// Of the settings those of the grid, of clipping, the class and the batch count.
    ///
    /// # Errors
    /// If a setting is invalid, rows don't fit, the network fails, or `each` stops it.
    pub fn invert(
        &self,
        settings: &Settings,
        x0: &Batch,
        mut each: impl FnMut(usize, usize) -> ControlFlow<()> + Send,
    ) -> Result<Batch, Error> {
        /// Of fourth order: on 100 hops of the built-in model what is lost is a thousandth of the
        /// range (docs/steering.md).
        const CALLS: usize = 4;
        const INVERTING: &str = "inverting by";

        let settings = settings.clone().sampler("ddim").count(x0.rows()).init(x0.clone());
        let plan = self.plan(&settings)?;
        let Process::Own { grid, clip, .. } = plan.process() else {
            return Err(SettingError::new(Setting::Compat, Problem::NotInCompat).into());
        };
        let config = &self.model.folder().scheduler;
        let hops = plan.hops();
        let of = plan.batches().len() * hops;
        let mut found = Vec::new();
        for (number, indices) in plan.batches().enumerate() {
            let from = number * plan.batch().get();
            let rows = x0.slice(from..x0.rows().min(from + plan.batch().get()));
            let stack = Stack {
                limit: clip.then(|| Limit::of(config)),
                ..Stack::of(&self.model, plan.labels().of(indices))
            };
            let x_t = self.engine.run(|| -> Result<Batch, Error> {
                let mut denoiser = stack.over(self.network.clone());
                let steps =
                    Inversion::new(CALLS).and_then(|way| way.run(grid, rows, &mut denoiser));
                let steps = steps.map_err(|problem| SettingError::new(Setting::Steps, problem))?;
                let mut last = None;
                for (hop, step) in steps.enumerate() {
                    last = Some(step.map_err(|source| self.failed(INVERTING, source))?.x);
                    if each(number * hops + hop + 1, of).is_break() {
                        let model = self.model.name().to_owned();
                        return Err(Error::Stopped { doing: INVERTING, model });
                    }
                }
                Ok(last.unwrap_or_else(|| x0.clone()))
            })?;
            found.push(x_t);
        }
        Ok(Batch::stack(&found))
    }

    /// Calls `work` with the model's denoiser, clipped as the settings and the model say, on the
    /// threads of the engine. Its rows have these labels; `None` if the model takes none.
    ///
    /// # Errors
    /// If a setting is invalid.
    ///
    /// # Panics
    /// In `work`, if it denoises another number of rows than there are labels.
    pub fn with_denoiser<T: Send>(
        &self,
        settings: &Settings,
        labels: Option<Vec<u32>>,
        work: impl FnOnce(&mut dyn Denoiser<Batch, Error = NetworkError>) -> T + Send,
    ) -> Result<T, Error> {
        let config = &self.model.folder().scheduler;
        let stack = Stack {
            limit: clips(settings, &self.model)?.then(|| Limit::of(config)),
            ..Stack::of(&self.model, labels)
        };
        Ok(self.engine.run(|| work(&mut *stack.over(self.network.clone()))))
    }

    pub(crate) fn failed(&self, doing: &'static str, source: NetworkError) -> Error {
        Error::Network { doing, model: self.model.name().to_owned(), source }
    }
}
