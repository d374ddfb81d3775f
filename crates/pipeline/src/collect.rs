//! Samples of all ranks of a cluster, brought to rank 0.

use ancestral::Batch;
use ancestral_cluster::{Cluster, ClusterError};

use crate::plan::Plan;
use crate::samples::Samples;

/// Brings samples of a plan that each rank drew ([`Pipeline::run_share`](crate::Pipeline::run_share)) to rank
/// 0, where `take` is called with them in the order of their indices; `own` are this rank's, or the reason
/// why it has none.
///
/// # Errors
/// If this rank or another has none, a rank has ended, or `take` fails.
pub fn collect<E: From<ClusterError>>(
    cluster: &Cluster,
    plan: &Plan,
    own: Result<Vec<Samples>, E>,
    mut take: impl FnMut(Samples) -> Result<(), E>,
) -> Result<(), E> {
    let own = cluster.agree(own)?;
    if !cluster.leads() {
        own.iter().try_for_each(|samples| send(cluster, samples))?;
        return Ok(cluster.send(0, &Header::default())?);
    }
    own.into_iter().try_for_each(&mut take)?;
    for rank in 1..cluster.size() {
        while let Some(samples) = receive(cluster, rank, plan.shape())? {
            take(samples)?;
        }
    }
    Ok(())
}

/// What is sent before samples: the index of the first, how many they are, how many snapshots they have
/// and how many given cells. Without samples it is the end.
type Header = [u64; 4];

fn send(cluster: &Cluster, samples: &Samples) -> Result<(), ClusterError> {
    let Samples { first, x, snapshots, given } = samples;
    let counts = [x.rows(), snapshots.len(), given.len()].map(|count| count as u64);
    cluster.send(0, &[*first, counts[0], counts[1], counts[2]])?;
    for batch in std::iter::once(x).chain(snapshots) {
        cluster.send(0, batch.data())?;
    }
    let bits = |value: &Option<f64>| match value {
        None => [0, 0],
        Some(value) => [1, value.to_bits()],
    };
    cluster.send(0, &given.iter().map(bits).collect::<Vec<[u64; 2]>>())
}

fn receive(
    cluster: &Cluster,
    from: usize,
    shape: &[usize],
) -> Result<Option<Samples>, ClusterError> {
    let mut header = Header::default();
    cluster.receive(from, &mut header)?;
    let [rows, snapshots, given] =
        [1, 2, 3].map(|i| usize::try_from(header[i]).expect("a count of this machine's kind"));
    if rows == 0 {
        return Ok(None);
    }
    let batch = || {
        let mut values = vec![0.0_f32; rows * shape.iter().product::<usize>()];
        cluster.receive(from, &mut values)?;
        Ok(Batch::new(shape.to_vec(), values))
    };
    let x = batch()?;
    let snapshots = (0..snapshots).map(|_| batch()).collect::<Result<_, ClusterError>>()?;
    let mut bits = vec![[0_u64; 2]; given];
    cluster.receive(from, &mut bits)?;
    let given =
        bits.into_iter().map(|[is_some, bits]| (is_some == 1).then(|| f64::from_bits(bits)));
    Ok(Some(Samples { first: header[0], x, snapshots, given: given.collect() }))
}
