//! What the ranks do that do not lead.

use ancestral_cluster::Cluster;
use ancestral_format::About;
use ancestral_learn::{Engine as Gradients, TrainError, Trainer, TrainingSet};
use ancestral_pipeline::{Engine, Model, Pipeline, Settings, collect};

use super::{Command, Training};
use crate::data::{Data, Stored};
use crate::error::RunError;
use crate::front::{Front, Notice};
use crate::gradients::gradients;

/// Takes part in the runs that rank 0 leads with [`Run::run`](crate::Run::run), on the ranks of the engine,
/// until rank 0 calls [`dismiss`](super::dismiss). Pictures may take `memory` bytes.
///
/// # Errors
/// If the data can't be read or differ from those of rank 0, training fails here, or a rank has ended.
pub fn follow(engine: Engine, memory: Option<u64>, front: &mut dyn Front) -> Result<(), RunError> {
    let cluster = engine.cluster().clone();
    let mut follower =
        Follower { cluster, engine, memory, stored: None, trainer: None, model: None };
    loop {
        match Command::hear(&follower.cluster)? {
            Command::Step => follower.step()?,
            Command::Train(training) => follower.train(*training, front)?,
            Command::Judge => follower.judge(front)?,
            Command::Save => follower.trainer()?.state().map(drop)?,
            Command::Model { name, about } => follower.model(name, &about)?,
            Command::Draw(settings) => follower.draw(&settings, front)?,
            Command::End => return Ok(()),
        }
    }
}

struct Follower {
    cluster: Cluster,
    engine: Engine,
    memory: Option<u64>,
    /// The data, once they were read.
    stored: Option<Stored>,
    trainer: Option<Trainer<Box<dyn Gradients>>>,
    model: Option<Model>,
}

impl Follower {
    fn trainer(&mut self) -> Result<&mut Trainer<Box<dyn Gradients>>, RunError> {
        self.trainer.as_mut().ok_or(RunError::NothingToFollow)
    }

    fn train(&mut self, training: Training, front: &mut dyn Front) -> Result<(), RunError> {
        let Training { request, folder, data_sha256 } = training;
        (self.trainer, self.model) = (None, None);
        if self.stored.as_ref().is_none_or(|stored| !stored.is_of(&request)) {
            self.stored = None;
            let stored = Data::of_request(&request, &folder, self.memory, front)?;
            if stored.sha256 != data_sha256 {
                let name = request.source.name.display().to_string();
                return Err(RunError::OtherDataHere { name });
            }
            self.stored = Some(stored);
        }
        let set = self.stored.as_ref().map(|stored| stored.data.set.clone());
        // A run that is resumed has its own.
        let precision = request.training.precision;
        self.engine =
            self.engine.clone().in_precision(precision).map_err(ancestral_pipeline::Error::from)?;
        let engine = gradients(&self.engine, &request.network)?;
        let trainer = Trainer::new(&request, engine, set.ok_or(RunError::NothingToFollow)?)?;
        match trainer.in_cluster(&self.cluster) {
            Ok(trainer) => self.trainer = Some(trainer),
            // Rank 0 finds the same, and says it.
            Err(TrainError::Ranks { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), RunError> {
        self.model = None;
        match self.trainer()?.step() {
            // These are of all ranks, and rank 0 says what becomes of them.
            Ok(_) | Err(TrainError::NonFinite { .. } | TrainError::PastTheEnd { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn judge(&mut self, front: &mut dyn Front) -> Result<(), RunError> {
        let held_out = self.stored.as_ref().and_then(|stored| stored.held_out.clone());
        let held_out: TrainingSet = held_out.ok_or(RunError::NothingToFollow)?;
        let judged = self.trainer()?.judge(&held_out).map(drop);
        self.unless_it_can_go_on(judged.map_err(RunError::from), front)
    }

    fn model(&mut self, name: String, about: &str) -> Result<(), RunError> {
        let about = About::from_json(about.as_bytes()).map_err(RunError::failed)?;
        let folder = self.trainer()?.model(about)?;
        self.model = Some(Model::from_folder(name, folder)?);
        Ok(())
    }

    fn draw(&mut self, settings: &Settings, front: &mut dyn Front) -> Result<(), RunError> {
        let model = self.model.clone().ok_or(RunError::NothingToFollow)?;
        let pipeline = Pipeline::new(model, &self.engine)?;
        let plan = pipeline.plan(settings)?;
        let mut steps = pipeline.run_share(plan.clone())?;
        let drawn = steps.by_ref().try_for_each(|step| step.map(drop).map_err(RunError::from));
        let own = drawn.map(|()| steps.finished());
        let drawn = collect(&self.cluster, &plan, own, |_| Ok(()));
        self.unless_it_can_go_on(drawn, front)
    }

    /// A training goes on without a preview; the error is of one rank, and of no other part of the run.
    fn unless_it_can_go_on(
        &self,
        result: Result<(), RunError>,
        front: &mut dyn Front,
    ) -> Result<(), RunError> {
        match result {
            Err(error) if !error.is_of_cluster() => {
                let rank = self.cluster.rank();
                front.tell(Notice::warning(format_args!("rank {rank}: {error}")));
                Ok(())
            }
            other => other,
        }
    }
}
