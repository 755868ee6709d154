//! The optimisation: weighted logistic loss with an L2 penalty around a prior, by limited-memory BFGS.
//!
//! The loss is Σ wᵢ·ln(1 + e^(−yᵢ·f(xᵢ))) + Σ (θⱼ − priorⱼ)² / 2C; the bias comes first in θ and is not penalised.
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// One row: its known features with their values, whether it is a true positive, and its weight.
pub(super) struct Row {
    pub values: Vec<(usize, f64)>,
    pub positive: bool,
    pub weight: f64,
}

/// Steps at most; it settles long before.
const STEPS: u64 = 500;
/// Settled where the gradient is this small.
const SETTLED: f64 = 1e-5;
/// Steps that the method remembers.
const MEMORY: usize = 10;

struct Loss<'a> {
    rows: &'a [Row],
    prior: &'a [f64],
    /// 1 / C.
    penalty: f64,
}

impl Loss<'_> {
    fn sum(row: &Row, theta: &[f64]) -> f64 {
        theta[0] + row.values.iter().map(|(at, value)| theta[at + 1] * value).sum::<f64>()
    }

    fn penalised<'a>(&'a self, theta: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        theta[1..].iter().zip(&self.prior[1..]).map(|(theta, prior)| theta - prior)
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
        let penalty: f64 = self.penalised(theta).map(|apart| apart * apart).sum();
        Ok(self.rows.iter().map(loss).sum::<f64>() + self.penalty * penalty / 2.0)
    }
}

impl Gradient for Loss<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, theta: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut gradient = vec![0.0];
        gradient.extend(self.penalised(theta).map(|apart| self.penalty * apart));
        for row in self.rows {
            let label = if row.positive { 1.0 } else { 0.0 };
            let error = row.weight * (super::model::logistic(Self::sum(row, theta)) - label);
            gradient[0] += error;
            for (at, value) in &row.values {
                gradient[at + 1] += error * value;
            }
        }
        Ok(gradient)
    }
}

/// The best weights, the bias first. `prior` is where they begin and what they are drawn to; `c` is how little.
///
/// # Errors
/// Where the method can't go on; its own words.
pub(super) fn fit(rows: &[Row], prior: &[f64], c: f64) -> Result<Vec<f64>, String> {
    let told = |error: Error| error.to_string();
    let loss = Loss { rows, prior, penalty: c.recip() };
    let search = MoreThuenteLineSearch::new();
    let solver = LBFGS::new(search, MEMORY).with_tolerance_grad(SETTLED).map_err(told)?;
    let run = Executor::new(loss, solver).configure(|state| state.param(prior.to_vec()).max_iters(STEPS)).run();
    let done = run.map_err(told)?;
    done.state.best_param.ok_or_else(|| "no step was made".to_owned())
}
