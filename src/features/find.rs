//! What command lines, registry keys and their values hold, by hand-made patterns.
use regex::RegexSet;
use std::sync::LazyLock;

/// A find: its name, its pattern on the lower-cased text, and what it means.
type Find = (&'static str, &'static str, &'static str);

/// On command lines.
const COMMAND: &[Find] = &[
    ("encoded", r#"(?:^|[\s"])[-/]e(?:c|n[a-z]*)?\s+["']?[a-z0-9+/=]{20,}"#, "hides its command in Base64"),
    ("blob", r"[a-z0-9+/]{120,}", "carries a very long encoded text"),
    ("hidden", r#"[-/]w(?:in(?:d(?:ow(?:s(?:tyle?)?)?)?)?)?\s+["']?(?:hidden|1)\b"#, "hides its window"),
    (
        "nopolicy",
        r#"[-/]ex?(?:p|ec[a-z]*)?\s+["']?(?:bypass|unrestricted)|\bbypass\b"#,
        "goes around the execution policy",
    ),
    ("noprofile", r"[-/]nop(?:rofile)?\b|[-/]noni", "starts a shell without profile or interaction"),
    (
        "download",
        r"download(?:string|file|data)|invoke-webrequest|\biwr\b|start-bitstransfer|net\.webclient|urlcache|/transfer\b|xmlhttp|webrequest|\bcurl\b|\bwget\b",
        "downloads",
    ),
    ("url", r"(?:https?|ftp)://", "names an address on the web"),
    ("urlip", r"(?:https?|ftp)://\d+\.\d+\.\d+\.\d+", "names an address on the web by number"),
    ("iex", r"\biex\b|invoke-expression|invoke-command|\bicm\b", "runs text as code"),
    (
        "reflect",
        r"frombase64string|gzipstream|reflection\.assembly|scriptblock|virtualalloc|memorystream|\[char\]|add-type|-join\b|invoke-[a-z]{5,}",
        "builds code in memory",
    ),
    (
        "scriptproto",
        r"javascript:|vbscript:|script:http|scrobj|\.sct\b|getobject\(|createobject",
        "runs script through a system tool",
    ),
    (
        "credential",
        r"lsass|sekurlsa|comsvcs|minidump|ntds|procdump|\\sam\b|hklm\\s(?:am|ecurity|ystem)\b|vaultcmd|cmdkey|kerberos::|\.dmp\b|dcsync|wdigest",
        "touches credentials",
    ),
    (
        "recovery",
        r"delete\s+shadows?|shadowcopy|shadowstorage|delete\s+catalog|recoveryenabled|bootstatuspolicy|list\s+shadows",
        "touches shadow copies or recovery",
    ),
    (
        "logs",
        r#"wevtutil(?:\.exe)?"?\s+(?:cl|sl|clear)|clear-eventlog|auditpol.*/(?:set|clear|remove)|deletejournal|eventlog"#,
        "touches logs or auditing",
    ),
    (
        "defence",
        r"mppreference|disablerealtime|disableantispyware|amsi|windefend|firewall.*(?:add|set|disable|delete|off)|disabletamper|sysmon.*-u\b|taskkill|fltmc.*unload|stop-service",
        "weakens defences",
    ),
    (
        "persist",
        r#"/create\b|currentversion\\run|\bsc(?:\.exe)?"?\s.*(?:create|config|sdset)|reg(?:\.exe)?"?\s+add|new-service|/change\b|set-itemproperty|new-itemproperty|image file execution options|winlogon|userinit"#,
        "makes itself permanent",
    ),
    (
        "account",
        r"\buser\s+.*/add|localgroup\s.*/add|/active:|net-localgroup|new-localuser|group\s+.*/add",
        "adds an account or a member",
    ),
    (
        "discovery",
        r#"whoami|systeminfo|ipconfig|\bnet1?(?:\.exe)?"?\s+(?:user|group|localgroup|accounts|view|config|session|share|time)|nltest|tasklist|quser|qwinsta|netstat|\barp\b|route\s+print|dsquery|adfind|dir\s+/s|driverquery|\bquery\b"#,
        "looks around",
    ),
    ("secrets", r"passw|cpassword|unattend|\.kdbx|id_rsa|credential", "looks for passwords"),
    (
        "remote",
        r#"\\\\[^\\\s"]+\\(?:admin|[a-z])\$|/node:|psexe|winrs|-computername|process\s+call\s+create|enter-pssession|127\.0\.0\.1|localhost"#,
        "reaches to a host by administration tools",
    ),
    ("chain", r"&|\|", "joins several commands"),
    ("redirect", r">", "writes its output to a file"),
    (
        "obfusc",
        r#"\^[a-z].*\^[a-z]|`[a-z].*`[a-z]|%[a-z]+:~|'\s*\+\s*'|"\s*\+\s*"|\{\d\}\{\d\}"#,
        "hides words by escapes or joins",
    ),
    (
        "writablearg",
        r"\\appdata\\|\\te?mp\\|%te?mp%|%appdata%|\\users\\public|\\downloads\\|\\desktop\\|\$env:te?mp|\\perflogs\\|\\windows\\tasks\\",
        "names a file in a folder that users can write to",
    ),
    ("relative", r#"(?:^|[\s"])\.{1,2}\\"#, "starts from the current folder"),
    ("copysys", r"(?:copy|move|ren)\b.*\\system32\\", "copies a program of Windows"),
    ("compile", r"csc(?:\.exe)|\.cs(?:proj)?\b|msbuild|jsc\.exe", "compiles code"),
    ("com", r"-embedding|/processid:|-servername:|localserver", "was started by Windows to serve a component"),
    ("browserchild", r"--type=|--crashpad|--user-data-dir|--channel", "is part of a browser or app"),
    (
        "update",
        r"installsource|--silent|autoupdate|signatures?update|-upload\b|/update|telemetry",
        "updates or reports to its vendor",
    ),
    ("list", r"\bshow\b|\bquery\b|/query|-query", "only shows settings"),
];

/// On registry keys.
const KEY: &[Find] = &[
    (
        "run",
        r"currentversion\\(?:run|runonce|runservices|policies\\explorer\\run)",
        "writes a key that starts programs at sign-in",
    ),
    ("ifeo", r"image file execution options|silentprocessexit", "writes a debugger key"),
    ("opencmd", r"shell\\open\\command|delegateexecute|\\shell\\", "writes what a kind of file opens with"),
    ("winlogon", r"winlogon|\\lsa\\|securityproviders|authentication\\", "writes a sign-in setting"),
    ("service", r"currentcontrolset\\services|controlset\d+\\services", "writes a service"),
    ("policy", r"policies\\|windows defender|amsienable|enablelua|\\policies|disable", "writes a protection setting"),
    ("clsid", r"clsid\\|treatas|inprocserver|progid", "writes a component"),
    ("schedule", r"schedule\\taskcache", "writes the task list"),
    ("zonemap", r"internet settings|zonemap", "writes browser settings"),
    ("officeaddin", r"\\office\\", "writes an Office setting"),
    ("appcompat", r"appcompat", "writes compatibility data"),
    ("hkcu", r"^hku\\s-1-5-21|^hkcu|\\registry\\user\\s-1-5-21", "in the hive of a person"),
];

/// On registry values.
const VALUE: &[Find] = &[
    ("program", r"\.(?:exe|dll|bat|cmd|ps1|vbs|js|hta|scr|sct)\b", "the value names a program"),
    ("writable", r"\\appdata\\|\\te?mp\\|\\users\\|\\programdata\\|\\downloads\\", "the value names a user's folder"),
    ("shell", r"cmd\.exe|powershell|mshta|rundll32|regsvr32|wscript|cscript", "the value names a shell"),
    ("zero", r"dword \(0x0+\)", "the value is 0"),
    ("one", r"dword \(0x0*1\)", "the value is 1"),
    ("binary", r"binary data", "the value is data"),
];

/// Finds on command lines that say nothing bad by themselves.
pub const NEUTRAL: &[&str] = &["discovery", "com", "browserchild", "update", "list", "chain", "redirect"];

/// Finds that count only where software does it that was installed for all: anybody can type these words.
pub const OF_SOFTWARE: &[&str] = &["browserchild", "update", "com"];

struct Finds {
    finds: &'static [Find],
    set: Option<RegexSet>,
}

impl Finds {
    fn new(finds: &'static [Find]) -> Self {
        Self { finds, set: RegexSet::new(finds.iter().map(|find| find.1)).ok() }
    }

    fn on(&self, text: &str) -> Vec<&'static str> {
        let text = text.to_lowercase();
        let matched = self.set.iter().flat_map(|set| set.matches(&text).into_iter().collect::<Vec<_>>());
        matched.map(|at| self.finds[at].0).collect()
    }
}

static COMMANDS: LazyLock<Finds> = LazyLock::new(|| Finds::new(COMMAND));
static KEYS: LazyLock<Finds> = LazyLock::new(|| Finds::new(KEY));
static VALUES: LazyLock<Finds> = LazyLock::new(|| Finds::new(VALUE));

/// Names of what a command line holds.
pub fn on_command(line: &str) -> Vec<&'static str> {
    COMMANDS.on(line)
}

/// Names of what a registry key is.
pub fn on_key(key: &str) -> Vec<&'static str> {
    KEYS.on(key)
}

/// Names of what a registry value holds.
pub fn on_value(value: &str) -> Vec<&'static str> {
    VALUES.on(value)
}

/// What a find means.
pub fn words(family: &str, name: &str) -> Option<&'static str> {
    let finds = match family {
        "find" => COMMAND,
        "reg" => KEY,
        "regval" => VALUE,
        _ => return None,
    };
    finds.iter().find(|find| find.0 == name).map(|find| find.2)
}
