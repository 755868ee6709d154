//! What the signs are: words in command lines, registry keys and paths, and what each means.

/// Words of which one must stand in the text, words of which one must stand there too (none: no more is
/// needed), and what it means.
pub(super) type Sign = (&'static [&'static str], &'static [&'static str], &'static str);

/// Signs on a command line, carets, quotes and doubled spaces taken out.
pub(super) const COMMANDS: &[Sign] = &[
    (
        &[" -enc", " -ec ", " -e ", "/enc"],
        &["powershell", "pwsh"],
        "Hidden command. PowerShell is given its command encoded.",
    ),
    (&["frombase64string", "::frombase64"], &[], "Hidden command. Encoded text is decoded and used."),
    (
        &["-w hidden", "-windowstyle hidden", "-win hidden", "-w 1 "],
        &[],
        "Hidden window. The program is told not to show itself.",
    ),
    (
        &[
            "downloadstring",
            "downloadfile",
            "downloaddata",
            "invoke-webrequest",
            "iwr ",
            "start-bitstransfer",
            "net.webclient",
        ],
        &[],
        "Download. PowerShell fetches something from the network.",
    ),
    (
        &["certutil", "bitsadmin", "curl", "wget", "desktopimgdownldr", "esentutl"],
        &["http:", "https:", "ftp:", "urlcache", "/transfer"],
        "Download. A system program fetches something from the network.",
    ),
    (
        &["mshta", "regsvr32", "rundll32", "msiexec", "wmic", "cmstp", "installutil", "msbuild", "odbcconf"],
        &["http:", "https:", "javascript:", "vbscript:", "scrobj", "/format:"],
        "Other people's code. A system program is given code or an address to run.",
    ),
    (&["invoke-expression", "iex ", "iex(", "|iex"], &[], "Text as code. PowerShell runs text that it was given."),
    (
        &[
            " lsass",
            "lsass.dmp",
            "comsvcs",
            "sekurlsa",
            "mimikatz",
            "procdump",
            "minidump",
            "ntds.dit",
            "dcsync",
            "kerberoast",
        ],
        &[],
        "Credentials. The command names what credentials are stolen with.",
    ),
    (
        &["reg save", "reg.exe save", "reg export"],
        &["sam", "security", "system"],
        "Credentials. A hive that holds credentials is saved.",
    ),
    (
        &["delete shadows", "shadowcopy delete", "recoveryenabled no", "delete catalog"],
        &[],
        "Recovery. Copies for recovery are deleted or switched off.",
    ),
    (&["wevtutil cl", "wevtutil.exe cl", "clear-eventlog", "remove-eventlog"], &[], "Traces. An event log is cleared."),
    (
        &["add-mppreference", "set-mppreference", "disablerealtimemonitoring", "disableantispyware"],
        &[],
        "Protection. Antivirus is switched off or told to look away.",
    ),
    (
        &["call uninstall", "/nointeractive"],
        &["product where"],
        "Protection. Installed software is removed without a question.",
    ),
    (
        &["admin$", "psexe", "/node:", "process call create", "-computername", "winrs "],
        &[],
        "Other hosts. The command reaches other hosts or starts programs there.",
    ),
    (
        &[
            "domain admins",
            "enterprise admins",
            "nltest",
            "/domain_trusts",
            "adfind",
            "sharphound",
            "bloodhound",
            "whoami /all",
            "whoami /priv",
        ],
        &[],
        "Reconnaissance. The command asks who rules the domain or what it may do.",
    ),
    (&["tscon"], &["/dest"], "Another session. A remote session is taken over."),
    (
        &["certutil", "copy", "rundll32"],
        &["syncwith", "davclnt", "@ssl"],
        "Another host. The computer is made to sign in to an address.",
    ),
    (
        &["schtasks", "sc.exe create", "sc create", "new-service"],
        &["powershell", "cmd /c", "cmd.exe /c", "\\temp\\", "\\users\\public", "\\appdata\\", "mshta", "rundll32"],
        "Stays. A task or service is made that runs a shell or a file that users can write.",
    ),
    (
        &["currentversion\\run", "wdigest", "image file execution options"],
        &["add", "set-itemproperty", "new-itemproperty"],
        "Stays. A registry key is written that starts programs or weakens sign-in.",
    ),
    (
        &["wscript", "cscript", "mshta"],
        &["\\temp\\", "\\users\\public", "\\downloads\\", "temporary internet", "script:"],
        "Script. A script runs from a temporary or shared folder, or from an address.",
    ),
    (
        &["advfirewall set", "firewall set opmode", "firewall add rule", "new-netfirewallrule"],
        &["state off", "disable", "action=allow", "allow"],
        "Protection. The firewall is switched off or opened.",
    ),
    (
        &["/add"],
        &["net user", "net1 user", "localgroup", "net group", "net1 group"],
        "Account. An account is made or given rights.",
    ),
    (
        &["--headless", "/min ", "start /b"],
        &["conhost", "powershell", ".vbs", ".js", ".bat"],
        "Hidden window. The program is told not to show itself.",
    ),
    (
        &["add helper", "register-cimprovider", "pcalua", "diskshadow"],
        &[".dll", ".cpl", " -a ", "/s "],
        "Other people's code. A system program is given code or an address to run.",
    ),
];

/// Signs in a registry key or value that is written.
pub(super) const KEYS: &[Sign] = &[
    (
        &["\\currentversion\\run", "\\userinit", "\\winlogon\\shell", "\\currentversion\\explorer\\shell folders"],
        &[
            "powershell",
            "cmd",
            "wscript",
            "mshta",
            "rundll32",
            "\\temp\\",
            "\\users\\public",
            "\\appdata\\",
            ".vbs",
            ".js",
            ".bat",
            "http",
        ],
        "Stays. A key that starts programs is given a shell, a script or a file that users can write.",
    ),
    (
        &["image file execution options"],
        &["debugger", "silentprocessexit", "globalflag"],
        "Stays. One program is made to start another.",
    ),
    (&["uselogoncredential"], &[], "Credentials. Windows is told to keep passwords readable."),
    (
        &[
            "disableantispyware",
            "disablerealtimemonitoring",
            "windows defender\\exclusions",
            "enablelua",
            "firewallpolicy",
        ],
        &[],
        "Protection. A protection is switched off or told to look away.",
    ),
    (
        &["ms-settings\\shell\\open", "mscfile\\shell\\open", "\\environment\\windir"],
        &[],
        "Rights. A key is written by which a program gets more rights.",
    ),
    (
        &["appinit_dlls", "\\lsa\\security packages", "\\lsa\\notification packages", "\\netsh\\"],
        &[],
        "Stays. A library is made to load into other programs.",
    ),
];

/// Signs in the path of a file or a pipe that is created.
pub(super) const FILES: &[Sign] = &[
    (
        &[".kirbi", "mimikatz", "mimilsa", "lsass", "ntds.dit", ".dmp"],
        &[],
        "Credentials. The file is of a kind that stolen credentials are kept in.",
    ),
    (&["\\start menu\\programs\\startup\\"], &[], "Stays. The file lies where it starts at sign-in."),
    (
        &["\\psexesvc", "\\msagent_", "\\postex_", "\\status_", "\\paexec", "\\remcom"],
        &[],
        "Other hosts. The name is one that tools for remote control use.",
    ),
];
