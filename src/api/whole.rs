//! Whole numbers in JSON.
use serde::{Deserialize, Deserializer, de};

/// A whole number; JSON has one kind of number, so `7.0` is 7 as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl de::Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                // No row has such a number; it is as good as any other that is not there.
                Ok(Whole(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            #[allow(clippy::cast_possible_truncation)]
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                // Beyond that a float names no whole number exactly.
                let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
                if exact { Ok(Whole(number as i64)) } else { Err(E::custom("must be a whole number")) }
            }
        }
        from.deserialize_any(Number)
    }
}
