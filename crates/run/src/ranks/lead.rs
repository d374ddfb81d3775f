//! The trainer of a run, as rank 0 uses it.

use ancestral_cluster::{Cluster, ClusterError, Traffic};
use ancestral_format::{About, ModelFolder};
use ancestral_learn::{
    Checkpoint, Engine as Gradients, Losses, StepReport, TrainError, TrainState, TrainingSet,
};

use super::{Command, Training};
use crate::error::RunError;
use crate::gradients::gradients;
use crate::run::Run;

/// A trainer on any engine, and on all ranks of the cluster: what is done with it here, the others do
/// too.
pub(crate) struct Trainer {
    of_rank: ancestral_learn::Trainer<Box<dyn Gradients>>,
    cluster: Cluster,
    /// What this rank sent in its steps.
    sent: Traffic,
}

impl Trainer {
    /// The trainer of a run, from its start or from `state`, for a request that may be another than the
    /// run's.
    pub(crate) fn new(
        run: &Run,
        request: &ancestral_learn::Request,
        state: Option<&TrainState>,
    ) -> Result<Self, RunError> {
        let engine = gradients(&run.engine, &request.network)?;
        let (set, cluster) = (run.data.set.clone(), run.engine.cluster().clone());
        let trainer = match state {
            None => ancestral_learn::Trainer::new(request, engine, set)?,
            Some(state) => ancestral_learn::Trainer::resume(request, engine, set, state)?,
        };
        let training = Training {
            request: request.clone(),
            folder: run.folder.path().to_owned(),
            data_sha256: run.data_sha256.clone(),
        };
        Command::Train(Box::new(training)).tell(&cluster)?;
        let of_rank = trainer.in_cluster(&cluster)?;
        Ok(Self { of_rank, cluster, sent: Traffic::default() })
    }

    pub(crate) fn step(&mut self) -> Result<StepReport, TrainError> {
        let before = self.cluster.sent();
        Command::Step.tell(&self.cluster)?;
        let report = self.of_rank.step();
        let after = self.cluster.sent();
        self.sent.messages += after.messages - before.messages;
        self.sent.bytes += after.bytes - before.bytes;
        report
    }

    pub(crate) fn judge(&mut self, held_out: &TrainingSet) -> Result<[Losses; 2], TrainError> {
        Command::Judge.tell(&self.cluster)?;
        self.of_rank.judge(held_out)
    }

    pub(crate) fn checkpoint(
        &self,
        about: About,
        data_sha256: String,
    ) -> Result<Checkpoint, ClusterError> {
        Command::Save.tell(&self.cluster)?;
        self.of_rank.checkpoint(about, data_sha256)
    }

    /// The model so far, of which the other ranks then can draw samples too.
    pub(crate) fn model(&self, name: &str, about: About) -> Result<ModelFolder, ClusterError> {
        let command = Command::Model { name: name.to_owned(), about: about.to_json() };
        command.tell(&self.cluster)?;
        self.of_rank.model(about)
    }

    pub(crate) fn steps(&self) -> u64 {
        self.of_rank.steps()
    }

    pub(crate) fn parameters(&self) -> usize {
        self.of_rank.parameters()
    }

    /// What the ranks exchanged in so many steps, in a line; `None` for one process.
    pub(crate) fn exchanged(&self, steps: u64) -> Option<String> {
        let (ranks, Traffic { messages, bytes }) = (self.cluster.size(), self.sent);
        let (messages, bytes) = (messages as f64 / steps as f64, bytes as f64 / steps as f64);
        (ranks > 1 && steps > 0).then(|| {
            format!("{ranks} ranks: a step of rank 0 sent {messages:.1} messages of {bytes:.0} bytes in all")
        })
    }
}

impl Run {
    /// Tells the other ranks to draw samples of the newest model.
    pub(crate) fn tell_to_draw(
        &self,
        settings: &ancestral_pipeline::Settings,
    ) -> Result<(), RunError> {
        Ok(Command::Draw(Box::new(settings.clone())).tell(self.engine.cluster())?)
    }
}
