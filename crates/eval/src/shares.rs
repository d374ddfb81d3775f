//! Rows that several processes measure.

use ancestral_cluster::Cluster;

use crate::EvalError;
use crate::reference::{Reference, RowBatch};

/// Calls `measure` with this rank's rows, `size` at a time, and on rank 0 `take` with what was measured of
/// all rows, in their order.
///
/// # Errors
/// If one of them fails, or a rank has ended.
pub(crate) fn in_shares(
    cluster: &Cluster,
    data: &Reference,
    size: usize,
    mut measure: impl FnMut(RowBatch) -> Result<Vec<f64>, EvalError>,
    mut take: impl FnMut(&[f64]),
) -> Result<(), EvalError> {
    let own = cluster.shares(data.rows.rows())[cluster.rank()].clone();
    for batch in data.batches(own, size) {
        let found = measure(batch)?;
        if cluster.leads() {
            take(&found);
        } else {
            cluster.send(0, &[found.len() as u64])?;
            cluster.send(0, &found)?;
        }
    }
    if !cluster.leads() {
        return Ok(cluster.send(0, &[0_u64])?);
    }
    for rank in 1..cluster.size() {
        loop {
            let mut length = [0_u64];
            cluster.receive(rank, &mut length)?;
            let length = usize::try_from(length[0]).expect("a count of this machine's kind");
            if length == 0 {
                break;
            }
            let mut found = vec![0.0; length];
            cluster.receive(rank, &mut found)?;
            take(&found);
        }
    }
    Ok(())
}
