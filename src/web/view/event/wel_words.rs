//! Plain words for well-known numbers of the Windows event log.

/// Numbers that Windows itself gives out; each provider counts for itself.
const SECURITY: &[(i64, &str)] = &[
    (1100, "The event log stopped"),
    (1102, "The security log was cleared"),
    (4616, "The clock was changed"),
    (4624, "Somebody signed in"),
    (4625, "A sign-in failed"),
    (4634, "Somebody was signed out"),
    (4647, "Somebody signed out"),
    (4648, "Somebody signed in with other credentials"),
    (4656, "A handle was asked for"),
    (4657, "A registry value was changed"),
    (4662, "An object of the directory was used"),
    (4663, "An object was used"),
    (4672, "Special rights were given to a sign-in"),
    (4673, "A privileged service was called"),
    (4688, "A process was started"),
    (4689, "A process ended"),
    (4697, "A service was installed"),
    (4698, "A scheduled task was created"),
    (4699, "A scheduled task was deleted"),
    (4700, "A scheduled task was switched on"),
    (4701, "A scheduled task was switched off"),
    (4702, "A scheduled task was changed"),
    (4719, "The audit policy was changed"),
    (4720, "A user account was created"),
    (4722, "A user account was enabled"),
    (4723, "Somebody tried to change their password"),
    (4724, "Somebody tried to reset another's password"),
    (4725, "A user account was disabled"),
    (4726, "A user account was deleted"),
    (4728, "A member was added to a global security group"),
    (4729, "A member was removed from a global security group"),
    (4732, "A member was added to a local security group"),
    (4733, "A member was removed from a local security group"),
    (4738, "A user account was changed"),
    (4740, "A user account was locked out"),
    (4756, "A member was added to a universal security group"),
    (4767, "A user account was unlocked"),
    (4768, "A Kerberos ticket (TGT) was asked for"),
    (4769, "A Kerberos service ticket was asked for"),
    (4771, "Kerberos pre-authentication failed"),
    (4776, "A password was checked by NTLM"),
    (4778, "A remote session was taken up again"),
    (4779, "A remote session was disconnected"),
    (4798, "The groups of a user were listed"),
    (4799, "The members of a local group were listed"),
    (5136, "An object of the directory was changed"),
    (5140, "A network share was opened"),
    (5145, "A file of a network share was checked for access"),
    (5156, "A connection was allowed"),
    (5157, "A connection was blocked"),
];

const SYSMON: &[(i64, &str)] = &[
    (1, "A process was started"),
    (2, "A file's creation time was changed"),
    (3, "A network connection was made"),
    (4, "Sysmon started or stopped"),
    (5, "A process ended"),
    (6, "A driver was loaded"),
    (7, "A module was loaded"),
    (8, "A thread was started inside another process"),
    (9, "A disk was read raw"),
    (10, "A process opened another process"),
    (11, "A file was created"),
    (12, "A registry key was created or deleted"),
    (13, "A registry value was set"),
    (14, "A registry key was renamed"),
    (15, "A file stream was created"),
    (16, "Sysmon's settings were changed"),
    (17, "A named pipe was created"),
    (18, "A named pipe was connected to"),
    (19, "A WMI event filter was registered"),
    (20, "A WMI event consumer was registered"),
    (21, "A WMI consumer was bound to a filter"),
    (22, "A name was looked up"),
    (23, "A file was deleted and kept"),
    (24, "The clipboard was changed"),
    (25, "A process was tampered with"),
    (26, "A file was deleted"),
    (27, "An executable file was blocked"),
    (29, "An executable file was created"),
];

const POWERSHELL: &[(i64, &str)] = &[
    (400, "PowerShell started"),
    (403, "PowerShell ended"),
    (600, "A PowerShell provider started"),
    (800, "A PowerShell pipeline ran"),
    (4103, "PowerShell ran a command"),
    (4104, "PowerShell ran a script block"),
    (4105, "A PowerShell script block began"),
    (4106, "A PowerShell script block ended"),
];

const SYSTEM: &[(i64, &str)] = &[
    (104, "An event log was cleared"),
    (7031, "A service ended unexpectedly"),
    (7034, "A service ended unexpectedly"),
    (7036, "A service started or stopped"),
    (7040, "How a service starts was changed"),
    (7045, "A service was installed"),
];

const TASKS: &[(i64, &str)] = &[
    (106, "A scheduled task was registered"),
    (129, "A scheduled task started a process"),
    (140, "A scheduled task was updated"),
    (141, "A scheduled task was deleted"),
    (200, "A scheduled task began an action"),
    (201, "A scheduled task completed an action"),
];

const DEFENDER: &[(i64, &str)] = &[
    (1006, "Defender found malware"),
    (1007, "Defender acted against malware"),
    (1116, "Defender found malware"),
    (1117, "Defender acted against malware"),
    (5001, "Defender's real-time protection was switched off"),
    (5007, "Defender's settings were changed"),
    (5010, "Defender's scan for malware was switched off"),
    (5012, "Defender's scan for viruses was switched off"),
];

const REMOTE: &[(i64, &str)] = &[
    (21, "A remote desktop session began"),
    (22, "A remote desktop session showed its desktop"),
    (23, "A remote desktop session ended"),
    (24, "A remote desktop session was disconnected"),
    (25, "A remote desktop session was taken up again"),
    (1149, "Somebody passed the sign-in of remote desktop"),
];

/// What a number means, where it is well known.
pub fn meaning(provider: &str, channel: &str, id: i64) -> Option<&'static str> {
    let part = |text: &str| text.get(..200).unwrap_or(text).to_ascii_lowercase();
    let (provider, channel) = (part(provider), part(channel));
    let from = |name: &str| provider.contains(name) || channel.contains(name);
    let known = if from("sysmon") {
        SYSMON
    } else if from("powershell") {
        POWERSHELL
    } else if from("taskscheduler") {
        TASKS
    } else if from("windows defender") {
        DEFENDER
    } else if from("terminalservices") {
        REMOTE
    } else if provider.contains("security-auditing") || channel == "security" || (channel.is_empty() && id > 4_000) {
        // The clearing of the security log is told by the log itself, in its own channel.
        SECURITY
    } else if channel == "system" || channel.is_empty() || provider.contains("service control manager") {
        SYSTEM
    } else {
        return None;
    };
    known.iter().find(|(known, _)| *known == id).map(|(_, words)| *words)
}

/// How somebody signed in.
pub fn logon(kind: &str) -> &'static str {
    match kind {
        "0" => "the system itself",
        "2" => "at the keyboard",
        "3" => "over the network",
        "4" => "as a scheduled task",
        "5" => "as a service",
        "7" => "unlocked the screen",
        "8" => "over the network, password in clear",
        "9" => "with other credentials for the network",
        "10" => "by remote desktop",
        "11" => "at the keyboard, with a kept password",
        "12" => "by remote desktop, with a kept password",
        "13" => "unlocked the screen, with a kept password",
        _ => "",
    }
}

/// Why a sign-in or a ticket failed; Kerberos has numbers of its own.
pub fn failure(code: &str, id: i64) -> &'static str {
    if matches!(id, 4768 | 4769 | 4771) {
        return match code {
            "0x0" => "success",
            "0x6" => "no such user",
            "0x7" => "no such service",
            "0xc" => "not allowed at this time or place",
            "0x12" => "account disabled, expired or locked",
            "0x17" => "password expired",
            "0x18" => "wrong password",
            "0x25" => "clocks differ too much",
            _ => "",
        };
    }
    match code {
        "0x0" => "success",
        "0xc000005e" => "no server to check it",
        "0xc0000064" => "no such user",
        "0xc000006a" => "wrong password",
        "0xc000006d" => "user or password wrong",
        "0xc000006e" => "account restricted",
        "0xc000006f" => "not at this hour",
        "0xc0000070" => "not from this host",
        "0xc0000071" => "password expired",
        "0xc0000072" => "account disabled",
        "0xc000015b" => "this kind of sign-in is not granted",
        "0xc0000193" => "account expired",
        "0xc0000224" => "password must be changed",
        "0xc0000234" => "account locked",
        _ => "",
    }
}
