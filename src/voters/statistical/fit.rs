//! The optimisation: weighted logistic loss with an L2 penalty around a prior, by limited-memory BFGS.
//!
//! The loss is Σ wᵢ·ln(1 + e^(−yᵢ·f(xᵢ))) + Σ qⱼ·(θⱼ − mⱼ)² / 2 with the prior's means m and precisions q; the bias comes
//! first in θ.
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// One row: its known features with their values, whether it is a true positive, and its weight.
pub(super) struct Row {
    pub values: Vec<(usize, f64)>,
    pub positive: bool,
    pub weight: f64,
}

/// What is held of the weights before any row was seen: a mean and a precision (1 / variance) for each, the bias first.
/// A precision of zero leaves a weight free, an infinite one keeps it as it is.
pub(super) struct Prior {
    pub mean: Vec<f64>,
    pub precision: Vec<f64>,
}

impl Prior {
    /// A free bias, and weights that are drawn to a mean with one precision.
    pub(super) fn around(mean: Vec<f64>, precision: f64) -> Self {
        let free = mean.iter().enumerate().map(|(at, _)| if at == 0 { 0.0 } else { precision });
        Self { precision: free.collect(), mean }
    }
}

/// Steps at most; it settles long before.
const STEPS: u64 = 500;
/// Settled where the gradient is this small.
const SETTLED: f64 = 1e-5;
/// Steps that the method remembers.
const MEMORY: usize = 10;

struct Loss<'a> {
    rows: &'a [Row],
    prior: &'a Prior,
}

impl Loss<'_> {
    fn sum(row: &Row, theta: &[f64]) -> f64 {
        theta[0] + row.values.iter().map(|(at, value)| theta[at + 1] * value).sum::<f64>()
    }

    /// For each weight that may move its precision and how far it is from its mean; zeros for the others.
    fn penalised<'a>(&'a self, theta: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let prior = self.prior.mean.iter().zip(&self.prior.precision);
        theta.iter().zip(prior).map(
            |(theta, (mean, precision))| {
                if precision.is_finite() { (*precision, theta - mean) } else { (0.0, 0.0) }
            },
        )
    }
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl CostFunction for Loss<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, theta: &Vec<f64>) -> Result<f64, Error> {
        let loss = |row: &Row| {
            let sum = Self::sum(row, theta);
            row.weight * softplus(if row.positive { -sum } else { sum })
        };
        let penalty: f64 = self.penalised(theta).map(|(precision, apart)| precision * apart * apart).sum();
        Ok(self.rows.iter().map(loss).sum::<f64>() + penalty / 2.0)
    }
}

impl Gradient for Loss<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, theta: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut gradient: Vec<f64> = self.penalised(theta).map(|(precision, apart)| precision * apart).collect();
        for row in self.rows {
            let label = if row.positive { 1.0 } else { 0.0 };
            let error = row.weight * (super::model::logistic(Self::sum(row, theta)) - label);
            gradient[0] += error;
            for (at, value) in &row.values {
                gradient[at + 1] += error * value;
            }
        }
        let kept = self.prior.precision.iter().map(|precision| precision.is_infinite());
        gradient.iter_mut().zip(kept).filter(|(_, kept)| *kept).for_each(|(slope, _)| *slope = 0.0);
        Ok(gradient)
    }
}

/// The best weights, the bias first; they begin at the prior's means.
///
/// # Errors
/// Where the method can't go on; its own words.
pub(super) fn fit(rows: &[Row], prior: &Prior) -> Result<Vec<f64>, String> {
    let told = |error: Error| error.to_string();
    let loss = Loss { rows, prior };
    let search = MoreThuenteLineSearch::new();
    let solver = LBFGS::new(search, MEMORY).with_tolerance_grad(SETTLED).map_err(told)?;
    let run = Executor::new(loss, solver).configure(|state| state.param(prior.mean.clone()).max_iters(STEPS)).run();
    let done = run.map_err(told)?;
    done.state.best_param.ok_or_else(|| "no step was made".to_owned())
}
