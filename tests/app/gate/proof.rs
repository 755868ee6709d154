//! A Clopper–Pearson bound of our own, so that nothing is proven by the code that it is to prove.

/// P(X ≤ k) of a binomial, summed by logarithms.
fn at_most(k: i64, n: i64, p: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let float = |value: i64| value as f64;
    let (mut log, mut sum) = (float(n) * (-p).ln_1p(), 0.0);
    for i in 0..=k {
        sum += log.exp();
        log += (float(n - i) / float(i + 1)).ln() + p.ln() - (-p).ln_1p();
    }
    sum
}

/// The share at which so few errors would come in `delta` of all cases, found by halving.
pub(super) fn upper(k: i64, n: i64, delta: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if at_most(k, n, middle) > delta { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[test]
fn it_is_the_bound_that_tables_have() {
    for (k, n, bound) in [(0, 59, 0.049_5), (0, 149, 0.019_9), (1, 93, 0.050_0), (2, 124, 0.049_9)] {
        let found = upper(k, n, 0.05);
        assert!((found - bound).abs() < 1e-3, "{k} of {n}: {found}");
    }
}
