//! How far the machine may go alone.
use super::words::words;

words! {
    /// What the machine may do with a case that it would close, ordered from least to most.
    AutoClose ("auto_close") {
        /// Nothing.
        Off = "off", "Off";
        /// Only say what it would do.
        Shadow = "shadow", "Only watch";
        /// Propose it.
        Propose = "propose", "Propose";
        /// Do it, where the gate is open.
        Auto = "auto", "Close alone";
    }
}
