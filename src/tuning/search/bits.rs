//! Sets of samples as bits, by their places.

/// A set of places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of so many places.
    pub fn new(places: usize) -> Self {
        Self(vec![0; places.div_ceil(64)])
    }

    /// The places for which something holds.
    pub fn of(places: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut bits = Self::new(places);
        for at in (0..places).filter(|at| holds(*at)) {
            bits.0[at / 64] |= 1 << (at % 64);
        }
        bits
    }

    /// What both hold.
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| one & other).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether the other one holds all of it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & !other == 0)
    }

    /// The places, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let of_word = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        };
        self.0.iter().enumerate().flat_map(of_word)
    }
}
