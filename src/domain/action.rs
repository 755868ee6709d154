//! Response actions: the closed list of things that can be done, and their states.
mod plan;

pub use plan::{BadPlan, Fields, Plan};

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
        /// Waiting for a second person.
        Waiting = "waiting", "Waits for approval";
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
        /// Turned down by a second person.
        Rejected = "rejected", "Rejected";
        /// Taken back before it ran.
        Cancelled = "cancelled", "Taken back";
    }
}

impl ActionState {
    /// Whether it may still have an effect that nobody has seen.
    pub const fn under_way(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued | Self::Running | Self::Unknown)
    }
}

words! {
    /// What a sensor can be told to do; nothing else can be sent.
    TaskCommand ("command") {
        /// List processes.
        Processes = "os_processes", "List processes";
        /// List network connections.
        Connections = "netstat", "List network connections";
        /// List services.
        Services = "os_services", "List services";
        /// List what starts by itself.
        Autoruns = "os_autoruns", "List autoruns";
        /// Send the events that the sensor still holds.
        History = "history_dump", "Send recent events";
        /// End a process by its number.
        Kill = "os_kill_process", "End a process";
        /// End a process and all that it started, by the atom of its event.
        DenyTree = "deny_tree", "End a process and its children";
    }
}
