//! A rule in LimaCharlie's syntax: what it consists of, and whether it matches a detection's document.
//!
//! The operators are those of LimaCharlie's reference "Detection Logic Operators". What can't be
//! evaluated here (lookups, times, lookbacks, sensor variables …) makes the rule an error when it is
//! read: an operator that were taken for "no" would make a back-test lie.
mod leaf;
mod read;

pub(super) use leaf::Leaf;

use super::path::{Budget, Path, TooMuch};
use serde_json::Value;

/// Values that one evaluation looks at, at most.
const STEPS: usize = 100_000;

/// Why a rule can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is no rule of this syntax.
    #[error("{field} {problem}")]
    Invalid {
        /// The key of the rule that is wrong.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// LimaCharlie may understand it, but nothing here can tell what it would hide.
    #[error("can't be evaluated here: {0}")]
    Unsupported(String),
}

pub(super) fn invalid<T>(field: &str, problem: impl Into<String>) -> Result<T, RuleError> {
    Err(RuleError::Invalid { field: field.to_owned(), problem: problem.into() })
}

fn unsupported<T>(what: impl Into<String>) -> Result<T, RuleError> {
    Err(RuleError::Unsupported(what.into()))
}

/// A rule that can be evaluated.
#[derive(Debug, Clone)]
pub struct Rule {
    root: Node,
}

#[derive(Debug, Clone)]
struct Node {
    not: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    And(Vec<Node>),
    Or(Vec<Node>),
    /// The rule holds for one of the values at the path, which are the `event/` of its own paths.
    Scope(Path, Box<Node>),
    /// `routing/plat`, by the name of the platform.
    Platform(String),
    /// `routing/tags`.
    Tagged(String),
    Leaf(Leaf),
}

/// What is evaluated: the document, and what `event/` stands for inside a scope.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    document: &'a Value,
    event: Option<&'a Value>,
}

impl<'a> Place<'a> {
    fn values(self, path: &Path, budget: &mut Budget) -> Result<Vec<&'a Value>, TooMuch> {
        match (self.event, path.below("event")) {
            (Some(event), Some(below)) => below.values(event, budget),
            _ => path.values(self.document, budget),
        }
    }
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// `Invalid` where it is no rule, `Unsupported` where it can't be evaluated here.
    pub fn read(rule: &Value) -> Result<Self, RuleError> {
        Ok(Self { root: read::node(rule, &mut read::Left::new(), 0)? })
    }

    /// Whether it matches the document of a detection.
    ///
    /// # Errors
    /// Where the document makes the rule look at more values than it may.
    pub fn matches(&self, document: &Value) -> Result<bool, TooMuch> {
        self.root.holds(Place { document, event: None }, &mut Budget::new(STEPS))
    }

    /// The fields that must hold something for the rule to match, each once.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.root.fields(&mut fields);
        fields
    }

    /// Those of these fields that hold one and the same whole value wherever the rule matches.
    pub fn fixed(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.root.fixed(&mut fields);
        fields
    }

    /// The only value of `source_rule` with which the rule can match, where it names one.
    pub fn source_rule(&self) -> Option<&str> {
        let Test::And(nodes) = &self.root.test else { return None };
        nodes.iter().filter(|node| !node.not && !self.root.not).find_map(|node| match &node.test {
            Test::Leaf(leaf) => leaf.exactly("source_rule"),
            _ => None,
        })
    }
}

impl Node {
    fn holds(&self, place: Place<'_>, budget: &mut Budget) -> Result<bool, TooMuch> {
        budget.spend(1)?;
        let held = match &self.test {
            Test::And(nodes) => Self::all(nodes, true, place, budget)?,
            Test::Or(nodes) => !Self::all(nodes, false, place, budget)?,
            Test::Scope(path, rule) => {
                let mut held = false;
                for event in place.values(path, budget)? {
                    held = held || rule.holds(Place { event: Some(event), ..place }, budget)?;
                }
                held
            }
            Test::Platform(name) => leaf::is_platform(place.document, name),
            Test::Tagged(tag) => leaf::is_tagged(place.document, tag),
            Test::Leaf(leaf) => leaf.holds(place, budget)?,
        };
        Ok(held != self.not)
    }

    /// Whether all hold, or where `wanted` is false none does.
    fn all(nodes: &[Self], wanted: bool, place: Place<'_>, budget: &mut Budget) -> Result<bool, TooMuch> {
        for node in nodes {
            if node.holds(place, budget)? != wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fixed<'a>(&'a self, found: &mut Vec<&'a str>) {
        match &self.test {
            _ if self.not => {}
            Test::And(nodes) => nodes.iter().for_each(|node| node.fixed(found)),
            Test::Leaf(leaf) if leaf.is_fixed() => found.push(&leaf.path.text),
            _ => {}
        }
    }

    fn fields<'a>(&'a self, found: &mut Vec<&'a str>) {
        if self.not {
            return;
        }
        match &self.test {
            Test::And(nodes) => nodes.iter().for_each(|node| node.fields(found)),
            Test::Leaf(leaf) if !found.contains(&leaf.path.text.as_str()) => found.push(&leaf.path.text),
            // Of an alternative no field has to hold anything.
            _ => {}
        }
    }
}
