//! Response actions: the closed list of things that can be done, and their states.
use super::words::words;

words! {
    /// What an action does.
    ActionKind ("kind") {
        /// Tag the sensor.
        AddTag = "add_tag", "Tag sensor";
        /// Remove a tag from the sensor.
        RemoveTag = "remove_tag", "Remove tag";
        /// Cut the host off from the network.
        Isolate = "isolate", "Isolate host";
        /// Let the host back on the network.
        Rejoin = "rejoin", "Rejoin host";
        /// List the sensor's events around the detection.
        Sweep = "sweep", "Activity sweep";
        /// Send a command to the sensor.
        Task = "task", "Task sensor";
        /// Search other sensors.
        Hunt = "hunt", "Hunt";
        /// Propose an exclusion for the rule.
        CreateExclusion = "create_exclusion", "Create exclusion";
        /// Close the case.
        Close = "close", "Close case";
    }
}

words! {
    /// How far an action is.
    ActionState ("state") {
        /// Waiting to run.
        Queued = "queued", "Queued";
        /// Running now.
        Running = "running", "Running";
        /// Done.
        Done = "done", "Done";
        /// Failed; the result says why.
        Failed = "failed", "Failed";
        /// Interrupted: nobody knows whether it took effect.
        Unknown = "unknown", "Unknown";
    }
}
